import FieldworkCore
package import FieldworkStore
import Foundation

/// The files of a run that differ from the commit, as they are kept with its results.
package enum KeptSources {
  static let topic = "#sources"
  /// The topic of the settings of a run.
  package static let settingsTopic = "#settings"

  /// The greatest size of a file that is kept, and of all of them, in bytes.
  private static let (fileLimit, limit) = (256 << 10, 4 << 20)
  private static let countLimit = 2000
  private static let removed = "(removed)"
  private static let left = "(not kept: "

  /// Reads files.
  /// - Parameter paths: relative to the root.
  static func entries(_ root: String, paths: [String]) -> [ProvenanceEntry] {
    var size = 0
    return paths.prefix(countLimit).map { path in
      let place = root + "/" + path
      var status = stat()
      guard lstat(place, &status) == 0 else { return ProvenanceEntry(path, removed) }
      guard status.st_mode & S_IFMT == S_IFREG else {
        return ProvenanceEntry(path, left + "no ordinary file)")
      }
      let bytes = Int(status.st_size)
      guard bytes <= fileLimit, size + bytes <= limit else {
        let reason = bytes > fileLimit ? "more than \(fileLimit >> 10) kB" : "too much in all"
        return ProvenanceEntry(path, left + "\(bytes) bytes, \(reason))")
      }
      guard let data = FileManager.default.contents(atPath: place) else {
        return ProvenanceEntry(path, left + "it cannot be read)")
      }
      guard !data.contains(0), let text = String(data: data, encoding: .utf8) else {
        return ProvenanceEntry(path, left + "\(bytes) bytes that are no text)")
      }
      size += bytes
      return ProvenanceEntry(path, text, isContent: true)
    }
  }

  /// The outcome of writing the sources of a run.
  package struct Written {
    package var files = 0
    package var removed: [String] = []
    /// The files that were not kept, with the reasons.
    package var left: [String] = []
    /// The files in which a secret is masked.
    package var masked: [String] = []
  }

  /// Writes the files of a run into a folder.
  /// - Throws: ``FieldworkError`` of code `store` if one cannot be written.
  package static func write(_ items: [ProvenanceItem], to folder: String) throws -> Written {
    var written = Written()
    for item in items where item.topic == topic {
      let parts = item.item.split(separator: "/")
      guard !item.item.hasPrefix("/"), !parts.contains("..") else { continue }
      let path = folder + "/" + item.item
      if item.text == removed {
        try? FileManager.default.removeItem(atPath: path)
        written.removed.append(item.item)
      } else if item.text.hasPrefix(left) {
        written.left.append("\(item.item) \(item.text)")
      } else {
        do {
          try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
          )
          try Data(item.text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
          throw FieldworkError(.store, "cannot write \(path): \(ResearchFolder.reason(error))")
        }
        if item.text.contains(SecretMask.mark) { written.masked.append(item.item) }
        written.files += 1
      }
    }
    return written
  }

  /// Writes the files of a commit into a folder.
  /// - Parameter repository: a folder of the repository.
  /// - Returns: the reason why it cannot; nil if it has.
  package static func checkOut(
    _ commit: String,
    of repository: String,
    to folder: String
  ) async -> String? {
    let result = await runner(repository).run(
      ["sh", "-c", "git archive --format=tar \"$1\" | tar -x -C \"$2\"", "sh", commit, folder]
    )
    let isEmpty = (try? FileManager.default.contentsOfDirectory(atPath: folder).isEmpty) ?? true
    return result.hasSucceeded && !isEmpty ? nil : result.report
  }

  /// The lines on files of the repository of a folder that differ from the commit; nil if it is none.
  package static func uncommitted(in folder: String) async -> [String]? {
    await GitProvenance(runner(folder), folder: folder).uncommitted()
  }

  private static func runner(_ folder: String) -> ProgramRunner {
    let environment = ProcessInfo.processInfo.environment
    return ProgramRunner(
      searchPath: environment["PATH"] ?? "",
      environment: environment,
      folder: folder,
      timeLimit: .seconds(60),
      sizeLimit: 1 << 20
    )
  }
}
