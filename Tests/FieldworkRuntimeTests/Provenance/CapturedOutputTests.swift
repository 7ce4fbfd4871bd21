import Foundation
import XCTest

@testable import FieldworkRuntime

final class CapturedOutputTests: XCTestCase {
  private func captured(_ bytes: [UInt8], limit: Int = 1000, pieces: Int = 3) -> CapturedOutput {
    var output = CapturedOutput(limit: limit)
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      Array(bytes[start..<min(start + pieces, bytes.count)]).withUnsafeBytes { output.append($0) }
    }
    return output
  }

  private func text(_ string: String, limit: Int = 1000) -> String {
    captured(Array(string.utf8), limit: limit).text
  }

  func testTextStays() {
    for string in ["", "a", "a\nb", " a\tb ", "é日本🙂", "a\n\nb"] {
      XCTAssertEqual(text(string), string)
    }
  }

  func testLineEnds() {
    XCTAssertEqual(text("a\r\nb\r\n\n"), "a\nb")
    XCTAssertEqual(text("10%\r20%\r"), "10%\n20%")
  }

  func testTerminalCodesAreTakenOut() {
    XCTAssertEqual(text("\u{1B}[1;31mred\u{1B}[0m \u{1B}[2K\u{1B}[3Aup"), "red up")
    XCTAssertEqual(text("\u{1B}]0;title\u{7}a\u{1B}]8;;http://x\u{1B}\\b"), "ab")
    XCTAssertEqual(text("a\u{1B}cb\u{1B}"), "ab")
    XCTAssertEqual(text("a\u{8}b\u{7F}c\u{9B}d"), "a?b?c?d")
    XCTAssertEqual(text("\u{1B}]open\nnext"), "next", "a code ends with its line")
    XCTAssertEqual(text("Â é"), "Â é")
  }

  func testNoByteIsLeftThatMovesATerminal() {
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max where first != 0 && second != 0 {
        for scalar in captured([97, first, second, 98]).text.unicodeScalars {
          let isControl = scalar.properties.generalCategory == .control
          XCTAssertFalse(isControl && scalar != "\n" && scalar != "\t", "\(first) \(second)")
        }
      }
    }
  }

  func testBytesThatAreNoText() {
    XCTAssertEqual(captured([0x89, 0x50, 0, 1, 2]).text, "(binary output of 5 bytes, not kept)")
    XCTAssertEqual(captured([97, 0xE9, 98]).text, "a\u{FFFD}b", "another encoding")
  }

  func testItIsCutAfterALine() {
    XCTAssertEqual(text("one\ntwo\nthree", limit: 13), "one\ntwo\nthree")
    XCTAssertEqual(text("one\ntwo\nthree", limit: 12), "one\ntwo\n(cut: the first 8 of 13 bytes)")
    XCTAssertEqual(text("one two three", limit: 9), "one two \n(cut: the first 8 of 13 bytes)")
    XCTAssertEqual(text("abcdef", limit: 3), "abc\n(cut: the first 3 of 6 bytes)")
    XCTAssertEqual(captured(Array("abcdef".utf8), limit: 3).kept.count, 3)
  }

  func testATextIsCutAsOutputIs() {
    for string in ["one\ntwo\nthree", "one two three", "abcdef", "", "éé"] {
      for limit in string.utf8.count...string.utf8.count + 1 {
        XCTAssertEqual(CapturedOutput.cut(string, to: limit), string)
      }
    }
    XCTAssertEqual(
      CapturedOutput.cut("one\ntwo\nthree", to: 12),
      "one\ntwo\n(cut: the first 8 of 13 bytes)"
    )
  }
}
