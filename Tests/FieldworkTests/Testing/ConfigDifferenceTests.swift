import Fieldwork
import XCTest

@testable import FieldworkTesting

final class ConfigDifferenceTests: XCTestCase {
  func testEqualListsHaveNone() throws {
    let configs: [Config] = [["a": 1], ["a": 2]]
    XCTAssertNil(ConfigDifference(found: configs, expected: configs))
    XCTAssertNil(ConfigDifference(found: [], expected: []))
  }

  func testOrderInAConfigDoesNotMatter() {
    XCTAssertNil(
      ConfigDifference(found: [["a": 1, "b": 2]], expected: [["b": 2, "a": 1]])
    )
  }

  func testFirstDifferenceMissingAndExtra() throws {
    let difference = try XCTUnwrap(
      ConfigDifference(
        found: [["a": 1], ["a": 3]],
        expected: [["a": 1], ["a": 2], ["a": 3]]
      )
    )
    XCTAssertEqual(
      difference.description,
      """
      2 configs instead of 3
      first difference at index 1:
        expected {a: 2}
        found    {a: 3}
      missing:
        {a: 2}
      """
    )
  }

  func testAnotherOrderIsNamed() throws {
    let difference = try XCTUnwrap(
      ConfigDifference(found: [["a": 2], ["a": 1]], expected: [["a": 1], ["a": 2]])
    )
    XCTAssertTrue(difference.description.hasSuffix("the configs are the same, in another order"))
  }

  func testKindsOfNumbersAreToldApart() {
    XCTAssertNotNil(ConfigDifference(found: [["a": 1]], expected: [["a": 1.0]]))
  }

  func testNamedValuesMatchTheirNameOrTheirValue() {
    let named: Config = ["a": AnyAlias("two", 2)]
    XCTAssertNil(ConfigDifference(found: [named], expected: [["a": 2]]))
    XCTAssertNil(ConfigDifference(found: [named], expected: [["a": AnyAlias("two", 2)]]))
    XCTAssertNotNil(ConfigDifference(found: [named], expected: [["a": AnyAlias("zwei", 2)]]))
    XCTAssertNotNil(ConfigDifference(found: [["a": 2]], expected: [["a": 3]]))
  }

  func testValuesThatAreNotPlainMatchByName() {
    let function: @Sendable (Int) -> Int = { $0 }
    let config: Config = ["f": AnyAlias("same", function)]
    XCTAssertNil(ConfigDifference(found: [config], expected: [["f": "same"]]))
    XCTAssertNotNil(ConfigDifference(found: [config], expected: [["f": "other"]]))
  }

  func testManyAreCutShort() throws {
    let difference = try XCTUnwrap(
      ConfigDifference(found: [], expected: (0..<9).map { ["a": AnyAlias($0)] })
    )
    XCTAssertTrue(difference.description.contains("and 4 more"))
    XCTAssertTrue(difference.description.contains("found    nothing"))
  }
}
