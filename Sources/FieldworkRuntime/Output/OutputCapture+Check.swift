package import FieldworkStore
import Foundation

extension OutputCapture {
  /// The hidden files in which processes that have ended left what units had printed.
  /// - Parameter isBeingWritten: whether a run is writing, whose hidden files are as they should be.
  package static func leftBehind(
    in folder: ResearchFolder,
    isBeingWritten: Bool
  ) -> [StoreFinding] {
    guard !isBeingWritten else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.root)) ?? []
    let hidden = names.filter { HiddenOutput(fileName: $0) != nil }.sorted()
    guard !hidden.isEmpty else { return [] }
    let shown = hidden.prefix(5).joined(separator: ", ") + (hidden.count > 5 ? ", …" : "")
    return [
      StoreFinding(
        .note,
        "hidden output",
        "what units printed before their process died is still in hidden files: \(shown)",
        remedy: "run the research again: it puts them where they belong"
      )
    ]
  }
}
