public import FieldworkCore

/// Ends an experiment that is worse than the best one by the signed-rank test.
public struct WilcoxonPruner: Pruner, Hashable {
  /// The probability of such a difference between equal experiments below which an experiment ends.
  public let probability: Double
  /// The number of common iterations before which none is ended.
  public let startup: Int

  public func rule(for objective: Objective, history: PruningHistory) -> PruningRule {
    let isMinimized = objective.direction == .minimize
    var best: (values: [Int: Double], mean: Double)?
    for experiment in history.complete {
      let curve = experiment.curve(objective.name).filter { !$0.value.isNaN }
      guard !curve.isEmpty else { continue }
      let sum = curve.reduce(0) { $0 + $1.value } / Double(curve.count)
      let mean = isMinimized ? sum : -sum
      guard best.map({ mean < $0.mean }) ?? true else { continue }
      best = (Dictionary(curve.map { ($0.iteration, $0.value) }, uniquingKeysWith: { $1 }), mean)
    }
    guard let best else { return .none }
    return PruningRule(
      .init(values: best.values, probability: probability, startup: startup),
      minimizing: isMinimized
    )
  }
}

extension Pruner where Self == WilcoxonPruner {
  /// Ends an experiment whose values are worse than those of the best complete one, iteration by iteration, by the
  /// signed-rank test.
  ///
  /// It is for experiments whose iterations are instances or folds, and whose result is the mean over all of them: an
  /// iteration must be the same instance in every experiment.
  ///
  ///     Prune(.wilcoxon(), by: .minimize("error"))
  ///
  /// - Parameters:
  ///   - probability: the probability of such a difference between equal experiments below which an experiment ends.
  ///   - startup: the number of common iterations before which none is ended.
  public static func wilcoxon(probability: Double = 0.1, startup: Int = 5) -> WilcoxonPruner {
    WilcoxonPruner(probability: min(max(probability, 0), 1), startup: max(2, startup))
  }
}
