@testable import FieldworkCore
import XCTest

/// What is made again of a recorded domain is the domain.
final class DomainRecordingTests: XCTestCase {
  private struct Unknown: Error {}

  /// The domain that is made of the text of a domain's record; nil if it cannot be kept.
  private func again(
    _ domain: Domain,
    limit: Int = 100,
    resolve: @escaping (String, String) throws -> AnyAlias = { _, _ in throw Unknown() }
  ) throws -> Domain? {
    guard let record = try domain.recorded(limit: limit) else { return nil }
    return try Domain(recorded: Value(parsing: record.canonicalText), resolve: resolve)
  }

  private func assertSame(_ domain: Domain, line: UInt = #line) throws {
    let again = try XCTUnwrap(try again(domain), "\(domain)", line: line)
    XCTAssertEqual(again, domain, line: line)
    XCTAssertEqual(again.description, domain.description, line: line)
    XCTAssertEqual(again.isEndless, domain.isEndless, line: line)
    guard domain.problems.isEmpty else { return }
    for seed in 0..<3 as Range<UInt64> {
      var settings = IterationSettings(configs: 20, repetitions: 2, repeatEach: 3, seed: seed)
      settings.prefixDigits = 2
      var (first, second) = (try domain.stream(settings), try again.stream(settings))
      while let element = try first.next() {
        let other = try XCTUnwrap(try second.next(), line: line)
        XCTAssertEqual(element.config, other.config, "\(domain)", line: line)
        XCTAssertEqual(element.prefix, other.prefix, line: line)
        XCTAssertEqual(element.member, other.member, line: line)
      }
    }
  }

  func testSumsAndProductsOfAllSmallDomains() throws {
    for (_, left) in finiteDomains {
      for (_, right) in finiteDomains {
        for domain in [left.product(right), left.concatenated(with: right), left.weighted(0.5)] {
          guard domain.count != 0, !domain.node.hasConditions else { continue }
          try assertSame(domain)
        }
      }
    }
  }

  func testTheEmptyDomain() throws {
    XCTAssertEqual(try again(Domain()), Domain())
    XCTAssertEqual(try again(Domain(configs: [[:]]))?.configs(), [[:]])
  }

  func testAllKindsOfTerms() throws {
    let mixed = Domain(["m": [1, "z", 2.5, nil, true, [1, "x"], ["k": .double(.nan)]]])
    try assertSame(mixed)
    try assertSame(
      Domain([ParameterOption(ParameterName(Alias("l", "layout")), [AnyAlias("big", 1000), 3])])
    )
    let numbers = Domain([ParameterOption("k", .integers(-2...3), place: nil)])
    try assertSame(numbers)
    let pairs = Domain(["a": [1, 2]]).zipped(with: Domain(["b": [3, 4]]))
    try assertSame(pairs)
    try assertSame(pairs.weighted(0.3).concatenated(with: numbers.weighted(0.7)))
    try assertSame(mixed.given("m", 1, Domain(["n": [5, 6]])).product(pairs))
  }

  func testSamplers() throws {
    let doubles: [Sampler<Double>] = [
      .uniform(-1...2), .logUniform(1e-4...1), .normal(mean: 1, deviation: 2),
      .truncatedNormal(mean: 0, deviation: 2, in: 0...1), .logNormal(mean: 0.5, deviation: 0.1),
      .exponential(rate: 3), .gamma(shape: 2, scale: 0.5), .beta(2, 5),
      .histogram(edges: [0, 1, 3], weights: [1, 2]), .constant(2), .choice([1, 2.5]),
      .choice([1, 2.5], weights: [1, 3]),
      .mixture([(weight: 0.3, sampler: .normal()), (weight: 0.7, sampler: .choice([8, 9]))]),
      Sampler.normal().truncated(to: 0...1),
      Sampler.normal().adding(2).multiplied(by: .uniform(0...1)),
      Sampler.uniform(0...1).divided(by: 3).subtracting(.constant(1)),
      Sampler.exponential(rate: 1).combined(after: 0, "-") { $0 - $1 },
    ]
    let integers: [Sampler<Int>] = [
      .integers(-3...3), .poisson(mean: 4), .binomial(trials: 9, probability: 0.25),
      .choice([1, 2, 3]), Sampler.integers(1...6).adding(.integers(1...6)).subtracting(2),
      .mixture([(weight: 1, sampler: .poisson(mean: 1)), (weight: 1, sampler: .constant(7))]),
    ]
    let others = [
      AnySampler(Sampler.choice(["x", "y"])), AnySampler(Sampler<Value>.choice([1, "y", nil])),
      AnySampler(Sampler.choice([Alias("one", 1), Alias("two", 2)], weights: [1, 2])),
      AnySampler(Sampler.constant(Alias("one", 1))), AnySampler(Sampler<Float>.choice([0.1, 0.2])),
    ]
    let all = doubles.map { AnySampler($0) } + integers.map { AnySampler($0) } + others
    for sampler in all {
      let domain = Domain([ParameterOption("s", sampler)])
      try assertSame(domain)
      try assertSame(Domain(["a": [1, 2]]).product(domain))
      let restored = try XCTUnwrap(try XCTUnwrap(try again(domain)).node.options[0])
      guard case .sampler(let again) = restored.values else { return XCTFail("no sampler") }
      for value in [0, 0.5, 1, 2, 7, "x"] as [AnyAlias] {
        XCTAssertEqual(again.contains(value), sampler.contains(value), "\(sampler) \(value)")
      }
    }
  }

