@testable import FieldworkCore
import XCTest

final class DomainWhereTests: XCTestCase {
  private struct Broken: Error {}

  func testExactCountsAgainstFiltering() throws {
    let tests: [@Sendable (Config) -> Bool] = [
      { _ in true }, { _ in false },
      { ((try? $0["k", as: Int.self]) ?? 0) % 2 == 1 },
      { $0.keys.count > 1 },
      { $0.id < "8" },
    ]
    for (name, domain) in finiteDomains {
      for (index, test) in tests.enumerated() {
        let filtered = domain.where { test($0) }
        let expected = try domain.configs().filter(test)
        XCTAssertEqual(try filtered.configs(), expected, "\(name), \(index)")
        XCTAssertEqual(filtered.count, expected.count, "\(name), \(index)")
        for other in tests {
          let nested = filtered.where { other($0) }
          XCTAssertEqual(try nested.configs(), expected.filter(other), "\(name), \(index)")
          XCTAssertEqual(nested.count, expected.filter(other).count, "\(name), \(index)")
        }
      }
    }
  }

  func testAFactorSeesItsOwnParametersOnly() throws {
    let domain = list("a", 1, 2).product(
      integers("b", 1...4).where { config in
        XCTAssertEqual(config.keys, ["b"])
        return try config["b", as: Int.self] > 2
      }
    )
    XCTAssertEqual(domain.count, 4)
    XCTAssertEqual(try domain.texts().last, "{a: 2, b: 4}")
  }

  func testAcrossAProduct() throws {
    let domain = integers("a", 1...4).product(integers("b", 1...4))
      .where { try $0["a", as: Int.self] < $0["b", as: Int.self] }
    XCTAssertEqual(domain.count, 6)
    XCTAssertEqual(try domain.texts().first, "{a: 1, b: 2}")
    XCTAssertTrue(try domain.contains(["a": 1, "b": 4]))
    XCTAssertFalse(try domain.contains(["a": 4, "b": 1]))
  }

  func testOnDrawnValuesOneIsDrawnAgain() throws {
    let domain = integers("k", 1...50).product(drawn("s", .uniform(0...1)))
      .where { try $0["s", as: Double.self] > 0.9 }
    let configs = try domain.configs()
    XCTAssertEqual(configs.count, 50)
    let values = try configs.map { try $0["s", as: Double.self] }
    XCTAssertTrue(values.allSatisfy { $0 > 0.9 })
    XCTAssertEqual(Set(values).count, 50)
  }

  func testADrawnDistributionStaysTheConditionalOne() throws {
    let domain = drawn("s", .uniform(0...1)).where { try $0["s", as: Double.self] > 0.75 }
    let values = try domain.configs(limit: 5000).map { try $0["s", as: Double.self] }
    assertDistribution(values, "uniform above 0.75") { ($0 - 0.75) / 0.25 }
  }

  func testAnOuterConditionNeverSeesADrawAgain() throws {
    // A draw that comes up again after its rejection would bias what is left.
    nonisolated(unsafe) var seen: [Double] = []  // only this thread makes the configs
    let inner = drawn("s", .uniform(0...1)).where { try $0["s", as: Double.self] > 0.5 }
    let domain = inner.product(drawn("t", .uniform(0...1))).where { config in
      let s: Double = try config["s"]
      seen.append(s)
      return try s * 2 - 1 + config["t", as: Double.self] > 1
    }
    let values = try domain.configs(limit: 5000).map { try $0["s", as: Double.self] * 2 - 1 }
    // P(u ≤ x | u + t > 1) = x² for uniform u and t.
    assertDistribution(values, "u") { $0 * $0 }
    XCTAssertEqual(Set(seen).count, seen.count)
  }

  func testNothingPassesIsBoundedAndNamesThePlace() {
    let domain = list("a", 1).product(drawn("s", .uniform(0...1)))
      .where(file: "F/F.swift", line: 12) { try $0["s", as: Double.self] > 2 }
    let error = assertThrows(.nothingPasses, containing: "none of 10000 draws") {
      try domain.configs()
    }
    XCTAssertEqual(error?.place, SourceLocation(file: "F/F.swift", line: 12))
    XCTAssertEqual(domain.count, 1)
  }

  func testOnlyTheListedPartIsTestedWithoutDrawing() throws {
    let listed = integers("k", 1...4).where { try $0["k", as: Int.self] > 3 }
    let domain = listed.product(drawn("s", .uniform(0...1)))
    XCTAssertEqual(domain.count, 1)
    XCTAssertEqual(try domain.configs().count, 1)
  }

  func testAThrowingCondition() {
    let own = list("a", 1).where(file: "F/F.swift", line: 3) { _ in throw Broken() }
    let error = assertThrows(.invalidDefinition, containing: "the condition failed for {a: 1}") {
      try own.configs()
    }
    XCTAssertEqual(error?.cause, "Broken()")
    XCTAssertEqual(error?.place, SourceLocation(file: "F/F.swift", line: 3))
    assertThrows(.invalidDefinition) { try own.counted() }
    XCTAssertEqual(own.count, 0)
    let reading = list("a", 1).where(file: "F/F.swift", line: 4) { try $0["b", as: Int.self] > 0 }
    let missing = assertThrows(.missingParameter, containing: "where: no parameter 'b'") {
      try reading.configs()
    }
    XCTAssertEqual(missing?.place, SourceLocation(file: "F/F.swift", line: 4))
    assertThrows(.missingParameter) { try reading.contains(["a": 1]) }
  }

  func testUnderWeightsAndInRuns() throws {
    let odd = integers("k", 1...10).where { try $0["k", as: Int.self] % 2 == 1 }
    let none = list("n", 1, 2).where { _ in false }
    let domain = odd.weighted(1).concatenated(with: none.weighted(100)).concatenated(
      with: list("m", 1, 2).weighted(1)
    )
    XCTAssertEqual(domain.count, 7)
    XCTAssertEqual(try domain.configs().count, 7)
    var stream = try domain.stream(IterationSettings(configs: 20))
    var count = 0
    while try stream.next() != nil { count += 1 }
    XCTAssertEqual(count, 20)
  }

  func testNothingPassesAtAll() throws {
    let domain = list("a", 1, 2).where { _ in false }
    XCTAssertEqual(domain.count, 0)
    XCTAssertEqual(try domain.texts(), [])
    var stream = try domain.stream(IterationSettings(configs: 5))
    XCTAssertEqual(stream.size, 0)
    XCTAssertNil(try stream.next())
  }
}
