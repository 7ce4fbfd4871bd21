import Fieldwork
import XCTest

private enum Optimizer: String, CaseIterable, ValueConvertible { case sgd, adam }

final class OperatorsTests: XCTestCase {
  func testOptions() throws {
    let rate = Parameter<Double>("lr")
    let domains: [(Domain, String)] = [
      (Domain("a" <- [1, 2]), "Domain(\"a\" <- [1, 2])"),
      (Domain("k" <- 1...3), "Domain(\"k\" <- 1...3)"),
      (Domain("k" <- 1..<3), "Domain(\"k\" <- 1...2)"),
      (Domain("k" <- 1..<1), "Domain(\"k\" <- [])"),
      (Domain("k" <- stride(from: 0, to: 6, by: 2)), "Domain(\"k\" <- [0, 2, 4])"),
      (Domain(rate <- [0.1, 1]), "Domain(\"lr\" <- [0.1, 1.0])"),
      (
        Domain("mixed" <- [1, "z", 2.5, nil, true]),
        "Domain(\"mixed\" <- [1, \"z\", 2.5, nil, true])"
      ),
      (Domain("o" <- Optimizer.allCases), "Domain(\"o\" <- [\"sgd\", \"adam\"])"),
      (Domain("f" <- [Alias("one", 1)]), "Domain(\"f\" <- [Alias(\"one\", 1)])"),
      (Domain(Alias("l", "layout") <- ["f"]), "Domain(Alias(\"l\", \"layout\") <- [\"f\"])"),
      (Domain("s" <- .uniform(0...1)), "Domain(\"s\" <- .uniform(0.0...1.0))"),
      (Domain(rate <- .uniform(0...1)), "Domain(\"lr\" <- .uniform(0.0...1.0))"),
    ]
    for (domain, text) in domains { XCTAssertEqual(domain.description, text) }
  }

  func testEachOperatorIsItsNamedTwin() {
    let a = Domain("a" <- [1, 2])
    let b = Domain("b" <- [3, 4])
    XCTAssertEqual(a + b, a.concatenated(with: b))
    XCTAssertEqual(a * b, a.product(b))
    XCTAssertEqual(a .* b, a.zipped(with: b))
    for weighted in [2 * a, a * 2, 2.0 * a, a * 2.0] { XCTAssertEqual(weighted, a.weighted(2)) }
    XCTAssertEqual(When.every(2) | .last, When.every(2).union(.last))
    let config: Config = ["a": 1, "b": 2]
    XCTAssertEqual((config + ["b": 3, "c": 4]).description, "{a: 1, b: 3, c: 4}")
    XCTAssertEqual(config + ["b": 3], config.merging(["b": 3]))
  }

  func testAnOperandIsNotChangedByAWeight() {
    let a = Domain("a" <- [1, 2])
    _ = 2 * a
    XCTAssertEqual(a.weights, [nil])
    XCTAssertEqual((0.5 * (3 * a)).weights, [1.5])
  }

  func testADescriptionReadsBackAsAnEqualDomain() {
    let a = Domain("a" <- [1, 2])
    let b = Domain("b" <- [3, 4])
    let c = Domain("c" <- [5, 6])
    let pairs: [(Domain, String, Domain)] = [
      (
        (a + b) * c,
        "(Domain(\"a\" <- [1, 2]) + Domain(\"b\" <- [3, 4])) * Domain(\"c\" <- [5, 6])",
        (Domain("a" <- [1, 2]) + Domain("b" <- [3, 4])) * Domain("c" <- [5, 6])
      ),
      (
        a * (b * c),
        "Domain(\"a\" <- [1, 2]) * (Domain(\"b\" <- [3, 4]) * Domain(\"c\" <- [5, 6]))",
        Domain("a" <- [1, 2]) * (Domain("b" <- [3, 4]) * Domain("c" <- [5, 6]))
      ),
      (
        a * (b .* c),
        "Domain(\"a\" <- [1, 2]) * (Domain(\"b\" <- [3, 4]) .* Domain(\"c\" <- [5, 6]))",
        Domain("a" <- [1, 2]) * (Domain("b" <- [3, 4]) .* Domain("c" <- [5, 6]))
      ),
      (
        a * (Domain() + (b .* c)),
        "Domain(\"a\" <- [1, 2]) * (Domain(\"b\" <- [3, 4]) .* Domain(\"c\" <- [5, 6]))",
        Domain("a" <- [1, 2]) * (Domain("b" <- [3, 4]) .* Domain("c" <- [5, 6]))
      ),
      (
        a + b * c,
        "Domain(\"a\" <- [1, 2]) + Domain(\"b\" <- [3, 4]) * Domain(\"c\" <- [5, 6])",
        Domain("a" <- [1, 2]) + Domain("b" <- [3, 4]) * Domain("c" <- [5, 6])
      ),
      (
        0.5 * (a + b) * c,
        "0.5 * (Domain(\"a\" <- [1, 2]) + Domain(\"b\" <- [3, 4])) * Domain(\"c\" <- [5, 6])",
        0.5 * (Domain("a" <- [1, 2]) + Domain("b" <- [3, 4])) * Domain("c" <- [5, 6])
      ),
      (
        a * (2 * b),
        "Domain(\"a\" <- [1, 2]) * (2.0 * Domain(\"b\" <- [3, 4]))",
        Domain("a" <- [1, 2]) * (2.0 * Domain("b" <- [3, 4]))
      ),
      (
        0.3 * a + 0.7 * b,
        "0.3 * Domain(\"a\" <- [1, 2]) + 0.7 * Domain(\"b\" <- [3, 4])",
        0.3 * Domain("a" <- [1, 2]) + 0.7 * Domain("b" <- [3, 4])
      ),
      (
        (a * b).given("a", 1, c),
        "(Domain(\"a\" <- [1, 2]) * Domain(\"b\" <- [3, 4])).given(\"a\", 1, Domain(\"c\" <- [5, 6]))",
        (Domain("a" <- [1, 2]) * Domain("b" <- [3, 4])).given("a", 1, Domain("c" <- [5, 6]))
      ),
      (Domain(), "Domain()", Domain()),
    ]
    for (domain, text, reread) in pairs {
      XCTAssertEqual(domain.description, text)
      XCTAssertEqual(domain, reread, text)
    }
  }

  func testSamplers() throws {
    let u = Sampler.uniform(0...1)
    XCTAssertEqual((1 - u).description, "(1.0 - .uniform(0.0...1.0))")
    XCTAssertEqual((2 * u + 1).description, "((2.0 * .uniform(0.0...1.0)) + 1.0)")
    XCTAssertEqual((u / u - u * u).description.count, u.description.count * 4 + 15)
    XCTAssertTrue(try (-u).draws(100).allSatisfy { $0 <= 0 && $0 >= -1 })
    XCTAssertTrue(try (1 / (u + 1)).draws(100).allSatisfy { $0 <= 1 && $0 >= 0.5 })
  }

  func testHowTightlyTheBindingBinds() {
    let n = 3
    XCTAssertEqual(Domain("k" <- 1...n + 1).count, 4)
    XCTAssertEqual(Domain("k" <- [n * 2, n]).description, "Domain(\"k\" <- [6, 3])")
  }

  func testThePlaceOfAProblem() {
    let line = #line + 1
    let domain = Domain("a" <- [1, 2]) .* Domain("b" <- [1])
    XCTAssertEqual(domain.problems.map(\.place), [SourceLocation(file: #fileID, line: line)])
  }
}
