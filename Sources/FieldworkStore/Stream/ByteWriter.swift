package import FieldworkCore

/// Writes values as bytes, the same on every machine; ``ByteReader`` reads them.
package struct ByteWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// The number of bytes so far.
  package var count: Int { bytes.count }

  /// Gives the bytes and begins anew.
  package mutating func take() -> [UInt8] {
    let taken = bytes
    bytes = []
    // What comes next is likely to be as long; a single large one is no measure.
    bytes.reserveCapacity(min(taken.count, 1 << 16))
    return taken
  }

  package mutating func append(_ byte: UInt8) { bytes.append(byte) }

  package mutating func append(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

  /// Seven bits a byte, the lowest first: small numbers are short.
  package mutating func append(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// As unsigned ones are, with the sign in the lowest bit: small negative numbers are short too.
  package mutating func append(_ number: Int) {
    append(UInt64(bitPattern: Int64((number << 1) ^ (number >> (Int.bitWidth - 1)))))
  }

  /// The bits as they are, so that every NaN and zero comes back.
  package mutating func append(_ number: Double) { appendFixed(number.bitPattern) }

  /// The length and the bytes of UTF-8.
  package mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      append(UInt64(utf8.count))
      bytes.append(contentsOf: utf8)
    }
  }

  package mutating func append(contentsOf other: some Sequence<UInt8>) {
    bytes.append(contentsOf: other)
  }

  /// A flag, and what there is.
  package mutating func append<Wrapped>(
    _ optional: Wrapped?,
    _ body: (inout ByteWriter, Wrapped) -> Void
  ) {
    append(optional != nil)
    if let optional { body(&self, optional) }
  }

  /// The number of elements, and each of them.
  package mutating func append<Element>(
    _ elements: [Element],
    _ body: (inout ByteWriter, Element) -> Void
  ) {
    append(UInt64(elements.count))
    for element in elements { body(&self, element) }
  }

  /// Something with its length before it, so that it can be passed over.
  package mutating func appendBlock(_ body: (inout ByteWriter) -> Void) {
    let start = reserveFixed()
    body(&self)
    replaceFixed(at: start, with: UInt32(truncatingIfNeeded: count - start - 4))
  }

  /// The kind and the content. The keys of a dictionary are sorted, so that equal values have equal
  /// bytes.
  package mutating func append(_ value: Value) {
    switch value {
    case .null: append(UInt8(0))
    case .bool(let flag): append(flag ? UInt8(2) : 1)
    case .int(let number):
      append(UInt8(3))
      append(number)
    case .double(let number):
      append(UInt8(4))
      append(number)
    case .string(let text):
      append(UInt8(5))
      append(text)
    case .list(let values):
      append(UInt8(6))
      append(UInt64(values.count))
      for value in values { append(value) }
    case .dictionary(let values):
      append(UInt8(7))
      append(UInt64(values.count))
      for (key, value) in values.sorted(by: { $0.key < $1.key }) {
        append(key)
        append(value)
      }
    }
  }

  // MARK: Numbers of fixed length, the lowest byte first

  mutating func appendFixed<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Keeps room for a number of four bytes.
  /// - Returns: where it stands.
  mutating func reserveFixed() -> Int {
    defer { appendFixed(UInt32(0)) }
    return count
  }

  mutating func replaceFixed(at position: Int, with number: UInt32) {
    for index in 0..<4 {
      bytes[position + index] = UInt8(truncatingIfNeeded: number >> UInt32(8 * index))
    }
  }

  /// Takes back what was written after a position.
  mutating func truncate(to position: Int) { bytes.removeLast(count - position) }
}
