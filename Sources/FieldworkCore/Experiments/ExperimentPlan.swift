/// One experiment to run: its identity and its position among the tasks.
public struct PlannedExperiment: Sendable {
  public let identity: ExperimentIdentity
  /// The position in the order of the plan, from 0.
  public let ordinal: Int
  /// The name of the experiment: its key, after the prefix if ids have one.
  public let id: String
  /// The key of the identity, see ``ExperimentIdentity/key``.
  public let key: String
  /// The number of the task, from 0: the experiments that run together as branches.
  public let task: Int
  /// The number of the branch in its task, from 0.
  public let branch: Int
  /// The devices that are assigned to the experiment; nil for none.
  public package(set) var device: AnyAlias?

  package init(
    identity: ExperimentIdentity,
    ordinal: Int,
    id: String,
    key: String,
    task: Int,
    branch: Int,
    device: AnyAlias? = nil
  ) {
    self.identity = identity
    self.ordinal = ordinal
    self.id = id
    self.key = key
    self.task = task
    self.branch = branch
    self.device = device
  }

  package init(
    ordinal: Int,
    id: String,
    key: String,
    config: Config,
    repetition: Int,
    updates: Int,
    occurrence: Int = 0,
    task: Int,
    branch: Int,
    device: AnyAlias? = nil
  ) {
    self.init(
      identity: ExperimentIdentity(
        config: config,
        repetition: repetition,
        updates: updates,
        occurrence: occurrence
      ),
      ordinal: ordinal,
      id: id,
      key: key,
      task: task,
      branch: branch,
      device: device
    )
  }

  /// The values of the parameters.
  public var config: Config { identity.config }
  /// The repetition, counted from 0.
  public var repetition: Int { identity.repetition }
  /// The number of domains before the one that the config comes from.
  public var updates: Int { identity.updates }
}

/// The experiments that run together: as many consecutive ones as there are branches, fewer at the end
/// of a domain.
package struct PlannedTask: Sendable {
  package var experiments: [PlannedExperiment]
  /// The first experiment of the task, whether or not it runs again: root units read its config.
  package var leader: PlannedExperiment
  /// The rules that end its experiments early.
  package var pruning: [TaskPruning] = []

  package init(
    experiments: [PlannedExperiment],
    leader: PlannedExperiment,
    pruning: [TaskPruning] = []
  ) {
    self.experiments = experiments
    self.leader = leader
    self.pruning = pruning
  }

  package var number: Int { leader.task }
}

extension ExperimentPlan: ExperimentSource {
  package var plan: ExperimentPlan { self }

  package mutating func next(_ history: RunHistory) throws -> SourceStep {
    if let task = try nextTask() { return .task(task) }
    guard let rule = dueRule else { return .end }
    // The new domain depends on the results of all experiments before it.
    guard history.ended >= produced else { return .needs(ended: produced) }
    return .decision(
      Decision(
        rule: rule,
        updates: updates + 1,
        produced: produced,
        domain: domain,
        history: order,
        isAtEnd: size == produced
      )
    )
  }

  package mutating func resolve(_ decision: Decision, with replacement: Domain?) throws {
    checked = produced
    if let replacement { try continueWith(replacement, by: decision.rule) }
    guard size != nil || rules.contains(where: { $0.when.comesUp(from: produced) }) else {
      throw FieldworkError(
        .invalidDefinition,
        "after \(produced) configs the domain has no end, and no update follows that could end it; give the update configs:, a period such as .every(10), or let it return a domain with an end",
        place: decision.rule.place
      )
    }
  }
}

/// The experiments of a research in the order in which they are started, made one at a time.
///
/// Making a plan runs nothing. Memory grows by a few bytes per experiment, to tell equal configs apart.
public struct ExperimentPlan: Sendable {
  /// The number of experiments as far as is known: domain updates may change it; nil if there is no end.
  public private(set) var size: Int?
  /// The domain that configs are taken from now.
  package private(set) var domain: Domain?
  /// The number of experiments so far.
  package private(set) var produced = 0
  /// The number of domains before this one.
  package private(set) var updates = 0
  /// A hash of the experiments that were planned so far, in their order.
  package private(set) var order: UInt64 = 0

  private let seed: UInt64
  fileprivate let rules: [DomainUpdate]
  private let branches: Slots
  private let workers: Slots
  private let emptyConfigs: Int
  private var prefixes: PrefixCounter?
  private var stream: ConfigStream?
  /// The hashes of all experiments so far.
  private var seen: Set<UInt64> = []
  /// By the hash: the number of further experiments with the same config and repetition.
  private var repeated: [UInt64: Int] = [:]
  /// The number of experiments after which the rules were last tried.
  fileprivate var checked = 0
  private var task = 0
  private var branch = 0

