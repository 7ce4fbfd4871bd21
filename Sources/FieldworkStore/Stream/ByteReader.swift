package import FieldworkCore

/// Reads the values that a ``ByteWriter`` wrote, in their order.
///
/// All of it throws ``FieldworkError`` of code `store` if the bytes end early or mean nothing.
package struct ByteReader: Sendable {
  private let bytes: [UInt8]
  /// How many bytes are read.
  package private(set) var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package var isAtEnd: Bool { position == bytes.count }

  /// How many bytes are left.
  package var rest: Int { bytes.count - position }

  package mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw endsEarly() }
    defer { position += 1 }
    return bytes[position]
  }

  package mutating func bool() throws -> Bool {
    switch try byte() {
    case 0: false
    case 1: true
    case let other: throw damaged("\(other) is no truth value")
    }
  }

  package mutating func unsigned() throws -> UInt64 {
    var number: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      guard shift < 63 || (shift == 63 && next <= 1) else { throw damaged("a number is too large") }
      number |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return number }
      shift += 7
    }
  }

  package mutating func int() throws -> Int {
    let number = try unsigned()
    return Int(truncatingIfNeeded: number >> 1) ^ -Int(truncatingIfNeeded: number & 1)
  }

  package mutating func double() throws -> Double { Double(bitPattern: try fixed()) }

  package mutating func string() throws -> String {
    let count = try length()
    defer { position += count }
    return bytes.withUnsafeBufferPointer { bytes in
      String(
        decoding: UnsafeBufferPointer(rebasing: bytes[position..<position + count]),
        as: UTF8.self
      )
    }
  }

  /// The given number of bytes.
  package mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= rest else { throw endsEarly() }
    defer { position += count }
    return bytes[position..<position + count]
  }

  package mutating func optional<Wrapped>(
    _ body: (inout ByteReader) throws -> Wrapped
  ) throws -> Wrapped? {
    try bool() ? try body(&self) : nil
  }

  package mutating func list<Element>(
    _ body: (inout ByteReader) throws -> Element
  ) throws -> [Element] {
    // Every element has a byte at least, so damage reserves no more than there is.
    let count = try length()
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try body(&self)) }
    return elements
  }

  /// Reads what was written with its length before it.
  package mutating func block<Content>(
    _ body: (inout ByteReader) throws -> Content
  ) throws -> Content {
    let end = try blockEnd()
    let content = try body(&self)
    guard position == end else { throw damaged("a block is not as long as it says") }
    return content
  }

  /// Passes over what was written with its length before it.
  package mutating func skipBlock() throws { position = try blockEnd() }

  package mutating func value() throws -> Value { try value(depth: 0) }

  private mutating func value(depth: Int) throws -> Value {
    guard depth < Value.maximumDepth else { throw damaged("a value has too many levels") }
    switch try byte() {
    case 0: return .null
    case 1: return .bool(false)
    case 2: return .bool(true)
    case 3: return .int(try int())
    case 4: return .double(try double())
    case 5: return .string(try string())
    case 6: return .list(try list { try $0.value(depth: depth + 1) })
    case 7:
      let count = try length()
      var values: [String: Value] = [:]
      values.reserveCapacity(count)
      for _ in 0..<count {
        let key = try string()
        values[key] = try value(depth: depth + 1)
      }
      return .dictionary(values)
    case let kind: throw damaged("there is no kind of value \(kind)")
    }
  }

  mutating func fixed<Number: FixedWidthInteger>(as type: Number.Type = Number.self) throws
    -> Number
  {
    let size = MemoryLayout<Number>.size
    guard rest >= size else { throw endsEarly() }
    defer { position += size }
    return bytes.withUnsafeBytes { bytes in
      Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }
  }

  /// A number of things each of which has a byte at least.
  private mutating func length() throws -> Int {
    guard let count = Int(exactly: try unsigned()), count <= rest else { throw endsEarly() }
    return count
  }

  private mutating func blockEnd() throws -> Int {
    let count = Int(try fixed(as: UInt32.self))
    guard count <= rest else { throw endsEarly() }
    return position + count
  }

  private func endsEarly() -> FieldworkError {
    FieldworkError(.store, "bytes that should hold values end early, after \(bytes.count)")
  }

  /// An error that tells where it is.
  package func damaged(_ reason: String) -> FieldworkError {
    FieldworkError(
      .store,
      "bytes that should hold values cannot be read: \(reason), at \(position)"
    )
  }
}
