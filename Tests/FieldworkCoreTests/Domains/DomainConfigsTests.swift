@testable import FieldworkCore
import XCTest

@Sendable private func inverse(_ x: Double) -> Double { 1 / x }

final class DomainConfigsTests: XCTestCase {
  private let sampled: [(name: String, domain: Domain)] = {
    let s = drawn("s", .uniform(0...1))
    let t = drawn("t", .normal())
    let a = list("a", 1, 2, 3)
    let weighted = a.weighted(2).concatenated(with: list("b", 1, 2).weighted(1))
    return [
      ("list times sampler", a.product(s)),
      ("sampler times list", s.product(a)),
      ("sum of mixed", a.product(s).concatenated(with: list("b", 1, 2).product(t))),
      ("product of sums", a.concatenated(with: s).product(list("b", 1).concatenated(with: a))),
      ("zip times sampler", list("p", 1, 2).zipped(with: list("q", 1, 2)).product(s)),
      ("same sampler twice", a.product(s).product(list("b", 1, 2).product(s))),
      ("given a sampler", list("o", "x", "y", "x").given("o", "x", s).product(a)),
      ("where on a sampler", a.product(s).where { try $0["s", as: Double.self] > 0.7 }),
      ("weights", weighted),
      ("weights in a product", list("z", 1, 2).product(weighted)),
    ]
  }()

  func testCountAndAccessByIndexAgreeWithIteration() throws {
    for (name, domain) in finiteDomains + sampled {
      let configs = try domain.configs()
      XCTAssertEqual(domain.count, configs.count, name)
      XCTAssertEqual(Array(domain), configs, name)
      for (index, config) in configs.enumerated() {
        XCTAssertEqual(try domain.config(at: index), config, "\(name)[\(index)]")
        XCTAssertEqual(domain[index], config, "\(name)[\(index)]")
        XCTAssertEqual(domain[index].keys, config.keys, "\(name)[\(index)]")
      }
      XCTAssertNil(try domain.config(at: configs.count), name)
      XCTAssertNil(try domain.config(at: -1), name)
      XCTAssertNil(try domain.config(at: .max - 1), name)
    }
  }

  func testAccessByIndexOfAllProductsAndSums() throws {
    let all = finiteDomains + sampled.filter { $0.name != "where on a sampler" }
    for (first, left) in all {
      for (second, right) in all {
        for domain in [left.product(right), left.concatenated(with: right)] {
          let configs = try domain.configs()
          XCTAssertEqual(domain.count, configs.count, "\(first), \(second)")
          for (index, config) in configs.enumerated() {
            XCTAssertEqual(try domain.config(at: index), config, "\(first), \(second), \(index)")
          }
        }
      }
    }
  }

  func testContainsWhatItMakesAndNothingElse() throws {
    let all = (finiteDomains + sampled).map { ($0.name, $0.domain) }
    for (name, domain) in all {
      let configs = try domain.configs()
      for config in configs { XCTAssertTrue(try domain.contains(config), "\(name): \(config)") }
    }
    let made = try finiteDomains.flatMap { try $0.domain.configs() }
    for (name, domain) in finiteDomains {
      let own = Set(try domain.configs())
      for config in made {
        // What it does not know at all is an error.
        let isFound = (try? domain.contains(config)) ?? false
        XCTAssertEqual(isFound, own.contains(config), "\(name): \(config)")
      }
    }
  }

  func testContainsChecksSamplers() throws {
    let domain = list("a", 1).product(drawn("s", .uniform(0...1)))
    XCTAssertTrue(try domain.contains(["a": 1, "s": 0.3]))
    XCTAssertFalse(try domain.contains(["a": 1, "s": 1.3]))
    assertThrows(.wrongType) { try domain.contains(["a": 1, "s": "x"]) }
    XCTAssertFalse(try domain.contains(["a": 1]))
    assertThrows(.missingParameter, containing: "no parameter 'b', it has a, s") {
      try domain.contains(["a": 1, "s": 0.3, "b": 1])
    }
  }

