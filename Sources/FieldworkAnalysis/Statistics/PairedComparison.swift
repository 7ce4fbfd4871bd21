import FieldworkCore

import RealModule

/// How two series of numbers differ that belong together pair by pair: two configs in the same
/// repetitions, say.
///
/// It is told by the differences, second minus first. Pairs of which one is NaN count for nothing, and are
/// counted in ``leftOut``.
public struct PairedComparison: Sendable {
  /// How the probability came about.
  public enum Method: String, Sendable, Hashable, CaseIterable {
    /// All ways to exchange the members of pairs were tried.
    case exact
    /// Some of them were, by chance.
    case sampled
  }

  /// The largest number of pairs for which all exchanges are tried.
  private static let exactLimit = 20
  private static let samples = 100_000

  /// The numbers of pairs that count.
  public let first: Statistics
  public let second: Statistics
  /// Second minus first, for each pair.
  public let differences: Statistics
  /// The number of pairs that do not count, since a number is NaN.
  public let leftOut: Int
  /// The probability of a mean difference at least so large, in either direction, if it were a matter of
  /// chance which member of a pair is which: the permutation test of R. A. Fisher, "The Design of
  /// Experiments", 1935, section 21. nil without pairs, and if a difference is infinite.
  public let probability: Double?
  /// How ``probability`` was found: from all 2ⁿ exchanges up to 20 pairs, from 100,000 random ones beyond.
  public let method: Method
  /// The probability by the signed-rank test of F. Wilcoxon (Biometrics Bulletin 1, 1945), on both sides;
  /// pairs without difference are left out, and equal differences share their ranks. It is exact up to 200
  /// pairs, and by the normal distribution beyond. nil if no pair differs.
  public let rankProbability: Double?

  public init(_ pairs: [(first: Double, second: Double)]) {
    let counted = pairs.filter { !$0.first.isNaN && !$0.second.isNaN }
    leftOut = pairs.count - counted.count
    first = Statistics(counted.map(\.first))
    second = Statistics(counted.map(\.second))
    // Equal infinities do not differ.
    differences = Statistics(counted.map { $0.first == $0.second ? 0 : $0.second - $0.first })
    let numbers = differences.numbers
    method = numbers.count <= Self.exactLimit ? .exact : .sampled
    probability =
      numbers.isEmpty || !numbers.allSatisfy(\.isFinite)
      ? nil : method == .exact ? Self.exact(numbers) : Self.sampled(numbers)
    // Differences of decimals are rounded in the last digit of what they are differences of.
    let largest = counted.lazy.flatMap { [$0.first, $0.second] }.filter(\.isFinite).map { abs($0) }
      .max()
    rankProbability = SignedRanks(numbers, slack: (largest ?? 0) * 1e-15)?.probability
  }

  /// The probability by Student's t test of the differences, on both sides, which takes them to be normally
  /// distributed; nil for fewer than two pairs, or if none differs from another.
  public var studentProbability: Double? {
    // Differences that are alike but for rounding are alike.
    guard let error = differences.standardError, error.isFinite,
      error > abs(differences.mean) * 1e-12
    else { return nil }
    return StudentT(Double(count - 1)).twoSided(differences.mean / error)
  }

  /// The number of pairs that count.
  public var count: Int { differences.count }

  /// The smallest probability that so many pairs can give.
  public var smallestProbability: Double { min(1, 2 / Double.pow(2, Double(count))) }

  /// Of all ways to choose signs, the share of those with a sum at least so large.
  private static func exact(_ numbers: [Double]) -> Double {
    let sizes = numbers.map { abs($0) }
    let observed = abs(numbers.reduce(0, +)) - slack(sizes)
    // One sign can stay: the other half mirrors the rest.
    let free = numbers.count - 1
    var sum = sizes.reduce(0, +)
    var signs = [Double](repeating: 1, count: numbers.count)
    var reached = 0
    let ways = 1 << free
    for way in 1...ways {
      if abs(sum) >= observed { reached += 1 }
      // Each way differs from the last in one sign (F. Gray's code).
      let next = way.trailingZeroBitCount
      guard next < free else { break }
      signs[next] = -signs[next]
      sum += 2 * signs[next] * sizes[next]
    }
    return Double(reached) / Double(ways)
  }

