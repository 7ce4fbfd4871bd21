/// Collects frames into bytes to send or to store. What it gives begins with a ``StreamHeader``.
///
///     frame    length of the content  4 bytes, the lowest first
///              kind                   1 byte
///              check of the five      3 bytes, the lower ones of their CRC-32C
///              content
///              check of all of it     4 bytes, its CRC-32C
package struct FrameWriter: Sendable {
  private var writer = ByteWriter()

  /// - Parameter isContinuing: whether what was taken from another writer comes before, so that no header
  ///   is needed.
  package init(isContinuing: Bool = false) {
    if !isContinuing { writer.append(contentsOf: StreamHeader.bytes) }
  }

  /// The number of bytes that wait to be taken.
  package var count: Int { writer.count }

  /// Adds a frame.
  /// - Returns: false if its content is longer than ``Frame/limit``; then nothing is added.
  @discardableResult
  package mutating func append(_ kind: UInt8, _ body: (inout ByteWriter) -> Void) -> Bool {
    let start = writer.reserveFixed()
    // The check follows in the same four bytes; the kind is its lowest one.
    let second = writer.reserveFixed()
    body(&writer)
    let length = writer.count - second - 4
    guard length <= Frame.limit else {
      writer.truncate(to: start)
      return false
    }
    writer.replaceFixed(at: start, with: UInt32(length))
    writer.replaceFixed(at: second, with: UInt32(kind))
    let check = writer.bytes.withUnsafeBytes { bytes in
      Frame.headCheck(UnsafeRawBufferPointer(rebasing: bytes[start..<start + 5]))
    }
    writer.replaceFixed(at: second, with: UInt32(kind) | check << 8)
    let checksum = writer.bytes.withUnsafeBytes { bytes in
      Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }
    writer.appendFixed(checksum)
    return true
  }

  /// Gives the frames added since the last time.
  package mutating func take() -> [UInt8] { writer.take() }
}
