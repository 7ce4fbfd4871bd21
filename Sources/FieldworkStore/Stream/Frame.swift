/// A piece of a stream: what kind it is, and its content.
package struct Frame: Sendable, Hashable {
  /// How long a content may be, in bytes.
  package static let limit = 1 << 29
  /// Length and kind, with a checksum of their own.
  static let headSize = 8
  /// The checksum of head and content.
  static let tailSize = 4

  package let kind: UInt8
  package let content: [UInt8]

  package init(kind: UInt8, content: [UInt8]) {
    self.kind = kind
    self.content = content
  }

  /// A head is checked by itself, since nobody should wait for the bytes that a damaged length promises.
  /// - Parameter start: the length in four bytes, and the kind.
  static func headCheck(_ start: UnsafeRawBufferPointer) -> UInt32 {
    Checksum.of(start) & 0xFF_FFFF
  }
}
