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
    PercentilePruner(percentile: 50, startup: startup, warmup: warmup, interval: interval)
      .rule(for: objective, history: history)
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
