import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Gives programs the folders of their experiments, and takes back those that stay empty: moving a folder is quicker than
/// making and removing one.
final class SpareFolders: Sendable {
  /// The name of the folder that holds spare ones, in the folder of the research.
  static let name = ".spare"

  private let path: String
  private let spares = Protected<[String]>([])
  /// Begins the names of the folders of this process.
  private let prefix = RandomName.make()
  private let number = Protected(0)

  init(_ folder: ResearchFolder) { path = folder.root + "/" + Self.name }

  deinit {
    let spares = spares.withLock { $0 }
    for spare in spares { rmdir(spare) }
    // Others may have theirs in it.
    if !spares.isEmpty { rmdir(path) }
  }

  /// Makes the folder of an experiment, if it is missing.
  /// - Parameters:
  ///   - directory: its path.
  ///   - make: makes it where there is no spare one.
  /// - Returns: true if it was missing.
  func put(at directory: String, _ make: () throws -> Void) rethrows -> Bool {
    guard access(directory, F_OK) != 0 else { return false }
    if let spare = spares.withLock({ $0.popLast() }), rename(spare, directory) == 0 { return true }
    try make()
    return true
  }

  /// Takes a folder back if nothing is in it.
  func take(from directory: String) {
    guard let folder = opendir(directory) else { return }
    var count = 0
    while count < 3, readdir(folder) != nil { count += 1 }
    closedir(folder)
    // It has entries for itself and for the folder above it.
    guard count == 2 else { return }
    let isFirst = spares.withLock { $0.isEmpty }
    if isFirst { mkdir(path, 0o755) }
    let spare = "\(path)/\(prefix)-\(number.withLock { $0 += 1; return $0 })"
    if rename(directory, spare) == 0 {
      spares.withLock { $0.append(spare) }
    } else {
      rmdir(directory)
    }
  }

  /// Removes the empty folders that a killed run has left.
  static func removeAll(in folder: ResearchFolder) {
    let path = folder.root + "/" + name
    guard access(path, F_OK) == 0 else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names { rmdir("\(path)/\(name)") }
    rmdir(path)
  }
}
