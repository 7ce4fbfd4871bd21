public import FieldworkCore

/// Ends an experiment whose best value does not improve any more.
public struct PatiencePruner: Pruner, Hashable {
  /// The number of iterations without an improvement after which an experiment ends.
  public let iterations: Int
  /// The least difference that is an improvement.
  public let difference: Double

  public func rule(for objective: Objective, history: PruningHistory) -> PruningRule {
    PruningRule(
      .init(iterations: iterations, difference: difference),
      minimizing: objective.direction == .minimize
    )
  }
}

extension Pruner where Self == PatiencePruner {
  /// Ends an experiment whose best value has not improved for some iterations. It depends on no other experiment.
  ///
  ///     Prune(.patience(10, difference: 1e-3), by: "loss")
  ///
  /// - Parameters:
  ///   - iterations: the number of iterations without an improvement.
  ///   - difference: the least difference that is an improvement.
  public static func patience(_ iterations: Int, difference: Double = 0) -> PatiencePruner {
    PatiencePruner(iterations: max(1, iterations), difference: max(0, difference))
  }
}
