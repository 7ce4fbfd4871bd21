import FieldworkCore
package import FieldworkStore
import Foundation

/// The files of a run that differ from the commit, as they are kept with its results.
package enum KeptSources {
  package static let topic = "#sources"
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
    let kept = items.filter { item in
      item.topic == topic && !item.item.hasPrefix("/")
        && !item.item.split(separator: "/").contains("..")
    }
    // First, since a folder may have become a file, or a file a folder.
    for item in kept where item.text == removed {
      if !crossesLink(item.item, in: folder) {
        try? FileManager.default.removeItem(atPath: folder + "/" + item.item)
      }
      written.removed.append(item.item)
    }
    for item in kept where item.text != removed {
      if item.text.hasPrefix(left) {
        written.left.append("\(item.item) \(item.text)")
        continue
      }
      let path = folder + "/" + item.item
      do {
        try write(item.text, to: item.item, in: folder)
      } catch {
        throw FieldworkError(.store, "cannot write \(path): \(ResearchFolder.reason(error))")
      }
      if item.text.contains(SecretMask.mark) { written.masked.append(item.item) }
      written.files += 1
    }
    return written
  }

  /// Writes a file, in place of a link or of something that is no folder where one is needed. Nothing is written
  /// through links.
  private static func write(_ text: String, to item: String, in folder: String) throws {
    let parts = item.split(separator: "/")
    var path = folder
    for (index, part) in parts.enumerated() {
      path += "/" + part
      let isFile = index == parts.count - 1
      guard let type = fileType(path) else { continue }
      if isFile ? type != S_IFREG : type != S_IFDIR {
        try FileManager.default.removeItem(atPath: path)
      }
    }
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true
    )
    let isNew = fileType(path) == nil
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    // The modes of other files are those of the commit.
    if isNew, text.hasPrefix("#!") { chmod(path, 0o755) }
  }

  /// True if a folder on the way to a file is a symbolic link.
  private static func crossesLink(_ item: String, in folder: String) -> Bool {
    var path = folder
    return item.split(separator: "/").dropLast().contains { part in
      path += "/" + part
      return fileType(path) == S_IFLNK
    }
  }

  /// The type of a file, of a link itself; nil if there is none.
  private static func fileType(_ path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  /// Writes the files of a commit into a folder.
  /// - Parameter repository: a folder of the repository.
  /// - Returns: the reason why it cannot; nil if it has.
  package static func checkOut(
    _ commit: String,
    of repository: String,
    to folder: String
  ) async -> String? {
    // An index of its own; git archive would leave out files with the attribute export-ignore.
    let index = folder + "/.git-index-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: index) }
    let result = await GitProvenance(runner(repository), folder: repository).checkOut(
      commit,
      to: folder,
      index: index
    )
    return result.hasSucceeded ? nil : result.report
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
