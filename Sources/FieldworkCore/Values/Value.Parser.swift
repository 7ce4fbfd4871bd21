extension Value {
  /// Reads a text that ``canonicalText`` or ``jsonText`` made, or any other JSON.
  ///
  /// A number with a point or an exponent is a double, any other an integer (a double if it is too
  /// large for one).
  /// - Throws: ``FieldworkError`` of code `unreadableText`, which says at which byte reading ended.
  public init(parsing text: String) throws {
    var parser = Parser(text: text)
    self = try parser.readWhole()
  }

  /// The number of levels of lists and dictionaries that a stored value may have.
  package static let maximumDepth = 200

  /// Returns true if the value has more levels of lists and dictionaries than can be stored.
  package var isTooDeep: Bool { hasLevels(beyond: Value.maximumDepth) }

  /// The size in bytes from which on a text is not stored.
  private static let textLimit = 1 << 29

  /// Text on why the value cannot be stored; nil if it can be.
  package var storageProblem: String? {
    switch self {
    case .null, .bool, .int, .double: return nil
    case .string(let text):
      guard text.utf8.count > Value.textLimit else { return nil }
      return
        "the text is \(text.utf8.count >> 20) MB long, and \(Value.textLimit >> 20) MB is the limit; write it to a file in run.directory()"
    case .list, .dictionary:
      guard isTooDeep else { return nil }
      return
        "the value has more than \(Value.maximumDepth) levels of lists and dictionaries; save a flatter one, or write it to a file in run.directory()"
    }
  }

  private func hasLevels(beyond count: Int) -> Bool {
    switch self {
    case .null, .bool, .int, .double, .string: count <= 0
    case .list(let values): count <= 0 || values.contains { $0.hasLevels(beyond: count - 1) }
    case .dictionary(let values):
      count <= 0 || values.values.contains { $0.hasLevels(beyond: count - 1) }
    }
  }

  private struct Parser {
    private let text: String
    private let bytes: [UInt8]
    private var position = 0

    init(text: String) {
      self.text = text
      bytes = Array(text.utf8)
    }

    mutating func readWhole() throws -> Value {
      let value = try read(depth: 0)
      skipSpaces()
      guard position == bytes.count else { throw failure("unexpected text after the value") }
      return value
    }

    private mutating func read(depth: Int) throws -> Value {
      guard depth < Value.maximumDepth else { throw failure("too many levels") }
      skipSpaces()
      guard let byte = peek() else { throw failure("unexpected end") }
      switch byte {
      case UInt8(ascii: "["): return try readList(depth: depth)
      case UInt8(ascii: "{"): return try readDictionary(depth: depth)
      case UInt8(ascii: "\""): return .string(try readString())
      default: return try readWord()
      }
    }

    private mutating func readList(depth: Int) throws -> Value {
      position += 1
      var values: [Value] = []
      skipSpaces()
      if take(UInt8(ascii: "]")) { return .list(values) }
      while true {
        values.append(try read(depth: depth + 1))
        skipSpaces()
        if take(UInt8(ascii: "]")) { return .list(values) }
        guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or ']'") }
      }
    }

    private mutating func readDictionary(depth: Int) throws -> Value {
      position += 1
      var values: [String: Value] = [:]
      skipSpaces()
      if take(UInt8(ascii: "}")) { return .dictionary(values) }
      while true {
        skipSpaces()
        guard peek() == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
        let key = try readString()
        skipSpaces()
        guard take(UInt8(ascii: ":")) else { throw failure("expected ':'") }
        values[key] = try read(depth: depth + 1)
        skipSpaces()
        if take(UInt8(ascii: "}")) { return .dictionary(values) }
        guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or '}'") }
      }
    }

    private mutating func readWord() throws -> Value {
      let start = position
      while let byte = peek(), !Self.endsWord(byte) { position += 1 }
      if let number = integer(start..<position) { return .int(number) }
      let word = String(decoding: bytes[start..<position], as: UTF8.self)
      switch word {
      case "null": return .null
      case "true": return .bool(true)
      case "false": return .bool(false)
      // Of numbers that JSON lacks, Python's json writes the second form.
      case "nan", "NaN": return .double(.nan)
      case "inf", "Infinity": return .double(.infinity)
      case "-inf", "-Infinity": return .double(-.infinity)
      default:
        if let number = Value(number: word) { return number }
        position = start
        throw failure(word.isEmpty ? "expected a value" : "'\(word)' is not a value")
      }
    }

    /// The number of some bytes that are a sign and a few digits; nil for others.
    private func integer(_ range: Range<Int>) -> Int? {
      let isNegative = bytes[range].first == UInt8(ascii: "-")
      let digits = bytes[range].dropFirst(isNegative ? 1 : 0)
      guard (1...18).contains(digits.count) else { return nil }
      var number = 0
      for byte in digits {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        number = 10 * number + Int(byte - UInt8(ascii: "0"))
      }
      return isNegative ? -number : number
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"),
        UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""), 0x20, 0x09, 0x0A, 0x0D:
        true
      default: false
      }
    }

    private mutating func readString() throws -> String {
      position += 1
      // Most have no escapes.
      if let end = bytes[position...].firstIndex(where: {
        $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
      }), bytes[end] == UInt8(ascii: "\"") {
        defer { position = end + 1 }
        return String(decoding: bytes[position..<end], as: UTF8.self)
      }
      var scalars = String.UnicodeScalarView()
      var plain = position
      func flush(_ parser: Parser, _ scalars: inout String.UnicodeScalarView) {
        scalars.append(
          contentsOf: String(decoding: parser.bytes[plain..<parser.position], as: UTF8.self)
            .unicodeScalars
        )
      }
      while let byte = peek() {
        if byte == UInt8(ascii: "\"") {
          flush(self, &scalars)
          position += 1
          return String(scalars)
        }
        if byte == UInt8(ascii: "\\") {
          flush(self, &scalars)
          position += 1
          scalars.append(try readEscape())
          plain = position
        } else {
          position += 1
        }
      }
      throw failure("a string without an end")
    }

    private mutating func readEscape() throws -> Unicode.Scalar {
      guard let byte = peek() else { throw failure("a string without an end") }
      position += 1
      switch byte {
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{c}"
      case UInt8(ascii: "u"):
        let high = try readHex()
        guard (0xD800..<0xDC00).contains(high) else {
          guard let scalar = Unicode.Scalar(high) else { throw failure("half a surrogate pair") }
          return scalar
        }
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
          throw failure("half a surrogate pair")
        }
        let low = try readHex()
        guard (0xDC00..<0xE000).contains(low),
          let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw failure("half a surrogate pair") }
        return scalar
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
        return Unicode.Scalar(byte)
      default: throw failure("an unknown escape")
      }
    }

    private mutating func readHex() throws -> UInt32 {
      guard position + 4 <= bytes.count, bytes[position] != UInt8(ascii: "+"),
        let number = UInt32(
          String(decoding: bytes[position..<position + 4], as: UTF8.self),
          radix: 16
        )
      else { throw failure("expected four hexadecimal digits") }
      position += 4
      return number
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard peek() == byte else { return false }
      position += 1
      return true
    }

    private mutating func skipSpaces() {
      while let byte = peek(), byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private func failure(_ reason: String) -> FieldworkError {
      let shown = text.count > 60 ? text.prefix(60) + "…" : text[...]
      return FieldworkError(
        .unreadableText,
        "cannot read \(Value.quoted(String(shown))): \(reason) at byte \(position)"
      )
    }
  }

  /// Reads a number as it is written in JSON or Swift; nil if the text is none.
  package init?(number text: String) {
    guard
      let first = text.utf8.first(where: { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+") }),
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) || first == UInt8(ascii: ".")
    else { return nil }
    let plain = text.utf8.allSatisfy { !($0 == UInt8(ascii: "x") || $0 == UInt8(ascii: "X")) }
    guard plain else { return nil }
    if let integer = Int(text) {
      self = .int(integer)
    } else if let number = Double(text), number.isFinite {
      self = .double(number)
    } else {
      return nil
    }
  }
}
