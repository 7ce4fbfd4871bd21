package import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A cache in a folder, which any number of processes use at the same time.
///
/// An entry is a folder that gets its place by one renaming, so it is whole or not there. A lock of the system says who
/// computes an entry; it ends with the process that holds it. On a file system without such locks two workers may compute
/// the same entry; the first one counts.
package final class FolderCache: UnitCache {
  private let root: String
  private let limit: Int?
  private let warn: @Sendable (String) -> Void
  /// The digests of folders whose content was examined by this process.
  private let examined = Protected<Set<String>>([])

  /// - Parameters:
  ///   - root: the path of the folder; it is made when it is first needed.
  ///   - limit: the most bytes that the entries may take; nil for any number.
  ///   - warn: takes warnings.
  package init(_ root: String, limit: Int? = nil, warn: @escaping @Sendable (String) -> Void) {
    self.root = root
    self.limit = limit
    self.warn = warn
  }

  var entries: String { root + "/entries" }
  private var locks: String { root + "/locks" }
  private var new: String { root + "/new" }

  package func entry(of key: CacheKey, isDirectory: Bool) async throws -> CacheEntry {
    let digest = Self.digest(key)
    var pause = Duration.milliseconds(5)
    while true {
      // A damaged entry is replaced by the worker that holds the lock.
      if let found = try? read(digest, key, isDirectory) { return found }
      if let (lock, isExclusive) = try lock(digest) {
        do {
          if let found = try read(digest, key, isDirectory) { return found }
        } catch {
          warn("a cached output of '\(key.unit)' is computed again: \(error)")
          CacheEntryFile.remove(path(of: digest), in: new)
        }
        // Without locks others may be filling theirs.
        if isExclusive { removeRemains(of: digest) }
        return .missing(try FolderCachePlace(self, key, digest, in: new, lock, isDirectory))
      }
      try await Task.sleep(for: pause)
      pause = min(pause * 1.5, .milliseconds(200))
    }
  }

  func path(of digest: String) -> String { "\(entries)/\(digest)" }

  static func digest(_ key: CacheKey) -> String {
    SHA256.hexDigest(of: key.value.canonicalText, length: 32)
  }

  /// Reads an entry.
  /// - Returns: nil if there is none.
  /// - Throws: an error that says what is damaged.
  private func read(_ digest: String, _ key: CacheKey, _ isDirectory: Bool) throws -> CacheEntry? {
    let path = path(of: digest)
    guard access(path, F_OK) == 0 else { return nil }
    // Held while the entry is read, and as long as a folder is used, so that it is not removed.
    let hold = try SystemFile(path + "/" + CacheEntryFile.name, O_RDONLY)
    _ = flock(hold.descriptor, LOCK_SH)
    guard access(path, F_OK) == 0 else { return nil }
    let entry = try CacheEntryFile(in: path)
    guard entry.key == key.value else { throw CacheDamage("it is of another key") }
    entry.touch(path)
    if isDirectory {
      let isKnown = examined.withLock { $0.contains(digest) }
      try entry.examine(path, contents: !isKnown)
      examined.withLock { _ = $0.insert(digest) }
      return .directory(path: path + "/" + CacheEntryFile.files, hold: hold)
    }
    return .content(try entry.content(path))
  }

  /// Takes the lock of an entry.
  /// - Returns: nil if another worker has it. On a file system without locks everyone gets it, and it is not exclusive.
  private func lock(_ digest: String) throws -> (file: SystemFile, isExclusive: Bool)? {
    do {
      for folder in [entries, locks, new] { try SystemFile.makeFolder(folder) }
      let file = try SystemFile("\(locks)/\(digest)", O_RDWR | O_CREAT)
      if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return (file, true) }
      return errno == EWOULDBLOCK ? nil : (file, false)
    } catch {
      throw FieldworkError(.store, "the cache \(root) cannot be used: \(error)")
    }
  }

  /// Removes what workers that were killed have left of an entry whose lock is held.
  private func removeRemains(of digest: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: new)) ?? []
    for name in names {
      let path = "\(new)/\(name)"
      // Of those that are being removed, the ones that a killed process has left.
      let age = FileTime(at: path).map { TaskHost.now() - $0.seconds } ?? 0
      guard name.hasPrefix(digest) || name.hasPrefix(CacheEntryFile.removed) && age > 60 else {
        continue
      }
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  package func discard(_ key: CacheKey, _ reason: any Error) {
    warn("a cached output of '\(key.unit)' is computed again: \(reason)")
    CacheEntryFile.remove(path(of: Self.digest(key)), in: new)
  }

  /// Moves a new entry to its place, and keeps the limit.
  /// - Returns: a hold on the entry.
  func publish(_ folder: String, _ digest: String) throws -> SystemFile {
    let path = path(of: digest)
    // From before it can be seen, so that no limit removes it.
    var hold = try Self.hold(folder)
    if rename(folder, path) != 0 {
      let error = SystemError("cannot move \(folder) to \(path)")
      // Without locks another worker may have been first.
      guard [EEXIST, ENOTEMPTY].contains(error.number) else { throw error }
      hold = try Self.hold(path)
      try? FileManager.default.removeItem(atPath: folder)
    }
    examined.withLock { _ = $0.insert(digest) }
    if let limit { CacheListing(root).shrink(to: limit, keeping: digest) }
    return hold
  }

  func warnOfUnkept(_ key: CacheKey, _ error: any Error) {
    warn("the output of '\(key.unit)' cannot be cached: \(error)")
  }

  private static func hold(_ folder: String) throws -> SystemFile {
    let hold = try SystemFile(folder + "/" + CacheEntryFile.name, O_RDONLY)
    _ = flock(hold.descriptor, LOCK_SH)
    return hold
  }
}