  func testWhatCannotBeKept() throws {
    let list = Domain(["a": [1, 2, 3]])
    let own = AnySampler(Sampler<Double>(".uniform(0.0...1.0)") { $0.nextUnit() })
    let mapped = AnySampler(Sampler.normal().map { -$0 })
    for sampler in [own, mapped] {
      XCTAssertNil(try again(Domain([ParameterOption("s", sampler)])))
      XCTAssertNil(try again(list.product(Domain([ParameterOption("s", sampler)]))))
    }
    let sampled = Domain([ParameterOption("s", AnySampler(Sampler.uniform(0...1)))])
    XCTAssertNil(try again(list.product(sampled).where { _ in true }))
    XCTAssertNil(try again(list.weighted(2).where { _ in true }))
    XCTAssertNil(try again(list.where { _ in true }, limit: 2))
    XCTAssertThrowsError(try again(list.where { _ in throw Unknown() }))
    let functions = Domain(["f": [AnyAlias("sin", Unknown())]])
    XCTAssertThrowsError(try again(functions)) { XCTAssertTrue($0 is Unknown) }
  }

  /// A condition cannot be kept, but what passes it.
  func testConditionsAreKeptAsConfigs() throws {
    for (name, domain) in finiteDomains {
      let filtered = domain.where { "\($0)".hashValue != 0 && !"\($0)".contains("2") }
      guard !domain.isRandom else { continue }
      let restored = try XCTUnwrap(try again(filtered), name)
      XCTAssertEqual(restored, Domain(configs: try filtered.configs()), name)
      XCTAssertEqual(try restored.configs(), try filtered.configs(), name)
      XCTAssertEqual(try again(restored), restored)
    }
  }

  func testValuesThatAreNotPlainAreFoundByTheirNames() throws {
    struct Model: Sendable { let layers: Int }
    let domain = Domain(["model": [AnyAlias("small", Model(layers: 1)), AnyAlias("two", 2)]])
    let asked = try XCTUnwrap(
      try again(domain.given("model", AnyAlias("two", 2), Domain(["x": [1]]))) { key, name in
        XCTAssertEqual([key, name], ["model", "small"])
        return AnyAlias(name, Model(layers: 1))
      }
    )
    XCTAssertEqual(try asked.configs().first?["model", as: Model.self].layers, 1)
    XCTAssertEqual(
      asked.description,
      domain.given("model", AnyAlias("two", 2), Domain(["x": [1]])).description
    )
  }

  func testDamagedRecordsAreRefused() throws {
    let records: [Value] = [
      nil, [], ["expression"], ["other", []], ["expression", ["options", ["a", "a", "list"]]],
      ["expression", ["options", ["a", "a", "range", 3, 1]]],
      ["expression", ["weighted", "x", ["sum"]]],
      ["expression", ["options", ["a", "a", "sampler", ["uniform", 3.0, 1.0]]]],
      [
        "expression",
        ["options", ["a", "a", "sampler", ["truncated", "int", ["poisson", 1.0], 3, 1]]],
      ],
      ["expression", ["product", ["sum"]]], ["configs", [[["a", "a", ["1", false, [1]], 7]]]],
      ["configs", 3],
    ]
    for record in records {
      XCTAssertThrowsError(try Domain(recorded: record) { _, _ in throw Unknown() }, "\(record)") {
        XCTAssertEqual(($0 as? FieldworkError)?.code, .store)
      }
    }
  }
}
