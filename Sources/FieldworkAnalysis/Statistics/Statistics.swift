import FieldworkCore

/// What a sample of numbers says: the mean, how far the numbers lie apart, and how far the mean can be
/// trusted.
///
///     let statistics = Statistics([2, 4, 9])
///     statistics.mean            // 5.0
///     statistics.interval()      // about -3.96 ... 13.96
///
/// If one of the numbers is NaN, so is each statistic but ``minimum``, ``maximum`` and ``count``.
public struct Statistics: Sendable, Hashable {
  public let numbers: [Double]
  /// The arithmetic mean; NaN of no numbers.
  public let mean: Double
  private let hasNaN: Bool

  public init(_ numbers: [Double]) {
    self.numbers = numbers
    hasNaN = numbers.contains(where: \.isNaN)
    let count = Double(numbers.count)
    var first = numbers.reduce(0, +) / count
    // The sum of large numbers may be none, though their mean is.
    if first.isInfinite, numbers.allSatisfy(\.isFinite) {
      first = numbers.reduce(0) { $0 + $1 / count }
    }
    // The mean of what is left takes back the error of the first sum.
    let rest = first.isFinite ? numbers.reduce(0) { $0 + ($1 - first) } / count : 0
    mean = first + rest
  }

  public var count: Int { numbers.count }

  /// The sample standard deviation, by n - 1; nil of fewer than two numbers.
  public var standardDeviation: Double? {
    guard count > 1 else { return nil }
    let sum = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (sum / Double(count - 1)).squareRoot()
  }

  /// The standard error of the mean: the standard deviation over the root of n; nil of fewer than two
  /// numbers.
  public var standardError: Double? {
    standardDeviation.map { $0 / Double(count).squareRoot() }
  }

  /// The confidence interval of the mean, by Student's t distribution with n - 1 degrees of freedom; nil of
  /// fewer than two numbers.
  /// - Parameter level: how sure, between 0 and 1.
  public func interval(_ level: Double = 0.95) -> (low: Double, high: Double)? {
    guard let margin = margin(level) else { return nil }
    return (mean - margin, mean + margin)
  }

  /// Half of the width of ``interval(_:)``.
  public func margin(_ level: Double = 0.95) -> Double? {
    guard let standardError else { return nil }
    return standardError * StudentT(Double(count - 1)).quantile(0.5 + level / 2)
  }

  /// The smallest number that is not NaN; nil if there is none.
  public var minimum: Double? { numbers.lazy.filter { !$0.isNaN }.min() }

  /// The largest number that is not NaN; nil if there is none.
  public var maximum: Double? { numbers.lazy.filter { !$0.isNaN }.max() }

  /// The number in the middle, or the mean of the two there; nil of no numbers.
  public var median: Double? { quantile(0.5) }

  /// The number below which a share of the numbers lies, interpolated between neighbours; nil of no
  /// numbers.
  ///
  /// It is definition 7 of R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
  /// Statistician 50, 1996; that of NumPy, pandas and R.
  public func quantile(_ share: Double) -> Double? { quantiles([share])[0] }

  /// The quantiles of several shares.
  public func quantiles(_ shares: [Double]) -> [Double?] {
    guard !numbers.isEmpty else { return shares.map { _ in nil } }
    guard !hasNaN else { return shares.map { _ in .nan } }
    let sorted = numbers.sorted()
    return shares.map { share in
      let place = min(max(share, 0), 1) * Double(sorted.count - 1)
      let below = Int(place)
      let above = min(below + 1, sorted.count - 1)
      let rest = place - Double(below)
      // An infinite neighbour must not make a number of a place that is not reached.
      guard rest > 0, sorted[below] != sorted[above] else { return sorted[below] }
      let difference = sorted[above] - sorted[below]
      return difference.isFinite
        ? sorted[below] + difference * rest
        : sorted[below] * (1 - rest) + sorted[above] * rest
    }
  }
}
