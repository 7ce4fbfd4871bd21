import Logging
import XCTest

@testable import FieldworkRuntime

final class LogLineTests: XCTestCase {
  private func line(_ message: String, _ metadata: [String: String] = [:]) -> String {
    LogLine(
      time: 1_795_516_874.123,
      level: .info,
      name: "digits",
      message: message,
      metadata: metadata
    ).text
  }

  private let start = "2026-11-24 10:41:14.123Z INFO digits"

  func testALine() {
    XCTAssertEqual(line("run started"), "\(start) run started\n")
    XCTAssertEqual(line(""), "\(start)\n")
  }

  func testTimes() {
    func time(_ seconds: Double) -> String {
      LogLine(time: seconds, level: .error, name: "r", message: "m").text
    }
    XCTAssertEqual(time(0), "1970-01-01 00:00:00.000Z ERROR r m\n")
    XCTAssertEqual(time(951_868_799.9996), "2000-02-29 23:59:59.999Z ERROR r m\n")
    XCTAssertEqual(time(1_709_210_096.005), "2024-02-29 12:34:56.005Z ERROR r m\n")
  }

  func testMetadataIsSortedAndQuotedWhereItHasTo() {
    XCTAssertEqual(
      line(
        "m",
        [
          "seed": "7", "config": "{lr: 0.1, size: 8}", "empty": "", "quote": "a\"b\\c",
          "lines": "1\n2\r\n3", "a key": "=", "list": #"["x", "y"]"#,
        ]
      ),
      #"\#(start) m "a key"="=" config="{lr: 0.1, size: 8}" empty="" lines="1\n2\n3" "#
        + #"list="["x", "y"]" quote="a\"b\\c" seed=7"#
        .replacingOccurrences(of: #"["x", "y"]"#, with: #"[\"x\", \"y\"]"#)
        + "\n"
    )
  }

  func testFurtherLinesAreIndented() {
    XCTAssertEqual(
      line("one\ntwo\r\nthree\n\n2026 four\n\n", ["k": "v"]),
      "\(start) one k=v\n    two\n    three\n    \n    2026 four\n"
    )
  }

  /// Whatever is told, what begins with a time begins a record.
  func testOnlyRecordsBeginWithATime() {
    let breaks = [
      "\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}", "\u{0B}", "\u{0C}", "a", "",
    ]
    for first in breaks {
      for second in breaks {
        let text = "\(first)\(start)\(second)\(start)"
        let lines = LogLine(
          time: 1_795_516_874.123,
          level: .info,
          name: "digits" + text,
          message: text,
          metadata: ["\(text)": "\(text)"]
        ).text.split(whereSeparator: \.isNewline)
        XCTAssertEqual(lines.filter { !$0.hasPrefix("    ") }.count, 1, "\(lines)")
      }
    }
  }
}
