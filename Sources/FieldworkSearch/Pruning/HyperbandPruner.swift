public import FieldworkCore
import RealModule

/// Divides the experiments among brackets with rungs of different beginnings.
///
/// Source: L. Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", 2018.
public struct HyperbandPruner: Pruner, Hashable {
  /// The number of iterations before the first rung of the strictest bracket.
  public let minimum: Int
  /// The number of iterations of an experiment.
  public let maximum: Int
  /// Each rung is as many times later than the one before, and one of as many experiments passes it.
  public let reduction: Int

  public func rule(for objective: Objective, history: PruningHistory) -> PruningRule {
    // The branches of a task have one rule.
    let own = bracket(of: history.number / history.branches)
    let experiments = history.experiments.enumerated().filter {
      bracket(of: $0.offset / history.branches) == own
    }
    var begin = minimum
    for _ in 0..<own { begin *= reduction }
    return HalvingPruner(minimum: begin, reduction: reduction, maximum: maximum - 1)
      .rule(for: objective, experiments.map(\.element))
  }

  /// The number of brackets: in the last one no experiment is ended.
  var brackets: Int {
    var (count, rung) = (1, minimum)
    while rung <= maximum / reduction {
      rung *= reduction
      count += 1
    }
    return count
  }

  /// Returns the bracket of a task. Strict brackets have more of them, so that each costs about the same.
  func bracket(of number: Int) -> Int {
    let count = brackets
    let sizes = (0..<count).map { bracket -> Double in
      let steps = count - 1 - bracket
      return Double.pow(Double(reduction), Double(steps)) / Double(steps + 1)
    }
    // The golden ratio spreads the brackets evenly over consecutive experiments.
    let unit = (Double(number) * 0.618_033_988_749_894_9 + 0.5).truncatingRemainder(dividingBy: 1)
    var left = unit * sizes.reduce(0, +)
    for (bracket, size) in sizes.enumerated() {
      left -= size
      if left < 0 { return bracket }
    }
    return count - 1
  }
}

extension Pruner where Self == HyperbandPruner {
  /// Divides the experiments among brackets of successive halving, from strict to none, so that experiments which begin
  /// slowly have a chance.
  ///
  ///     Prune(.hyperband(min: 1, max: 27), by: "loss")
  ///
  /// - Parameters:
  ///   - minimum: the number of iterations before the first rung of the strictest bracket.
  ///   - maximum: the number of iterations of an experiment.
  ///   - reduction: the number of experiments of which one passes a rung, and the factor from one rung to the next.
  public static func hyperband(
    min minimum: Int = 1,
    max maximum: Int,
    reduction: Int = 3
  ) -> HyperbandPruner {
    HyperbandPruner(
      minimum: Swift.max(1, minimum),
      maximum: Swift.max(1, maximum),
      reduction: Swift.max(2, reduction)
    )
  }
}
