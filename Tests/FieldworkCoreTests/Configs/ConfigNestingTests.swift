import FieldworkCore
import XCTest

/// A config is one nested dictionary, however its keys are written.
final class ConfigNestingTests: XCTestCase {
  private func domain(_ options: ParameterOption...) -> Domain {
    options.map { Domain($0) }.reduce(Domain(configs: [[:]])) { $0.product($1) }
  }

  private func option(_ name: ParameterName, _ value: AnyAlias) -> ParameterOption {
    ParameterOption(name, [value])
  }

  private let whole: AnyAlias = ["p": 5, "q": 6]

  func testALaterPartChangesTheDictionary() throws {
    let config = domain(option("d", whole), option("d/p", 8))[0]
    XCTAssertEqual(try config["d/p", as: Int.self], 8)
    XCTAssertEqual(try config["d", as: [String: Int].self], ["p": 8, "q": 6])
    XCTAssertEqual(try config["d/q", as: Int.self], 6)
  }

  func testALaterDictionaryChangesThePart() throws {
    let config = domain(option("d/p", 8), option("d/r", 9), option("d", whole))[0]
    XCTAssertEqual(try config["d/p", as: Int.self], 5)
    XCTAssertEqual(try config["d", as: [String: Int].self], ["p": 5, "q": 6, "r": 9])
    XCTAssertEqual(try config["d/r", as: Int.self], 9)
  }

  func testNamesOfAnyScript() throws {
    let config = domain(option("größe", whole), option("größe/p", 8), option("日/日", 1))[0]
    XCTAssertEqual(try config["größe", as: [String: Int].self], ["p": 8, "q": 6])
    let merged = config.merging(["日": ["日": 2], "größe/q": 1])
    XCTAssertEqual(try merged["日/日", as: Int.self], 2)
    XCTAssertEqual(try merged["größe", as: [String: Int].self], ["p": 8, "q": 1])
  }

  func testMergingWinsInBothSpellings() throws {
    let part: Config = ["d/p": 5, "d/q": 6]
    XCTAssertEqual(try part.merging(["d": ["p": 1]])["d/p", as: Int.self], 1)
    XCTAssertEqual(try part.merging(["d": ["p": 1]])["d/q", as: Int.self], 6)
    let all: Config = ["d": whole]
    XCTAssertEqual(try all.merging(["d/p": 1])["d", as: [String: Int].self], ["p": 1, "q": 6])
    XCTAssertEqual(
      try all.merging(["d": ["p": 1]])["d", as: [String: Int].self],
      ["p": 1, "q": 6]
    )
    XCTAssertEqual(try all.merging(["d": 3])["d", as: Int.self], 3)
    XCTAssertEqual(try part.merging(["d": 3])["d", as: Int.self], 3)
    XCTAssertThrowsError(try part.merging(["d": 3])["d/p", as: Int.self])
    XCTAssertEqual(
      try (["d": 3] as Config).merging(["d/p": 1])["d", as: [String: Int].self],
      ["p": 1]
    )
  }

  func testDeepPaths() throws {
    let config: Config = ["a": ["b": ["c": 1, "e": 2]]]
    let changed = config.merging(["a/b/c": 3]).merging(["a/b": ["f": 4]])
    XCTAssertEqual(try changed["a/b/c", as: Int.self], 3)
    XCTAssertEqual(try changed["a/b", as: [String: Int].self], ["c": 3, "e": 2, "f": 4])
    XCTAssertEqual(try changed["a", as: [String: [String: Int]].self]["b"]?["f"], 4)
  }

  func testSettingReplacesADictionary() throws {
    var config: Config = ["d": whole, "x": 1]
    config.set("d", to: ["r": 1])
    XCTAssertEqual(try config["d", as: [String: Int].self], ["r": 1])
    config.set("d/r", to: 2)
    XCTAssertEqual(try config["d", as: [String: Int].self], ["r": 2])
    config.set("d", to: ["s": 3])
    XCTAssertEqual(try config["d", as: [String: Int].self], ["s": 3])
    XCTAssertEqual(config.keys, ["d", "x"])
  }

  /// A name that was given stays as long as it stands for the value.
  func testNames() {
    let config: Config = ["d": AnyAlias("base", whole.plain ?? .null)]
    XCTAssertEqual(config.merging(["d/p": 5]).description, "{d: base, d/p: 5}")
    XCTAssertEqual(
      config.merging(["d/p": 8]).description,
      "{d: [\"p\": 8, \"q\": 6], d/p: 8}"
    )
  }

  /// What is not nested is as it was: the last value counts, under each of its names.
  func testPlainConfigs() {
    XCTAssertEqual(
      (["a": 1, "b": 2] as Config).merging(["a": 3, "c": 4]).description,
      "{a: 3, b: 2, c: 4}"
    )
    XCTAssertEqual((["a": whole] as Config).description, "{a: [\"p\": 5, \"q\": 6]}")
  }

  func testHasPartsInBothSpellings() {
    let (part, all): (Config, Config) = (["n/w": 2, "n/h": 3], ["n": ["w": 2, "h": 3]])
    for config in [part, all] {
      XCTAssertTrue(config.has(["w": 2], at: "n"))
      XCTAssertTrue(config.has(["w": 2.0, "h": 3], at: "n"))
      XCTAssertTrue(config.has(2, at: "n/w"))
      XCTAssertFalse(config.has(["w": 3], at: "n"))
      XCTAssertFalse(config.has(["w": 2, "x": 3], at: "n"))
      XCTAssertFalse(config.has(3, at: "n/w"))
    }
  }
}
