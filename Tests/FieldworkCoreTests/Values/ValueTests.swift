import FieldworkCore
import XCTest

/// All values of a small space: scalars, and lists and dictionaries of them, two levels deep.
let smallValues: [Value] = {
  let scalars: [Value] = [
    nil, true, false, 0, 1, -1, .int(.max), .int(.min), 0.0, 1.0, -1.5, 0.1, 1e300,
    .double(.leastNonzeroMagnitude),
    .double(.nan), .double(.infinity), .double(-.infinity), .double(.greatestFiniteMagnitude),
    "", "a", "1", "null", "a\"b\\c\n\r\t\u{1}", "äé😀", "\u{2028}", "[1]",
  ]
  let some: [Value] = [nil, true, 1, 1.0, "1", .double(.nan)]
  var flat: [Value] = [[], [:]]
  for first in some {
    flat.append([first])
    flat.append(["k": first])
    for second in some {
      flat.append([first, second])
      flat.append(["a": first, "\"b$": second])
    }
  }
  return scalars + flat + flat.map { [$0, 1] } + flat.map { ["n": $0, "": []] }
}()

final class ValueTests: XCTestCase {
  func testLiteralsMakeTheKindTheyLookLike() {
    let values: [Value] = [nil, true, 1, 1.0, "a", [1, "x"], ["k": nil]]
    XCTAssertEqual(values.map(\.kind), Value.Kind.allCases)
    XCTAssertEqual(values[1], .bool(true))
    XCTAssertEqual(values[5], .list([.int(1), .string("x")]))
    XCTAssertEqual(values[6], .dictionary(["k": .null]))
  }

  func testOfEqualKeysTheLastCounts() {
    XCTAssertEqual(["a": 1, "a": 2] as Value, .dictionary(["a": 2]))
  }

  func testEqualityIsExact() {
    XCTAssertNotEqual(Value.int(1), .double(1))
    XCTAssertNotEqual(Value.int(1), .string("1"))
    XCTAssertNotEqual(Value.int(1), .bool(true))
    XCTAssertNotEqual(Value.null, .string("null"))
    XCTAssertNotEqual([1] as Value, [1.0] as Value)
    XCTAssertNotEqual(["a": 1] as Value, ["a": 1.0] as Value)
  }

  func testEqualValuesHashAlike() {
    XCTAssertEqual(Value.double(0.0), .double(-0.0))
    XCTAssertEqual(Value.double(.nan), .double(-.nan))
    XCTAssertEqual(Value.double(.nan), .double(.signalingNaN))
    let set: Set<Value> = [
      .double(0.0), .double(-0.0), .double(.nan), .double(-.nan), [.double(.nan)],
      [.double(.signalingNaN)], 0,
    ]
    XCTAssertEqual(set.count, 4)
    XCTAssertTrue(set.contains([.double(.nan)]))
  }

  func testValuesOfTheSmallSpaceDiffer() {
    XCTAssertEqual(Set(smallValues).count, smallValues.count)
  }

  func testNumber() {
    XCTAssertEqual(Value.int(2).number, 2)
    XCTAssertEqual(Value.double(2.5).number, 2.5)
    XCTAssertNil(Value.string("2").number)
    XCTAssertNil(Value.bool(true).number)
    XCTAssertNil(Value.null.number)
  }
}
