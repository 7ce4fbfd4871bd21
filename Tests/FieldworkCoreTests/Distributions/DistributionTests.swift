@testable import FieldworkCore
import XCTest

final class DistributionTests: XCTestCase {
  /// A distribution that does not come with the engine.
  private struct Ramp: Distribution {
    static let name = "ramp"
    let top: Double

    var support: Support<Double> { Support(lower: 0, upper: top) }
    var problem: String? { top > 0 ? nil : "the top must be above 0" }
    func draw(using generator: inout Philox) -> Double { top * generator.nextUnit().squareRoot() }
  }

  private func sampler(_ domain: Domain) throws -> AnySampler {
    guard case .sampler(let sampler)? = domain.node.options.first?.values else {
      throw FieldworkError(.invalidDefinition, "no sampler")
    }
    return sampler
  }

  func testADistributionOfOnesOwn() throws {
    let domain = drawn("x", Sampler(Ramp(top: 2)))
    let values = try domain.configs(limit: 100).map { try $0["x", as: Double.self] }
    XCTAssertTrue(values.allSatisfy { $0 >= 0 && $0 <= 2 })
    XCTAssertEqual(domain.description, #"Domain("x" <- .ramp(top: 2.0))"#)
    XCTAssertFalse(try domain.contains(["x": 2.5]))
    XCTAssertTrue(try domain.contains(["x": 1.5]))
    let problems = drawn("x", Sampler(Ramp(top: -1))).problems.map(\.message)
    XCTAssertTrue(problems.contains { $0.contains("the top must be above 0") }, "\(problems)")
  }

  /// It is recorded by its name and arguments, and made again where its type is known.
  func testADistributionOfOnesOwnIsRecorded() throws {
    let domain = drawn("x", Sampler(Ramp(top: 2)).multiplied(by: 3))
    let record = try XCTUnwrap(try domain.recorded(limit: 10))
    let read = try Value(parsing: record.canonicalText)
    let again = try Domain(recorded: read, distributions: domain.distributions) { _, _ in 0 }
    XCTAssertEqual(again, domain)
    XCTAssertEqual(try again.configs(limit: 5), try domain.configs(limit: 5))
    XCTAssertThrowsError(try Domain(recorded: read) { _, _ in 0 }, "its type is not known")
  }

  /// What earlier versions recorded as lists means the same.
  func testRecordsOfEarlierVersions() throws {
    let cases: [(Value, AnySampler)] = [
      (["uniform", 0.0, 1.0], AnySampler(.uniform(0...1))),
      (["logUniform", 0.1, 1.0], AnySampler(.logUniform(0.1...1))),
      (["truncatedNormal", 0.0, 1.0, -1.0, 2.0], AnySampler(.truncatedNormal(in: -1...2))),
      (["gamma", 2.0, 3.0], AnySampler(.gamma(shape: 2, scale: 3))),
      (["beta", 2.0, 3.0], AnySampler(.beta(2, 3))),
      (["histogram", [0.0, 1.0], [1.0]], AnySampler(.histogram(edges: [0, 1], weights: [1]))),
      (["integers", 1, 5], AnySampler(.integers(1...5))),
      (["binomial", 9, 0.25], AnySampler(.binomial(trials: 9, probability: 0.25))),
      (
        ["+", "double", ["normal", 0.0, 1.0], ["number", 2.0]],
        AnySampler(Sampler<Double>.normal().adding(2))
      ),
      (
        ["mixture", "int", [[0.5, ["poisson", 3.0]], [1.5, ["integers", 0, 1]]]],
        AnySampler(.mixture([(0.5, .poisson(mean: 3)), (1.5, .integers(0...1))]))
      ),
      (
        ["truncated", "double", ["exponential", 1.0], 0.5, 2.0],
        AnySampler(Sampler<Double>.exponential().truncated(to: 0.5...2))
      ),
      (
        ["choice", [["alias", "small", true, 1], ["alias", "large", true, 9]], nil],
        AnySampler(.choice([Alias("small", Value.int(1)), Alias("large", 9)]))
      ),
      (["constant", ["value", "a"]], AnySampler(.constant(Value.string("a")))),
    ]
    for (encoding, expected) in cases {
      let found = try XCTUnwrap(SamplerEncoding().sampler(encoding), "\(encoding)")
      XCTAssertEqual(found, expected, "\(encoding)")
      var (first, second) = (Philox(seed: 3), Philox(seed: 3))
      for _ in 0..<20 {
        XCTAssertEqual(try found.draw(&first), try expected.draw(&second), "\(encoding)")
      }
    }
  }

  func testBoundsAndScales() {
    XCTAssertEqual(LogUniform(low: 1, high: 10).support.scale, .logarithmic)
    XCTAssertEqual(Uniform(low: 1, high: 10).support.upper, 10)
    XCTAssertEqual(Integers(low: 1, high: 10).support.step, 1)
    XCTAssertNil(Normal(mean: 0, deviation: 1).support.lower)
    XCTAssertFalse(Binomial(trials: 3, probability: 0.5).support.contains(4))
  }

  func testWhatCannotBeReadIsNoSampler() {
    for encoding: Value in [
      nil, 1, [], ["uniform"], ["uniform", "a", 1.0], ["distribution": "none", "arguments": [:]],
      ["operation": "%", "left": ["number": 1.0], "right": ["number": 1.0], "type": "double"],
      ["choice": [], "weights": nil], ["mixture": [], "weights": [1.0], "type": "int"],
    ] {
      XCTAssertNil(SamplerEncoding().sampler(encoding), "\(encoding)")
    }
  }
}
