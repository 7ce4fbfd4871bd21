import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The description of a cache entry, in its folder beside the content.
struct CacheEntryFile {
  struct File: Hashable {
    /// The path in the folder of the entry.
    let path: String
    let size: Int
    let hash: UInt64
  }

  static let name = "entry.json"
  /// The folder of a cached folder.
  static let files = "files"
  private static let valueName = "value"
  /// The beginning of the names of entries that are being removed.
  static let removed = "removed-"

  let key: Value
  /// Seconds since 1970.
  let created: Double
  /// The time that computing it took.
  let seconds: Double
  let content: [File]

  var bytes: Int { content.reduce(0) { $0 + $1.size } }

  /// Describes the content of a folder.
  init(_ key: CacheKey, _ folder: String, seconds: Double) throws {
    self.key = key.value
    self.seconds = seconds
    created = TaskHost.now()
    content = try Self.paths(in: folder, "").map { path in
      let data = try Self.data(folder + "/" + path)
      return File(path: path, size: data.count, hash: Self.hash(data))
    }
  }

  /// Reads the description of an entry.
  /// - Throws: an error that says what is wrong.
  init(in folder: String) throws {
    let text = try String(contentsOfFile: folder + "/" + Self.name, encoding: .utf8)
    guard case .dictionary(let values)? = try? Value(parsing: text), let key = values["key"],
      let created = values["created"]?.number, let seconds = values["seconds"]?.number,
      case .list(let list)? = values["files"]
    else { throw CacheDamage("its description cannot be read") }
    self.key = key
    self.created = created
    self.seconds = seconds
    content = try list.map { item in
      guard case .list(let parts) = item, parts.count == 3, case .string(let path) = parts[0],
        let size = Int(parts[1]), case .string(let digits) = parts[2],
        let hash = UInt64(digits, radix: 16)
      else { throw CacheDamage("its description cannot be read") }
      return File(path: path, size: size, hash: hash)
    }
  }

  func write(to folder: String) throws {
    let value: Value = [
      "key": key, "created": .double(created), "seconds": .double(seconds),
      "files": .list(
        content.map {
          [.string($0.path), .int($0.size), .string(String($0.hash, radix: 16))]
        }
      ),
    ]
    // A key may have numbers that JSON lacks.
    try value.extendedJSONText.write(
      toFile: folder + "/" + Self.name,
      atomically: false,
      encoding: .utf8
    )
  }

  /// Notes that the entry is used now.
  func touch(_ folder: String) { utimes(folder + "/" + Self.name, nil) }

  /// Checks the files of an entry.
  /// - Parameter contents: true to read them all, false to compare their sizes.
  func examine(_ folder: String, contents: Bool) throws {
    guard try Set(Self.paths(in: folder, "")) == Set(content.map(\.path)) else {
      throw CacheDamage("its files are not those that were published")
    }
    for file in content {
      let path = folder + "/" + file.path
      if contents {
        try check(try Self.data(path), file)
      } else {
        var status = stat()
        guard lstat(path, &status) == 0, Int(status.st_size) == file.size else {
          throw CacheDamage("\(file.path) has another size")
        }
      }
    }
  }

  private func check(_ data: Data, _ file: File) throws {
    guard data.count == file.size, Self.hash(data) == file.hash else {
      throw CacheDamage("the content of \(file.path) is not what was written")
    }
  }

  // MARK: Values

  static func write(_ content: CachedContent, to folder: String) throws {
    var writer = ByteWriter()
    var data: Data
    switch content {
    case .value(let value):
      writer.append(UInt8(0))
      writer.append(value)
      data = Data(writer.take())
    case .bytes(let bytes):
      data = Data(capacity: bytes.count + 1)
      data.append(1)
      data.append(contentsOf: bytes)
    }
    try data.write(to: URL(fileURLWithPath: folder + "/" + valueName))
  }

  /// Reads a value.
  func content(_ folder: String) throws -> CachedContent {
    guard let file = content.first, file.path == Self.valueName, content.count == 1 else {
      throw CacheDamage("it has no value")
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + file.path))
    try check(data, file)
    guard data.first == 0 else { return .bytes([UInt8](data.dropFirst())) }
    var reader = ByteReader([UInt8](data.dropFirst()))
    return .value(try reader.value())
  }

  // MARK: Files

  /// The content of a file, or the target of a symbolic link.
  private static func data(_ path: String) throws -> Data {
    if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
      return Data(target.utf8)
    }
    return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
  }

  private static func hash(_ data: Data) -> UInt64 {
    var hash = ContentHash(0x4341_4348)
    data.withUnsafeBytes { hash.add(blob: $0) }
    return hash.state
  }

  /// The paths of all files in a folder but the description, in a fixed order.
  private static func paths(in folder: String, _ prefix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted().flatMap {
      name -> [String] in
      guard !(prefix.isEmpty && name == Self.name) else { return [] }
      let path = folder + "/" + name
      var status = stat()
      guard lstat(path, &status) == 0 else { return [] }
      if status.st_mode & S_IFMT == S_IFDIR { return try paths(in: path, prefix + name + "/") }
      let isKept = [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT)
      return isKept ? [prefix + name] : []
    }
  }

  /// Removes an entry: nobody finds it from the first step on.
  static func remove(_ path: String, in new: String) {
    let aside = "\(new)/\(removed)\(RandomName.make())"
    guard rename(path, aside) == 0 else { return }
    try? FileManager.default.removeItem(atPath: aside)
  }
}
