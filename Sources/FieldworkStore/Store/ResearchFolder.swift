package import FieldworkCore
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
  /// The path as it was given, which messages show.
  public let path: String
  /// The absolute path at the time when this value was made. Files are opened by it, so a unit that changes the working
  /// directory of the process does not move them.
  package let root: String

  /// The folder of a research below a results directory; nothing is made yet.
  public init(directory: String, name: String) {
    self.init(path: directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)")
  }

  /// The folder of a research at a path; nothing is made yet.
  public init(path: String) {
    var path = path.isEmpty ? "." : path
    while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
    root =
      path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  public var databasePath: String { file(Self.database) }
  var lockPath: String { file("research.lock") }
  /// The folder of the outputs of cached units.
  package var cachePath: String { file("cache") }
  /// What detached runs say.
  package var runLogPath: String { file("run.log") }

  /// The file with what worker processes printed when they crashed.
  package var crashLogPath: String { file("crashes.log") }

  public func experimentPath(_ id: String) -> String {
    file(ResearchFolder.relativeExperimentPath(id))
  }

  static let database = "research.sqlite"
  /// The copy of a database whose log was deleted while another program read it.
  static let rescued = "rescued.sqlite"

  /// The absolute path of a file in the folder.
  package func file(_ name: String) -> String { root + "/" + name }

  /// The path of a file in the folder as messages show it.
  package func shown(_ name: String) -> String { path + "/" + name }

  /// The path of an experiment's folder, from the folder of the research.
  static func relativeExperimentPath(_ id: String) -> String { "experiments/" + id }

  /// The folder of an experiment, made if it is missing.
  /// - Returns: its absolute path.
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

  /// Moves the files of earlier attempts at an experiment to a folder in its folder.
  /// - Throws: ``FieldworkError`` of code `store` if they cannot be moved.
  package func setAsideFiles(of experiment: String) throws {
    try ExperimentFiles(self, experiment).setAside()
  }

  /// Whether there is a store in the folder.
  public var hasStore: Bool { FileManager.default.fileExists(atPath: databasePath) }

  /// The error of a folder that may hold a store but cannot be looked at; nil if it can, or is not there.
  package var lookupError: FieldworkError? {
    var status = stat()
    guard stat(databasePath, &status) != 0, ![ENOENT, ENOTDIR].contains(errno) else { return nil }
    let reason = String(cString: strerror(errno))
    return FieldworkError(
      .store,
      "the results in \(path) cannot be read: \(reason); change who may read the folder, or choose another directory"
    )
  }

  /// SQLite opens paths up to a length of its own.
  private static let pathLimit = 500

  /// Text on a path that is too long for the store; nil if it is not.
  var lengthProblem: String? {
    let length = databasePath.utf8.count
    guard length > Self.pathLimit else { return nil }
    return
      "the path of the store is \(length) bytes long, and SQLite opens at most \(Self.pathLimit)"
  }

  /// Text on why the database could not be opened, and what to do.
  /// - Parameter number: the number of the last error of the system.
  func whyNotOpened(_ number: Int32) -> String {
    if let lengthProblem { return lengthProblem + "; choose another directory" }
    if let space = DiskSpace(at: root), !space.hasRoomForFiles {
      return "the disk has no room for another file (no inodes are left); delete files"
    }
    if [EMFILE, ENFILE].contains(number) {
      return
        "too many files are open; raise the limit (ulimit -n), or run with fewer --workers"
    }
    for path in [databasePath, databasePath + "-wal", databasePath + "-shm"]
    where access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0 {
      return "\(path) cannot be read and written; change who may, or choose another directory"
    }
    if access(root, W_OK) != 0 {
      return "\(root) cannot be written; change who may, or choose another directory"
    }
    return String(cString: strerror(number))
  }

  /// Makes the folder if it is missing.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be made or written.
  package func make() throws {
    if let lengthProblem {
      throw FieldworkError(.store, lengthProblem + "; choose another directory")
    }
    if let file = fileInTheWay {
      throw FieldworkError(
        .store,
        "cannot make the folder \(path): \(file) is a file; choose another directory, or move it away"
      )
    }
    do {
      try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    } catch {
      throw FieldworkError(
        .store,
        "cannot make the folder \(path): \(ResearchFolder.reason(error))"
      )
    }
    guard FileManager.default.isWritableFile(atPath: root) else {
      throw FieldworkError(.store, "the folder \(path) cannot be written to")
    }
  }

  /// Has the disk keep the entries of the folder, and of those above it, which may be new.
  func synchronize() {
    var part = URL(fileURLWithPath: root).standardizedFileURL
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
    var part = URL(fileURLWithPath: root)
    while part.path != "/" {
      if FileManager.default.fileExists(atPath: part.path, isDirectory: &isFolder) {
        return isFolder.boolValue ? nil : part.path
      }
      part.deleteLastPathComponent()
    }
    return nil
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
