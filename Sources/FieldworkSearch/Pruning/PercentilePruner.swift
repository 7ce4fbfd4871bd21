public import FieldworkCore

/// Ends an experiment whose best value so far is worse than a percentile of the experiments before it, at the same
/// iteration.
public struct PercentilePruner: Pruner, Hashable {
  /// The size of the best part, in percent, among which the experiment must be.
  public let percentile: Double
  /// The number of complete experiments before which none is ended.
  public let startup: Int
  /// The number of first iterations that are not examined.
  public let warmup: Int
  /// The number of iterations between two evaluations.
  public let interval: Int

  public func rule(for objective: Objective, history: PruningHistory) -> PruningRule {
    let curves = history.curves(objective.name)
    guard curves.experiments > 0, curves.experiments >= startup else { return .none }
    let isMinimized = objective.direction == .minimize
    let limits = curves.values.filter { $0.key >= warmup }.map { iteration, values in
      let limit = Self.quantile(values, isMinimized ? percentile : 100 - percentile)
      return PruningRule.Limit(
        from: iteration,
        lower: isMinimized ? nil : limit,
        upper: isMinimized ? limit : nil
      )
    }
    return PruningRule(
      limits,
      comparing: isMinimized ? .minimum : .maximum,
      interval: interval
    )
  }

  /// Returns a percentile of sorted values, interpolated between two of them.
  private static func quantile(_ sorted: [Double], _ percentile: Double) -> Double {
    let place = percentile / 100 * Double(sorted.count - 1)
    let index = min(Int(place), sorted.count - 1)
    guard place > Double(index) else { return sorted[index] }
    return sorted[index] + (sorted[index + 1] - sorted[index]) * (place - Double(index))
  }
}

extension Pruner where Self == PercentilePruner {
  /// Ends an experiment whose best value so far is not among the best part, at the same iteration, of the complete
  /// experiments before it.
  ///
  ///     Prune(.percentile(25, startup: 5), by: "loss")   // it has to be among the best quarter
  ///
  /// - Parameters:
  ///   - percentile: the size of the best part, in percent.
  ///   - startup: the number of complete experiments before which none is ended.
  ///   - warmup: the number of first iterations that are not examined.
  ///   - interval: the number of iterations between two evaluations.
  public static func percentile(
    _ percentile: Double,
    startup: Int = 5,
    warmup: Int = 0,
    interval: Int = 1
  ) -> PercentilePruner {
    PercentilePruner(
      percentile: min(max(percentile, 0), 100),
      startup: startup,
      warmup: warmup,
      interval: interval
    )
  }
}
