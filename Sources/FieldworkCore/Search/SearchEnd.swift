/// A condition under which a search ends before it has tried all its configs.
///
/// It is evaluated before each config, on the results by which the config would be chosen. So a search ends at the same
/// config at any number of workers.
public struct SearchEnd: Sendable, Hashable {
  private enum Kind: Sendable, Hashable {
    case below(Double)
    case above(Double)
    case noImprovement(configs: Int)
    case converged(tolerance: Double, configs: Int)
  }

  private let kind: Kind

  /// Ends the search when a config has reached a value below a limit.
  public static func value(below limit: Double) -> SearchEnd { SearchEnd(kind: .below(limit)) }

  /// Ends the search when a config has reached a value above a limit.
  public static func value(above limit: Double) -> SearchEnd { SearchEnd(kind: .above(limit)) }

  /// Ends the search when the best value has not improved for a number of configs.
  public static func noImprovement(for configs: Int) -> SearchEnd {
    SearchEnd(kind: .noImprovement(configs: max(1, configs)))
  }

  /// Ends the search when the best value has improved by less than a part of itself in a number of configs.
  /// - Parameter tolerance: the part of the best value.
  public static func converged(_ tolerance: Double = 0.01, for configs: Int = 20) -> SearchEnd {
    SearchEnd(kind: .converged(tolerance: max(0, tolerance), configs: max(1, configs)))
  }

  /// Returns the reason for which a search ends; nil if it goes on.
  /// - Parameters:
  ///   - trials: the configs that have ended, in the order of the plan.
  ///   - objective: the saved value that is minimized or maximized.
  package func reason(_ trials: [SearchTrial], _ objective: Objective) -> String? {
    let isMinimized = objective.direction == .minimize
    func losses(_ trials: some Sequence<SearchTrial>) -> [Double] {
      trials.filter { $0.ending == .complete }.map(\.loss)
    }
    let all = losses(trials)
    guard let best = all.min() else { return nil }
    let value = isMinimized ? best : -best
    let values = isMinimized ? all : all.map { -$0 }
    switch kind {
    case .below(let limit):
      guard let least = values.min(), least < limit else { return nil }
      return "a config has reached \(objective.name) \(least), below \(limit)"
    case .above(let limit):
      guard let most = values.max(), most > limit else { return nil }
      return "a config has reached \(objective.name) \(most), above \(limit)"
    case .noImprovement(let configs):
      guard trials.count > configs,
        let earlier = losses(trials.dropLast(configs)).min(), best >= earlier
      else { return nil }
      return "\(objective.name) has not improved on \(value) in \(configs) configs"
    case .converged(let tolerance, let configs):
      guard trials.count > configs,
        let earlier = losses(trials.dropLast(configs)).min(),
        earlier - best <= tolerance * best.magnitude
      else { return nil }
      return
        "\(objective.name) has improved by no more than \(tolerance) of itself, to \(value), in \(configs) configs"
    }
  }
}
