import FieldworkCore
import XCTest

private enum Optimizer: String, CaseIterable, ValueConvertible { case sgd, adam }
private enum Level: Int, ValueConvertible { case low = 1, high = 10 }

final class ValueConvertibleTests: XCTestCase {
  private func assertRoundTrip<T: ValueConvertible & Equatable>(
    _ instance: T,
    _ value: Value,
    line: UInt = #line
  ) {
    XCTAssertEqual(instance.value, value, line: line)
    XCTAssertEqual(T(value), instance, line: line)
  }

  func testRoundTrips() {
    assertRoundTrip(true, true)
    assertRoundTrip("a", "a")
    assertRoundTrip(3, 3)
    assertRoundTrip(Int8(-128), -128)
    assertRoundTrip(UInt64(Int.max), .int(.max))
    assertRoundTrip(2.5, 2.5)
    assertRoundTrip(Float(0.5), 0.5)
    assertRoundTrip([1, 2], [1, 2])
    assertRoundTrip(["a": [0.5]], ["a": [0.5]])
    assertRoundTrip(Optional(1), 1)
    assertRoundTrip(Int?.none, nil)
    assertRoundTrip([1, nil], [1, nil])
    assertRoundTrip(Optimizer.adam, "adam")
    assertRoundTrip(Level.high, 10)
    assertRoundTrip([Optimizer.sgd], ["sgd"])
    for value in smallValues { assertRoundTrip(value, value) }
  }

  func testIntegersOutOfRangeAreRefused() {
    XCTAssertNil(Int8(Value.int(128)))
    XCTAssertNil(UInt8(Value.int(-1)))
    XCTAssertNil(UInt(Value.int(-1)))
    XCTAssertNil(Int32(Value.int(1 << 31)))
    XCTAssertNil([Int8](Value.list([1, 200])))
  }

  func testNothingIsReadAsAnotherKind() {
    XCTAssertNil(Int(Value.double(1)))
    XCTAssertNil(Int(Value.string("1")))
    XCTAssertNil(Int(Value.bool(true)))
    XCTAssertNil(Int(Value.null))
    XCTAssertNil(Bool(Value.int(1)))
    XCTAssertNil(String(Value.int(1)))
    XCTAssertNil(Double(Value.string("1")))
    XCTAssertNil([Int](Value.int(1)))
    XCTAssertNil([String: Int](Value.list([])))
    XCTAssertNil([String: Int](["a": "x"] as Value))
    XCTAssertNil(Optimizer("rmsprop" as Value))
    XCTAssertNil(Optimizer(1 as Value))
    XCTAssertNil(Level(2 as Value))
  }

  func testIntegersAreTakenForFloatingPointNumbers() {
    XCTAssertEqual(Double(Value.int(3)), 3)
    XCTAssertEqual(Float(Value.int(3)), 3)
    XCTAssertEqual([Double](Value.list([1, 2.5])), [1, 2.5])
  }

  func testNilOfTheWrongKindIsRefused() {
    XCTAssertTrue(Int?("x" as Value) == Int??.none)
    XCTAssertEqual(Int?(nil as Value) as Int??, .some(.none))
  }
}