  /// Plans the experiments of a research.
  /// - Throws: ``FieldworkError`` if the domain has problems or a condition fails, or if there are no
  ///   workers or branches.
  public init(_ research: Research, seed: UInt64) throws {
    let settings = research.settings
    guard settings.branches.count > 0, settings.workers?.count ?? 1 > 0 else {
      throw FieldworkError(
        .invalidDefinition,
        "there are no \(settings.branches.count > 0 ? "workers" : "branches"); let there be at least one",
        place: research.place
      )
    }
    self.seed = seed
    rules = research.updates
    branches = settings.branches
    workers = settings.workers ?? 1
    domain = research.domain
    emptyConfigs = settings.repetitions
    prefixes = settings.idPrefix.map { PrefixCounter([], digits: $0) }
    guard let domain = research.domain else {
      size = settings.repetitions
      return
    }
    let stream = try domain.stream(
      IterationSettings(
        configs: settings.configs,
        repetitions: settings.repetitions,
        repeatEach: settings.repeatEach,
        prefixDigits: settings.idPrefix,
        seed: seed
      )
    )
    self.stream = stream
    size = stream.size
  }

  /// The next experiment, as far as the plan goes before the domain is updated.
  /// - Returns: nil at the end, or where an update comes.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  public mutating func next() throws -> PlannedExperiment? {
    dueRule == nil ? try draw() : nil
  }

  /// Returns the next experiments that run together, as far as the plan goes before the domain is updated.
  /// - Returns: nil at the end, or where an update comes.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  package mutating func nextTask() throws -> PlannedTask? {
    var experiments: [PlannedExperiment] = []
    while experiments.count < branches.count, dueRule == nil, let experiment = try draw() {
      experiments.append(experiment)
    }
    guard let leader = experiments.first else { return nil }
    if branch > 0 { startTask() }
    return PlannedTask(experiments: experiments, leader: leader)
  }

  /// True if the domain is updated before the plan goes on.
  package var isAtUpdate: Bool { dueRule != nil }

  fileprivate mutating func continueWith(_ replacement: Domain, by rule: DomainUpdate) throws {
    updates += 1
    if branch > 0 { startTask() }
    domain = replacement
    var stream = try replacement.stream(
      IterationSettings(
        configs: rule.configs,
        repetitions: rule.repetitions,
        repeatEach: rule.repeatEach,
        produced: produced,
        updates: updates,
        prefixDigits: prefixes?.digits,
        seed: seedOfUpdate
      )
    )
    if let earlier = self.stream?.prefixes { stream.continuePrefixes(of: earlier) }
    self.stream = stream
    size = stream.size.map { saturatingSum(produced, $0) }
  }

  /// The first rule that applies to what has been planned; nil if none does, or they have been tried.
  fileprivate var dueRule: DomainUpdate? {
    guard checked < produced else { return nil }
    return rules.first { $0.when.runs(at: produced - 1, isLast: produced == size) }
  }

  /// Each domain draws from a seed of its own, so that equal domains give new samples.
  private var seedOfUpdate: UInt64 {
    var generator = Philox(text: "update|\(seed)|\(updates)")
    return generator.next()
  }

  private mutating func startTask() {
    task += 1
    branch = 0
  }

  private mutating func draw() throws -> PlannedExperiment? {
    guard let (config, repetition, prefix) = try nextConfig() else { return nil }
    let (identity, key) = identity(of: merged(config), repetition)
    let experiment = PlannedExperiment(
      identity: identity,
      ordinal: produced,
      id: prefix + key,
      key: key,
      task: task,
      branch: branch
    )
    produced += 1
    // The keys are hashes already; the multiplication by an odd number makes their order count.
    order = (order ^ (UInt64(key, radix: 16) ?? 0)) &* 0x9E37_79B9_7F4A_7C15
    order = order << 29 | order >> 35
    branch += 1
    if branch == branches.count { startTask() }
    return experiment
  }

  private mutating func nextConfig() throws -> (Config, Int, String)? {
    if stream != nil {
      guard let element = try stream?.next() else { return nil }
      return (element.config, element.repetition, element.prefix)
    }
    guard produced < emptyConfigs else { return nil }
    var prefixes = prefixes
    return (Config(), produced, prefixes?.prefix(of: Config(), repetition: produced) ?? "")
  }

  /// The config with the values of its branch and of its worker, the later ones winning. The config of a worker is that
  /// of its task's number, so that it does not matter which worker is free when.
  private func merged(_ config: Config) -> Config {
    guard branches.configs != nil || workers.configs != nil else { return config }
    let worker = workers.config(at: workers.configs == nil ? 0 : task % workers.count)
    return config.merging(branches.config(at: branch)).merging(worker)
  }

  /// The identity of the next experiment with its key. Equal configs in one plan differ in their occurrence.
  private mutating func identity(
    of config: Config,
    _ repetition: Int
  ) -> (ExperimentIdentity, key: String) {
    let identity = ExperimentIdentity(config: config, repetition: repetition, updates: updates)
    let words = identity.words
    let hash = UInt64(words[0]) << 32 | UInt64(words[1])
    guard !seen.insert(hash).inserted else {
      return (identity, SHA256.hexDigits(of: words, length: 16))
    }
    let occurrence = repeated[hash, default: 0] + 1
    repeated[hash] = occurrence
    let repeated = identity.with(occurrence: occurrence)
    return (repeated, repeated.key)
  }
}
