import FieldworkCore

/// Reads the stored texts of many configs. Entries that come more than once are read once and shared.
struct StoredConfigReader {
  private struct Known<Content> {
    let text: [UInt8]
    let content: Content
  }

  /// The number of different entries, and of configs, that are kept.
  private static let limit = 20_000

  /// By the hash of the text.
  private var known: [Int: Known<Config.Entry?>] = [:]
  /// By the hash of the text.
  private var configs: [Int: Known<Config>] = [:]
  private var names: Set<ParameterName> = []
  /// The number of entries of the last config.
  private var count = 0

  /// Returns the config of a text that ``StoredConfig/encode(_:)`` made.
  /// - Throws: ``FieldworkError`` if it cannot be read.
  mutating func config(_ text: UnsafeBufferPointer<UInt8>) throws -> Config {
    let hash = text.contentHash
    if let known = configs[hash], known.text.elementsEqual(text) { return known.content }
    let config = Config(restored: try entries(text) ?? Self.parsed(text))
    // Repetitions share the config.
    if configs.count < Self.limit { configs[hash] = Known(text: Array(text), content: config) }
    return config
  }

  /// Returns the config of a text that ``StoredConfig/encode(_:)`` made.
  /// - Throws: ``FieldworkError`` if it cannot be read.
  mutating func config(_ text: String) throws -> Config {
    var text = text
    return try text.withUTF8 { try config($0) }
  }

  private static func parsed(_ text: UnsafeBufferPointer<UInt8>) throws -> [Config.Entry] {
    let text = String(decoding: text, as: UTF8.self)
    guard case .list(let values) = try Value(parsing: text) else {
      throw StoredConfig.damaged(text)
    }
    return try values.compactMap(StoredConfig.entry)
  }

  /// - Returns: nil if the text is not a list of lists without spaces.
  private mutating func entries(_ bytes: UnsafeBufferPointer<UInt8>) throws -> [Config.Entry]? {
    guard bytes.count >= 2, bytes[0] == UInt8(ascii: "[") else { return nil }
    var entries: [Config.Entry] = []
    entries.reserveCapacity(count)
    defer { count = entries.count }
    var position = 1
    while bytes[position] != UInt8(ascii: "]") {
      if position > 1 {
        guard bytes[position] == UInt8(ascii: ",") else { return nil }
        position += 1
      }
      guard let end = Self.end(ofListAt: position, bytes) else { return nil }
      let text = UnsafeBufferPointer(rebasing: bytes[position..<end])
      if let entry = try entry(text) { entries.append(entry) }
      position = end
      guard position < bytes.count else { return nil }
    }
    return position == bytes.count - 1 ? entries : nil
  }

  /// Returns the position after the end of the list that begins at a position; nil if there is none.
  private static func end(ofListAt start: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard start < bytes.count, bytes[start] == UInt8(ascii: "[") else { return nil }
    var depth = 0
    var isInText = false
    var position = start
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\\") where isInText: position += 1
      case UInt8(ascii: "\""): isInText.toggle()
      case UInt8(ascii: "[") where !isInText: depth += 1
      case UInt8(ascii: "]") where !isInText:
        depth -= 1
        if depth == 0 { return position + 1 }
      default: break
      }
      position += 1
    }
    return nil
  }

  private mutating func entry(_ text: UnsafeBufferPointer<UInt8>) throws -> Config.Entry? {
    let hash = text.contentHash
    if let known = known[hash], known.text.elementsEqual(text) { return known.content }
    var entry = try StoredConfig.entry(Value(parsing: String(decoding: text, as: UTF8.self)))
    if let name = entry?.name {
      let known = names.insert(name).memberAfterInsert
      // Names that look the same may have different bytes.
      if known.key.utf8.elementsEqual(name.key.utf8),
        known.alias.utf8.elementsEqual(name.alias.utf8)
      {
        entry = entry.map { Config.Entry(known, $0.value) }
      }
    }
    if known.count < Self.limit { known[hash] = Known(text: Array(text), content: entry) }
    return entry
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// A hash of the bytes, for this process.
  var contentHash: Int {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(self))
    return hasher.finalize()
  }
}
