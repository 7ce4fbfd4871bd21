import RealModule
import XCTest

@testable import FieldworkAnalysis
@testable import FieldworkCore

final class StatisticsTests: XCTestCase {
  /// The data sets NumAcc1 to NumAcc4 of the Statistical Reference Datasets (NIST, univariate summary
  /// statistics), which are hard on sums of squares, with their certified values.
  func testCertifiedValues() throws {
    func alternating(_ mean: Double, _ step: Double) -> [Double] {
      [mean] + (0..<1000).map { $0 % 2 == 0 ? mean - step : mean + step }
    }
    let sets: [(numbers: [Double], mean: Double, deviation: Double)] = [
      ([10_000_001, 10_000_003, 10_000_002], 10_000_002, 1),
      ([1.2] + (0..<1000).map { $0 % 2 == 0 ? 1.1 : 1.3 }, 1.2, 0.1),
      (alternating(1_000_000.2, 0.1), 1_000_000.2, 0.1),
      (alternating(10_000_000.2, 0.1), 10_000_000.2, 0.1),
    ]
    for set in sets {
      let statistics = Statistics(set.numbers)
      XCTAssertEqual(statistics.mean, set.mean, accuracy: set.mean * 1e-15)
      let deviation = try XCTUnwrap(statistics.standardDeviation)
      XCTAssertEqual(deviation, set.deviation, accuracy: 1e-8)
    }
  }

  /// R. A. Fisher and F. Yates, "Statistical Tables"; also the NIST/SEMATECH handbook, 1.3.6.7.2.
  func testQuantilesOfStudentsT() {
    let table: [(degrees: Double, share: Double, value: Double)] = [
      (1, 0.975, 12.706), (2, 0.975, 4.303), (3, 0.975, 3.182), (5, 0.975, 2.571),
      (10, 0.975, 2.228), (30, 0.975, 2.042), (100, 0.975, 1.984), (1, 0.995, 63.657),
      (2, 0.95, 2.920), (10, 0.995, 3.169), (60, 0.999, 3.232), (4, 0.9, 1.533),
    ]
    for row in table {
      let distribution = StudentT(row.degrees)
      XCTAssertEqual(distribution.quantile(row.share), row.value, accuracy: 0.0005, "\(row)")
      XCTAssertEqual(distribution.quantile(1 - row.share), -row.value, accuracy: 0.0005, "\(row)")
    }
  }

  /// With one and two degrees of freedom the distribution has a closed form.
  func testClosedForms() {
    for value in [-30, -2, -0.5, -1e-6, 0, 1e-6, 0.1, 1, 3, 100, 1e6] {
      let one = 0.5 + Double.atan(value) / .pi
      XCTAssertEqual(StudentT(1).probability(upTo: value), one, accuracy: 1e-14, "\(value)")
      let two = 0.5 + value / (2 * (2 + value * value).squareRoot())
      XCTAssertEqual(StudentT(2).probability(upTo: value), two, accuracy: 1e-14, "\(value)")
    }
  }

  func testQuantileAndProbabilityAreInverse() {
    for degrees in [1, 2, 3, 7.5, 29, 1000, 1e4] {
      let distribution = StudentT(degrees)
      for share in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.7, 0.95, 0.9999] {
        let found = distribution.probability(upTo: distribution.quantile(share))
        XCTAssertEqual(found, share, accuracy: 1e-11, "\(degrees), \(share)")
      }
      XCTAssertEqual(distribution.quantile(0), -.infinity)
      XCTAssertEqual(distribution.quantile(1), .infinity)
      XCTAssertEqual(distribution.twoSided(0), 1)
      XCTAssertEqual(distribution.twoSided(.infinity), 0)
      XCTAssertTrue(distribution.twoSided(.nan).isNaN)
    }
  }

  func testInterval() throws {
    // 5 ± 4.30265 · √13 / √3, by hand.
    let interval = try XCTUnwrap(Statistics([2, 4, 9]).interval())
    XCTAssertEqual(interval.low, 5 - 4.302_652_73 * (13.0 / 3).squareRoot(), accuracy: 1e-7)
    XCTAssertEqual(interval.high, 5 + 4.302_652_73 * (13.0 / 3).squareRoot(), accuracy: 1e-7)
    let wide = try XCTUnwrap(Statistics([2, 4, 9]).interval(0.99))
    XCTAssertLessThan(wide.low, interval.low)
  }

  /// Definition 7 of Hyndman and Fan; the values are those of R's `quantile` for these numbers.
  func testQuantiles() {
    let statistics = Statistics([10, 1, 2, 4, 7])
    XCTAssertEqual(statistics.quantiles([0, 0.1, 0.25, 0.5, 0.9, 1]), [1, 1.4, 2, 4, 8.8, 10])
    XCTAssertEqual(Statistics([1, 2, 3, 4]).quantile(0.25), 1.75)
    XCTAssertEqual(Statistics([1, 2, 3, 4]).median, 2.5)
    XCTAssertEqual(Statistics([3]).quantiles([0, 0.3, 1]), [3, 3, 3])
    XCTAssertEqual(Statistics([1, .infinity]).quantile(0), 1)
    XCTAssertEqual(Statistics([.infinity, .infinity]).median, .infinity)
  }

  func testLargeNumbers() {
    XCTAssertEqual(Statistics([1e308, 1e308, 1e308]).mean, 1e308, accuracy: 1e293)
    XCTAssertEqual(Statistics([-1.7e308, 1.7e308]).median, 0)
    XCTAssertEqual(Statistics([1e308, .infinity]).mean, .infinity)
  }

  func testFewNumbers() {
    let none = Statistics([])
    XCTAssertTrue(none.mean.isNaN)
    XCTAssertNil(none.median)
    XCTAssertNil(none.minimum)
    XCTAssertNil(none.standardDeviation)
    let one = Statistics([4])
    XCTAssertEqual(one.mean, 4)
    XCTAssertNil(one.standardDeviation)
    XCTAssertNil(one.interval())
    XCTAssertEqual(Statistics([4, 4]).interval()?.low, 4)
  }

  func testNaNIsAResult() throws {
    let statistics = Statistics([1, .nan, 3])
    XCTAssertTrue(statistics.mean.isNaN)
    XCTAssertTrue(try XCTUnwrap(statistics.standardDeviation).isNaN)
    XCTAssertTrue(try XCTUnwrap(statistics.interval()).low.isNaN)
    XCTAssertTrue(try XCTUnwrap(statistics.median).isNaN)
    XCTAssertEqual(statistics.minimum, 1)
    XCTAssertEqual(statistics.maximum, 3)
    XCTAssertEqual(Statistics([.infinity, 1]).mean, .infinity)
    XCTAssertTrue(Statistics([.infinity, -.infinity]).mean.isNaN)
  }
}
