public import FieldworkCore

/// Ends an experiment whose value leaves a range.
public struct ThresholdPruner: Pruner, Hashable {
  /// The least value; nil for any.
  public let lower: Double?
  /// The greatest value; nil for any.
  public let upper: Double?
  /// The number of first iterations that are not examined.
  public let warmup: Int
  /// The number of iterations between two evaluations.
  public let interval: Int

  public func rule(for objective: Objective, history: PruningHistory) -> PruningRule {
    PruningRule([.init(from: warmup, lower: lower, upper: upper)], interval: interval)
  }
}

extension Pruner where Self == ThresholdPruner {
  /// Ends an experiment when its value falls below `lower`, rises above `upper`, or is NaN.
  ///
  ///     Prune(.threshold(upper: 10), by: .minimize("loss"))
  ///
  /// - Parameters:
  ///   - warmup: the number of first iterations that are not examined.
  ///   - interval: the number of iterations between two evaluations.
  public static func threshold(
    lower: Double? = nil,
    upper: Double? = nil,
    warmup: Int = 0,
    interval: Int = 1
  ) -> ThresholdPruner {
    ThresholdPruner(lower: lower, upper: upper, warmup: warmup, interval: interval)
  }
}
