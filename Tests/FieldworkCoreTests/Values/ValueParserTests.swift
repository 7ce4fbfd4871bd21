import FieldworkCore
import XCTest

final class ValueParserTests: XCTestCase {
  func testCanonicalTextReadsBackAsTheVerySameValue() throws {
    for value in smallValues {
      XCTAssertEqual(try Value(parsing: value.canonicalText), value, value.canonicalText)
    }
  }

  func testReadsOtherJSON() throws {
    let text = " { \"a\" : [ 1 , -2.5e3 , true ] ,\n\t\"b\": {\"c\": null} } \r\n"
    XCTAssertEqual(try Value(parsing: text), ["a": [1, -2500.0, true], "b": ["c": nil]])
    XCTAssertEqual(try Value(parsing: #"{"a":1,"a":2}"#), ["a": 2])
    XCTAssertEqual(try Value(parsing: "-0"), 0)
    XCTAssertEqual(try Value(parsing: "1E2"), 100.0)
    XCTAssertEqual(try Value(parsing: "9223372036854775807"), .int(.max))
    XCTAssertEqual(try Value(parsing: "9223372036854775808"), .double(0x1p63))
  }

  func testEscapes() throws {
    let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00""#
    XCTAssertEqual(try Value(parsing: text), .string("\"\\/\u{8}\u{c}\n\r\tAé€😀"))
    XCTAssertEqual(try Value(parsing: "\"äé😀\u{2028}\""), "äé😀\u{2028}")
    XCTAssertEqual(try Value(parsing: #""\u0000""#), "\0")
  }

  func testRefusesWhatIsMalformed() {
    let texts = [
      "", " ", "[", "[1", "[1,", "[1,]", "[,1]", "]", "{", "{\"a\"", "{\"a\":", "{\"a\":1",
      "{\"a\":1,}", "{a:1}", "{1:2}", "{\"a\" 1}", "[1 2]", "1 2", "nul", "nullx", "True", "+",
      "-", ".", "1e", "--1", "0x10", "1e400", "infinity", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"",
      "\"\\u12g4\"", "\"\\u+123\"", "\"\\u-123\"", "\"\\ud800\"", "\"\\ud800\\n\"",
      "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\ud83dx\"", "[1]]", "{}{}", "\"a\"b", "[1;2]",
    ]
    for text in texts {
      assertThrows(.unreadableText, containing: "at byte") { try Value(parsing: text) }
    }
  }

  func testTheErrorNamesTextReasonAndPosition() {
    assertThrows(.unreadableText, containing: "\"[1,x]\"", "'x' is not a value", "byte 3") {
      try Value(parsing: "[1,x]")
    }
    assertThrows(.unreadableText, containing: "…") {
      try Value(parsing: String(repeating: "a", count: 1000))
    }
  }

  func testDeepNestingIsRefusedAndNotACrash() throws {
    func nested(_ depth: Int, _ open: String, _ close: String) -> String {
      String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }
    XCTAssertNoThrow(try Value(parsing: nested(199, "[", "]")))
    XCTAssertNoThrow(try Value(parsing: nested(199, "{\"a\":", "}")))
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      assertThrows(.unreadableText, containing: "too many levels") {
        try Value(parsing: nested(100_000, open, close))
      }
    }
    assertThrows(.unreadableText, containing: "too many levels") {
      try Value(parsing: String(repeating: "[", count: 100_000))
    }
  }

  func testNumbers() {
    XCTAssertEqual(Value(number: "+5"), 5)
    XCTAssertEqual(Value(number: ".5"), 0.5)
    XCTAssertEqual(Value(number: "-1e-3"), -0.001)
    for text in ["", "a", "nan", "inf", "1_000", "0x1p3", "1e999", "1 ", " 1", "-", "1-", "²"] {
      XCTAssertNil(Value(number: text), text)
    }
  }
}
