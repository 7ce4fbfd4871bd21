import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class FrameTests: StoreTestCase {
  private let contents: [[UInt8]] = [
    [], [1], Array("a longer content than eight bytes".utf8), [0, 0, 0, 0], Array(0...255),
  ]

  private func stream() -> (bytes: [UInt8], frames: [Frame], ends: [Int]) {
    var writer = FrameWriter()
    var bytes: [UInt8] = []
    var frames: [Frame] = []
    var ends: [Int] = []
    for (kind, content) in contents.enumerated() {
      writer.append(UInt8(kind)) { $0.append(contentsOf: content) }
      frames.append(Frame(kind: UInt8(kind), content: content))
      ends.append(bytes.count + writer.count)
      if kind % 2 == 0 { bytes += writer.take() }
    }
    return (bytes + writer.take(), frames, ends)
  }

  /// All frames of the bytes that are given piece by piece.
  private func frames(_ pieces: [[UInt8]]) throws -> [Frame] {
    var reader = FrameReader()
    var frames: [Frame] = []
    for piece in pieces {
      reader.feed(piece)
      while let frame = try reader.next() { frames.append(frame) }
    }
    return frames
  }

  func testEveryChunking() throws {
    let (bytes, expected, _) = stream()
    for size in 1...bytes.count {
      let pieces = stride(from: 0, to: bytes.count, by: size).map { start in
        Array(bytes[start..<min(start + size, bytes.count)])
      }
      XCTAssertEqual(try frames(pieces), expected, "pieces of \(size)")
    }
    for first in 0...bytes.count {
      let pieces = [Array(bytes.prefix(first)), [], Array(bytes.dropFirst(first))]
      XCTAssertEqual(try frames(pieces), expected, "cut at \(first)")
    }
    var reader = FrameReader()
    reader.feed(bytes)
    for frame in expected { XCTAssertEqual(try reader.next(), frame) }
    XCTAssertNil(try reader.next())
    XCTAssertEqual(reader.offset, bytes.count)
    XCTAssertEqual(reader.rest, 0)
  }

  func testACutStreamHasTheFramesThatAreWhole() throws {
    let (bytes, expected, ends) = stream()
    for length in 0...bytes.count {
      var reader = FrameReader()
      reader.feed(bytes.prefix(length))
      var found: [Frame] = []
      while let frame = try reader.next() { found.append(frame) }
      let count = ends.filter { $0 <= length }.count
      XCTAssertEqual(found, Array(expected.prefix(count)), "\(length)")
      let end = length < StreamHeader.count ? 0 : count == 0 ? StreamHeader.count : ends[count - 1]
      XCTAssertEqual(reader.offset, end, "\(length)")
      XCTAssertEqual(reader.rest, length - end, "\(length)")
    }
  }

  func testEveryFlippedBitIsNoticed() throws {
    let (bytes, expected, ends) = stream()
    for bit in 0..<bytes.count * 8 {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      var reader = FrameReader()
      reader.feed(damaged)
      var found: [Frame] = []
      do {
        while let frame = try reader.next() { found.append(frame) }
        XCTFail("bit \(bit) is not noticed")
      } catch let error as FieldworkError {
        XCTAssertEqual(error.code, .store)
        let whole = ends.filter { $0 <= bit / 8 }
        XCTAssertEqual(found, Array(expected.prefix(whole.count)), "what is before it is sound")
        if bit / 8 >= StreamHeader.count {
          let start = whole.last ?? StreamHeader.count
          XCTAssertTrue(error.message.hasSuffix("at byte \(start)"), "\(error)")
          XCTAssertEqual(reader.offset, start)
        }
      }
      XCTAssertThrowsError(try reader.next(), "it stays so")
    }
  }

  func testAnotherVersion() {
    assertError(.store, "version 7", "version 3", "same version of Fieldwork") {
      try self.frames([StreamHeader.bytes(version: 7)])
    }
  }

  func testWhatIsNoStream() {
    for text in ["Hello", "F", "FW", "Fatal error", "\n"] {
      guard !"FWLOG\n".hasPrefix(text) else { continue }
      assertError(.store, "no stream of records", "FWLOG") { try self.frames([Array(text.utf8)]) }
    }
  }

  func testALengthBeyondTheLimitIsRefusedAtOnce() {
    var head: [UInt8] = []
    let length = UInt32(Frame.limit + 1)
    for byte in 0..<4 { head.append(UInt8(truncatingIfNeeded: length >> UInt32(8 * byte))) }
    head.append(1)
    let check = head.withUnsafeBytes { Frame.headCheck($0) }
    for byte in 0..<3 { head.append(UInt8(truncatingIfNeeded: check >> UInt32(8 * byte))) }
    assertError(.store, "longer than \(Frame.limit)", "at byte 8") {
      try self.frames([StreamHeader.bytes, head])
    }
  }

  func testAStreamThatGoesOnHasNoHeader() throws {
    var writer = FrameWriter(isContinuing: true)
    XCTAssertEqual(writer.count, 0)
    writer.append(9) { $0.append(UInt8(5)) }
    var reader = FrameReader(isContinuing: true)
    reader.feed(writer.take())
    XCTAssertEqual(try reader.next(), Frame(kind: 9, content: [5]))
  }

  /// The check value of the algorithm, and the tables against the definition bit by bit.
  func testChecksum() {
    func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { Checksum.of($0) } }
    XCTAssertEqual(checksum(Array("123456789".utf8)), 0xE306_9283)
    XCTAssertEqual(checksum([UInt8](repeating: 0, count: 32)), 0x8A91_36AA)
    var random = Philox(seed: 1)
    for length in 0..<70 {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      var expected: UInt32 = ~0
      for byte in bytes {
        expected ^= UInt32(byte)
        for _ in 0..<8 { expected = expected >> 1 ^ (expected & 1) * 0x82F6_3B78 }
      }
      XCTAssertEqual(checksum(bytes), ~expected, "\(length)")
      var pieces = Checksum()
      for part in [bytes.prefix(length / 3), bytes.dropFirst(length / 3)] {
        Array(part).withUnsafeBytes { pieces.add($0) }
      }
      XCTAssertEqual(pieces.value, ~expected, "\(length)")
    }
  }
}
