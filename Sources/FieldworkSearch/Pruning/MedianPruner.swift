public import FieldworkCore

/// Ends an experiment whose best value so far is worse than the median of the experiments before it, at the same
/// iteration.
public struct MedianPruner: Pruner, Hashable {
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
      let median = Self.median(values)
      return PruningRule.Limit(
        from: iteration,
        lower: isMinimized ? nil : median,
        upper: isMinimized ? median : nil
      )
    }
    return PruningRule(
      limits,
      comparing: isMinimized ? .minimum : .maximum,
      interval: interval
    )
  }

  /// Returns the middle of sorted values, or the mean of the two in the middle.
  private static func median(_ sorted: [Double]) -> Double {
    let middle = sorted.count / 2
    return sorted.count % 2 == 1
      ? sorted[middle] : sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2
  }
}

extension Pruner where Self == MedianPruner {
  /// Ends an experiment whose best value so far is worse than the median, at the same iteration, of the complete
  /// experiments before it.
  ///
  ///     Prune(.median(startup: 5, warmup: 3), by: "loss")
  ///
  /// Source: the rule of Google Vizier (D. Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD
  /// 2017) with values instead of running averages, as Optuna's `MedianPruner` applies it.
  ///
  /// - Parameters:
  ///   - startup: the number of complete experiments before which none is ended.
  ///   - warmup: the number of first iterations that are not examined.
  ///   - interval: the number of iterations between two evaluations.
  public static func median(startup: Int = 5, warmup: Int = 0, interval: Int = 1) -> MedianPruner {
    MedianPruner(startup: startup, warmup: warmup, interval: interval)
  }
}
