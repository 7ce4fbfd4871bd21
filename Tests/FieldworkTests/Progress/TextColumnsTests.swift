import FieldworkCore
import XCTest

@testable import Fieldwork

final class TextColumnsTests: XCTestCase {
  /// Texts with the columns that they take.
  private let texts: [(String, Int)] = [
    ("", 0), ("abc", 3), ("naïve", 5), ("e\u{301}", 1), ("日本語", 6), ("ﾊﾝｶｸ", 4), ("Ａ", 2),
    ("한국", 4), ("\u{1112}\u{1161}\u{11AB}", 2), ("😀", 2), ("☀\u{FE0F}", 2), ("☀", 1),
    ("🇩🇪", 2), ("a\u{200B}b", 2), ("ก\u{0E33}", 2), ("कि", 2), ("√α·…—█", 6), ("𝛼", 1), ("🀄", 2),
    ("\u{FEFF}", 0),
  ]

  func testColumns() {
    for (text, columns) in texts { XCTAssertEqual(text.columns, columns, text) }
    for (first, one) in texts {
      for (second, two) in texts {
        // A mark at the beginning would join what stands before it.
        XCTAssertEqual((first + "|" + second).columns, one + two + 1, first + second)
      }
    }
  }

  func testFittedTextsFit() {
    for (first, _) in texts {
      for (second, _) in texts {
        let text = first + "|" + second
        for limit in 0...text.columns + 1 {
          let fitted = text.fitted(limit)
          XCTAssertLessThanOrEqual(fitted.columns, limit, "\(text) in \(limit)")
          if limit >= text.columns {
            XCTAssertEqual(fitted, text)
          } else if limit > 0 {
            XCTAssertTrue(fitted.hasSuffix("…"), "\(text) in \(limit)")
            XCTAssertTrue(text.hasPrefix(fitted.dropLast()), "\(text) in \(limit)")
            XCTAssertGreaterThanOrEqual(fitted.columns, limit - 1, "\(text) in \(limit)")
          }
        }
      }
    }
  }

  func testInOneLine() {
    XCTAssertEqual("a\nb\r\nc\u{1B}[2J\td\u{202E}e".inOneLine, "a ⏎ b ⏎ c\u{FFFD}[2J d\u{FFFD}e")
  }

  func testPrintedTextsMoveNoCursor() {
    let texts = [
      ("plain\n", "plain\n"), ("\u{1B}[31mred\u{1B}[0m\n", "\u{1B}[31mred\u{1B}[0m\n\u{1B}[0m"),
      ("\u{1B}[2A\u{1B}[Jup\n", "up\n"), ("a\r\nb\n", "a\nb\n"), ("one\n 1%\r 2%\n", "one\n 2%\n"),
      ("bell\u{7}\n", "bell\n"), ("\u{1B}[", ""), ("日本\t1\n", "日本\t1\n"),
    ]
    for (text, expected) in texts { XCTAssertEqual(text.withoutCursorMoves, expected) }
  }

  func testRatesAndTimes() {
    XCTAssertEqual(Wording.rate(12_345, "it"), "12345 it/s")
    XCTAssertEqual(Wording.rate(3.44, "it"), "3.4 it/s")
    XCTAssertEqual(Wording.rate(0.5, "exp"), "30.0 exp/min")
    XCTAssertEqual(Wording.rate(0.001, "exp"), "3.6 exp/h")
    let times: [(Double, String)] = [
      (0, "0 s"), (59.4, "59 s"), (90, "1 min 30 s"), (303, "5 min 5 s"), (1000, "17 min"),
      (7260, "2 h 1 min"), (90_000, "1 d 1 h"),
    ]
    for (seconds, text) in times { XCTAssertEqual(Wording.rough(seconds), text) }
  }
}
