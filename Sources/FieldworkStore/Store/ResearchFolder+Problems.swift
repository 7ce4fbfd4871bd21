package import FieldworkCore
import Foundation

extension ResearchFolder {
  /// The bytes below which a run is warned: a long one may fill them.
  private static let fewBytes = 64 << 20

  /// What speaks against writing results here. Nothing is made.
  ///
  /// - Parameter space: what there is room for at the path of a folder that exists; nil if unknown.
  package func problems(space: (String) -> DiskSpace? = { DiskSpace(at: $0) }) -> [Problem] {
    if let lengthProblem {
      return [Problem(lengthProblem, remedy: "choose another directory")]
    }
    if let file = fileInTheWay {
      return [
        Problem(
          "cannot make the folder \(path): \(file) is a file",
          remedy: "choose another directory, or move it away"
        )
      ]
    }
    let files = [databasePath, lockPath].filter { FileManager.default.fileExists(atPath: $0) }
    let place = nearestFolder
    if let closed = ([place] + files).first(where: {
      !FileManager.default.isWritableFile(atPath: $0)
    }) {
      return [
        Problem(
          closed == path || closed != place
            ? "\(closed) cannot be written to"
            : "cannot make the folder \(path): \(closed) cannot be written to",
          remedy: "choose another directory, or change who may write there"
        )
      ]
    }
    return space(place).map { spaceProblems($0) } ?? []
  }

  private func spaceProblems(_ space: DiskSpace) -> [Problem] {
    let remedy = "make room, or choose another directory"
    if space.bytes <= 0 || !space.hasRoomForFiles {
      let what = space.bytes <= 0 ? "space" : "room for another file"
      return [Problem("there is no \(what) left on the disk of \(path)", remedy: remedy)]
    }
    guard space.bytes < Self.fewBytes else { return [] }
    let megabytes = max(space.bytes >> 20, 1)
    return [
      Problem(
        "there are no more than \(megabytes) MB left on the disk of \(path)",
        remedy: remedy,
        severity: .warning
      )
    ]
  }

  /// The folder itself, or the one below which it is to be made.
  private var nearestFolder: String {
    var part = URL(fileURLWithPath: root)
    while part.path != "/", !FileManager.default.fileExists(atPath: part.path) {
      part.deleteLastPathComponent()
    }
    // A path that one gave is shown as it was given.
    return part.path == URL(fileURLWithPath: root).path ? path : part.path
  }
}
