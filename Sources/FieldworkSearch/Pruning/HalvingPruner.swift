public import FieldworkCore

/// Ends experiments at rungs, each of which the best part of those that have reached it passes.
///
/// Source: L. Li et al., "A system for massively parallel hyperparameter tuning", 2020: an experiment is compared with those
/// that have reached a rung before it, so none waits for others.
public struct HalvingPruner: Pruner, Hashable {
  /// The number of iterations before the first rung.
  public let minimum: Int
  /// Each rung is as many times later than the one before, and one of as many experiments passes it.
  public let reduction: Int
  /// The number of iterations after which there is no rung.
  let maximum: Int?

  public func rule(for objective: Objective, history: PruningHistory) -> PruningRule {
    rule(for: objective, history.experiments)
  }

  func rule(for objective: Objective, _ experiments: [EndedExperiment]) -> PruningRule {
    let isMinimized = objective.direction == .minimize
    var limits: [PruningRule.Limit] = []
    var rung = minimum
    while maximum.map({ rung <= $0 }) ?? true {
      let reached = experiments.compactMap { $0.value(objective.name, at: rung - 1) }
      if reached.isEmpty { break }
      let passing = max(1, (reached.count + 1) / reduction)
      // NaN is worse than all numbers.
      let values = reached.filter { !$0.isNaN }
      if passing <= values.count {
        let sorted = isMinimized ? values.sorted() : values.sorted(by: >)
        let limit = sorted[passing - 1]
        limits.append(
          .init(
            from: rung - 1,
            lower: isMinimized ? nil : limit,
            upper: isMinimized ? limit : nil
          )
        )
        limits.append(.init(from: rung))
      }
      let (next, overflow) = rung.multipliedReportingOverflow(by: reduction)
      if overflow { break }
      rung = next
    }
    return PruningRule(limits)
  }
}

extension Pruner where Self == HalvingPruner {
  /// Ends all but the best part of the experiments at each rung: after `min` iterations, after `min · reduction`, and so on.
  ///
  ///     Prune(.successiveHalving(min: 2, reduction: 4), by: "loss")   // rungs after 2, 8, 32, … iterations
  ///
  /// - Parameters:
  ///   - minimum: the number of iterations before the first rung.
  ///   - reduction: the number of experiments of which one passes a rung, and the factor from one rung to the next.
  public static func successiveHalving(min minimum: Int = 1, reduction: Int = 4) -> HalvingPruner {
    HalvingPruner(minimum: max(1, minimum), reduction: max(2, reduction), maximum: nil)
  }
}
