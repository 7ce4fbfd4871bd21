import FieldworkCore
import RealModule
import XCTest

final class SamplerTests: XCTestCase {
  func testMixture() throws {
    let sampler = Sampler.mixture([
      (weight: 1, sampler: .normal(mean: -10)), (weight: 0, sampler: .constant(1e9)),
      (weight: 3, sampler: .uniform(0...1)),
    ])
    let values = try sampler.draws(20_000, seed: 1)
    assertDistribution(values, "mixture") {
      0.25 * Theory.normal($0 + 10) + 0.75 * min(max($0, 0), 1)
    }
    XCTAssertEqual(
      sampler.description,
      ".mixture([(1.0, .normal(mean: -10.0, deviation: 1.0)), (0.0, .constant(1000000000.0)), "
        + "(3.0, .uniform(0.0...1.0))])"
    )
  }

  func testMap() throws {
    let sampler = Sampler.uniform(0...1).map { $0 < 0.25 ? 1 : 0 }
    let values = try sampler.draws(20_000, seed: 2)
    assertProbabilities(values, in: 0...1, "map") { $0 == 1 ? 0.25 : 0.75 }
    XCTAssertEqual(sampler.description, ".uniform(0.0...1.0).map(…)")
    struct Odd: Error {}
    let throwing = Sampler.integers(1...2).map { if $0 == 2 { throw Odd() } else { 1 } }
    XCTAssertThrowsError(try throwing.draws(50)) { XCTAssertTrue($0 is Odd) }
  }

  func testArithmetic() throws {
    let u = Sampler.uniform(0...1)
    func draws(_ sampler: Sampler<Double>) throws -> [Double] { try sampler.draws(20_000, seed: 3) }
    func triangle(_ x: Double) -> Double { x < 1 ? x * x / 2 : 1 - (2 - x) * (2 - x) / 2 }
    assertDistribution(try draws(u.adding(u)), "u + u", triangle)
    assertDistribution(try draws(u.subtracting(u)), "u - u") { triangle($0 + 1) }
    assertDistribution(try draws(u.multiplied(by: u)), "u * u") { $0 - $0 * Double.log($0) }
    assertDistribution(try draws(u.divided(by: u)), "u / u") { $0 < 1 ? $0 / 2 : 1 - 1 / (2 * $0) }
    assertDistribution(try draws(u.adding(3)), "u + 3") { $0 - 3 }
    assertDistribution(try draws(u.multiplied(by: -2)), "u * -2") { 1 + $0 / 2 }
    assertDistribution(try draws(u.combined(after: 1, "-") { $0 - $1 }), "1 - u") { $0 }
    assertDistribution(try draws(u.divided(by: 4)), "u / 4") { $0 * 4 }
    XCTAssertEqual(
      u.adding(1).multiplied(by: u.subtracting(2)).description,
      "((.uniform(0.0...1.0) + 1.0) * (.uniform(0.0...1.0) - 2.0))"
    )
    let dice = Sampler.integers(1...6).adding(.integers(1...6))
    assertProbabilities(try dice.draws(20_000), in: 2...12, "dice") {
      Double(6 - abs($0 - 7)) / 36
    }
  }

  func testTruncated() throws {
    let sampler = Sampler.normal().truncated(to: 0...1)
    let (low, high) = (0.5, Theory.normal(1))
    let values = try sampler.draws(20_000, seed: 4)
    assertDistribution(values, "truncated") { (Theory.normal($0) - low) / (high - low) }
    XCTAssertEqual(
      sampler.description,
      ".normal(mean: 0.0, deviation: 1.0).truncated(to: 0.0...1.0)"
    )
    XCTAssertEqual(Set(try Sampler.integers(0...9).truncated(to: 4...5).draws(99)), [4, 5])
  }

  func testTruncatingToNothingGivesUp() {
    let sampler = Sampler.uniform(0...1).truncated(to: 2...3, file: "F/F.swift", line: 8)
    let error = assertThrows(.nothingPasses, containing: "none of 10000 draws", "2.0...3.0") {
      try sampler.draws(1)
    }
    XCTAssertEqual(error?.place, SourceLocation(file: "F/F.swift", line: 8))
  }