  /// A text that no value is named by is an error, and not just another config.
  func testContainsTakesShownNamesAndRefusesWhatTheDomainDoesNotKnow() throws {
    let weights: [AnyAlias] = [AnyAlias("inverse", inverse), AnyAlias("one", 1)]
    let domain = Domain(ParameterOption(ParameterName(Alias("w", "weights")), weights))
      .product(list("n", 1, 2)).concatenated(with: list("n", 3))
    XCTAssertTrue(try domain.contains(["weights": "inverse", "n": 1]))
    XCTAssertTrue(try domain.contains(["w": "one", "n": 2]))
    XCTAssertTrue(try domain.contains(["weights": 1, "n": 2.0]))
    XCTAssertTrue(try domain.contains(["n": 3]))
    XCTAssertFalse(try domain.contains(["weights": "inverse"]))
    XCTAssertFalse(try domain.contains(["weights": "inverse", "n": 3]))
    assertThrows(.wrongType, containing: "no value \"inverze\" of 'weights'", "Alias(\"one\", 1)") {
      try domain.contains(["weights": "inverze"])
    }
    assertThrows(.wrongType, containing: "no value 4 of 'n', it has [1, 2]; [3]") {
      try domain.contains(["n": 4])
    }
    assertThrows(.missingParameter) { try domain.contains(["weight": "inverse"]) }
    let drawn = list("a", 1).product(integers("k", 1...5))
    XCTAssertTrue(try drawn.contains(["a": 1, "k": 5]))
    XCTAssertFalse(try drawn.contains(["a": 1, "k": 6]))
    assertThrows(.wrongType) { try drawn.contains(["a": 1, "k": "six"]) }
  }

  func testAConditionalParameterDoesNotStrayIntoOtherConfigs() throws {
    let given = list("o", "x", "y").given("o", "x", list("m", 1, 2))
    let domains = [given, given.product(list("a", 0)), given.where { _ in true }]
    for (index, domain) in domains.enumerated() {
      var config: Config = ["o": "y", "m": 1]
      if index == 1 { config.set("a", to: 0) }
      XCTAssertFalse(try domain.contains(config), domain.description)
      config.set("o", to: "x")
      XCTAssertTrue(try domain.contains(config), domain.description)
      config.remove("m")
      XCTAssertFalse(try domain.contains(config), domain.description)
      config.set("o", to: "y")
      XCTAssertTrue(try domain.contains(config), domain.description)
    }
  }

  func testHugeDomainsAreNotWrittenOut() throws {
    let million = integers("a", 0...999_999)
    let domain = million.product(integers("b", 0...999_999))
    XCTAssertEqual(domain.count, 1_000_000_000_000)
    XCTAssertEqual("\(domain[123_456_654_321])", "{a: 123456, b: 654321}")
    XCTAssertEqual(try domain.texts(limit: 2), ["{a: 0, b: 0}", "{a: 0, b: 1}"])
    let twice = domain.concatenated(with: domain.product(list("c", 1, 2)))
    XCTAssertEqual(twice.count, 3_000_000_000_000)
    XCTAssertEqual("\(twice[1_000_000_000_003])", "{a: 0, b: 1, c: 2}")
    XCTAssertEqual(twice.size(repetitions: 5), 15_000_000_000_000)
    XCTAssertTrue(try domain.contains(["a": 999_999, "b": 1]))
    XCTAssertFalse(try domain.contains(["a": 1_000_000, "b": 1]))
  }

  func testMoreConfigsThanAnIntegerCounts() throws {
    let wide = integers("a", 1...10_000_000_000)
    let options = [
      ParameterOption("a", .integers(1...10_000_000_000)),
      ParameterOption("b", .integers(1...10_000_000_000)),
    ]
    for domain in [Domain(options), wide.product(integers("b", 1...10_000_000_000))] {
      XCTAssertEqual(domain.count, .max)
      XCTAssertEqual(try domain.texts(limit: 2), ["{a: 1, b: 1}", "{a: 1, b: 2}"])
      XCTAssertEqual("\(domain[10_000_000_001])", "{a: 2, b: 2}")
      XCTAssertEqual(domain.concatenated(with: domain).count, .max)
    }
  }

  func testTheWidestRanges() throws {
    for range in [Int.min...Int.max, 0...Int.max, -5...Int.max] {
      let domain = integers("k", range)
      XCTAssertEqual(domain.count, .max)
      XCTAssertEqual(try domain.texts(limit: 1), ["{k: \(range.lowerBound)}"])
    }
  }

  func testDuplicates() throws {
    let domain = list("a", 1, 2, 1, 1, 2.0).concatenated(with: list("a", 2))
    XCTAssertEqual(try domain.duplicates().map(\.description), ["{a: 1}", "{a: 2}"])
    XCTAssertEqual(try list("a", 1, 2).duplicates(), [])
    assertThrows(.invalidDefinition, containing: "no end") {
      try drawn("s", .uniform(0...1)).duplicates()
    }
  }

