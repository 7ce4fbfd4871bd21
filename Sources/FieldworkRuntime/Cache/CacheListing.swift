package import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The entries of a cache in a folder.
package struct CacheListing {
  /// An entry of a cache.
  package struct Entry {
    package let digest: String
    package let unit: String
    package let version: String
    package let arguments: [Value]
    package let bytes: Int
    /// Seconds since 1970.
    package let created: Double
    package let lastUsed: Double
    /// The time that computing it took.
    package let seconds: Double
  }

  private let root: String

  package init(_ root: String) { self.root = root }

  /// The entries, the one that was used last first. Entries whose description is damaged have no unit.
  package var entries: [Entry] {
    let folder = root + "/entries"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name -> Entry? in
      let path = "\(folder)/\(name)"
      guard let file = try? CacheEntryFile(in: path), case .dictionary(let key) = file.key,
        case .string(let unit)? = key["unit"], case .string(let version)? = key["version"],
        case .list(let arguments)? = key["arguments"]
      else {
        let time = FileTime(at: path)?.seconds ?? 0
        return Entry(
          digest: name,
          unit: "(damaged)",
          version: "",
          arguments: [],
          bytes: 0,
          created: time,
          lastUsed: time,
          seconds: 0
        )
      }
      return Entry(
        digest: name,
        unit: unit,
        version: version,
        arguments: arguments,
        bytes: file.bytes,
        created: file.created,
        lastUsed: FileTime(at: path + "/" + CacheEntryFile.name)?.seconds ?? file.created,
        seconds: file.seconds
      )
    }.sorted { ($0.lastUsed, $0.digest) > ($1.lastUsed, $1.digest) }
  }

  /// Removes an entry that nobody uses.
  /// - Returns: false if a running experiment uses it.
  package func remove(_ digest: String) -> Bool {
    let path = "\(root)/entries/\(digest)"
    guard let file = try? SystemFile(path + "/" + CacheEntryFile.name, O_RDONLY) else {
      // It has no description, so nobody can use it.
      CacheEntryFile.remove(path, in: root + "/new")
      return true
    }
    if flock(file.descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return false }
    CacheEntryFile.remove(path, in: root + "/new")
    return true
  }

  /// Removes those entries that were used least recently, until the others take no more than a number of bytes.
  func shrink(to limit: Int, keeping digest: String) {
    var rest = limit
    for entry in entries {
      rest -= entry.bytes
      if rest < 0, entry.digest != digest { _ = remove(entry.digest) }
    }
  }
}
