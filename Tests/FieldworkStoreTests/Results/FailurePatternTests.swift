import FieldworkCore
@testable import FieldworkAnalysis
import FieldworkStore
import XCTest

final class FailurePatternTests: XCTestCase {
  func testNumbersAreMasked() {
    let texts = [
      ("", ""), ("no number", "no number"), ("12", "#"),
      ("loss is -1.5e3 at step 20", "loss is # at step #"),
      ("x = -3", "x = #"), ("3-5", "#-#"), ("a-1", "a-#"), ("1e-05, 2E7", "#, #"), ("1e", "#e"),
      ("conv12b", "conv#b"), ("version 6.3.1.", "version #."), ("at 0x7ffE12", "at #"),
      ("e2db1da708fd9bfe failed", "# failed"), ("deadbeef", "deadbeef"), ("12345678.5", "#"),
      ("grö\u{DF}e 5日", "grö\u{DF}e #日"), ("(+4)", "(#)"), ("1,2;3", "#,#;#"), ("-", "-"),
      ("+x", "+x"),
    ]
    for (text, pattern) in texts { XCTAssertEqual(Failure.pattern(of: text), pattern, text) }
  }

  /// Whatever stands around it, another number gives the same pattern.
  func testAnotherNumberGivesTheSamePattern() {
    let numbers = ["0", "-1", "12", "3.25", "-0.5", "1e9", "2.5e-10", "12345678", "1234567.25e+12"]
    let around = ["", " ", "(", ")", ": ", ", ", "|", " is ", " %"]
    for before in around {
      for after in around {
        let patterns = Set(numbers.map { Failure.pattern(of: before + $0 + after) })
        XCTAssertEqual(patterns, [before + "#" + after])
      }
    }
  }

  func testValuesOfTheConfigAreMasked() {
    let config: Config = [
      "kernel": "rbf", "path": "data/a b.csv", "n": 3, "f": AnyAlias("relu", 5),
      "l": ["x", "deep"],
    ]
    for (message, pattern) in [
      ("rbf: no data/a b.csv for relu", "#: no # for #"), ("rbfs and relu", "rbfs and #"),
      ("3 of deep, x", "# of #, #"), ("linear", "linear"),
    ] {
      XCTAssertEqual(Failure.pattern(of: message, replacing: config), pattern, message)
    }
  }

  func testLongMessagesAreCut() {
    let text = String(repeating: "x 1 ", count: 1000)
    XCTAssertEqual(Failure.pattern(of: text).utf8.count, 1000)
    XCTAssertEqual(Failure.pattern(of: text + "2"), Failure.pattern(of: text + "y"))
  }
}
