import Foundation

extension Sequence where Self == [Double] {
  /// A list of numbers from one bound to the other, all at the same distance, both bounds included.
  ///
  ///     Domain("dropout" <- .linSpaced(0...0.5, count: 3))   // 0.0, 0.25, 0.5
  ///
  /// - Parameters:
  ///   - range: the bounds.
  ///   - count: how many numbers; 1 gives the lower bound alone, 0 or less none.
  public static func linSpaced(_ range: ClosedRange<Double>, count: Int) -> [Double] {
    SpacedList.numbers(range, count) { low, high, share in low + (high - low) * share }
  }

  /// A list of numbers from one bound to the other, each the same multiple of the one before, both bounds included.
  ///
  ///     Domain("lr" <- .logSpaced(1e-3...1e-1, count: 3))   // 0.001, 0.01, 0.1
  ///
  /// - Parameters:
  ///   - range: the bounds.
  ///   - count: how many numbers; 1 gives the lower bound alone, 0 or less none.
  /// - Precondition: the bounds are above 0.
  public static func logSpaced(_ range: ClosedRange<Double>, count: Int) -> [Double] {
    precondition(
      range.lowerBound > 0,
      ".logSpaced(\(range)): bounds of a logarithmic list have to be above 0"
    )
    return SpacedList.numbers(range, count) { low, high, share in
      pow(10, log10(low) + (log10(high) - log10(low)) * share)
    }
  }
}

private enum SpacedList {
  /// The significant digits that a number keeps: fewer than it has, so that 0.30000000000000004 becomes 0.3.
  private static let digits = 14

  static func numbers(
    _ range: ClosedRange<Double>,
    _ count: Int,
    _ number: (_ low: Double, _ high: Double, _ share: Double) -> Double
  ) -> [Double] {
    guard count > 1 else { return count == 1 ? [range.lowerBound] : [] }
    let (low, high) = (range.lowerBound, range.upperBound)
    return (0..<count).map { index in
      // The bounds are kept as they are.
      if index == 0 { return low }
      if index == count - 1 { return high }
      let exact = number(low, high, Double(index) / Double(count - 1))
      return Double(String(format: "%.\(digits)g", exact)) ?? exact
    }
  }
}
