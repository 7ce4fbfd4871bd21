import FieldworkCore
package import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension OutputCapture {
  /// The last lines that a process has written to its standard error in its last turn.
  /// - Returns: nil if there are none.
  static func lastErrors(in folder: ResearchFolder, process: Int32) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.root)) ?? []
    var tail = OutputTail()
    for name in names.sorted() {
      guard let hidden = HiddenOutput(fileName: name), hidden.process == process,
        hidden.stream == .stderr, hidden.experiment != nil,
        let file = try? SystemFile(hidden.path(in: folder), O_RDONLY)
      else { continue }
      let size = file.size
      try? file.forEachPiece(of: max(0, size - (1 << 16))..<size) { tail.append($0) }
    }
    return tail.text.isEmpty ? nil : tail.text
  }

  /// Makes seen what processes that have died wrote in their last turns: with luck, why they died.
  ///
  /// With ``OutputMode/both`` it does not get into the file of the research.
  /// - Parameter process: the process that has died; nil for all, which is right only before a run, as
  ///   nobody else writes to the folder then.
  /// - Throws: ``FieldworkError`` of code `store` if some of it cannot be; the rest is.
  package static func salvage(in folder: ResearchFolder, process: Int32? = nil) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.root)) ?? []
    var failure: (any Error)?
    for name in names {
      guard let hidden = HiddenOutput(fileName: name), process ?? hidden.process == hidden.process
      else { continue }
      do {
        try OutputFile.publish(hidden, in: folder)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure {
      throw FieldworkError(
        .store,
        "\(failure); what a process wrote before it died is still in hidden files of \(folder.path)"
      )
    }
  }
}
