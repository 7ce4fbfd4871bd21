package import FieldworkCore

/// A source whose configs an algorithm chooses by the results of those before.
///
/// The config that begins with experiment `k` depends on the results of experiments `0 ..< k - (window - 1)`; those
/// after them count as running. Configs that were chosen before are read from the records of the run, as long as they
/// lie in the domain.
package struct SearchSource: ExperimentSource {
  /// A config of the plan.
  private struct Chosen {
    let config: Config
    /// nil if the config does not lie in the domain: it was added.
    let point: SearchPoint?
    /// The positions of its experiments in the plan.
    var ordinals: [Int] = []
    var identities: [ExperimentIdentity] = []
    var repetitions: Int
  }

  private let search: SearchDescription
  private let space: DomainSpace
  private let objectives: [Objective]
  private let count: Int?
  private let repetitions: Int
  private let window: Int?
  private let seed: UInt64
  private var numbering: ExperimentNumbering
  private var prefixes: PrefixCounter?

  private var chosen: [Chosen] = []
  /// The number of configs that the search has chosen.
  private var decided = 0
  /// By number: the configs that earlier runs have chosen.
  private let recorded: [Int: Config]
  /// The experiments of chosen configs that have no number yet.
  private var queue: [(chosen: Int, repetition: Int)] = []
  private var added: [(config: Config, repetition: Int)] = []
  /// The experiments of the next task.
  private var batch: [PlannedExperiment] = []
  private var isExhausted = false
  package private(set) var endReason: String?
  /// The points that the search has chosen, without added configs, if points can be counted.
  private var searched: Set<SearchPoint> = []
  /// The points of all configs, if points can be counted.
  private var taken: Set<SearchPoint> = []
  /// The results of other researches.
  private let earlier: [SearchTrial]
  /// The configs that have ended among the first experiments, in the order of the plan.
  private var trials: [SearchTrial] = []
  /// The indices of configs that have not ended among the first experiments.
  private var running: [Int] = []

  /// - Throws: ``FieldworkError`` if the domain cannot be searched, or there are no workers or branches.
  package init(_ search: SearchDescription, _ research: Research, seed: UInt64) throws {
    guard let domain = research.domain else {
      throw FieldworkError(.invalidDefinition, "there is no domain to search", place: search.place)
    }
    self.search = search
    self.seed = seed
    space = try DomainSpace(domain)
    objectives = research.settings.objectives
    recorded = research.chosen
    earlier = try Self.earlier(research, space)
    count = [research.settings.configs, space.count].compactMap(\.self).min()
    repetitions = max(1, research.settings.repetitions)
    window = research.settings.window
    numbering = try ExperimentNumbering(research)
    prefixes = research.settings.idPrefix.map { PrefixCounter(domain.parameterNames, digits: $0) }
    _ = add(research.added.flatMap { config in (0..<repetitions).map { (config, $0) } })
  }

  /// Returns the results of other researches whose configs lie in the domain.
  private static func earlier(
    _ research: Research,
    _ space: DomainSpace
  ) throws -> [SearchTrial] {
    let objectives = research.settings.objectives
    return try research.earlier.compactMap { config, values in
      guard values.count == objectives.count, values.allSatisfy(\.isFinite),
        let point = try space.point(config)
      else { return nil }
      return SearchTrial(point, losses: zip(objectives, values).map { $0.loss($1) })
    }
  }

  // MARK: Steps

  package mutating func next(_ history: RunHistory) throws -> SourceStep {
    fillBatch()
    if batch.count >= numbering.taskSize, let task = takeBatch() { return .task(task) }
    guard hasNext else {
      return takeBatch().map(SourceStep.task) ?? .end
    }
    let position = numbering.produced
    let needed = window.map { max(0, min(position - ($0 - 1), produced)) } ?? 0
    guard history.ended >= needed else { return .needs(ended: needed) }
    if window == nil {
      learn(from: history.experiments + history.later)
    } else {
      learn(from: history.experiments, first: needed)
    }
    if let end = search.end, let objective = objectives.first,
      let reason = end.reason(trials, objective)
    {
      endReason = reason
      isExhausted = true
      return takeBatch().map(SourceStep.task) ?? .end
    }
    return .decision(decision(after: needed))
  }

  private func decision(after needed: Int) -> Decision {
    let request = SearchRequest(
      space: space.space,
      number: decided,
      trials: earlier + trials,
      running: running.compactMap { chosen[$0].point },
      seed: seed,
      objectives: objectives.count,
      isAllowed: { [space, taken] in space.allows($0, besides: taken) }
    )
    return Decision(
      number: decided + 1,
      produced: decided,
      ended: needed,
      domain: nil,
      history: 0,
      isAtEnd: false,
      when: .every(1),
      arguments: ["search"],
      configs: nil,
      place: search.place,
      accepts: { [space, searched] domain in
        let point = try domain.configs().first.flatMap { try space.point($0) }
        return point.map { !searched.contains($0) } ?? false
      },
      make: { [algorithm = search.algorithm, space, seed] _ in
        guard let point = try request.point(of: algorithm, space) else { return nil }
        var random = Philox(text: "search|\(seed)|\(request.number)|values")
        return Domain(configs: [try space.config(point, using: &random)])
      }
    )
  }

  package mutating func resolve(_ decision: Decision, with domain: Domain?) throws {
    guard let config = try domain?.configs().first else {
      isExhausted = true
      endReason = "all configs that the domain allows have run"
      return
    }
    decided += 1
    choose(config)
  }

  private mutating func choose(_ config: Config) {
    let point = try? space.point(config)
    if let point, space.count != nil {
      taken.insert(point)
      searched.insert(point)
    }
    chosen.append(Chosen(config: config, point: point, repetitions: repetitions))
    running.append(chosen.count - 1)
    queue += (0..<repetitions).map { (chosen.count - 1, $0) }
  }

  private var hasNext: Bool { !isExhausted && count.map { decided < $0 } ?? true }

  // MARK: Tasks

  /// Numbers experiments until there are enough for a task.
  private mutating func fillBatch() {
    while batch.count < numbering.taskSize {
      if !added.isEmpty {
        let (config, repetition) = added.removeFirst()
        number(config, repetition, isAdded: true)
      } else if !queue.isEmpty {
        let (index, repetition) = queue.removeFirst()
        if let experiment = number(chosen[index].config, repetition, isAdded: false) {
          chosen[index].ordinals.append(experiment.ordinal)
          chosen[index].identities.append(experiment.identity)
        } else {
          // The experiment was added, and counts there.
          chosen[index].repetitions -= 1
          if chosen[index].repetitions == 0 { running.removeAll { $0 == index } }
        }
      } else {
        return
      }
    }
  }

  @discardableResult
  private mutating func number(
    _ config: Config,
    _ repetition: Int,
    isAdded: Bool
  ) -> PlannedExperiment? {
    var prefixes = prefixes
    let prefix = prefixes?.prefix(of: config, repetition: repetition) ?? ""
    let experiment = numbering.nextDistinct(
      config,
      repetition: repetition,
      updates: 0,
      prefix: prefix,
      isAdded: isAdded,
      skipsRepeated: false
    )
    guard let experiment else { return nil }
    self.prefixes = prefixes
    batch.append(experiment)
    guard isAdded else { return experiment }
    if repetition > 0, let index = chosen.lastIndex(where: { $0.config == config }) {
      chosen[index].ordinals.append(experiment.ordinal)
      chosen[index].identities.append(experiment.identity)
      chosen[index].repetitions += 1
      return experiment
    }
    let point = try? space.point(config)
    if let point, space.count != nil { taken.insert(point) }
    chosen.append(
      Chosen(
        config: config,
        point: point,
        ordinals: [experiment.ordinal],
        identities: [experiment.identity],
        repetitions: 1
      )
    )
    running.append(chosen.count - 1)
    return experiment
  }

  private mutating func takeBatch() -> PlannedTask? {
    defer { batch = [] }
    return numbering.task(batch)
  }

  // MARK: Results

  /// Takes the results of the first experiments.
  private mutating func learn(from experiments: [EndedExperiment], first count: Int) {
    var left: [Int] = []
    for index in running {
      let config = chosen[index]
      guard config.ordinals.count == config.repetitions,
        config.ordinals.allSatisfy({ $0 < count })
      else {
        left.append(index)
        continue
      }
      if let trial = trial(config, config.ordinals.map { experiments[$0] }) {
        trials.append(trial)
      }
    }
    running = left
  }

  /// Takes the results of all experiments that have ended by now.
  private mutating func learn(from experiments: [EndedExperiment]) {
    let ended = Dictionary(experiments.map { ($0.identity, $0) }, uniquingKeysWith: { $1 })
    trials = []
    running = []
    for (index, config) in chosen.enumerated() where config.repetitions > 0 {
      let results = config.identities.compactMap { ended[$0] }
      if results.count == config.repetitions {
        if let trial = trial(config, results) { trials.append(trial) }
      } else {
        running.append(index)
      }
    }
  }

  private func trial(_ config: Chosen, _ results: [EndedExperiment]) -> SearchTrial? {
    config.point.map { SearchTrial($0, results, objectives) }
  }

  // MARK: Previews

  package mutating func nextTask() throws -> PlannedTask? {
    while true {
      fillBatch()
      guard batch.count < numbering.taskSize, let config = recordedConfig else {
        return takeBatch()
      }
      decided += 1
      choose(config)
    }
  }

  /// The next config, if an earlier run has chosen one that lies in the domain.
  private var recordedConfig: Config? {
    guard hasNext, let config = recorded[decided], let point = try? space.point(config),
      !searched.contains(point)
    else { return nil }
    return config
  }

  package mutating func add(_ experiments: [(config: Config, repetition: Int)]) -> Bool {
    added += experiments
    return true
  }

  package var isOpen: Bool { hasNext && recordedConfig == nil }

  package var produced: Int { batch.first?.ordinal ?? numbering.produced }

  package var size: Int? {
    guard let count else { return isExhausted ? numbering.produced + queue.count : nil }
    let left = saturatingProduct((isExhausted ? decided : count) - decided, repetitions)
    let known = numbering.produced + queue.count + added.count
    return left < .max - known ? known + left : nil
  }

  package var decides: Bool { true }

  package var decidesAll: Bool { true }

  package var watched: Set<String> { Set(objectives.map(\.name)) }
}

extension SearchTrial {
  /// Makes the trial of a config whose experiments have ended.
  package init(
    _ point: SearchPoint,
    _ results: [EndedExperiment],
    _ objectives: [Objective]
  ) {
    let losses = objectives.map { objective -> Double in
      let numbers = results.map { $0.last(objective.name) ?? .nan }
      let mean = numbers.reduce(0, +) / Double(numbers.count)
      return objective.loss(mean)
    }
    let hasFailed = results.contains { $0.ending.state == .failed }
    guard !hasFailed, !results.isEmpty, losses.allSatisfy(\.isFinite) else {
      self.init(point, ending: .failed, losses: objectives.map { _ in .infinity })
      return
    }
    let isPruned = results.contains { $0.ending == .pruned }
    // What grows during an experiment, such as seconds, is small where it was cut off.
    let isComparable = !isPruned || objectives.count == 1
    self.init(
      point,
      ending: isPruned ? .pruned : .complete,
      losses: isComparable ? losses : objectives.map { _ in .infinity }
    )
  }
}
