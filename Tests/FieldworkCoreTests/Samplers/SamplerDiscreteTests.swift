import FieldworkCore
import RealModule
import XCTest

final class SamplerDiscreteTests: XCTestCase {
  private func check(
    _ sampler: Sampler<Int>,
    in range: ClosedRange<Int>,
    mean: Double,
    variance: Double,
    line: UInt = #line,
    _ probability: (Int) -> Double
  ) throws {
    let values = try sampler.draws(20_000, seed: 21)
    XCTAssertEqual(values, try sampler.draws(20_000, seed: 21), line: line)
    let name = sampler.description
    XCTAssertTrue(values.allSatisfy { sampler.support?($0) ?? true }, name, line: line)
    assertProbabilities(values, in: range, name, line: line, probability)
    assertMoments(values.map(Double.init), mean: mean, variance: variance, name, line: line)
  }

  func testIntegers() throws {
    try check(.integers(-2...4), in: -2...4, mean: 1, variance: 4) { _ in 1.0 / 7 }
    XCTAssertEqual(try Sampler.integers(3...3).draws(2), [3, 3])
    let all = try Sampler.integers(Int.min...Int.max).draws(5000, seed: 1)
    assertDistribution(all.map(Double.init), "all integers") { ($0 + 0x1p63) / 0x1p64 }
    let wide = try Sampler.integers(0...Int.max).draws(5000, seed: 1)
    assertDistribution(wide.map(Double.init), "all from 0") { $0 / 0x1p63 }
  }

  func testPoisson() throws {
    for mean in [0.1, 3, 9.99, 10, 30, 200] {
      try check(.poisson(mean: mean), in: 0...1000, mean: mean, variance: mean) {
        Theory.poisson(mean, $0)
      }
    }
    XCTAssertEqual(Set(try Sampler.poisson(mean: 0).draws(100)), [0])
  }

  func testPoissonOfALargeMean() throws {
    for mean in [1e4, 1e6, 1e9] {
      let values = try Sampler.poisson(mean: mean).draws(20_000, seed: 2).map(Double.init)
      assertMoments(values, mean: mean, variance: mean, "poisson of \(mean)")
      // The normal distribution with the first correction for skewness.
      assertDistribution(values, "poisson of \(mean)") { k in
        let z = (k + 0.5 - mean) / Double.sqrt(mean)
        let density = Double.exp(-z * z / 2) / Double.sqrt(2 * .pi)
        return Theory.normal(z) - density * (z * z - 1) / (6 * Double.sqrt(mean))
      }
    }
  }

  func testBinomial() throws {
    let cases = [
      (1, 0.5), (10, 0.1), (10, 0.9), (20, 0.5), (19, 0.5), (100, 0.3), (100, 0.7), (1000, 0.999),
      (1000, 0.004), (500, 0.5), (3, 0.99),
    ]
    for (n, p) in cases {
      let mean = Double(n) * p
      try check(
        .binomial(trials: n, probability: p),
        in: 0...n,
        mean: mean,
        variance: mean * (1 - p)
      ) { Theory.binomial(n, p, $0) }
    }
  }

  func testBinomialAtItsEdges() throws {
    XCTAssertEqual(Set(try Sampler.binomial(trials: 0, probability: 0.5).draws(50)), [0])
    XCTAssertEqual(Set(try Sampler.binomial(trials: 7, probability: 0).draws(50)), [0])
    XCTAssertEqual(Set(try Sampler.binomial(trials: 7, probability: 1).draws(50)), [7])
    let rare = try Sampler.binomial(trials: 1_000_000_000_000, probability: 2e-12).draws(
      4000,
      seed: 1
    )
    assertProbabilities(rare, in: 0...20, "rare") { Theory.poisson(2, $0) }
  }

  func testBinomialOfManyTrials() throws {
    for (n, p) in [(1_000_000, 0.2), (1_000_000_000, 0.5)] {
      let values = try Sampler.binomial(trials: n, probability: p).draws(20_000, seed: 3)
      let (mean, variance) = (Double(n) * p, Double(n) * p * (1 - p))
      let name = "binomial of \(n)"
      assertMoments(values.map(Double.init), mean: mean, variance: variance, name)
      let deviation = Double.sqrt(variance)
      assertDistribution(values.map(Double.init), name) { k in
        let z = (k + 0.5 - mean) / deviation
        let density = Double.exp(-z * z / 2) / Double.sqrt(2 * .pi)
        return Theory.normal(z) - density * (z * z - 1) * (1 - 2 * p) / (6 * deviation)
      }
    }
  }

  func testBinomialOfAsManyTrialsAsRoundingAllows() throws {
    let values = try Sampler.binomial(trials: 1_000_000_000_000, probability: 0.5)
      .draws(20_000, seed: 4).map(Double.init)
    assertDistribution(values, "binomial of 1e12") { Theory.normal(($0 - 5e11) / 5e5) }
    XCTAssertNotNil(Sampler.binomial(trials: 1_000_000_000_001, probability: 0.5).problem)
  }

  func testChoice() throws {
    let sampler = Sampler.choice([0, 1, 2, 3], weights: [0, 1, 0, 3])
    let values = try sampler.draws(20_000, seed: 5)
    XCTAssertEqual(Set(values), [1, 3])
    assertProbabilities(values, in: 1...3, "choice") { [0, 0.25, 0, 0.75][$0] }
    let even = try Sampler.choice([0, 1, 2, 3, 4]).draws(20_000, seed: 6)
    assertProbabilities(even, in: 0...4, "choice") { _ in 0.2 }
    XCTAssertEqual(try Sampler.choice(["a"]).draws(2), ["a", "a"])
  }

  func testAZeroWeightIsNeverDrawn() {
    for weights in [
      [0, 1, 0], [1, 0, 0], [0, 0, 1], [0.1, 0.2, 0], [0, 1e-300, 0], [1e300, 0, 1],
    ] {
      guard let table = CumulativeWeights(weights) else {
        XCTFail("\(weights)")
        continue
      }
      for position in [0, 0x1p-53, 0.25, 0.5, 0.75, 1 - 0x1p-53] {
        XCTAssertGreaterThan(weights[table.index(at: position)], 0, "\(weights) at \(position)")
      }
    }
    for weights in [[], [0, 0], [-1, 2], [.nan], [.infinity], [1e308, 1e308]] {
      XCTAssertNil(CumulativeWeights(weights), "\(weights)")
    }
  }
}
