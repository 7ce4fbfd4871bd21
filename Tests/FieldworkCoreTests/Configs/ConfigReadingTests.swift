import FieldworkCore
import XCTest

private enum Optimizer: String, ValueConvertible { case sgd, adam }

final class ConfigReadingTests: XCTestCase {
  private let config: Config = [
    "n": 3, "rate": 0.5, "name": "adam", "none": nil,
    "f": AnyAlias("half", { @Sendable (x: Double) in x / 2 }),
    "net/width": 8, "net/inner/depth": 2, "one": AnyAlias("eins", 1),
  ]

  func testShownNamesOfValues() {
    let square = Alias("square") { @Sendable (x: Double) in x * x }
    let config: Config = ["f": AnyAlias(square), "n": 2, "net/width": 8, "d": ["p": 5]]
    XCTAssertEqual(config.name(of: "f"), "square")
    XCTAssertEqual(config.name(of: "n"), "2")
    XCTAssertEqual(config.name(of: Parameter<Int>("n")), "2")
    XCTAssertEqual(config.name(of: "net/width"), "8")
    XCTAssertEqual(config.name(of: "d/p"), "5")
    XCTAssertNil(config.name(of: "m"))
  }

  func testTypedReads() throws {
    XCTAssertEqual(try config["n", as: Int.self], 3)
    XCTAssertEqual(try config["n"] as Int8, 3)
    XCTAssertEqual(try config["rate"] as Double, 0.5)
    XCTAssertEqual(try config["rate"] as Float, 0.5)
    XCTAssertEqual(try config["name"] as Optimizer, .adam)
    XCTAssertEqual(try config["name"] as Value, "adam")
    XCTAssertEqual(try config["one"] as Int, 1)
    XCTAssertEqual(try config[Parameter<Int>("n")], 3)
    XCTAssertEqual(try config[Parameter<Int>(Alias("shown", "n"))], 3)
  }

  func testAnIntegerIsTakenForADoubleButNotTheOtherWay() {
    XCTAssertEqual(try config["n", as: Double.self], 3)
    assertThrows(.wrongType) { try config["rate", as: Int.self] }
  }

  func testOptionals() throws {
    XCTAssertEqual(try config["none", as: Int?.self], nil)
    XCTAssertEqual(try config["n", as: Int?.self], 3)
    assertThrows(.wrongType) { try config["none", as: Int.self] }
    assertThrows(.wrongType) { try config["name", as: Int?.self] }
  }

  func testValuesThatAreNotPlain() throws {
    let half = try config["f", as: (@Sendable (Double) -> Double).self]
    XCTAssertEqual(half(3), 1.5)
    assertThrows(.wrongType, containing: "half") { try config["f", as: Int.self] }
  }

  func testGroups() throws {
    XCTAssertEqual(try config["net/width", as: Int.self], 8)
    XCTAssertEqual(try config["net", as: Value.self], ["width": 8, "inner": ["depth": 2]])
    XCTAssertEqual(try config["net/inner", as: [String: Int].self], ["depth": 2])
    assertThrows(.missingParameter) { try config["ne", as: Value.self] }
  }

  func testErrorsListWhatTheConfigHas() {
    assertThrows(.missingParameter, containing: "'lr'", "n, rate, name") {
      try config["lr", as: Int.self]
    }
    assertThrows(.wrongType, containing: "'name'", "string adam", "not Int", "rate: 0.5") {
      try config["name", as: Int.self]
    }
    assertThrows(.missingParameter, containing: "has none") { try Config()["a", as: Int.self] }
  }

  func testPlainValues() {
    XCTAssertEqual(
      config.plainValues,
      [
        "n": 3, "rate": 0.5, "name": "adam", "none": nil, "f": "half", "net/width": 8,
        "net/inner/depth": 2, "one": 1,
      ]
    )
  }
}
