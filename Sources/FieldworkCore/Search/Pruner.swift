/// A type that decides which experiments are worth running to the end.
///
/// Before an experiment starts, the pruner turns the history into a rule. The rule is plain data that travels with the
/// experiment and is evaluated in its worker after each iteration.
///
///     struct Decreasing: Pruner {
///       func rule(for objective: Objective, history: PruningHistory) -> PruningRule {
///         PruningRule([.init(from: 10, upper: 1)])   // a loss above 1 after ten iterations ends the experiment
///       }
///     }
public protocol Pruner: Sendable, Encodable {
  /// Returns the rule for the next experiment.
  /// - Parameters:
  ///   - objective: the saved value that experiments are compared by.
  ///   - history: the experiments that have ended. The result must not depend on anything else.
  func rule(for objective: Objective, history: PruningHistory) -> PruningRule
}

/// The history that a pruner sees: the experiments `0 ..< n` of the plan, all of which have ended.
public struct PruningHistory: Sendable {
  private let all: [EndedExperiment]
  private let count: Int
  /// By name: the values of complete experiments, if they have been sorted before.
  private let known: [String: SortedCurves]

  /// The position of the experiment that the rule is for, in the order of the plan. The experiments between the history
  /// and this position may still run.
  public let number: Int
  /// The number of experiments that run together in a task, and have the same rule.
  package let branches: Int

  /// - Parameter number: the position of the experiment that the rule is for; nil for the one after the history.
  public init(experiments: [EndedExperiment], number: Int? = nil) {
    self.init(
      experiments,
      first: experiments.count,
      number: number ?? experiments.count,
      branches: 1,
      known: [:]
    )
  }

  /// - Parameters:
  ///   - count: the number of first experiments that the history has.
  ///   - known: the values of these experiments.
  package init(
    _ all: [EndedExperiment],
    first count: Int,
    number: Int,
    branches: Int,
    known: [String: SortedCurves]
  ) {
    self.all = all
    self.count = count
    self.number = number
    self.branches = branches
    self.known = known
  }

  /// The experiments in the order of the plan.
  public var experiments: [EndedExperiment] { Array(all.prefix(count)) }

  /// The experiments that made all their iterations or ended in good order.
  public var complete: [EndedExperiment] { experiments.filter { $0.ending.state == .done } }

  /// Returns the values that complete experiments have saved under a name.
  public func curves(_ name: String) -> SortedCurves {
    if let known = known[name] { return known }
    var curves = SortedCurves()
    for experiment in all.prefix(count) { curves.add(experiment, name) }
    return curves
  }
}

/// The values that complete experiments have saved under one name, sorted at each iteration.
public struct SortedCurves: Sendable {
  /// The number of experiments that have saved a number.
  public private(set) var experiments = 0
  /// By iteration: the values by increasing size, without NaN.
  public private(set) var values: [Int: [Double]] = [:]

  package init() {}

  /// Adds the curve of an experiment, if it is complete.
  package mutating func add(_ experiment: EndedExperiment, _ name: String) {
    guard experiment.ending.state == .done else { return }
    let curve = experiment.curve(name)
    if !curve.isEmpty { experiments += 1 }
    for point in curve where !point.value.isNaN {
      let index = values[point.iteration, default: []].partitioningIndex { $0 > point.value }
      values[point.iteration, default: []].insert(point.value, at: index)
    }
  }
}

