@testable import FieldworkCore
import XCTest

final class DomainGivenTests: XCTestCase {
  private let optimizers = list("o", "sgd", "adam")
  private let momentum = list("m", 0.9, 0.99)

  func testOnlyTheGivenValueHasTheParameters() throws {
    let domain = optimizers.given("o", "sgd", momentum)
    XCTAssertEqual(try domain.texts(), ["{o: sgd, m: 0.9}", "{o: sgd, m: 0.99}", "{o: adam}"])
    XCTAssertEqual(domain.count, 3)
    XCTAssertEqual(domain.parameterNames, ["o", "m"])
    XCTAssertTrue(domain.always(has: "o"))
    XCTAssertFalse(domain.always(has: "m"))
  }

  func testConfigsKeepTheOrderOfTheList() throws {
    let domain = list("o", "adam", "sgd", "lion", "sgd").given("o", "sgd", momentum)
    XCTAssertEqual(
      try domain.texts(),
      [
        "{o: adam}", "{o: sgd, m: 0.9}", "{o: sgd, m: 0.99}", "{o: lion}", "{o: sgd, m: 0.9}",
        "{o: sgd, m: 0.99}",
      ]
    )
  }

  func testSeveralValuesAndNesting() throws {
    let domain =
      optimizers
      .given("o", "sgd", list("m", 1, 2).given("m", 2, list("n", "x", "y")))
      .given("o", "adam", list("b", 3))
    XCTAssertEqual(
      try domain.texts(),
      ["{o: sgd, m: 1}", "{o: sgd, m: 2, n: x}", "{o: sgd, m: 2, n: y}", "{o: adam, b: 3}"]
    )
    let chained = optimizers.given("o", "sgd", list("m", 1, 2)).given("m", 2, list("n", 5))
    XCTAssertEqual(
      try chained.texts(),
      ["{o: sgd, m: 1}", "{o: sgd, m: 2, n: 5}", "{o: adam}"]
    )
  }

  func testInAProduct() throws {
    let left = list("a", 1, 2).product(optimizers).given("o", "sgd", list("m", 9))
    XCTAssertEqual(
      try left.texts(),
      ["{a: 1, o: sgd, m: 9}", "{a: 2, o: sgd, m: 9}", "{a: 1, o: adam}", "{a: 2, o: adam}"]
    )
    let right = optimizers.product(list("a", 1, 2)).given("o", "sgd", list("m", 9))
    XCTAssertEqual(
      try right.texts(),
      ["{o: sgd, a: 1, m: 9}", "{o: sgd, a: 2, m: 9}", "{o: adam, a: 1}", "{o: adam, a: 2}"]
    )
    let times = optimizers.given("o", "sgd", momentum).product(list("a", 1, 2))
    XCTAssertEqual(times.count, 6)
    XCTAssertEqual(try times.texts().last, "{o: adam, a: 2}")
  }

  func testUnderASumItWorksTermByTerm() throws {
    let sum = optimizers.concatenated(with: list("p", 1, 2)).given("o", "sgd", list("m", 9))
    XCTAssertEqual(try sum.texts(), ["{o: sgd, m: 9}", "{o: adam}", "{p: 1}", "{p: 2}"])
    let several = optimizers.given("o", "sgd", list("m", 1, 2).concatenated(with: list("n", 3)))
    XCTAssertEqual(
      try several.texts(),
      ["{o: sgd, m: 1}", "{o: sgd, m: 2}", "{o: sgd, n: 3}", "{o: adam}"]
    )
  }

  func testItStaysOneTermUnderAWeight() throws {
    let domain = optimizers.given("o", "sgd", momentum).weighted(2)
    XCTAssertEqual(domain.weights, [2])
    let sum = domain.concatenated(with: list("z", 1).weighted(1))
    XCTAssertEqual(sum.weights, [2, 1])
    let configs = try sum.configs(seed: 1)
    XCTAssertEqual(
      configs.filter { $0.contains("o") }.map(\.description),
      ["{o: sgd, m: 0.9}", "{o: sgd, m: 0.99}", "{o: adam}"]
    )
    let weighted = optimizers.weighted(3).given("o", "adam", list("b", 1))
    XCTAssertEqual(weighted.weights, [3])
  }