  private static func sampled(_ numbers: [Double]) -> Double {
    let sizes = numbers.map { abs($0) }
    let observed = abs(numbers.reduce(0, +)) - slack(sizes)
    // The same numbers give the same probability, whenever they are compared.
    var random = Philox(seed: 0)
    var reached = 1
    // The sums of eight numbers with all their signs, so that a byte is looked up at once.
    let sums = stride(from: 0, to: sizes.count, by: 8).flatMap { start in
      let own = sizes[start..<min(start + 8, sizes.count)]
      return (0..<256).map { signs in
        own.enumerated().reduce(0.0) {
          $0 + (signs >> $1.offset & 1 == 0 ? $1.element : -$1.element)
        }
      }
    }
    for _ in 0..<samples {
      var sum = 0.0
      var bits: UInt64 = 0
      for place in 0..<sums.count / 256 {
        if place % 8 == 0 { bits = random.next() }
        sum += sums[place * 256 + Int(bits & 255)]
        bits >>= 8
      }
      if abs(sum) >= observed { reached += 1 }
    }
    return Double(reached) / Double(samples + 1)
  }

  /// How far sums may differ that would be equal without rounding.
  private static func slack(_ sizes: [Double]) -> Double { sizes.reduce(0, +) * 1e-12 }
}

/// The ranks of differences by their size, with the signs of the differences.
private struct SignedRanks {
  private static let exactLimit = 200

  /// Twice the ranks, which are whole numbers even where differences share them.
  private let doubledRanks: [Int]
  /// Twice the sum of the ranks of positive differences.
  private let doubledSum: Int

  /// - Parameter slack: how far numbers may lie apart that are alike but for rounding.
  /// - Returns: nil if no number differs from zero.
  init?(_ differences: [Double], slack: Double) {
    let sorted = differences.filter { $0 != 0 }.sorted { abs($0) < abs($1) }
    guard !sorted.isEmpty else { return nil }
    var ranks: [Int] = []
    var sum = 0
    var start = 0
    while start < sorted.count {
      let end =
        sorted[start...].firstIndex {
          abs($0) != abs(sorted[start]) && abs($0) - abs(sorted[start]) > slack
        }
        ?? sorted.count
      for index in start..<end {
        // The mean of the ranks start + 1 to end, twice.
        ranks.append(start + 1 + end)
        if sorted[index] > 0 { sum += start + 1 + end }
      }
      start = end
    }
    (doubledRanks, doubledSum) = (ranks, sum)
  }

  var probability: Double {
    doubledRanks.count <= Self.exactLimit ? exact : normal
  }

  /// The distribution of the sum, rank by rank.
  private var exact: Double {
    let total = doubledRanks.reduce(0, +)
    var shares = [Double](repeating: 0, count: total + 1)
    shares[0] = 1
    var highest = 0
    for rank in doubledRanks {
      highest += rank
      for sum in stride(from: highest, through: 0, by: -1) {
        shares[sum] = (shares[sum] + (sum >= rank ? shares[sum - rank] : 0)) / 2
      }
    }
    let smaller = min(doubledSum, total - doubledSum)
    return min(1, 2 * shares[...smaller].reduce(0, +))
  }

  private var normal: Double {
    let mean = Double(doubledRanks.reduce(0, +)) / 2
    let variance = doubledRanks.reduce(0.0) { $0 + Double($1) * Double($1) } / 4
    guard variance > 0 else { return 1 }
    let distance = abs(Double(doubledSum) - mean) / variance.squareRoot()
    return Double.erfc(distance / 2.0.squareRoot())
  }
}
