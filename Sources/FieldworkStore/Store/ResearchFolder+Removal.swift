import FieldworkCore
import Foundation
import GRDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The outcome of a removal of results.
package struct Removal: Sendable {
  /// The folder in the trash that has the results now, as messages show it; nil if they were deleted for good.
  package let trash: String?
  /// The names of files that were left in the folder of the research, since no run has made them.
  package let left: [String]
}

/// The extent of the results in a folder.
package struct StoredExtent: Sendable {
  /// The number of stored experiments; nil if the store cannot be read.
  package let experiments: Int?
  package let bytes: Int
}

extension ResearchFolder {
  /// The files in the folder that runs make, beside hidden ones.
  private static let files = [
    database, database + "-wal", database + "-shm", database + "-journal", rescued, ".workers",
    ".pilots", "slurm",
    "research.log",
    "crashes.log", "stdout.txt", "stderr.txt",
  ]

  /// Deletes the results, and the folder if nothing else is in it.
  ///
  /// Files that no run has made are left. The results go to a folder `.trash` beside the research.
  /// - Parameter permanently: true to delete them at once.
  /// - Throws: ``FieldworkError`` of code `store` if it holds no store or cannot be deleted, of code
  ///   `busy` if the research is running.
  @discardableResult
  package func remove(permanently: Bool) throws -> Removal {
    guard hasStore else {
      throw lookupError ?? FieldworkError(.store, "there are no results in \(path)")
    }
    let lock = try RunLock(self)
    defer { lock.release() }
    let trash = try removeContents(permanently: permanently)
    // A detached run that starts over writes on into its own.
    try? FileManager.default.removeItem(atPath: runLogPath)
    try? FileManager.default.removeItem(atPath: lockPath)
    lock.release()
    // It can be computed again, and is of no use without the research.
    try? FileManager.default.removeItem(atPath: cachePath)
    let left = try? FileManager.default.contentsOfDirectory(atPath: root)
    if left?.isEmpty ?? false { try? FileManager.default.removeItem(atPath: root) }
    return Removal(trash: trash, left: (left ?? []).sorted())
  }

  /// Deletes the results, and the folder if nothing else is in it; what no run has made is left.
  /// - Throws: as ``remove(permanently:)``.
  public func remove() throws { try remove(permanently: true) }

  /// Removes what runs have made; only for the holder of the lock.
  /// - Returns: the folder in the trash, as messages show it; nil if everything was deleted, or nothing was there.
  @discardableResult
  func removeContents(permanently: Bool = false) throws -> String? {
    let own = ownItems()
    guard !own.isEmpty else { return nil }
    let trash = permanently ? nil : try makeTrash()
    let manager = FileManager.default
    takeInLog()
    // The database last, so that a removal that is cut off can be made again.
    let ordered =
      own.filter { !$0.hasPrefix(Self.database) }
      + own.filter { $0.hasPrefix(Self.database + "-") } + own.filter { $0 == Self.database }
    for name in ordered where manager.fileExists(atPath: file(name)) {
      do {
        if let trash {
          let target = trash + "/" + name
          try manager.createDirectory(
            atPath: (target as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
          )
          try manager.moveItem(atPath: file(name), toPath: target)
        } else {
          try manager.removeItem(atPath: file(name))
        }
      } catch {
        throw FieldworkError(
          .store,
          "cannot remove \(shown(name)): \(ResearchFolder.reason(error))"
        )
      }
    }
    // It may hold what no run has made.
    rmdir(file("experiments"))
    return trash.map { trash in
      if trash.hasPrefix(root + "/") { return path + trash.dropFirst(root.count) }
      let name = (trash as NSString).lastPathComponent
      return ((path as NSString).deletingLastPathComponent as NSString)
        .appendingPathComponent(".trash/" + name)
    }
  }

  /// Writes the log into the database, so that it is one file.
  private func takeInLog() {
    guard hasStore, let database = try? DatabaseQueue(path: databasePath) else { return }
    _ = try? database.writeWithoutTransaction {
      try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")
    }
    try? database.close()
  }

  /// The number and the size of what ``remove(permanently:)`` removes.
  package func extent() -> StoredExtent {
    var bytes = 0
    for name in ownItems() {
      bytes += size(file(name))
      let inside = FileManager.default.enumerator(atPath: file(name))
      while let part = inside?.nextObject() as? String { bytes += size(file(name) + "/" + part) }
    }
    return StoredExtent(
      experiments: try? DatabaseStore.openIfThere(self)?.states().count,
      bytes: bytes
    )
  }

  private func size(_ path: String) -> Int {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
  }

  /// The names of everything in the folder that runs have made, by paths from the folder.
  private func ownItems() -> [String] {
    let manager = FileManager.default
    // First, since reading takes in a journal that a killed process has left.
    let ids = try? DatabaseStore.openIfThere(self)?.experimentIDs()
    let names = (try? manager.contentsOfDirectory(atPath: root)) ?? []
    let hidden = names.filter { name in
      name.hasPrefix(".") && (name.contains(".stdout.txt.") || name.contains(".stderr.txt."))
    }
    let files = Self.files.filter { manager.fileExists(atPath: file($0)) }
    let folders = ((try? manager.contentsOfDirectory(atPath: file("experiments"))) ?? [])
      .filter { name in
        // Of a store that cannot be read, ids are known by their form.
        let isOwn = ids.map { $0.contains(name) } ?? Self.isID(name)
        // Another research may have its folder there.
        return isOwn && !manager.fileExists(atPath: file("experiments/\(name)/\(Self.database)"))
      }
    return files + hidden.sorted() + folders.sorted().map { "experiments/" + $0 }
  }

  /// Returns true if a name ends with the hexadecimal digits of an id.
  private static func isID(_ name: String) -> Bool {
    name.utf8.count >= 16 && name.suffix(16).allSatisfy { $0.isHexDigit && !$0.isUppercase }
  }

  private func makeTrash() throws -> String {
    let name = root.split(separator: "/").last.map(String.init) ?? "research"
    let above = (root as NSString).deletingLastPathComponent
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    // Where nothing can be made above, the trash is in the folder itself.
    let place = access(above, W_OK) == 0 ? above : root
    let base = "\(place)/.trash/\(name)-\(formatter.string(from: Date()))"
    var trash = base
    var number = 1
    while FileManager.default.fileExists(atPath: trash) {
      number += 1
      trash = "\(base)-\(number)"
    }
    do {
      try FileManager.default.createDirectory(atPath: trash, withIntermediateDirectories: true)
    } catch {
      throw FieldworkError(
        .store,
        "cannot make the folder \(trash) for the earlier results: \(ResearchFolder.reason(error))"
      )
    }
    return trash
  }

  /// Text on what fills the folder, for a full disk; empty if that is not known.
  func contentsText() -> String {
    let bytes = Self.files.reduce(0) { $0 + size(file($1)) }
    return bytes > 0 ? " (the results in \(path) take \(bytes >> 20) MB of it)" : ""
  }
}
