extension Value {
  /// The value as bytes, from which it comes back exactly: every zero and NaN too, as no text keeps them.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return bytes
  }

  /// Reads what ``bytes`` has given.
  /// - Throws: ``FieldworkError`` of code `store` if it is something else.
  package init(bytes: [UInt8]) throws {
    var reading = ValueReading(bytes: bytes)
    self = try reading.value(depth: 0)
    guard reading.isAtEnd else { throw ValueReading.damaged }
  }

  private func append(to bytes: inout [UInt8]) {
    func append(_ tag: UInt8, _ word: UInt64) {
      bytes.append(tag)
      withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }
    func append(_ tag: UInt8, _ text: String) {
      var text = text
      text.withUTF8 { utf8 in
        append(tag, UInt64(utf8.count))
        bytes.append(contentsOf: utf8)
      }
    }
    switch self {
    case .null: bytes.append(0)
    case .bool(let flag): bytes.append(flag ? 2 : 1)
    case .int(let number): append(3, UInt64(bitPattern: Int64(number)))
    case .double(let number): append(4, number.bitPattern)
    case .string(let text): append(5, text)
    case .list(let values):
      append(6, UInt64(values.count))
      for value in values { value.append(to: &bytes) }
    case .dictionary(let values):
      append(7, UInt64(values.count))
      // In order, so that equal values have equal bytes.
      for (key, value) in values.sorted(by: { $0.key < $1.key }) {
        append(5, key)
        value.append(to: &bytes)
      }
    }
  }
}

private struct ValueReading {
  private static let maximumDepth = 200

  static var damaged: FieldworkError {
    FieldworkError(.store, "bytes that should hold a value cannot be read")
  }

  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func value(depth: Int) throws -> Value {
    guard depth < Self.maximumDepth else { throw Self.damaged }
    switch try byte() {
    case 0: return .null
    case 1: return .bool(false)
    case 2: return .bool(true)
    case 3: return .int(Int(Int64(bitPattern: try word())))
    case 4: return .double(Double(bitPattern: try word()))
    case 5: return .string(try text())
    case 6:
      let count = try count()
      var values: [Value] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(try value(depth: depth + 1)) }
      return .list(values)
    case 7:
      var values: [String: Value] = [:]
      for _ in 0..<(try count()) {
        guard try byte() == 5 else { throw Self.damaged }
        let key = try text()
        values[key] = try value(depth: depth + 1)
      }
      return .dictionary(values)
    default: throw Self.damaged
    }
  }

  private mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw Self.damaged }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func word() throws -> UInt64 {
    guard bytes.count - position >= 8 else { throw Self.damaged }
    defer { position += 8 }
    return bytes.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }
  }

  /// A number of things each of which has a byte at least.
  private mutating func count() throws -> Int {
    guard let count = Int(exactly: try word()), count <= bytes.count - position else {
      throw Self.damaged
    }
    return count
  }

  private mutating func text() throws -> String {
    let count = try count()
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }
}
