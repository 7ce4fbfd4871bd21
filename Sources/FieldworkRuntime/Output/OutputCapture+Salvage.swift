import FieldworkCore
package import FieldworkStore
import Foundation

extension OutputCapture {
  /// Makes seen what processes that have died wrote in their last turns: with luck, why they died.
  ///
  /// With ``OutputMode/both`` it does not get into the file of the research.
  /// - Parameter process: the process that has died; nil for all, which is right only before a run, as
  ///   nobody else writes to the folder then.
  /// - Throws: ``FieldworkError`` of code `store` if some of it cannot be; the rest is.
  package static func salvage(in folder: ResearchFolder, process: Int32? = nil) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
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