  func testWithSamplersAndConditions() throws {
    let sampled = optimizers.given("o", "sgd", drawn("m", .uniform(0...1)))
    XCTAssertEqual(sampled.count, 2)
    XCTAssertFalse(sampled.isEndless)
    XCTAssertEqual(try sampled.configs().map(\.keys), [["o", "m"], ["o"]])
    let filtered = optimizers.given("o", "sgd", integers("m", 1...6)).where {
      $0.contains("m") ? try $0["m", as: Int.self] > 4 : true
    }
    XCTAssertEqual(try filtered.texts(), ["{o: sgd, m: 5}", "{o: sgd, m: 6}", "{o: adam}"])
    XCTAssertEqual(filtered.count, 3)
    let inner = optimizers.given("o", "sgd", momentum.where { _ in false })
    XCTAssertEqual(try inner.texts(), ["{o: adam}"])
  }

  func testATermWithoutTheParameterStaysEndless() throws {
    let sum = optimizers.concatenated(with: drawn("s", .uniform(0...1)))
    let domain = sum.given("o", "sgd", momentum)
    XCTAssertTrue(domain.isEndless)
    XCTAssertNil(domain.count)
    XCTAssertEqual(try domain.configs(limit: 10).filter { $0.contains("s") }.count, 7)
    XCTAssertEqual(domain.problems, [])
  }

  func testAValueMayBeMeantByItsAlias() throws {
    let named = Domain([
      ParameterOption("f", [AnyAlias("relu", { @Sendable in 1 }), AnyAlias("one", 1)])
    ])
    XCTAssertEqual(
      try named.given("f", "relu", list("x", 1)).texts(),
      ["{f: relu, x: 1}", "{f: one}"]
    )
    XCTAssertEqual(try named.given("f", 1, list("x", 1)).texts(), ["{f: relu}", "{f: one, x: 1}"])
  }

  func testRanges() throws {
    let domain = integers("k", 1...1_000_000_000).given("k", 7, list("x", 1, 2))
    XCTAssertEqual(domain.problems, [])
    XCTAssertEqual(domain.count, 1_000_000_001)
    XCTAssertEqual("\(domain[7])", "{k: 7, x: 2}")
    XCTAssertEqual("\(domain[1_000_000_000])", "{k: 1000000000}")
    let named = integers("k", 1...3).given("k", AnyAlias("three", 3), list("x", 1, 2))
    XCTAssertEqual(named.problems, [])
    XCTAssertEqual(named.count, 4)
    let small = integers("k", 1...4).given("k", 2, list("x", 1, 2))
    XCTAssertEqual(
      try small.texts(),
      ["{k: 1}", "{k: 2, x: 1}", "{k: 2, x: 2}", "{k: 3}", "{k: 4}"]
    )
  }

  func testRunsOfAValue() throws {
    // All lists of up to six values of two kinds, against going through them one by one.
    for length in 0...6 {
      for bits in 0..<(1 << length) {
        let values = (0..<length).map { AnyAlias(Value.int(bits >> $0 & 1)) }
        let domain = Domain([ParameterOption("k", values)]).given("k", 1, list("x", "a", "b"))
        guard domain.problems.isEmpty else { continue }
        let expected = values.flatMap { $0 == 1 ? ["{k: 1, x: a}", "{k: 1, x: b}"] : ["{k: 0}"] }
        let found = try domain.texts()
        XCTAssertEqual(found.sorted(), expected.sorted())
        XCTAssertEqual(found, expected, "\(values)")
      }
    }
  }

  func testProblems() {
    func problems(_ name: ParameterName, _ value: AnyAlias, _ other: Domain) -> [String] {
      let domain = optimizers.product(drawn("s", .uniform(0...1)))
        .given(name, value, other, file: "F/F.swift", line: 5)
      XCTAssertTrue(domain.problems.allSatisfy { $0.place?.description == "F/F.swift:5" })
      return domain.problems.map(\.message)
    }
    XCTAssertEqual(
      problems("x", 1, momentum),
      ["given: the domain has no parameter 'x', it has o, s"]
    )
    XCTAssertEqual(problems("s", 1, momentum), ["given: 's' is drawn by a sampler"])
    XCTAssertEqual(problems("o", "lion", momentum), ["given: 'o' never is lion"])
    XCTAssertEqual(problems("o", "sgd", momentum.weighted(2)).count, 1)
    XCTAssertEqual(problems("o", "sgd", momentum), [])
  }
}
