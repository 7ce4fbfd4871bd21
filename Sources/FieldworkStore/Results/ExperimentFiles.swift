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
  static let output: Set<String> = ["stdout.txt", "stderr.txt", "experiment.log"]

  private static let attempt = "attempt-"

  /// The number of the attempt whose files are in a folder of this name; nil for another folder.
  private static func attempt(_ name: String) -> Int? {
    guard name.hasPrefix(attempt) else { return nil }
    let digits = name.dropFirst(attempt.count)
    return digits.count < 9 && digits.allSatisfy(\.isASCII) && digits.allSatisfy(\.isNumber)
      ? Int(digits) : nil
  }

  /// Moves what an earlier attempt has left in the folder to a folder `attempt-1`, `attempt-2`, … in it. The output and
  /// log of the experiment go on in their files.
  func setAside() throws {
    guard access(path, F_OK) == 0 else { return }
    let names = try entries(of: path)
    let left = names.filter { !Self.output.contains($0) && Self.attempt($0) == nil }
    guard !left.isEmpty else { return }
    let number = (names.compactMap(Self.attempt).max() ?? 0) + 1
    let target = "\(path)/\(Self.attempt)\(number)"
    guard mkdir(target, 0o755) == 0 else { throw failure("make \(target)") }
    for name in left where rename("\(path)/\(name)", "\(target)/\(name)") != 0 {
      throw failure("move \(path)/\(name) to \(target)")
    }
  }

  private func failure(_ action: String) -> FieldworkError {
    FieldworkError(
      .store,
      "cannot \(action), so files of an earlier attempt are in the folder of the experiment \(id): \(String(cString: strerror(errno)))"
    )
  }

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
    for entry in try entries(of: path + "/" + part)
    where !part.isEmpty || Self.attempt(entry) == nil {
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
