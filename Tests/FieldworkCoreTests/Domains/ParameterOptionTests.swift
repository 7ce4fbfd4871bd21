@testable import FieldworkCore
import XCTest

final class ParameterOptionTests: XCTestCase {
  private let sampler = ParameterOption("s", AnySampler(.uniform(0...1)))

  func testItems() throws {
    XCTAssertEqual(try ParameterOption("a", [1, "x"]).items(), [["a": 1], ["a": "x"]])
    XCTAssertEqual(
      try ParameterOption("k", .integers(2...4)).items().map(\.description).last,
      "{k: 4}"
    )
    assertThrows(.wrongType, containing: "'s'", "use sample(_:)") { try sampler.items() }
  }

  func testSamples() throws {
    let samples = try sampler.sample(5, seed: 3)
    XCTAssertEqual(samples.count, 5)
    XCTAssertEqual(samples, try sampler.sample(5, seed: 3))
    XCTAssertNotEqual(samples, try sampler.sample(5, seed: 4))
    XCTAssertEqual(try sampler.sample().count, 1)
    assertThrows(.wrongType, containing: "use items()") { try ParameterOption("a", [1]).sample() }
  }

  func testTwoValuesOfOneNameAreAWarning() {
    let option = ParameterOption("a", [AnyAlias("x", 1), AnyAlias("x", 2), AnyAlias("y", 1)])
    XCTAssertEqual(option.problems.map(\.severity), [.warning])
    XCTAssertEqual(ParameterOption("a", [1, "1", 1.0, AnyAlias("1", 1)]).problems, [])
    XCTAssertEqual(ParameterOption("a", [1, 1]).problems, [])
    XCTAssertNoThrow(try Domain([option]).configs())
  }

  func testAFunctionNeedsAName() {
    let function = Alias({ @Sendable (x: Double) in x })
    XCTAssertEqual(ParameterOption("f", [AnyAlias(function)]).problems.map(\.severity), [.error])
  }

  func testTexts() {
    XCTAssertEqual(ParameterOption("a", [1, "x", nil]).literalText, "\"a\" <- [1, \"x\", nil]")
    XCTAssertEqual(ParameterOption("k", .integers(1...9)).literalText, "\"k\" <- 1...9")
    XCTAssertEqual(sampler.literalText, "\"s\" <- .uniform(0.0...1.0)")
    XCTAssertEqual(
      ParameterOption(ParameterName(Alias("l", "layout")), [AnyAlias("one", 1)]).literalText,
      "Alias(\"l\", \"layout\") <- [Alias(\"one\", 1)]"
    )
  }

  func testEquality() {
    XCTAssertEqual(ParameterOption("k", .integers(1...2)), ParameterOption("k", [1, 2]))
    XCTAssertNotEqual(ParameterOption("k", .integers(1...2)), ParameterOption("k", [1, 2.0]))
    XCTAssertNotEqual(ParameterOption("k", .integers(1...2)), sampler)
  }
}
