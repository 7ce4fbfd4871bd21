import Fieldwork
import FieldworkCore
import XCTest

@testable import FieldworkSearch

/// Domains as spaces of a search.
final class DomainSpaceTests: XCTestCase {
  private func kinds(_ domain: Domain) throws -> [String: SearchSpace.Kind] {
    let dimensions = try DomainSpace(domain).space.dimensions
    return Dictionary(dimensions.map { ($0.name, $0.kind) }, uniquingKeysWith: { $1 })
  }

  func testKinds() throws {
    let found = try kinds(
      Domain(
        "rate" <- .logUniform(1e-4...1),
        "free" <- .normal(),
        "n" <- .integers(3...7),
        "range" <- 1...10,
        "sizes" <- [64, 8, 16],
        "two" <- [1, 2],
        "kind" <- ["a", "b", "c"],
        "choice" <- .choice([1.5, 2.5, 3.5]),
        "only" <- [5]
      )
    )
    XCTAssertEqual(
      found,
      [
        "rate": .continuous, "free": .continuous, "n": .ordered(count: 5),
        "range": .ordered(count: 10), "sizes": .ordered(count: 3), "two": .categorical(count: 2),
        "kind": .categorical(count: 3), "choice": .ordered(count: 3),
      ]
    )
  }

  /// A point is the same after it has been a config.
  func testPointsAndConfigs() throws {
    let domain =
      Domain(
        "rate" <- .logUniform(1e-4...1),
        "free" <- .normal(mean: 3, deviation: 2),
        "count" <- .poisson(mean: 4),
        "power" <- .integers(4...9).map { 1 << $0 },
        "f" <- [Alias("one", 1), Alias("two", 2), Alias("three", 3)],
        "kind" <- ["a", "b"]
      ).given("kind", "b", Domain("size" <- [8, 16, 32]))
      + Domain("other" <- .uniform(-1...1))
    let space = try DomainSpace(domain)
    XCTAssertEqual(space.space.terms.count, 3)
    var random = Philox(seed: 1)
    for _ in 0..<300 {
      let point = space.space.draw(using: &random)
      let config = try space.config(point, using: &random)
      XCTAssertTrue(try domain.contains(config), "\(config)")
      let again = try XCTUnwrap(try space.point(config))
      XCTAssertEqual(again.term, point.term)
      let config2 = try space.config(again, using: &random)
      if let number = try? config["rate", as: Double.self] {
        XCTAssertEqual(try config2["rate", as: Double.self], number, accuracy: 1e-9 * number)
        let free = try config["free", as: Double.self]
        XCTAssertEqual(try config2["free", as: Double.self], free, accuracy: 1e-9)
        // Integers of a function are only those that it gives.
        XCTAssertTrue([16, 32, 64, 128, 256, 512].contains(try config["power", as: Int.self]))
        for key in ["power", "count", "f", "kind"] {
          XCTAssertEqual(config2.name(of: key), config.name(of: key))
        }
      }
    }
  }

  func testConfigsOutsideOfTheDomain() throws {
    let space = try DomainSpace(
      Domain("x" <- .uniform(0...1), "y" <- .normal().truncated(to: 0...1), "n" <- [1, 2, 3])
    )
    XCTAssertNotNil(try space.point(["x": 0.5, "y": 0.2, "n": 2]))
    for config: Config in [
      ["x": 1.5, "y": 0.2, "n": 2], ["x": 0.5, "y": 1.7, "n": 2], ["x": 0.5, "y": 0.2, "n": 4],
      ["x": 0.5, "y": 0.2], ["x": 0.5, "y": 0.2, "n": 2, "z": 1],
    ] {
      XCTAssertNil(try space.point(config), "\(config)")
    }
  }

  func testWideRangesOfIntegers() throws {
    let space = try DomainSpace(
      Domain("all" <- .integers(Int.min...Int.max), "wide" <- .integers(0...1 << 50))
    )
    XCTAssertEqual(space.space.dimensions.map(\.name), ["wide"])
    var random = Philox(seed: 1)
    for unit in [0, 0.5, 1] {
      let point = SearchPoint(term: 0, positions: [space.space.position(of: 0, at: unit)])
      let config = try space.config(point, using: &random)
      XCTAssertEqual(try space.point(config), point)
    }
    XCTAssertNil(space.count)
  }

  /// Values that a search does not choose are drawn until the condition is satisfied.
  func testConditionsOnDrawnValues() throws {
    let words = Sampler<String>("words") { generator in
      generator.nextUnit() < 0.3 ? "good" : "bad"
    }
    let domain = Domain("word" <- words, "x" <- .uniform(0...1)).where { config in
      try config["word", as: String.self] == "good"
    }
    var session = try SearchSession(domain, .tpe(startup: 3), seed: 1)
    for _ in 0..<20 {
      let suggestion = try session.ask()
      XCTAssertEqual(suggestion.config.name(of: "word"), "good")
      try session.tell(suggestion.number, try suggestion.config["x", as: Double.self])
    }
  }

  /// A config that several terms have is suggested once.
  func testTermsThatShareConfigs() throws {
    var session = try SearchSession(
      Domain("a" <- [1, 2, 3]) + Domain("a" <- [2, 3, 4]),
      .random
    )
    var found: Set<String> = []
    for _ in 0..<4 { found.insert(try session.ask().config.description) }
    XCTAssertEqual(found.count, 4)
    XCTAssertThrowsError(try session.ask())
  }

  func testAnAlgorithmThatSuggestsNonsense() throws {
    struct Nonsense: SearchAlgorithm {
      let position: Double
      func suggest(_ request: SearchRequest) -> SearchPoint {
        SearchPoint(term: position > 8 ? 5 : 0, positions: [position])
      }
    }
    for position in [Double.nan, -1, 2, 9] {
      var session = try SearchSession(
        Domain("x" <- .uniform(0...1)),
        Nonsense(position: position)
      )
      XCTAssertThrowsError(try session.ask()) { error in
        let message = (error as? FieldworkError)?.message ?? ""
        XCTAssertTrue(message.hasPrefix("the algorithm Nonsense"), message)
      }
    }
  }

  func testACovarianceHasALimit() throws {
    var session = try SearchSession(
      Domain("x" <- .uniform(0...1), "word" <- (0..<300).map { "w\($0)" }),
      .cmaEs()
    )
    XCTAssertThrowsError(try session.ask())
  }
}
