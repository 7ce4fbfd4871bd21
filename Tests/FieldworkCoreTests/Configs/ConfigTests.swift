import FieldworkCore
import XCTest

final class ConfigTests: XCTestCase {
  private let named = ParameterName(Alias("l", "layout"))

  func testOfEqualKeysTheLastValueCountsInTheFirstPosition() {
    let config: Config = ["a": 1, "b": 2, "a": 3]
    XCTAssertEqual("\(config)", "{a: 3, b: 2}")
    XCTAssertEqual(config.count, 2)
    XCTAssertEqual(config.keys, ["a", "b"])
  }

  func testSetting() {
    var config = Config()
    XCTAssertTrue(config.isEmpty)
    config.set("a", to: 1)
    config.set("b", to: 2)
    config.set("a", to: 3)
    XCTAssertEqual("\(config)", "{a: 3, b: 2}")
    XCTAssertTrue(config.contains("a"))
    XCTAssertFalse(config.contains("c"))
    XCTAssertEqual(config[alias: "a"], 3)
    XCTAssertNil(config[alias: "c"])
  }

  func testOneKeyUnderTwoAliases() {
    var config = Config()
    config.set(ParameterName(Alias("x", "k")), to: 1)
    config.set("b", to: 0)
    config.set(ParameterName(Alias("y", "k")), to: 2)
    XCTAssertEqual(config.keys, ["k", "b"])
    XCTAssertEqual(config.count, 2)
    XCTAssertEqual("\(config)", "{x: 1, b: 0, y: 2}")
    XCTAssertEqual(config[alias: "k"], 2)
    config.set(ParameterName(Alias("x", "k")), to: 3)
    XCTAssertEqual("\(config)", "{b: 0, y: 2, x: 3}")
    XCTAssertEqual(try config["k", as: Int.self], 3)
    XCTAssertEqual(config.remove("k")?.value, 3)
    XCTAssertEqual("\(config)", "{b: 0}")
  }

  func testRemovalByKeyAndByAlias() {
    var config: Config = ["a": 1]
    config.set(named, to: "f")
    XCTAssertNil(config.remove("l"))
    XCTAssertNil(config.remove(alias: "layout"))
    XCTAssertEqual(config.remove(alias: "l")?.name, named)
    XCTAssertNil(config.remove(alias: "l"))
    config.set(named, to: "g")
    XCTAssertEqual(config.remove("layout")?.value, "g")
    XCTAssertEqual(config, ["a": 1])
  }

  func testMerging() {
    let first: Config = ["a": 1, "b": 2]
    let second: Config = ["c": 4, "b": 3]
    XCTAssertEqual("\(first.merging(second))", "{a: 1, b: 3, c: 4}")
    XCTAssertEqual(first.merging(Config()), first)
    XCTAssertEqual(Config().merging(first), first)
  }

  func testSelecting() {
    let config: Config = ["a": 1, "b": 2, "c": 3]
    XCTAssertEqual("\(config.selecting(["b", "a", "z"]))", "{a: 1, b: 2}")
  }

  func testEqualityDoesNotDependOnOrder() {
    let first: Config = ["a": 1, "b": 2]
    let second: Config = ["b": 2, "a": 1]
    XCTAssertEqual(first, second)
    XCTAssertEqual(first.hashValue, second.hashValue)
    let others: [Config] = [
      [:], ["a": 1], ["a": 1, "b": 3], ["a": 1, "b": 2.0], ["a": 1, "b": 2, "c": 3],
      ["a": 2, "b": 1], ["a": 1, "b": AnyAlias("two", 2)],
    ]
    for other in others { XCTAssertNotEqual(first, other) }
  }

  func testParameterNames() {
    XCTAssertEqual(named.key, "layout")
    XCTAssertEqual(named.alias, "l")
    XCTAssertEqual("\(named)", "l")
    XCTAssertEqual(named.literalText, "Alias(\"l\", \"layout\")")
    XCTAssertEqual(("a" as ParameterName).literalText, "\"a\"")
    XCTAssertEqual(Parameter<Int>("a").name, "a")
    XCTAssertEqual(Parameter<Int>(Alias("l", "layout")).name, named)
    XCTAssertNotEqual(named, "layout")
  }
}
