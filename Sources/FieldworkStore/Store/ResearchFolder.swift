import FieldworkCore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder of a research:
///
///     <results directory>/<research name>/
///       research.sqlite        everything that is a number or a short text
///       experiments/<id>/      what an experiment writes itself
public struct ResearchFolder: Sendable, Hashable {
  public let path: String

  /// The folder of a research below a results directory; nothing is made yet.
  public init(directory: String, name: String) {
    path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }

  /// The folder of a research at a path; nothing is made yet.
  public init(path: String) {
    var path = path.isEmpty ? "." : path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
  }

  public var databasePath: String { path + "/research.sqlite" }
  var lockPath: String { path + "/research.lock" }
  /// What detached runs say.
  package var runLogPath: String { path + "/run.log" }

  /// The file with what worker processes printed when they crashed.
  package var crashLogPath: String { path + "/crashes.log" }

  public func experimentPath(_ id: String) -> String {
    path + "/" + ResearchFolder.relativeExperimentPath(id)
  }

  /// The path of an experiment's folder, from the folder of the research.
  static func relativeExperimentPath(_ id: String) -> String { "experiments/" + id }

  /// The folder of an experiment, made if it is missing.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be made.
  package func makeDirectory(of experiment: String) throws -> String {
    let path = experimentPath(experiment)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw FieldworkError(
        .store,
        "cannot make the folder \(path): \(ResearchFolder.reason(error))"
      )
    }
    return path
  }

  /// Whether there is a store in the folder.
  public var hasStore: Bool { FileManager.default.fileExists(atPath: databasePath) }

  /// Makes the folder if it is missing.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be made or written.
  package func make() throws {
    if let file = fileInTheWay {
      throw FieldworkError(
        .store,
        "cannot make the folder \(path): \(file) is a file; choose another directory, or move it away"
      )
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw FieldworkError(
        .store,
        "cannot make the folder \(path): \(ResearchFolder.reason(error))"
      )
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw FieldworkError(.store, "the folder \(path) cannot be written to")
    }
  }

  /// Has the disk keep the entries of the folder, and of those above it, which may be new.
  func synchronize() {
    var part = URL(fileURLWithPath: path).standardizedFileURL
    while true {
      let descriptor = open(part.path, O_RDONLY | O_CLOEXEC)
      if descriptor >= 0 {
        fsync(descriptor)
        close(descriptor)
      }
      guard part.path != "/" else { return }
      part.deleteLastPathComponent()
    }
  }

  /// A part of the path that is no folder; nil if there is none.
  var fileInTheWay: String? {
    var isFolder = ObjCBool(false)
    var part = URL(fileURLWithPath: path)
    while part.path != "/" {
      if FileManager.default.fileExists(atPath: part.path, isDirectory: &isFolder) {
        return isFolder.boolValue ? nil : part.path
      }
      part.deleteLastPathComponent()
    }
    return nil
  }

  /// Deletes the results, and the folder if nothing else is in it.
  ///
  /// - Throws: ``FieldworkError`` of code `store` if it holds no store or cannot be deleted, of code
  ///   `busy` if the research is running.
  public func remove() throws {
    guard hasStore else {
      throw FieldworkError(.store, "there are no results in \(path)")
    }
    let lock = try RunLock(self)
    defer { lock.release() }
    try removeContents()
    // A detached run that starts over writes on into its own.
    try? FileManager.default.removeItem(atPath: runLogPath)
    try? FileManager.default.removeItem(atPath: lockPath)
    let rest = try? FileManager.default.contentsOfDirectory(atPath: path)
    // Another research may have its folder in this one.
    if rest?.isEmpty ?? false { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Deletes everything that a run has made; only for the holder of the lock.
  func removeContents() throws {
    let manager = FileManager.default
    let own = [
      "research.sqlite", "research.sqlite-wal", "research.sqlite-shm",
      "research.sqlite-journal", "experiments",
      "research.log", "crashes.log", "stdout.txt", "stderr.txt",
    ]
    let hidden = ((try? manager.contentsOfDirectory(atPath: path)) ?? []).filter { name in
      name.hasPrefix(".") && (name.contains(".stdout.txt.") || name.contains(".stderr.txt."))
    }
    for name in own + hidden {
      let path = path + "/" + name
      guard manager.fileExists(atPath: path) else { continue }
      do {
        try manager.removeItem(atPath: path)
      } catch {
        throw FieldworkError(.store, "cannot delete \(path): \(ResearchFolder.reason(error))")
      }
    }
  }

  /// The reason in a file error, without its wrappings.
  package static func reason(_ error: any Error) -> String {
    let error = error as NSError
    if let inner = error.userInfo[NSUnderlyingErrorKey] as? NSError {
      return inner.localizedDescription
    }
    return error.localizedDescription
  }
}
