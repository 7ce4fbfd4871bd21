import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The files in the folder of an experiment.
struct ExperimentFiles {
  /// What the engine itself writes.
  private static let output: Set<String> = ["stdout.txt", "stderr.txt", "experiment.log"]

  private let id: String
  private let folder: ResearchFolder
  private var path: String { folder.experimentPath(id) }

  init(_ folder: ResearchFolder, _ id: String) {
    self.folder = folder
    self.id = id
  }

  /// - Throws: ``FieldworkError`` of code `store` if a folder cannot be read.
  func artifacts(matching patterns: [String]?, includesOutput: Bool) throws -> [Artifact] {
    // An id makes a path; that of a foreign store may be anything.
    guard !id.contains("/"), ![".", "..", ""].contains(id) else { return [] }
    var files: [(name: String, bytes: Int)] = []
    try collect("", into: &files)
    return files.sorted { $0.name < $1.name }
      .filter { includesOutput || !ExperimentFiles.output.contains($0.name) }
      .filter { file in patterns?.contains { ExperimentFiles.matches(file.name, $0) } ?? true }
      .map { file in
        Artifact(
          experiment: id,
          name: file.name,
          relativePath: ResearchFolder.relativeExperimentPath(id) + "/" + file.name,
          fullPath: path + "/" + file.name,
          bytes: file.bytes
        )
      }
  }

  /// - Parameter part: a folder in the experiment's, with a slash at its end; empty for itself.
  private func collect(_ part: String, into files: inout [(name: String, bytes: Int)]) throws {
    for entry in try entries(of: path + "/" + part) {
      let name = part + entry
      var status = stat()
      // A file may go while the research runs.
      guard lstat(path + "/" + name, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFREG: files.append((name, Int(status.st_size)))
      case S_IFDIR: try collect(name + "/", into: &files)
      case S_IFLNK: if let bytes = sizeOfTarget(of: name) { files.append((name, bytes)) }
      default: break
      }
    }
  }

  private func entries(of folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      guard FileManager.default.fileExists(atPath: folder) else { return [] }
      throw FieldworkError(
        .store,
        "cannot read the folder \(folder): \(ResearchFolder.reason(error))"
      )
    }
  }

  /// The size of the file that a link leads to; nil if that is no file, or lies elsewhere.
  private func sizeOfTarget(of name: String) -> Int? {
    guard let base = resolved(path), let target = resolved(path + "/" + name),
      target.hasPrefix(base + "/")
    else { return nil }
    var status = stat()
    guard lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// A path without links; nil if it leads to nothing.
  private func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func matches(_ name: String, _ pattern: String) -> Bool {
    let last = name.split(separator: "/").last.map(String.init) ?? name
    return fnmatch(pattern, pattern.contains("/") ? name : last, FNM_PATHNAME) == 0
  }
}
