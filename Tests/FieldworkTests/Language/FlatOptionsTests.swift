import Fieldwork
import XCTest

@testable import FieldworkCore

/// Configs that are numbers are the same as configs of entries.
final class FlatOptionsTests: XCTestCase {
  private func relu(_ x: Double) -> Double { max(0, x) }

  /// Domains whose configs can be numbers, and some whose configs cannot.
  private var domains: [Domain] {
    let named = Domain(
      Alias("act", "activation") <- [Alias("relu", version: "2", 1), Alias("none", 0)]
    )
    let mixed = Domain("mixed" <- [1, -7, 2.5, "a \"b\"", "é", nil, true, [1, 2.0, "x"]])
    let numbers =
      Domain("n" <- -3...3) * Domain("x" <- [0.1, 1e-20, .infinity, -.infinity, .nan, -0.0])
    return [
      numbers, mixed, named, numbers * named, mixed * numbers * named,
      Domain("z" <- [1, 2], "a" <- ["p", "q"], "m" <- 0..<3),
      Domain("s" <- .uniform(0...1)) * Domain("k" <- 0..<4),
      // Two parameters that are shown by one name.
      Domain(Alias("l", "first") <- [2, 1]) * Domain(Alias("l", "second") <- [1, 2]),
      // Values that replace others, or parts of them.
      Domain("a" <- [1, 2]) * Domain("a" <- [3, 4]),
      Domain("d" <- [["p": 5, "q": 6]]) * Domain("d/p" <- [7, 8]),
      numbers + named,
      (1..<30).reduce(Domain("p0" <- [0, 1])) { $0 * Domain("p\($1)" <- [$1, $1 + 1]) },
    ]
  }

  func testNumberedConfigsAreEqualToConfigsOfEntries() throws {
    for domain in domains {
      for (index, config) in try domain.configs(limit: 50).enumerated() {
        let other = Config(restored: config.entries)
        XCTAssertEqual(config, other, "\(domain)")
        XCTAssertEqual(other, config)
        XCTAssertEqual(config.hashValue, other.hashValue)
        XCTAssertEqual(config.identity, other.identity)
        XCTAssertEqual(config.identity, identity(config.entries))
        XCTAssertEqual(config.id, other.id)
        XCTAssertEqual(config.keys, other.keys)
        XCTAssertEqual(config.count, other.count)
        XCTAssertEqual(config.isEmpty, other.isEmpty)
        XCTAssertEqual(config.description, other.description)
        for key in config.keys + ["nothing"] {
          XCTAssertEqual(config[alias: key], other[alias: key])
          XCTAssertEqual(config.contains(key), other.contains(key))
        }
        if !domain.isRandom, index < domain.count ?? 0 { XCTAssertEqual(domain[index], config) }
      }
    }
  }

  /// The text that identities have had from the first version on.
  private func identity(_ entries: [Config.Entry]) -> String {
    entries.map { (Value.quoted($0.name.alias), $0.value.identity) }.sorted { $0 < $1 }
      .map { "\($0.0):\($0.1)" }.joined(separator: ",")
  }

  func testChangingANumberedConfig() throws {
    let config = try XCTUnwrap((Domain("a" <- [1, 2]) * Domain("b" <- ["x"])).configs().last)
    var changed = config
    changed.set("b", to: "y")
    changed.set("c", to: 3)
    XCTAssertEqual(changed, ["a": 2, "b": "y", "c": 3])
    XCTAssertEqual(changed.keys, ["a", "b", "c"])
    XCTAssertEqual(config, ["a": 2, "b": "x"])
    changed.remove("a")
    XCTAssertEqual(changed, ["b": "y", "c": 3])
    XCTAssertEqual(config.merging(["a": 5]), ["a": 5, "b": "x"])
    XCTAssertEqual(config.selecting(["b"]), ["b": "x"])
    var nested = config
    nested.set("d", to: ["p": 1])
    XCTAssertEqual(nested.merging(["d/p": 2])[alias: "d"]?.plain, ["p": 2])
  }

  func testTheContentOfAValueKeepsItsType() {
    XCTAssertTrue(AnyAlias(1 as Int).content is Int)
    XCTAssertTrue(AnyAlias(1.5 as Double).content is Double)
    XCTAssertTrue(AnyAlias("a" as String).content is String)
    XCTAssertTrue(AnyAlias(true as Bool).content is Bool)
    XCTAssertTrue(AnyAlias(Value.int(1)).content is Value)
    XCTAssertTrue(AnyAlias([1, 2] as [Int]).content is [Int])
    XCTAssertTrue(type(of: AnyAlias(3 as Int?).content) == Int?.self)
    XCTAssertEqual(AnyAlias(1 as Int), AnyAlias(Value.int(1)))
    XCTAssertEqual(AnyAlias(1 as Int), AnyAlias(Alias<Int>(1)))
    XCTAssertNotEqual(AnyAlias("1" as String), AnyAlias(Value.int(1)))
  }
}
