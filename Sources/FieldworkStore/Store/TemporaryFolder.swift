import FieldworkCore
import Foundation

/// A folder for temporary files, which is deleted with this value.
final class TemporaryFolder: Sendable {
  let path: String

  /// Makes an empty folder.
  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/fieldwork-\(UUID().uuidString)"
    do {
      try Self.make(path)
    } catch {
      throw FieldworkError(
        .store,
        "cannot make the temporary folder \(path): \(ResearchFolder.reason(error))"
      )
    }
  }

  private static func make(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: path,
      withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700]
    )
  }

  /// Copies a database with its log into a new folder.
  /// - Parameter suffixes: what the names of the files end with; those that are missing are left out.
  init(copying database: String, _ suffixes: [String]) throws {
    path = FileManager.default.temporaryDirectory.path + "/fieldwork-\(UUID().uuidString)"
    do {
      try Self.make(path)
      for _ in 0..<3 {
        let before = suffixes.map { FileTime(at: database + $0) }
        for suffix in suffixes {
          let target = path + "/" + ResearchFolder.database + suffix
          try? FileManager.default.removeItem(atPath: target)
          if FileManager.default.fileExists(atPath: database + suffix) {
            try FileManager.default.copyItem(atPath: database + suffix, toPath: target)
          }
        }
        // Another user may write there meanwhile, and a copy of several states is unusable.
        if suffixes.map({ FileTime(at: database + $0) }) == before { break }
      }
    } catch {
      throw FieldworkError(
        .store,
        "the store \(database) is on a disk that cannot be written, and copying it to \(path) failed: \(ResearchFolder.reason(error))"
      )
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
