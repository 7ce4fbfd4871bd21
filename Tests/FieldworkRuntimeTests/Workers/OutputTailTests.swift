import XCTest

@testable import FieldworkRuntime

final class OutputTailTests: XCTestCase {
  private func tail(_ text: String, piece: Int = .max) -> String {
    var tail = OutputTail()
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let next = rest.prefix(piece)
      next.withUnsafeBytes { tail.append($0) }
      rest = rest.dropFirst(next.count)
    }
    return tail.text
  }

  private func lines(_ range: Range<Int>) -> String {
    range.map { "line \($0)" }.joined(separator: "\n")
  }

  func testFewLines() {
    XCTAssertEqual(tail(""), "")
    XCTAssertEqual(tail("\n\n"), "")
    XCTAssertEqual(tail("a"), "a")
    XCTAssertEqual(tail("a\n\nb\n\n"), "a\n\nb")
    XCTAssertEqual(tail(lines(0..<20) + "\n"), lines(0..<20))
  }

  func testTheLastTwentyOfMany() {
    for count in [21, 100, 50_000] {
      XCTAssertEqual(tail(lines(0..<count)), lines(count - 20..<count))
    }
  }

  func testPiecesMakeNoDifference() {
    let text = lines(0..<40) + "\nSwift/x.swift:1: Fatal error: é\n" + lines(40..<90)
    for piece in 1...70 { XCTAssertEqual(tail(text, piece: piece), tail(text), "\(piece)") }
  }

  /// What is printed after the last words is long: images, threads, registers.
  func testAroundTheLastWords() {
    let trap = "main.swift:3: Fatal error: Index out of range"
    let trace = "\n*** Signal 4: Backtracing from 0x7f3... done ***\n\n"
    let crash = "*** Program crashed: Illegal instruction at 0x00007f ***\n"
    let whole = tail(lines(0..<30) + "\n" + trap + "\n" + trace + crash + lines(100..<900))
    let kept = whole.split(separator: "\n", omittingEmptySubsequences: false)
    XCTAssertEqual(kept.count, 20)
    XCTAssertEqual(kept.prefix(6).map(String.init), (25..<30).map { "line \($0)" } + [trap])
    // Without a trap's words, what comes before the trace counts.
    let signal = tail(lines(0..<30) + "\n" + trace + crash + lines(100..<900))
    XCTAssertEqual(
      signal.split(separator: "\n").prefix(4).map(String.init),
      (26..<30).map { "line \($0)" }
    )
  }

  func testLongLinesAndBytesThatAreNoText() {
    let long = String(repeating: "x", count: 2_000)
    XCTAssertEqual(tail("a\n" + long), "a\n" + long.prefix(500))
    var tail = OutputTail()
    [UInt8]([0xFF, 0xFE, 0x41]).withUnsafeBytes { tail.append($0) }
    XCTAssertEqual(tail.text, "\u{FFFD}\u{FFFD}A")
    var endless = OutputTail()
    let piece = [UInt8](repeating: 0x78, count: 1 << 20)
    for _ in 0..<8 { piece.withUnsafeBytes { endless.append($0) } }
    XCTAssertEqual(endless.text.count, 500)
  }
}
