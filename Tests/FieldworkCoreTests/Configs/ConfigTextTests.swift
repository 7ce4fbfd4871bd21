import FieldworkCore
import XCTest

final class ConfigTextTests: XCTestCase {
  func testAliasText() {
    let config: Config = ["b": 1, "a": 2]
    XCTAssertEqual(config.aliasText(), "a_2-b_1")
    XCTAssertEqual(config.aliasText(separator: "+"), "a_2+b_1")
    XCTAssertEqual(Config().aliasText(), "")
    XCTAssertEqual(config.aliases.map(\.name), ["b", "a"])
    XCTAssertEqual(config.aliases.map(\.value), ["1", "2"])
  }

  func testAliasTextIsSortedByParameter() {
    let config: Config = ["lr2": 1, "lr": 2, "lr-x": 3]
    XCTAssertEqual(config.aliasText(separator: " "), "lr_2 lr-x_3 lr2_1")
  }

  func testTheIdIsStableUnderReordering() {
    let config: Config = ["a": 1, "b": "x", "c": [1, 2.5]]
    let reordered: Config = ["c": [1, 2.5], "b": "x", "a": 1]
    XCTAssertEqual(config.id, reordered.id)
    XCTAssertEqual(config.id.count, 16)
    XCTAssertTrue(config.id.allSatisfy(\.isHexDigit))
  }

  func testTheIdIsTheSameOnEveryMachine() {
    // Recorded; a change makes every research run again.
    XCTAssertEqual((["a": 1] as Config).id, SHA256.hexDigest(of: "config|\"a\":1", length: 16))
    XCTAssertEqual((["a": 1] as Config).identity, "\"a\":1")
    XCTAssertEqual((["b": "x", "a": 1.0] as Config).identity, "\"a\":1.0,\"b\":\"x\"")
    XCTAssertEqual((["a": AnyAlias("one", 1)] as Config).identity, "\"a\":@\"one\"")
  }

  func testTheIdTellsValuesApart() {
    let configs: [Config] = [
      [:], ["a": 1], ["a": 1.0], ["a": "1"], ["a": AnyAlias("1", 1)], ["a": nil], ["a": "null"],
      ["a": [1]], ["a": "[1]"], ["a": true], ["b": 1], ["a": 1, "b": 1], ["a": "1,\"b\":1"],
      ["a\":1,\"b": 1],
    ]
    XCTAssertEqual(Set(configs.map(\.id)).count, configs.count)
  }

  func testTheIdIsMadeFromShownNames() {
    var first = Config()
    first.set(ParameterName(Alias("l", "layout")), to: "f")
    XCTAssertEqual(first.id, (["l": "f"] as Config).id)
    XCTAssertEqual("\(first)", "{l: f}")
  }
}
