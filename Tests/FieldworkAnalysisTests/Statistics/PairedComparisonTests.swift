import XCTest

@testable import FieldworkAnalysis
@testable import FieldworkCore

final class PairedComparisonTests: XCTestCase {
  /// C. Darwin's heights of crossed and self-fertilised maize, as differences in eighths of an inch: the
  /// example by which R. A. Fisher explained the test ("The Design of Experiments", 1935, section 21).
  private let maize: [Double] = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

  private func comparison(_ differences: [Double]) -> PairedComparison {
    PairedComparison(differences.map { (10, 10 + $0) })
  }

  func testFishersExample() throws {
    let comparison = comparison(maize)
    XCTAssertEqual(comparison.count, 15)
    XCTAssertEqual(comparison.method, .exact)
    // 863 of the 32768 ways have a sum at least so large, 863 one at least so small.
    XCTAssertEqual(comparison.probability, 2 * 863.0 / 32768)
    XCTAssertEqual(comparison.differences.mean, 314.0 / 15, accuracy: 1e-12)
    // Fisher gives t = 2.148 with 14 degrees of freedom, and 4.970 per cent.
    let error = try XCTUnwrap(comparison.differences.standardError)
    let t = comparison.differences.mean / error
    XCTAssertEqual(t, 2.148, accuracy: 0.0005)
    XCTAssertEqual(StudentT(14).twoSided(t), 0.04970, accuracy: 5e-6)
    XCTAssertEqual(comparison.studentProbability, StudentT(14).twoSided(t))
    XCTAssertNil(self.comparison([2, 2]).studentProbability)
    let interval = try XCTUnwrap(comparison.differences.interval())
    XCTAssertEqual(interval.low, 0.03, accuracy: 0.005)
    XCTAssertEqual(interval.high, 41.84, accuracy: 0.005)
  }

  /// The same data in the documentation of SciPy's `wilcoxon`: the statistic is 24, the probability
  /// 0.041259765625.
  func testWilcoxonsTest() {
    XCTAssertEqual(comparison(maize).rankProbability, 0.041_259_765_625)
    XCTAssertEqual(comparison(maize.map { -$0 }).rankProbability, 0.041_259_765_625)
  }

  /// Both exact tests against a count of all choices of signs.
  func testAgainstAllSigns() throws {
    var random = Philox(seed: 3)
    for count in 1...9 {
      for _ in 0..<20 {
        // Small whole numbers, so that there are ties and zeros.
        let differences = (0..<count).map { _ in Double(random.nextInteger(below: 9)) - 4 }
        let comparison = comparison(differences)
        let sum = abs(differences.reduce(0, +))
        let all = (0..<(1 << count)).map { signs in
          differences.enumerated().reduce(0.0) { total, pair in
            total + abs(pair.element) * (signs >> pair.offset & 1 == 0 ? 1 : -1)
          }
        }
        let share = Double(all.count { abs($0) >= sum }) / Double(all.count)
        XCTAssertEqual(try XCTUnwrap(comparison.probability), share, accuracy: 1e-12)
        XCTAssertEqual(comparison.rankProbability, rankShare(differences), "\(differences)")
      }
    }
  }

  private func rankShare(_ differences: [Double]) -> Double? {
    let kept = differences.filter { $0 != 0 }
    guard !kept.isEmpty else { return nil }
    let ranks = kept.map { difference -> Double in
      let smaller = kept.count { abs($0) < abs(difference) }
      let equal = kept.count { abs($0) == abs(difference) }
      return Double(smaller) + Double(equal + 1) / 2
    }
    let sum = zip(kept, ranks).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
    let least = min(sum, ranks.reduce(0, +) - sum)
    let all = (0..<(1 << kept.count)).map { signs in
      ranks.enumerated().reduce(0) { $0 + (signs >> $1.offset & 1 == 0 ? 0 : $1.element) }
    }
    return min(1, 2 * Double(all.count { $0 <= least }) / Double(all.count))
  }

