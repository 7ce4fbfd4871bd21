#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The files of a database that is being written, and whether they are still those that were opened.
///
/// The system lets a process write to a file that was deleted, and drops the file at the end. SQLite does not notice
/// that either, nor that another program has shortened a file.
struct StoreFiles: Sendable {
  private let database: String
  private let identities: [(path: String, identity: FileIdentity)]
  /// The sizes of the database and of its log after the last write, in bytes.
  private var sizes: [Int]

  /// Returns nil if the database is not in its place.
  init?(_ database: String) {
    guard let identity = FileIdentity(database) else { return nil }
    self.database = database
    let others = ["-wal", "-shm"].compactMap { suffix in
      FileIdentity(database + suffix).map { (database + suffix, $0) }
    }
    identities = [(database, identity)] + others
    sizes = Self.sizes(database)
  }

  private static func sizes(_ database: String) -> [Int] {
    [database, database + "-wal"].map { path in
      var status = stat()
      return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
  }

  /// The identity of the database.
  var databaseIdentity: FileIdentity { identities[0].identity }

  /// True if the database itself was deleted or replaced.
  var hasLostDatabase: Bool { identities[0].identity.hasLeft(identities[0].path) }

  /// The name of a file that was deleted or replaced; nil if all are in their places.
  var missing: String? {
    identities.first { $0.identity.hasLeft($0.path) }
      .map { String($0.path.split(separator: "/").last ?? "") }
  }

  /// True if the database or its log is shorter than after the last write. Only another program makes them shorter.
  var isCut: Bool { zip(Self.sizes(database), sizes).contains { $0 < $1 } }

  /// True if the database itself is shorter than after the last write.
  var isDatabaseCut: Bool { Self.sizes(database)[0] < sizes[0] }

  /// Notes the sizes after a write.
  mutating func written() { sizes = Self.sizes(database) }
}
