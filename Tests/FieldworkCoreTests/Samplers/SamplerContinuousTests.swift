import FieldworkCore
import RealModule
import XCTest

final class SamplerContinuousTests: XCTestCase {
  private let count = 20_000

  /// Checks the distribution, and the moments where they are given.
  private func check(
    _ sampler: Sampler<Double>,
    mean: Double? = nil,
    variance: Double? = nil,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ cumulative: (Double) -> Double
  ) throws {
    XCTAssertNil(sampler.problem, file: file, line: line)
    let values = try sampler.draws(count, seed: 11)
    XCTAssertEqual(values, try sampler.draws(count, seed: 11), file: file, line: line)
    XCTAssertNotEqual(values.first, try sampler.draws(1, seed: 12).first, file: file, line: line)
    let name = sampler.description
    if let support = sampler.support {
      XCTAssertTrue(values.allSatisfy(support), name, file: file, line: line)
    }
    assertDistribution(values, name, file: file, line: line, cumulative)
    if let mean, let variance {
      assertMoments(values, mean: mean, variance: variance, name, file: file, line: line)
    }
  }

  func testTheoryIsRight() {
    XCTAssertEqual(Theory.normal(1.96), 0.975_002_104_851_780_2, accuracy: 1e-12)
    XCTAssertEqual(Theory.gamma(1, 2), 1 - Double.exp(-2), accuracy: 1e-12)
    XCTAssertEqual(Theory.gamma(0.5, 0.3), Double.erf(Double.sqrt(0.3)), accuracy: 1e-12)
    XCTAssertEqual(Theory.gamma(3, 10), 1 - Double.exp(-10) * 61, accuracy: 1e-12)
    XCTAssertEqual(Theory.beta(2, 3, 0.4), 0.5248, accuracy: 1e-12)
    XCTAssertEqual(Theory.beta(0.5, 0.5, 0.25), 1.0 / 3, accuracy: 1e-12)
    XCTAssertEqual(Theory.chiSquareTail(18.307_038_05, degrees: 10), 0.05, accuracy: 1e-8)
    XCTAssertEqual(Theory.kolmogorovTail(0.01358, count: 10_000), 0.05, accuracy: 1e-3)
  }

  func testUniform() throws {
    for range in [0.0...1.0, -5...3, 1e6...1e6 + 1, -1e300...1e300] {
      let (low, width) = (range.lowerBound, range.upperBound - range.lowerBound)
      try check(.uniform(range), mean: low + width / 2, variance: width * width / 12) {
        ($0 - low) / width
      }
    }
    XCTAssertEqual(try Sampler.uniform(2...2).draws(3), [2, 2, 2])
  }

  func testLogUniform() throws {
    for range in [1e-4...1e-1, 0.5...2, 1e-300...1e300] {
      let (low, high) = (Double.log(range.lowerBound), Double.log(range.upperBound))
      try check(.logUniform(range)) { (Double.log($0) - low) / (high - low) }
    }
  }

  func testNormal() throws {
    for (mean, deviation) in [(0.0, 1.0), (-10, 0.01), (3, 1e6)] {
      try check(
        .normal(mean: mean, deviation: deviation),
        mean: mean,
        variance: deviation * deviation
      ) { Theory.normal(($0 - mean) / deviation) }
    }
    XCTAssertEqual(try Sampler.normal(mean: 2, deviation: 0).draws(2), [2, 2])
  }

  func testLogNormal() throws {
    let variance = (Double.exp(0.25) - 1) * Double.exp(2 * 1 + 0.25)
    try check(
      .logNormal(mean: 1, deviation: 0.5),
      mean: Double.exp(1.125),
      variance: variance
    ) { Theory.normal((Double.log($0) - 1) / 0.5) }
  }

  func testExponential() throws {
    for rate in [1, 0.01, 50] {
      try check(.exponential(rate: rate), mean: 1 / rate, variance: 1 / (rate * rate)) {
        1 - Double.exp(-rate * $0)
      }
    }
  }

