import FieldworkAnalysis
package import FieldworkCore
import FieldworkSearch
package import FieldworkStore

/// A research whose results are stored, as a search and pruning rules would have run it. No experiment runs.
package struct Simulation: Sendable {
  /// A stored experiment.
  private struct Stored: Sendable {
    let ending: Ending
    let iterations: Int
    let curves: [String: [(iteration: Int, value: Value)]]
    /// By name and iteration: the numbers.
    let numbers: [String: [Int: Double]]

    init(_ ending: Ending, iterations: Int, _ curves: [String: [(iteration: Int, value: Value)]]) {
      (self.ending, self.iterations, self.curves) = (ending, iterations, curves)
      numbers = curves.mapValues { curve in
        Dictionary(
          curve.compactMap { point in point.value.number.map { (point.iteration, $0) } },
          uniquingKeysWith: { $1 }
        )
      }
    }
  }

  /// The result of one search.
  package struct Outcome: Sendable {
    /// By number of configs that have ended: the mean of the best one of them, over all stored repetitions; nil before the
    /// first one that is complete.
    package let best: [Double?]
    /// By number of configs: the number of iterations that the experiments would have made.
    package let iterations: [Int]
    /// The number of iterations that they would have made without pruning.
    package let whole: Int

    /// Returns the number of configs after which the best one is as good as a limit; nil if none is.
    package func count(reaching limit: Double, _ objective: Objective) -> Int? {
      best.firstIndex { $0.map { objective.loss($0) <= objective.loss(limit) } ?? false }
        .map { $0 + 1 }
    }
  }

  private let research: Research
  private let objective: Objective
  private let results: ResearchResults
  /// By key of the experiment.
  private let stored: [String: Stored]
  /// By key of the first repetition of a config: the mean of its stored repetitions.
  private let means: [String: Double]
  /// The means of all configs, the best one first.
  package let ranking: [Double]
  /// The number of configs of the domain, and of those that are stored.
  package let size: Int
  package let count: Int

  /// - Parameters:
  ///   - research: its domain is searched.
  ///   - objective: the saved value that is minimized or maximized.
  ///   - pruned: the saved value that pruning rules compare, besides those of the research.
  /// - Throws: ``FieldworkError`` if the domain is not one of listed values, or none of its configs is stored.
  package init(
    _ research: Research,
    _ objective: Objective,
    by pruned: String,
    _ results: ResearchResults
  ) throws {
    guard let domain = research.domain else {
      throw FieldworkError(.invalidDefinition, "the research has no domain to search")
    }
    let space = try DomainSpace(domain)
    guard let size = space.count else {
      throw FieldworkError(
        .invalidDefinition,
        "a simulation takes the results of all configs from the store, and this domain has no end; run a grid of listed values"
      )
    }
    self.objective = objective
    self.size = size
    let results = results.planned(try Self.keys(research, results))
    self.results = results
    let names = Set([objective.name, pruned] + research.pruning.map(\.name)).sorted()
    var stored: [String: Stored] = [:]
    for (experiment, curves) in zip(results.experiments, results.curves(of: names)) {
      guard let ending = experiment.ending, [.done, .failed].contains(experiment.state) else {
        continue
      }
      stored[experiment.key] = Stored(ending, iterations: experiment.iterations ?? 1, curves)
    }
    let repetitions = max(1, research.settings.repetitions)
    var (means, ranking): ([String: Double], [Double]) = ([:], [])
    var available: Set<String> = []
    for config in results.ranked(by: objective) {
      let identities = (0..<repetitions).map {
        ExperimentIdentity(config: config.config, repetition: $0).key
      }
      guard identities.allSatisfy({ stored[$0] != nil }) else { continue }
      means[identities[0]] = config.statistics.mean
      ranking.append(config.statistics.mean)
    }
    // Those that have failed may be suggested, too.
    for experiment in results.experiments where experiment.repetition == 0 {
      let isWhole = (0..<repetitions).allSatisfy {
        stored[ExperimentIdentity(config: experiment.config, repetition: $0).key] != nil
      }
      if isWhole { available.insert(ExperimentIdentity(config: experiment.config).key) }
    }
    guard !ranking.isEmpty else {
      throw FieldworkError(
        .nothingPasses,
        repetitions > 1
          ? "no config has \(repetitions) repetitions that saved '\(objective.name)'; run the grid first, or give --repetitions a smaller number"
          : "no experiment that is done saved a number '\(objective.name)'; run the grid first"
      )
    }
    self.stored = stored
    self.means = means
    self.ranking = ranking
    count = available.count
    var searched = research
    if available.count < size {
      // Configs that are not stored are not suggested.
      searched = research.replacing(
        domain: domain.where { [available] config in
          available.contains(ExperimentIdentity(config: config).key)
        }
      )
    }
    searched.settings.objectives = [objective]
    searched.settings.idPrefix = nil
    searched.settings.branches = 1
    searched.settings.workers = nil
    searched.added = []
    searched.earlier = []
    self.research = searched
  }

  /// Returns the keys of the experiments of the grid, with as many repetitions as are stored.
  private static func keys(_ research: Research, _ results: ResearchResults) throws -> Set<String> {
    var grid = research
    grid.search = nil
    grid.pruning = []
    grid.added = []
    grid.settings.configs = nil
    grid.settings.repeatEach = nil
    grid.settings.branches = 1
    grid.settings.workers = nil
    grid.settings.repetitions = (results.experiments.map(\.repetition).max() ?? 0) + 1
    var source = try grid.source(seed: 0)
    var keys: Set<String> = []
    try source.forEach { experiment in
      keys.insert(experiment.key)
      return true
    }
    return keys
  }

  /// Runs a search.
  /// - Parameters:
  ///   - search: the algorithm.
  ///   - pruning: the rules that end experiments early.
  ///   - configs: the number of configs.
  ///   - window: the number of experiments that may run while a config is chosen.
  package func run(
    _ search: SearchDescription,
    pruning: [PruningDescription],
    configs: Int,
    window: Int,
    seed: UInt64
  ) async throws -> Outcome {
    var research = research
    research.settings.window = window
    research.search = search
    research.pruning = pruning
    research.settings.configs = configs
    var source = try research.source(seed: seed)
    var ended: [EndedExperiment] = []
    var (counts, whole): ([Int], Int) = ([], 0)
    steps: while true {
      let history = RunHistory(ended: ended.count, experiments: ended)
      switch try source.next(history) {
      case .task(let task):
        for experiment in task.experiments {
          let result = experimentResult(experiment, task.pruning)
          ended.append(result.experiment)
          counts.append(result.iterations)
          whole += result.whole
        }
      case .decision(let decision):
        let random = Philox(text: "simulation|\(seed)|\(decision.number)")
        let context = UpdateContext(decision, of: research, random) { results }
        try source.resolve(decision, with: await decision.make(context))
      case .needs, .end: break steps
      }
    }
    return Outcome(best: best(ended), iterations: sums(counts), whole: whole)
  }

  /// Returns the sums up to the end of each config.
  private func sums(_ counts: [Int]) -> [Int] {
    let repetitions = max(1, research.settings.repetitions)
    var sum = 0
    return stride(from: 0, to: counts.count, by: repetitions).map { begin in
      sum += counts[begin..<min(begin + repetitions, counts.count)].reduce(0, +)
      return sum
    }
  }

  private func experimentResult(
    _ experiment: PlannedExperiment,
    _ pruning: [TaskPruning]
  ) -> (experiment: EndedExperiment, iterations: Int, whole: Int) {
    guard let stored = stored[experiment.key] else {
      return (EndedExperiment(experiment.identity, .failed, [:]), 0, 0)
    }
    var progress = pruning.map(PruningProgress.init)
    for iteration in 0..<stored.iterations {
      var isPruned = false
      for index in progress.indices {
        let value = stored.numbers[progress[index].name]?[iteration]
        if let value, progress[index].take(value, at: iteration) { isPruned = true }
      }
      guard isPruned, iteration + 1 < stored.iterations else { continue }
      let curves = stored.curves.mapValues { $0.filter { $0.iteration <= iteration } }
      return (
        EndedExperiment(experiment.identity, .pruned, curves), iteration + 1, stored.iterations
      )
    }
    return (
      EndedExperiment(experiment.identity, stored.ending, stored.curves), stored.iterations,
      stored.iterations
    )
  }

  /// Returns the mean of the best config by the values that the search has seen, after each config.
  private func best(_ ended: [EndedExperiment]) -> [Double?] {
    let repetitions = max(1, research.settings.repetitions)
    var best: (loss: Double, mean: Double)?
    var all: [Double?] = []
    for begin in stride(from: 0, to: ended.count, by: repetitions) {
      let group = ended[begin..<min(begin + repetitions, ended.count)]
      let values = group.compactMap { experiment in
        experiment.ending.state == .done ? experiment.last(objective.name) : nil
      }
      if values.count == group.count,
        let mean = means[ExperimentIdentity(config: group[begin].config).key]
      {
        let loss = objective.loss(values.reduce(0, +) / Double(values.count))
        if loss.isFinite, best.map({ loss < $0.loss }) ?? true { best = (loss, mean) }
      }
      all.append(best?.mean)
    }
    return all
  }
}