  /// Differences of decimals are not the same to the last digit, but are meant to be.
  func testDecimalsShareRanks() throws {
    for (differences, share) in [
      ([-1, -1, -1, -1, 1, -1, -1, -1], 0.0703125), ([-1, 3, 1, 1, -1, 1, 1, -1], 0.5625),
    ] {
      let comparison = PairedComparison(
        differences.enumerated().map { index, difference in
          (0.01 * Double(10 + 7 * index), 0.01 * Double(10 + 7 * index + difference))
        }
      )
      XCTAssertEqual(try XCTUnwrap(comparison.rankProbability), share, accuracy: 1e-12)
    }
    // What is different stays so, however small.
    let small = PairedComparison([(0, 1e-20), (0, -2e-20), (0, 3e-20)])
    XCTAssertEqual(small.rankProbability, rankShare([1, -2, 3]))
  }

  /// The share of random signs is near that of all signs.
  func testTheSampleIsOneOfAllExchanges() throws {
    let numbers = (0..<21).map { Double(($0 * 37) % 23) - 9 }
    let sizes = numbers.map { abs($0) }
    let observed = abs(numbers.reduce(0, +))
    let reached = (0..<(1 << 21)).count { signs in
      let sum = sizes.enumerated().reduce(0) {
        $0 + (signs >> $1.offset & 1 == 0 ? 1 : -1) * $1.element
      }
      return abs(sum) >= observed
    }
    let sampled = comparison(numbers)
    XCTAssertEqual(sampled.method, .sampled)
    XCTAssertEqual(
      try XCTUnwrap(sampled.probability),
      Double(reached) / Double(1 << 21),
      accuracy: 0.006
    )
  }

  func testManyPairs() throws {
    let even = (0..<40).map { index -> Double in
      let size = Double(index / 2 + 1)
      return index % 2 == 0 ? size : -size
    }
    let same = comparison(even)
    XCTAssertEqual(same.method, .sampled)
    XCTAssertGreaterThan(try XCTUnwrap(same.probability), 0.9)
    XCTAssertGreaterThan(try XCTUnwrap(same.rankProbability), 0.9)
    let shifted = comparison(even.map { $0 + 9 })
    XCTAssertLessThan(try XCTUnwrap(shifted.probability), 0.001)
    XCTAssertLessThan(try XCTUnwrap(shifted.rankProbability), 0.001)
    XCTAssertEqual(comparison(even).probability, same.probability, "the same every time")
  }

  /// The normal distribution takes over where the exact one ends, at about the same values.
  func testTheApproximationJoinsTheExactDistribution() throws {
    let numbers = (0..<200).map { Double($0 + 1) * ($0 % 5 < 2 ? -1 : 1) }
    let exact = try XCTUnwrap(comparison(numbers).rankProbability)
    let approximate = try XCTUnwrap(comparison(numbers + [0.5]).rankProbability)
    XCTAssertEqual(exact, approximate, accuracy: 0.1 * exact + 1e-6)
  }

  func testFewPairs() {
    XCTAssertNil(comparison([]).probability)
    XCTAssertEqual(comparison([3]).probability, 1)
    XCTAssertEqual(comparison([3, 4, 5]).probability, 0.25)
    XCTAssertEqual(comparison([3, 4, 5]).smallestProbability, 0.25)
    XCTAssertEqual(comparison([0, 0]).probability, 1)
    XCTAssertNil(comparison([0, 0]).rankProbability)
  }

  func testPairsWithNaNAreLeftOut() {
    let comparison = PairedComparison([
      (1, 2), (.nan, 3), (4, .nan), (1, 3), (.infinity, .infinity),
    ])
    XCTAssertEqual(comparison.count, 3)
    XCTAssertEqual(comparison.leftOut, 2)
    XCTAssertEqual(comparison.differences.numbers, [1, 2, 0])
  }

  /// A mean that is infinite cannot be exceeded; ranks still tell.
  func testInfiniteDifferences() {
    let comparison = PairedComparison([(1, .infinity), (1, 3), (2, 3)])
    XCTAssertNil(comparison.probability)
    XCTAssertEqual(comparison.rankProbability, 0.25)
  }
}