  func testNumbersOutOfRangeAreProblemsWithTheirPlace() throws {
    let (file, line) = ("F/F.swift", 3)
    let doubles: [Sampler<Double>] = [
      .uniform(0...(.infinity), file: file, line: line),
      .uniform(-1e308...1e308 * 1.7, file: file, line: line),
      .logUniform(0...1, file: file, line: line),
      .logUniform(-1...1, file: file, line: line),
      .logUniform(1...(.infinity), file: file, line: line),
      .normal(mean: .nan, file: file, line: line),
      .normal(deviation: -1, file: file, line: line),
      .normal(deviation: .infinity, file: file, line: line),
      .truncatedNormal(mean: .infinity, in: 0...1, file: file, line: line),
      .truncatedNormal(deviation: -1, in: 0...1, file: file, line: line),
      .logNormal(deviation: .nan, file: file, line: line),
      .exponential(rate: 0, file: file, line: line),
      .exponential(rate: -1, file: file, line: line),
      .gamma(shape: 0, file: file, line: line),
      .gamma(shape: 1, scale: .infinity, file: file, line: line),
      .beta(0, 1, file: file, line: line),
      .beta(1, .nan, file: file, line: line),
      .histogram(edges: [], weights: [], file: file, line: line),
      .histogram(edges: [0, 1], weights: [], file: file, line: line),
      .histogram(edges: [0, 0], weights: [1], file: file, line: line),
      .histogram(edges: [1, 0], weights: [1], file: file, line: line),
      .histogram(edges: [0, .infinity], weights: [1], file: file, line: line),
      .histogram(edges: [0, 1], weights: [0], file: file, line: line),
      .histogram(edges: [0, 1, 2], weights: [1, -1], file: file, line: line),
      .mixture([], file: file, line: line),
      .mixture([(weight: 0, sampler: .normal())], file: file, line: line),
      .mixture([(weight: 1, sampler: .exponential(rate: 0, file: file, line: line))]),
      .gamma(shape: 0, file: file, line: line).truncated(to: 0...1),
      .gamma(shape: 0, file: file, line: line).map { $0 },
      .gamma(shape: 0, file: file, line: line).adding(1),
      .normal().adding(.gamma(shape: 0, file: file, line: line)),
    ]
    let integers: [Sampler<Int>] = [
      .poisson(mean: -1, file: file, line: line),
      .poisson(mean: 1e10, file: file, line: line),
      .poisson(mean: .nan, file: file, line: line),
      .binomial(trials: -1, probability: 0.5, file: file, line: line),
      .binomial(trials: 1, probability: 1.5, file: file, line: line),
      .binomial(trials: 1, probability: .nan, file: file, line: line),
      .choice([], file: file, line: line),
      .choice([1, 2], weights: [1], file: file, line: line),
      .choice([1, 2], weights: [0, 0], file: file, line: line),
      .choice([1, 2], weights: [1, .nan], file: file, line: line),
    ]
    func check<T>(_ samplers: [Sampler<T>]) {
      for sampler in samplers {
        XCTAssertEqual(
          sampler.problem?.place,
          SourceLocation(file: file, line: line),
          sampler.description
        )
        let error = assertThrows(.invalidDefinition) { try sampler.draws(1) }
        XCTAssertEqual(error?.place?.line, line, sampler.description)
        XCTAssertEqual(error?.message, sampler.problem?.message)
      }
    }
    check(doubles)
    check(integers)
    let domain = Domain([ParameterOption("x", AnySampler(doubles[0]))])
    XCTAssertEqual(domain.problems, [try XCTUnwrap(doubles[0].problem)])
  }

  func testSamplersOfOnesOwn() throws {
    let sampler = Sampler<String>(".coin") { Bool.random(using: &$0) ? "heads" : "tails" }
    XCTAssertEqual("\(sampler)", ".coin")
    XCTAssertEqual(Set(try sampler.draws(50)), ["heads", "tails"])
    XCTAssertEqual(try sampler.draws(9, seed: 1), try sampler.draws(9, seed: 1))
  }

  func testAnySampler() throws {
    let any = AnySampler(Sampler.uniform(0...1))
    XCTAssertTrue(any.contains(0.5))
    XCTAssertTrue(any.contains(1))
    XCTAssertFalse(any.contains(1.5))
    XCTAssertFalse(any.contains("x"))
    XCTAssertTrue(AnySampler(Sampler.normal()).contains(1e9))
    XCTAssertTrue(any.outputType == Double.self)
    XCTAssertEqual(any, AnySampler(Sampler.uniform(0...1)))
    let named = AnySampler(Sampler.choice([Alias("a", 1), Alias("b", 2)]))
    var generator = Philox(seed: 1)
    let names = try (0..<20).map { _ in try named.draw(&generator).name }
    XCTAssertEqual(Set(names), ["a", "b"])
    XCTAssertTrue(named.outputType == Int.self)
    XCTAssertEqual(named.description, ".choice([a, b])")
    var other = Philox(seed: 1)
    XCTAssertNoThrow(try AnySampler(Sampler.choice(["a"])).draw(&other))
  }
}