  func testGamma() throws {
    for (shape, scale) in [(0.1, 1.0), (0.5, 3), (0.99, 1), (1, 1), (2.5, 0.1), (80, 2), (1e4, 1)] {
      try check(
        .gamma(shape: shape, scale: scale),
        mean: shape * scale,
        variance: shape * scale * scale
      ) { Theory.gamma(shape, $0 / scale) }
    }
  }

  func testGammaOfATinyShape() throws {
    // The logarithm of a Gamma(a) number is about that of U^(1/a).
    try check(.gamma(shape: 0.02)) { Theory.gamma(0.02, $0) }
  }

  func testBeta() throws {
    for (a, b) in [(1.0, 1.0), (0.5, 0.5), (2, 5), (5, 0.3), (40, 60), (0.2, 0.3)] {
      let sum = a + b
      try check(.beta(a, b), mean: a / sum, variance: a * b / (sum * sum * (sum + 1))) {
        Theory.beta(a, b, $0)
      }
    }
  }

  func testBetaOfTinyShapesIsAlmostACoin() throws {
    let values = try Sampler.beta(1e-4, 3e-4).draws(count, seed: 1)
    XCTAssertTrue(values.allSatisfy { (0...1).contains($0) })
    let ones = values.map { $0 > 0.5 ? 1 : 0 }
    assertProbabilities(ones, in: 0...1, "beta(1e-4, 3e-4)") { $0 == 1 ? 0.25 : 0.75 }
  }

  func testTruncatedNormal() throws {
    let infinity = Double.infinity
    let ranges: [ClosedRange<Double>] = [
      -1...1, -0.1...0.1, 0...infinity, -infinity...0, 0.5...0.6, 2...infinity, 2...2.5,
      -infinity ... -3, -4 ... -3.9, 3...3.05, -3...0.01, -0.01...2.49, -0.01...9, -2...5,
      -infinity...infinity, 1...1.5, -1...infinity, 0...2.4, 0...0.001,
    ]
    for range in ranges {
      let (low, high) = (Theory.normal(range.lowerBound), Theory.normal(range.upperBound))
      try check(.truncatedNormal(in: range)) { (Theory.normal($0) - low) / (high - low) }
      let wide = (3 + 2 * range.lowerBound)...(3 + 2 * range.upperBound)
      try check(.truncatedNormal(mean: 3, deviation: 2, in: wide)) {
        (Theory.normal(($0 - 3) / 2) - low) / (high - low)
      }
    }
  }

  func testTruncatedNormalFarOut() throws {
    // P(X > x | X > a) with the tail taken by erfc, exact to relative rounding errors.
    func tail(_ x: Double) -> Double { Double.erfc(x / Double.sqrt(2)) }
    for low in [5.0, 10, 30] {
      try check(.truncatedNormal(in: low...(.infinity))) { 1 - tail($0) / tail(low) }
      try check(.truncatedNormal(in: -(.infinity) ... -low)) { tail(-$0) / tail(low) }
      let high = low + 0.2
      try check(.truncatedNormal(in: low...high)) {
        (tail(low) - tail($0)) / (tail(low) - tail(high))
      }
    }
    let far = try Sampler.truncatedNormal(in: 1e8...(1e8 + 1)).draws(100)
    XCTAssertTrue(far.allSatisfy { $0 >= 1e8 && $0 < 1e8 + 1e-5 })
  }

  func testTruncatedNormalWithoutDeviation() throws {
    let inside = Sampler.truncatedNormal(mean: 1, deviation: 0, in: 0...2)
    for sampler in [inside, .truncatedNormal(mean: 3, deviation: 0, in: 0...2)] {
      XCTAssertNotNil(sampler.problem, sampler.description)
    }
  }

  func testHistogram() throws {
    let edges = [-1.0, 0, 2, 2.5, 10]
    let weights = [1.0, 0, 3, 4]
    try check(.histogram(edges: edges, weights: weights)) { x in
      var sum = 0.0
      for index in 0..<4 {
        let part = (x - edges[index]) / (edges[index + 1] - edges[index])
        sum += weights[index] / 8 * min(max(part, 0), 1)
      }
      return sum
    }
    let values = try Sampler.histogram(edges: edges, weights: weights).draws(1000)
    XCTAssertFalse(values.contains { $0 > 0 && $0 < 2 })
  }
}