/// Something wrong with a stored entry.
struct CacheDamage: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The right to compute an entry, until it is published or this object is gone.
final class FolderCachePlace: CachePlace {
  private let cache: FolderCache
  private let key: CacheKey
  private let digest: String
  private let folder: String
  private let lock: SystemFile
  private let isDirectory: Bool
  private let begin = ContinuousClock.now

  init(
    _ cache: FolderCache,
    _ key: CacheKey,
    _ digest: String,
    in new: String,
    _ lock: SystemFile,
    _ isDirectory: Bool
  ) throws {
    self.cache = cache
    self.key = key
    self.digest = digest
    self.lock = lock
    self.isDirectory = isDirectory
    folder = "\(new)/\(digest)-\(RandomName.make())"
    do {
      try SystemFile.makeFolder(isDirectory ? folder + "/" + CacheEntryFile.files : folder)
    } catch {
      throw FieldworkError(.store, "the cache cannot be used: \(error)")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var path: String { folder + "/" + CacheEntryFile.files }

  func publish(_ content: CachedContent) {
    do {
      try CacheEntryFile.write(content, to: folder)
      try CacheEntryFile(key, folder, seconds: (.now - begin) / .seconds(1)).write(to: folder)
      _ = try cache.publish(folder, digest)
    } catch {
      // The experiment has its output.
      cache.warnOfUnkept(key, error)
    }
  }

  func publishDirectory() throws -> (path: String, hold: any Sendable) {
    do {
      try CacheEntryFile(key, folder, seconds: (.now - begin) / .seconds(1)).write(to: folder)
      let hold = try cache.publish(folder, digest)
      return (cache.path(of: digest) + "/" + CacheEntryFile.files, hold)
    } catch {
      throw FieldworkError(.store, "the folder of '\(key.unit)' cannot be cached: \(error)")
    }
  }
}

/// A cache that keeps nothing: each output is computed each time.
package struct PassingCache: UnitCache {
  package init() {}

  package func entry(of key: CacheKey, isDirectory: Bool) async throws -> CacheEntry {
    .missing(try TemporaryPlace(isDirectory))
  }

  package func discard(_ key: CacheKey, _ reason: any Error) {}

  private final class TemporaryPlace: CachePlace {
    let path: String

    init(_ isDirectory: Bool) throws {
      path = "\(NSTemporaryDirectory())/fieldwork-folder-\(RandomName.make())"
      guard isDirectory else { return }
      do {
        try SystemFile.makeFolder(path)
      } catch {
        throw FieldworkError(.store, "\(error)")
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func publish(_ content: CachedContent) {}
    func publishDirectory() -> (path: String, hold: any Sendable) { (path, self) }
  }
}
