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
  /// The number of configs of the domain.
  package let size: Int

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
    self.results = results
    self.size = size
    let names = Set([objective.name, pruned] + research.pruning.map(\.name)).sorted()
    var stored: [String: Stored] = [:]
    for (experiment, curves) in zip(results.experiments, results.curves(of: names)) {
      guard let ending = experiment.ending, [.done, .failed].contains(experiment.state) else {
        continue
      }
      stored[experiment.key] = Stored(
        ending: ending,
        iterations: experiment.iterations ?? 1,
        curves: curves
      )
    }
    var means: [String: Double] = [:]
    let ranked = results.ranked(by: objective)
    for config in ranked {
      means[ExperimentIdentity(config: config.config).key] = config.statistics.mean
    }
    guard !means.isEmpty else {
      throw FieldworkError(
        .nothingPasses,
        "no experiment that is done saved a number '\(objective.name)'; run the grid first"
      )
    }
    self.stored = stored
    self.means = means
    ranking = ranked.map(\.statistics.mean)
    var searched = research
    if stored.count < saturatingProduct(size, max(1, research.settings.repetitions)) {
      let repetitions = max(1, research.settings.repetitions)
      let keys = Set(stored.keys)
      // Configs that are not stored are not suggested.
      searched = research.replacing(
        domain: domain.where { config in
          (0..<repetitions).allSatisfy {
            keys.contains(ExperimentIdentity(config: config, repetition: $0).key)
          }
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

  /// The number of configs that are stored.
  package var count: Int { ranking.count }

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
        let context = UpdateContext(
          updates: decision.number,
          produced: decision.produced,
          domain: decision.domain,
          random: RandomStream(random),
          run: RunContext(
            id: "",
            name: research.name,
            config: Config(),
            random: RandomStream(random),
            makeDirectory: { throw FieldworkError.noFolders },
            makeResults: { results }
          )
        )
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
        let curve = stored.curves[progress[index].name] ?? []
        let value = curve.first { $0.iteration == iteration }?.value.number
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
        if best.map({ loss < $0.loss }) ?? true { best = (loss, mean) }
      }
      all.append(best?.mean)
    }
    return all
  }
}
