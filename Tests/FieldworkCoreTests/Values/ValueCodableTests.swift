import FieldworkCore
import Foundation
import XCTest

final class ValueCodableTests: XCTestCase {
  private func roundTrip(_ value: Value) throws -> Value {
    try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
  }

  func testJSONGivesTheVerySameValue() throws {
    for value in smallValues { XCTAssertEqual(try roundTrip(value), value, value.canonicalText) }
  }

  func testKeysThatLookLikeAnEncoding() throws {
    let values: [Value] = [
      ["$double": "1.0"], ["$$double": "1.0"], ["$": 1, "$$": 2, "$a": 3, "a$": 4],
      ["$double": ["$double": 1.0]], ["$double": 1.0],
    ]
    for value in values { XCTAssertEqual(try roundTrip(value), value, value.canonicalText) }
  }

  func testNumbersBeforeAndAfterThePoint() throws {
    for value in [1.0, -3.0, 1e15, 1e22, 0x1p53, 0x1p63, 123_456.789, 1e-7, .pi, -0.1] {
      XCTAssertEqual(try roundTrip(.double(value)), .double(value))
      XCTAssertEqual(try roundTrip([.double(value)]), [.double(value)])
    }
    for value in [0, 1, -1, 1 << 53 + 1, Int.max, Int.min] {
      XCTAssertEqual(try roundTrip(.int(value)), .int(value))
    }
  }

  func testReadsPlainJSON() throws {
    let text = #"{"a": [1, 2.5, true, null, "x"], "b": {"$double": "no number"}}"#
    let value = try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    XCTAssertEqual(value, ["a": [1, 2.5, true, nil, "x"], "b": ["$double": "no number"]])
  }

  func testPropertyListsToo() throws {
    let values: [Value] = [["a": [1, 1.0, true, "x", 0.5]], [.double(.nan), .int(.max)]]
    for value in values {
      let data = try PropertyListEncoder().encode(value)
      XCTAssertEqual(try PropertyListDecoder().decode(Value.self, from: data), value)
    }
  }
}