extension [Double] {
  /// Returns the position of the first element that satisfies a condition, where all after it do, too.
  fileprivate func partitioningIndex(_ condition: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// The conditions that a saved value must keep for its experiment to go on.
public struct PruningRule: Sendable, Hashable, Codable {
  /// Limits from an iteration on.
  public struct Limit: Sendable, Hashable, Codable {
    /// The first iteration, from 0, after which the limits hold.
    public let iteration: Int
    /// The least value; nil for any.
    public let lower: Double?
    /// The greatest value; nil for any.
    public let upper: Double?

    public init(from iteration: Int, lower: Double? = nil, upper: Double? = nil) {
      self.iteration = iteration
      self.lower = lower
      self.upper = upper
    }
  }

  /// The value that is compared with the limits.
  public enum Statistic: String, Sendable, Hashable, Codable {
    /// The value saved in the iteration.
    case last
    /// The least of all values up to the iteration.
    case minimum
    /// The greatest of all values up to the iteration.
    case maximum
  }

  /// The limits by increasing iteration. Each holds until the next one begins.
  public let limits: [Limit]
  public let statistic: Statistic
  /// The number of iterations between two evaluations, from the first limit on.
  public let interval: Int

  public init(_ limits: [Limit], comparing statistic: Statistic = .last, interval: Int = 1) {
    self.limits = limits.sorted { $0.iteration < $1.iteration }
    self.statistic = statistic
    self.interval = max(1, interval)
  }

  /// The end of an experiment whose best value does not improve.
  public struct Patience: Sendable, Hashable, Codable {
    /// The number of iterations without an improvement after which the experiment ends.
    public let iterations: Int
    /// The least difference that is an improvement.
    public let difference: Double

    public init(iterations: Int, difference: Double = 0) {
      (self.iterations, self.difference) = (max(1, iterations), max(0, difference))
    }
  }

  /// The end of an experiment whose values are worse than those of another one at the same iterations, by the signed-rank
  /// test.
  public struct Comparison: Sendable, Hashable, Codable {
    /// By iteration: the values of the other experiment.
    public let values: [Int: Double]
    /// The probability of such a difference between equal experiments below which the experiment ends.
    public let probability: Double
    /// The number of common iterations before which it goes on.
    public let startup: Int

    public init(values: [Int: Double], probability: Double, startup: Int) {
      (self.values, self.probability, self.startup) = (values, probability, startup)
    }
  }

  public private(set) var patience: Patience?
  public private(set) var comparison: Comparison?

  /// True if a smaller value is better, for ``patience`` and ``comparison``.
  public private(set) var isMinimized = true

  /// Makes a rule that ends an experiment whose best value does not improve.
  public init(_ patience: Patience, minimizing isMinimized: Bool) {
    self.init([])
    self.patience = patience
    self.isMinimized = isMinimized
  }

  /// Makes a rule that ends an experiment whose values are worse than those of another one.
  public init(_ comparison: Comparison, minimizing isMinimized: Bool) {
    self.init([])
    self.comparison = comparison
    self.isMinimized = isMinimized
  }

  /// True if the rule ends no experiment.
  package var isEmpty: Bool { limits.isEmpty && patience == nil && comparison == nil }

  /// The rule that ends no experiment.
  public static let none = PruningRule([])

  /// The rule that ends an experiment after its first value.
  package static let first = PruningRule([Limit(from: 0, upper: -.infinity)])

  /// Returns true if an experiment ends after an iteration.
  /// - Parameter value: the value of the statistic. NaN is beyond every limit.
  public func prunes(_ value: Double, after iteration: Int) -> Bool {
    guard let first = limits.first, iteration >= first.iteration,
      (iteration - first.iteration) % interval == 0
    else { return false }
    var (low, high) = (0, limits.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if limits[middle].iteration <= iteration { low = middle } else { high = middle }
    }
    let limit = limits[low]
    if value.isNaN { return limit.lower != nil || limit.upper != nil }
    if limit.upper == -.infinity { return true }
    return limit.lower.map { value < $0 } ?? false || limit.upper.map { value > $0 } ?? false
  }
}

/// A pruner with the value that it compares, as an element of a research.
public struct PruningDescription: Sendable {
  public let pruner: any Pruner
  /// The name of the saved value.
  public let name: String
  /// The direction in which it gets better; nil for that of the research's objective of the name.
  public let direction: Objective.Direction?
  /// True if the other repetitions of a pruned config end after their first value.
  public let prunesConfigs: Bool
  public let place: SourceLocation

  package init(
    _ pruner: any Pruner,
    name: String,
    direction: Objective.Direction?,
    prunesConfigs: Bool = false,
    place: SourceLocation
  ) {
    self.pruner = pruner
    self.name = name
    self.direction = direction
    self.prunesConfigs = prunesConfigs
    self.place = place
  }

  /// The objective by which experiments are compared.
  package func objective(_ objectives: [Objective]) -> Objective? {
    if let direction { return Objective(name: name, direction: direction) }
    return objectives.first { $0.name == name }
  }

  /// The type of the pruner and its arguments, as a plain value.
  package var encoding: Value {
    let parts: [Value] = [
      .string(String(describing: type(of: pruner))), (try? ValueEncoder.encode(pruner)) ?? .null,
      .string(name), .string(direction?.rawValue ?? ""),
    ]
    return .list(prunesConfigs ? parts + ["configs"] : parts)
  }
}

extension PruningDescription: CustomStringConvertible {
  public var description: String { "prune by \(name), \(pruner)" }
}

/// A rule for the experiments of a task, and the saved value that it compares.
package struct TaskPruning: Sendable, Hashable {
  package let name: String
  package let rule: PruningRule

  package init(name: String, rule: PruningRule) {
    self.name = name
    self.rule = rule
  }
}

/// The state of a pruning rule in a running experiment.
package struct PruningProgress: Sendable {
  private let pruning: TaskPruning
  private var best: Double?
  /// The best value that was an improvement, and its iteration.
  private var improved: (value: Double, iteration: Int)?
  /// By iteration: the differences from the values of another experiment, positive where this one is worse.
  private var differences: [Double] = []

  package init(_ pruning: TaskPruning) { self.pruning = pruning }

  package var name: String { pruning.name }

  /// Takes the value of an iteration.
  /// - Returns: true if the experiment ends after it.
  package mutating func take(_ value: Double, at iteration: Int) -> Bool {
    let compared: Double
    switch pruning.rule.statistic {
    case .last: compared = value
    case .minimum:
      if !value.isNaN { best = min(best ?? value, value) }
      compared = best ?? value
    case .maximum:
      if !value.isNaN { best = max(best ?? value, value) }
      compared = best ?? value
    }
    let rule = pruning.rule
    let loss = value.isNaN ? .infinity : rule.isMinimized ? value : -value
    return rule.prunes(value.isNaN ? value : compared, after: iteration)
      || hasLostPatience(loss, iteration) || isWorse(loss, iteration)
  }

  private mutating func hasLostPatience(_ loss: Double, _ iteration: Int) -> Bool {
    guard let patience = pruning.rule.patience else { return false }
    guard let improved else {
      improved = (loss, iteration)
      return false
    }
    if loss < improved.value - patience.difference {
      self.improved = (loss, iteration)
      return false
    }
    return iteration - improved.iteration >= patience.iterations
  }

  private mutating func isWorse(_ loss: Double, _ iteration: Int) -> Bool {
    guard let comparison = pruning.rule.comparison, let other = comparison.values[iteration] else {
      return false
    }
    differences.append(loss - (pruning.rule.isMinimized ? other : -other))
    guard differences.count >= comparison.startup, differences.reduce(0, +) > 0 else {
      return false
    }
    return SignedRanks.probability(differences) < comparison.probability
  }
}