  func testEndlessDomains() throws {
    let s = drawn("s", .uniform(0...1))
    let a = list("a", 1, 2)
    for domain in [s, s.product(s), s.concatenated(with: a), a.concatenated(with: s).weighted(2)] {
      XCTAssertTrue(domain.isEndless, domain.description)
      XCTAssertNil(domain.count)
      XCTAssertEqual(try domain.configs(limit: 7).count, 7)
      var iterator = domain.makeIterator()
      for _ in 0..<7 { XCTAssertNotNil(iterator.next()) }
      assertThrows(.invalidDefinition, containing: "no end", "configs(limit:)") {
        try domain.configs()
      }
    }
    for domain in [a, a.product(s), s.product(a), Domain(), s.product(Domain())] {
      XCTAssertFalse(domain.isEndless, domain.description)
      XCTAssertNotNil(domain.count)
    }
    let after = a.concatenated(with: s).concatenated(with: list("never", 1))
    XCTAssertFalse(try after.configs(limit: 50).contains { $0.contains("never") })
  }

  func testSamplesAreFreshAndReproducible() throws {
    let domain = list("a", 1, 2).product(drawn("s", .uniform(0...1)))
    let first = try domain.texts(limit: 20)
    XCTAssertEqual(Set(first).count, 20)
    XCTAssertEqual(try domain.texts(limit: 20), first)
    XCTAssertEqual(try domain.texts(limit: 5), Array(first.prefix(5)))
    XCTAssertTrue(Set(try domain.texts(limit: 20, seed: 1)).isDisjoint(with: first))
    XCTAssertEqual(try domain.config(at: 1, seed: 1)?.description, try domain.texts(seed: 1)[1])
  }

  func testGivenConfigsAlsoEmptyOnes() throws {
    let configs: [Config] = [["x": 1, "y": 2], [:], ["x": 3], [:]]
    for count in 0...configs.count {
      let domain = Domain(configs: Array(configs.prefix(count)))
      XCTAssertEqual(try domain.configs(), Array(configs.prefix(count)))
      XCTAssertEqual(domain.count, count)
    }
    let empty = Domain(configs: [[:]])
    XCTAssertEqual(empty.description, "Domain(configs: [[:]])")
    XCTAssertFalse(empty.isEndless)
    XCTAssertNotEqual(empty, Domain())
    let x = integers("x", 1...3)
    XCTAssertEqual(try x.product(empty).configs(), try x.configs(), "it is one in products")
    XCTAssertEqual(try empty.product(x).configs(), try x.configs())
    XCTAssertTrue(try empty.contains([:]))
  }

  func testWeightedDraws() throws {
    let domain = drawn("a", .constant(0)).weighted(1).concatenated(
      with: drawn("b", .constant(0)).weighted(2)
    ).concatenated(with: drawn("c", .constant(0)).weighted(5))
    let keys = try domain.configs(limit: 8000, seed: 3).map { $0.keys[0] }
    let indices = keys.map { ["a", "b", "c"].firstIndex(of: $0)! }
    assertProbabilities(indices, in: 0...2, "weights") { [1, 2, 5][$0] / 8.0 }
  }

  func testWeightedListsComeEachOnceAndInTheirOrder() throws {
    let weighted = integers("a", 1...20).weighted(1).concatenated(
      with: integers("b", 1...20).weighted(3)
    )
    let domain = list("first", 0).concatenated(with: weighted).concatenated(with: list("last", 0))
    let configs = try domain.configs(seed: 5)
    XCTAssertEqual(configs.first?.keys, ["first"])
    XCTAssertEqual(configs.last?.keys, ["last"])
    for key in ["a", "b"] {
      XCTAssertEqual(try configs.compactMap { $0.contains(key) ? try $0[key] : nil }, Array(1...20))
    }
    XCTAssertNotEqual(configs, try domain.configs(seed: 6))
    XCTAssertEqual(Set(try domain.configs(seed: 6)), Set(configs))
  }
}

extension Domain {
  fileprivate func size(repetitions: Int) -> Int? {
    try? size(IterationSettings(repetitions: repetitions))
  }

  func testALiteralOfListsKeepsItsOrder() throws {
    let domain = Domain(["b": [3, "x"], "a": [1, nil]])
    XCTAssertEqual(domain, list("b", 3, "x").product(list("a", 1, nil)))
    XCTAssertEqual(try domain.texts().first, "{b: 3, a: 1}")
    XCTAssertEqual(domain.options(of: "a").first?.place?.line, #line - 3)
    XCTAssertEqual(try Domain([ParameterName(Alias("l", "layout")): ["f"]]).texts(), ["{l: f}"])
    let none: KeyValuePairs<ParameterName, [AnyAlias]> = [:]
    XCTAssertEqual(Domain(none), Domain())
    XCTAssertEqual(Domain(["a": [1], "a": [2]]).problems.count, 1, "a parameter stands twice")
  }
}
