package import FieldworkCore

/// A source whose tasks carry pruning rules, made of the experiments that have ended before.
///
/// The rules of a task that begins with experiment `k` depend on the experiments `0 ..< k - (window - 1)`. Without a
/// window they depend on all that have ended by then, and so on time.
package struct PrunedSource: ExperimentSource {
  private var base: any ExperimentSource
  private let pruning: [PruningDescription]
  private let objectives: [Objective]
  private let window: Int?
  private let branches: Int
  /// A task that waits for the history that its rules need.
  private var waiting: PlannedTask?
  /// By name: the values of the first experiments, and how many these are.
  private var curves: [String: SortedCurves] = [:]
  private var counted = 0
  /// The keys of configs of which a repetition was pruned, among the first experiments.
  private var prunedConfigs: Set<String> = []
  /// True if a rule ends whole configs.
  private let prunesConfigs: Bool

  package init(_ base: any ExperimentSource, _ research: Research) {
    self.base = base
    pruning = research.pruning
    prunesConfigs = pruning.contains(where: \.prunesConfigs)
    objectives = research.settings.objectives
    window = research.settings.window
    branches = research.settings.branches.count
  }

  package var produced: Int { waiting?.experiments[0].ordinal ?? base.produced }

  package var size: Int? { base.size }

  package var decides: Bool { base.decides }

  package var decidesAll: Bool { base.decidesAll }

  package var isOpen: Bool { base.isOpen }

  package var endReason: String? { base.endReason }

  package var watched: Set<String> { base.watched.union(pruning.map(\.name)) }

  package mutating func next(_ history: RunHistory) throws -> SourceStep {
    var task: PlannedTask
    if let waiting {
      task = waiting
    } else {
      let step = try base.next(history)
      guard case .task(let next) = step else { return step }
      task = next
      waiting = next
    }
    if let window {
      let count = max(0, task.experiments[0].ordinal - (window - 1))
      guard history.ended >= count else { return .needs(ended: count) }
      task.pruning = rules(history, first: count, for: task)
    } else {
      let all = history.experiments + history.later
      task.pruning = rules(
        PruningHistory(experiments: all, number: task.experiments[0].ordinal),
        for: task,
        prunedConfigs(among: all)
      )
    }
    waiting = nil
    return .task(task)
  }

  /// Returns the rules that follow from the first experiments, to which those that follow are added.
  private mutating func rules(
    _ history: RunHistory,
    first count: Int,
    for task: PlannedTask
  ) -> [TaskPruning] {
    for experiment in history.experiments[min(counted, count)..<count] {
      for name in Set(pruning.map(\.name)) {
        curves[name, default: SortedCurves()].add(experiment, name)
      }
    }
    prunedConfigs.formUnion(
      prunedConfigs(among: history.experiments[min(counted, count)..<count])
    )
    counted = max(counted, count)
    return rules(
      PruningHistory(
        history.experiments,
        first: count,
        number: task.experiments[0].ordinal,
        branches: branches,
        known: curves
      ),
      for: task,
      prunedConfigs
    )
  }

  /// Returns the keys of configs of which a repetition was pruned; none if no rule ends whole configs.
  private func prunedConfigs(among experiments: some Collection<EndedExperiment>) -> Set<String> {
    guard prunesConfigs else { return [] }
    return Set(experiments.filter { $0.ending == .pruned }.map { Self.configKey($0.identity) })
  }

  /// Returns the key of a config, which all its repetitions have.
  private static func configKey(_ identity: ExperimentIdentity) -> String {
    "\(identity.updates) \(ExperimentIdentity(config: identity.config).key)"
  }

  /// - Parameter prunedConfigs: the keys of configs of which a repetition was pruned.
  private func rules(
    _ seen: PruningHistory,
    for task: PlannedTask,
    _ prunedConfigs: Set<String>
  ) -> [TaskPruning] {
    // The experiments of a task have the same rules.
    let isPruned =
      !prunedConfigs.isEmpty
      && task.experiments.allSatisfy { prunedConfigs.contains(Self.configKey($0.identity)) }
    return pruning.compactMap { element in
      guard let objective = element.objective(objectives) else { return nil }
      if isPruned, element.prunesConfigs { return TaskPruning(name: element.name, rule: .first) }
      let rule = element.pruner.rule(for: objective, history: seen)
      return rule.isEmpty ? nil : TaskPruning(name: element.name, rule: rule)
    }
  }

  package mutating func add(_ experiments: [(config: Config, repetition: Int)]) -> Bool {
    base.add(experiments)
  }

  package mutating func nextTask() throws -> PlannedTask? {
    if let task = waiting {
      waiting = nil
      return task
    }
    return try base.nextTask()
  }

  package mutating func resolve(_ decision: Decision, with domain: Domain?) throws {
    try base.resolve(decision, with: domain)
  }
}
