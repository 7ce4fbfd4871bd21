import FieldworkCore
import XCTest

final class ValueTextTests: XCTestCase {
  private let nested: Value = ["b": [1, 1.0, "x\"", nil], "a": [:], "c": true]

  func testDescriptionIsWhatTablesShow() {
    XCTAssertEqual("\(Value.null)", "null")
    XCTAssertEqual("\("adam" as Value)", "adam")
    XCTAssertEqual("\(0.1 as Value)", "0.1")
    XCTAssertEqual("\(1.0 as Value)", "1.0")
    XCTAssertEqual("\(Value.double(-0.0))", "0.0")
    XCTAssertEqual("\(nested)", #"["a": [:], "b": [1, 1.0, "x\"", null], "c": true]"#)
  }

  func testLiteralTextIsSwift() {
    XCTAssertEqual(Value.null.literalText, "nil")
    XCTAssertEqual(("a\nb" as Value).literalText, #""a\nb""#)
    XCTAssertEqual(([] as Value).literalText, "[]")
    XCTAssertEqual(nested.literalText, #"["a": [:], "b": [1, 1.0, "x\"", nil], "c": true]"#)
  }

  func testCanonicalTextIsJSONWithSortedKeys() {
    XCTAssertEqual(nested.canonicalText, #"{"a":{},"b":[1,1.0,"x\"",null],"c":true}"#)
    XCTAssertEqual(Value.double(.nan).canonicalText, "nan")
    XCTAssertEqual(
      Value.list([.double(-.infinity), .double(.infinity)]).canonicalText,
      "[-inf,inf]"
    )
    XCTAssertEqual(Value.double(-0.0).canonicalText, "0.0")
    XCTAssertEqual(("\u{1}" as Value).canonicalText, #""\u0001""#)
  }

  func testJSONTextHasNullForWhatJSONLacks() {
    let values: Value = [.double(.nan), .double(.infinity), 1.5]
    XCTAssertEqual(values.jsonText, "[null,null,1.5]")
    XCTAssertEqual(nested.jsonText, nested.canonicalText)
  }

  func testEqualTextsMeanEqualValues() {
    for left in smallValues {
      for right in smallValues {
        XCTAssertEqual(
          left.canonicalText == right.canonicalText,
          left == right,
          "\(left.literalText) and \(right.literalText)"
        )
      }
    }
  }
}
