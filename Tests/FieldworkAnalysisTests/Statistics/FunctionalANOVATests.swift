import XCTest

@testable import FieldworkAnalysis
@testable import FieldworkCore

final class FunctionalANOVATests: XCTestCase {
  private typealias Point = (a: Int, b: Int, c: Int)

  /// All points of a grid with so many values each.
  private func grid(_ a: Int, _ b: Int, _ c: Int) -> [Point] {
    (0..<a).flatMap { a in (0..<b).flatMap { b in (0..<c).map { (a, b, $0) } } }
  }

  private func shares(
    _ points: [Point],
    _ result: (Point) -> Double
  ) throws -> (shares: [String: Double], interactions: Double) {
    let importance = try XCTUnwrap(
      FunctionalANOVA(
        [
          FunctionalANOVA.Parameter(name: "a", values: points.map { .int($0.a) }),
          FunctionalANOVA.Parameter(name: "b", values: points.map { .string("b\($0.b)") }),
          FunctionalANOVA.Parameter(name: "c", values: points.map { .double(Double($0.c)) }),
        ],
        points.map(result)
      )
    )
    let shares = importance.shares.map { ($0.parameter, $0.share) }
    return (Dictionary(uniqueKeysWithValues: shares), importance.interactions)
  }

  /// Of a sum the variances add up: those of 2a and b are as 4 to 1.
  func testASum() throws {
    let (shares, rest) = try shares(grid(6, 6, 6)) { Double(2 * $0.a + $0.b) }
    XCTAssertEqual(try XCTUnwrap(shares["a"]), 0.8, accuracy: 0.05)
    XCTAssertEqual(try XCTUnwrap(shares["b"]), 0.2, accuracy: 0.05)
    XCTAssertEqual(try XCTUnwrap(shares["c"]), 0, accuracy: 0.02)
    XCTAssertEqual(rest, 0, accuracy: 0.05)
  }

  /// Of a whole grid the shares are those of the analysis of variance; where a point is missing, about so.
  func testAWholeGridIsExact() throws {
    let points = grid(4, 3, 5)
    let result = { (point: Point) in Double(3 * point.a * point.b - 2 * point.c + point.a) }
    func importance(_ points: [Point]) throws -> FunctionalANOVA {
      try XCTUnwrap(
        FunctionalANOVA(
          [
            FunctionalANOVA.Parameter(name: "a", values: points.map { .int($0.a) }),
            FunctionalANOVA.Parameter(name: "b", values: points.map { .int($0.b) }),
            FunctionalANOVA.Parameter(name: "c", values: points.map { .int($0.c) }),
          ],
          points.map(result)
        )
      )
    }
    let exact = try importance(points)
    XCTAssertTrue(exact.isExact)
    let all = points.map(result)
    let mean = all.reduce(0, +) / 60
    let total = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 60
    let key: [String: (Point) -> Int] = ["a": \.a, "b": \.b, "c": \.c]
    for share in exact.shares {
      let groups = Dictionary(grouping: points, by: try XCTUnwrap(key[share.parameter]))
      let between = groups.values.reduce(0.0) { sum, group in
        let own = group.map(result).reduce(0, +) / Double(group.count) - mean
        return sum + own * own * Double(group.count) / 60
      }
      XCTAssertEqual(share.share, between / total, accuracy: 1e-12)
      XCTAssertEqual(share.deviation, 0)
    }
    let rough = try importance(Array(points.dropLast()))
    XCTAssertFalse(rough.isExact)
    XCTAssertEqual(rough.shares.map(\.parameter), exact.shares.map(\.parameter))
    for (first, second) in zip(exact.shares, rough.shares) {
      XCTAssertEqual(first.share, second.share, accuracy: 0.15)
    }
  }

  /// Neither of two parameters says anything alone.
  func testAnInteraction() throws {
    let points = (0..<5).flatMap { _ in grid(2, 2, 3) }
    let (shares, rest) = try shares(points) { $0.a == $0.b ? 1 : 0 }
    XCTAssertLessThan(try XCTUnwrap(shares["a"]), 0.1)
    XCTAssertLessThan(try XCTUnwrap(shares["b"]), 0.1)
    XCTAssertGreaterThan(rest, 0.8)
  }

  /// A category counts by its values, whatever their order.
  func testACategory() throws {
    let values = [3.0, -1, 7, 0, 2]
    let (shares, _) = try shares(grid(3, 5, 3)) { values[$0.b] }
    XCTAssertEqual(try XCTUnwrap(shares["b"]), 1, accuracy: 0.01)
  }

  func testMissingValuesAndManyValues() throws {
    var random = Philox(seed: 1)
    let numbers = (0..<3000).map { _ in random.nextUnit() }
    let importance = try XCTUnwrap(
      FunctionalANOVA(
        [
          FunctionalANOVA.Parameter(name: "x", values: numbers.map { .double($0) }),
          FunctionalANOVA.Parameter(
            name: "y",
            values: numbers.indices.map { $0 % 3 == 0 ? nil : .int($0 % 3) }
          ),
          FunctionalANOVA.Parameter(name: "same", values: numbers.map { _ in 1 }),
        ],
        numbers.indices.map { numbers[$0] + ($0 % 3 == 0 ? 1 : 0) }
      )
    )
    XCTAssertEqual(importance.shares.map(\.parameter), ["y", "x"])
    // The variances are 2/9 and 1/12.
    XCTAssertEqual(importance.shares[0].share, (2.0 / 9) / (2.0 / 9 + 1.0 / 12), accuracy: 0.05)
  }

  /// The shares do not depend on the unit of the result, nor on where its zero is.
  func testOtherUnits() throws {
    let points = grid(4, 3, 3)
    let (expected, _) = try shares(points) { Double(2 * $0.a + $0.b) }
    for (factor, base) in [
      (1e-9, 0.0), (1e9, 0), (1e-3, 1e6), (1, -1e9), (1e200, 0), (1e-200, 0), (1e306, 0),
    ] {
      let (found, _) = try shares(points) { base + factor * Double(2 * $0.a + $0.b) }
      for (name, share) in expected {
        XCTAssertEqual(try XCTUnwrap(found[name]), share, accuracy: 0.02, "\(factor), \(base)")
      }
    }
  }

  func testNothingToExplain() {
    let values: [Value?] = [1, 2, 3]
    let parameter = FunctionalANOVA.Parameter(name: "a", values: values)
    XCTAssertNil(FunctionalANOVA([parameter], [5, 5, 5]))
    XCTAssertNil(FunctionalANOVA([], [1, 2, 3]))
    XCTAssertNil(FunctionalANOVA([FunctionalANOVA.Parameter(name: "a", values: [])], []))
    let same = FunctionalANOVA.Parameter(name: "a", values: [1, 1, 1])
    XCTAssertNil(FunctionalANOVA([same], [1, 2, 3]))
  }
}
