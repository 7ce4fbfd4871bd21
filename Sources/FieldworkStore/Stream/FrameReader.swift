import FieldworkCore

/// Reads the frames of a stream that comes in pieces of any length.
package struct FrameReader: Sendable {
  private var bytes: [UInt8] = []
  /// Where in the bytes the next frame begins.
  private var start = 0
  private var hasHeader: Bool
  private var failure: FieldworkError?
  /// How many bytes of the stream are read: where the next frame begins.
  package private(set) var offset = 0

  /// - Parameter isContinuing: whether the stream's header has been read before.
  package init(isContinuing: Bool = false) { hasHeader = isContinuing }

  /// The number of bytes that came and are no whole frame yet.
  package var rest: Int { bytes.count - start }

  /// Takes the next bytes of the stream.
  package mutating func feed(_ piece: UnsafeRawBufferPointer) {
    // Moving the rest to the front costs its length, so it is done when what was read is longer.
    if start > bytes.count / 2 {
      bytes.removeFirst(start)
      start = 0
    }
    bytes.append(contentsOf: piece)
  }

  package mutating func feed(_ piece: some Sequence<UInt8>) {
    if piece.withContiguousStorageIfAvailable({ feed(UnsafeRawBufferPointer($0)) }) == nil {
      Array(piece).withUnsafeBytes { feed($0) }
    }
  }

  /// The next frame.
  /// - Returns: nil if more bytes are needed for it.
  /// - Throws: ``FieldworkError`` of code `store` if the bytes are damaged, or a stream of another version;
  ///   from then on always the same.
  package mutating func next() throws -> Frame? {
    if let failure { throw failure }
    do {
      return try readHeader() ? try readFrame() : nil
    } catch let error as FieldworkError {
      failure = error
      throw error
    }
  }

  private mutating func readHeader() throws -> Bool {
    if hasHeader { return true }
    guard try StreamHeader.check(bytes[start...].prefix(StreamHeader.count)) else { return false }
    hasHeader = true
    advance(StreamHeader.count)
    return true
  }

  private mutating func readFrame() throws -> Frame? {
    guard rest >= Frame.headSize else { return nil }
    let (start, rest, offset) = (start, rest, offset)
    let frame = try bytes.withUnsafeBytes { bytes -> Frame? in
      let length = Int(
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
      )
      let second = UInt32(
        littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4, as: UInt32.self)
      )
      guard
        Frame.headCheck(UnsafeRawBufferPointer(rebasing: bytes[start..<start + 5])) == second >> 8
      else { throw Self.damaged("the head of a frame is damaged", offset) }
      guard length <= Frame.limit else {
        throw Self.damaged("a frame of \(length) bytes is longer than \(Frame.limit)", offset)
      }
      guard rest >= Frame.headSize + length + Frame.tailSize else { return nil }
      let end = start + Frame.headSize + length
      let checksum = UInt32(
        littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self)
      )
      guard Checksum.of(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) == checksum else {
        throw Self.damaged("the content of a frame is damaged", offset)
      }
      return Frame(
        kind: UInt8(truncatingIfNeeded: second),
        content: Array(bytes[start + Frame.headSize..<end])
      )
    }
    if let frame { advance(Frame.headSize + frame.content.count + Frame.tailSize) }
    return frame
  }

  private mutating func advance(_ count: Int) {
    start += count
    offset += count
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      start = 0
    }
  }

  private static func damaged(_ reason: String, _ offset: Int) -> FieldworkError {
    FieldworkError(.store, "a stream of records cannot be read on: \(reason), at byte \(offset)")
  }
}
