import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class ByteCodingTests: StoreTestCase {
  private func read<T>(
    _ writer: ByteWriter,
    _ body: (inout ByteReader) throws -> T
  ) throws -> T {
    var reader = ByteReader(writer.bytes)
    let result = try body(&reader)
    XCTAssertTrue(reader.isAtEnd, "\(reader.rest) bytes are left")
    return result
  }

  private func bytes(_ body: (inout ByteWriter) -> Void) -> ByteWriter {
    var writer = ByteWriter()
    body(&writer)
    return writer
  }

  /// Around every power of two, where numbers get longer.
  private var numbers: [Int] {
    (0..<63).flatMap { bit in
      [-1, 0, 1].flatMap { [1 << bit &+ $0, -(1 << bit) &+ $0] }
    } + [.min, .max]
  }

  func testIntegers() throws {
    for number in numbers {
      XCTAssertEqual(try read(bytes { $0.append(number) }) { try $0.int() }, number)
      let unsigned = UInt64(bitPattern: Int64(number))
      XCTAssertEqual(try read(bytes { $0.append(unsigned) }) { try $0.unsigned() }, unsigned)
    }
    XCTAssertEqual(bytes { $0.append(63) }.count, 1)
    XCTAssertEqual(bytes { $0.append(-64) }.count, 1)
    XCTAssertEqual(bytes { $0.append(Int.min) }.count, 10)
  }

  func testDoublesKeepTheirBits() throws {
    let all: [Double] = [
      0, -0.0, 0.1, -1, .infinity, -.infinity, .nan, -.nan, .signalingNaN, .leastNonzeroMagnitude,
      .greatestFiniteMagnitude, Double(nan: 7, signaling: false),
    ]
    for number in all {
      let back = try read(bytes { $0.append(number) }) { try $0.double() }
      XCTAssertEqual(back.bitPattern, number.bitPattern)
    }
  }

  func testTextsOptionalsListsAndBlocks() throws {
    let texts = ["", "a", "a\u{0}b", "é 日本 🎈 e\u{301}", String(repeating: "long", count: 5000)]
    for text in texts {
      // A string that is bridged or sliced is not contiguous UTF-8 by itself.
      let sliced = String(("x" + text).dropFirst())
      XCTAssertEqual(try read(bytes { $0.append(sliced) }) { try $0.string() }, text)
    }
    let optionals: [Int?] = [nil, 5, nil]
    let writer = bytes { writer in
      writer.append(optionals) { $0.append($1) { $0.append($1) } }
      writer.appendBlock { $0.append("skipped") }
      writer.append(true)
    }
    let (list, flag) = try read(writer) { reader -> ([Int?], Bool) in
      let list = try reader.list { try $0.optional { try $0.int() } }
      try reader.skipBlock()
      return (list, try reader.bool())
    }
    XCTAssertEqual(list, optionals)
    XCTAssertTrue(flag)
  }

  func testValues() throws {
    var random = RecordSource(seed: 3)
    for _ in 0..<500 {
      let value = random.value()
      let back = try read(bytes { $0.append(value) }) { try $0.value() }
      XCTAssertEqual(back.canonicalText, value.canonicalText)
      XCTAssertEqual(back.kind, value.kind)
    }
  }

  func testEqualDictionariesHaveEqualBytes() throws {
    let names = (0..<40).map { "k\($0)" }
    func dictionary(_ names: [String]) -> Value {
      var values: [String: Value] = [:]
      for name in names { values[name] = .string(name) }
      return .dictionary(values)
    }
    XCTAssertEqual(
      bytes { $0.append(dictionary(names)) }.bytes,
      bytes { $0.append(dictionary(names.reversed())) }.bytes
    )
  }

  /// What is cut or made up is an error, never a trap and never a reservation of memory.
  func testBytesThatMeanNothing() throws {
    let uses: [(inout ByteReader) throws -> Void] = [
      { _ = try $0.int() }, { _ = try $0.double() }, { _ = try $0.string() },
      { _ = try $0.value() }, { _ = try $0.list { try $0.int() } }, { try $0.skipBlock() },
      { _ = try $0.block { try $0.int() } }, { _ = try $0.optional { try $0.string() } },
      { _ = try PlannedExperiment(from: &$0) }, { _ = try RunRecord(from: &$0) },
    ]
    var random = Philox(seed: 4)
    for round in 0..<3000 {
      let content = (0..<(round % 30)).map { _ in
        // Large lengths come up often.
        random.next() % 3 == 0 ? UInt8.max : UInt8(truncatingIfNeeded: random.next())
      }
      for use in uses {
        var reader = ByteReader(content)
        do {
          try use(&reader)
        } catch let error as FieldworkError {
          XCTAssertEqual(error.code, .store)
        }
      }
    }
  }

  func testTooManyLevels() throws {
    let nested = (0..<100_000).flatMap { _ -> [UInt8] in [6, 1] } + [0]
    assertError(.store, "too many levels") {
      var reader = ByteReader(nested)
      _ = try reader.value()
    }
  }
}
