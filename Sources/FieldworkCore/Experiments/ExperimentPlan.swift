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

/// The experiments of a research in the order in which they are started, made one at a time.
///
/// Making a plan runs nothing. Memory grows by a few bytes per experiment, to tell equal configs apart, unless all listed
/// values differ.
public struct ExperimentPlan: Sendable {
  /// The number of experiments as far as is known: domain updates may change it; nil if there is no end.
  public private(set) var size: Int?
  /// The domain that configs are taken from now.
  package private(set) var domain: Domain?
  /// The number of domains before this one.
  private var updates = 0

  private let seed: UInt64
  private let rules: [DomainUpdate]
  private let emptyConfigs: Int
  private let repetitions: Int
  /// The experiments that were added and have not come up.
  private var added: [(config: Config, repetition: Int)] = []
  private var emptyProduced = 0
  private let skipsRepeated: Bool
  /// True if experiments may be left out, since they have come up.
  private var leavesOut: Bool { skipsRepeated || hasAdded }
  private var hasAdded = false
  private var isCounting = false
  private var prefixes: PrefixCounter?
  private var stream: ConfigStream?
  private(set) var numbering: ExperimentNumbering
  /// The number of experiments after which the rules were last tried.
  private var checked = 0

  /// Plans the experiments of a research.
  /// - Throws: ``FieldworkError`` if the domain has problems or a condition fails, or if there are no
  ///   workers or branches.
  public init(_ research: Research, seed: UInt64) throws {
    let settings = research.settings
    numbering = try ExperimentNumbering(
      research,
      hasDistinctConfigs: try Self.hasDistinctConfigs(research)
    )
    self.seed = seed
    rules = research.updates
    domain = research.domain
    emptyConfigs = settings.repetitions
    skipsRepeated = settings.duplicates == .skip
    repetitions = settings.repetitions
    prefixes = settings.idPrefix.map { PrefixCounter([], digits: $0) }
    guard let domain = research.domain else {
      size = settings.repetitions
      add(research.added)
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
    if skipsRepeated { try correctSize() }
    add(research.added)
  }

  /// Counts the experiments that are left, without those that have come up.
  /// - Parameter new: the number of experiments that have just been added.
  private mutating func correctSize(adding new: Int = 0) throws {
    guard let all = size, !numbering.areDistinct || hasAdded else { return }
    // Of very many the number is corrected when they have come up.
    guard all - produced <= Self.countLimit else {
      size = saturatingSum(all, new)
      return
    }
    var rest = self
    rest.isCounting = true
    while try rest.draw() != nil {}
    size = rest.produced
  }

  /// The number of experiments that are gone through to count those that do not come up twice.
  private static let countLimit = 1_000_000

  @discardableResult
  package mutating func add(_ experiments: [(config: Config, repetition: Int)]) -> Bool {
    guard !experiments.isEmpty else { return true }
    hasAdded = true
    added += experiments
    if size != nil { try? correctSize(adding: experiments.count) }
    return true
  }

  private mutating func add(_ configs: [Config]) {
    add(configs.flatMap { config in (0..<repetitions).map { (config, $0) } })
  }

  /// Returns true if the definition gives no config twice within a repetition.
  private static func hasDistinctConfigs(_ research: Research) throws -> Bool {
    guard research.updates.isEmpty else { return false }
    guard let domain = research.domain else { return true }
    guard let options = domain.node.flat, options.areDistinct, domain.problems.isEmpty else {
      return false
    }
    return try research.settings.configs.map { try $0 <= domain.node.count() } ?? true
  }

  /// The number of experiments so far.
  package var produced: Int { numbering.produced }

  /// Returns the next experiment, as far as the plan goes before the domain is updated.
  /// - Returns: nil at the end, or where an update is due.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  public mutating func next() throws -> PlannedExperiment? {
    dueRule == nil ? try draw() : nil
  }

  private mutating func continueWith(_ replacement: Domain, by rule: DomainUpdate) throws {
    updates += 1
    numbering.endTask()
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
    if leavesOut { try correctSize() }
  }

  /// The first rule that applies to what has been planned; nil if none does, or they have been tried.
  private var dueRule: DomainUpdate? {
    guard checked < counted, added.isEmpty else { return nil }
    return rules.first { $0.when.runs(at: counted - 1, isLast: produced == size) }
  }

  /// The number of experiments so far without those that were added: these change nothing about the updates.
  private var counted: Int { produced - numbering.addedCount }

  /// Each domain draws from a seed of its own, so that equal domains give new samples.
  private var seedOfUpdate: UInt64 {
    var generator = Philox(text: "update|\(seed)|\(updates)")
    return generator.next()
  }

  /// Returns the next one of the experiments that were added; nil if none is left.
  private mutating func nextAdded() -> PlannedExperiment? {
    while !added.isEmpty {
      let (config, repetition) = added.removeFirst()
      if let experiment = numbering.nextDistinct(
        config,
        repetition: repetition,
        updates: updates,
        prefix: "",
        isAdded: true,
        skipsRepeated: true
      ) {
        return experiment
      }
    }
    return nil
  }

  private mutating func draw() throws -> PlannedExperiment? {
    if let experiment = nextAdded() { return experiment }
    while let (config, repetition, prefix) = try nextConfig() {
      guard leavesOut else {
        return numbering.next(config, repetition: repetition, updates: updates, prefix: prefix)
      }
      if let experiment = numbering.nextDistinct(
        config,
        repetition: repetition,
        updates: updates,
        prefix: prefix,
        isAdded: false,
        skipsRepeated: skipsRepeated
      ) {
        return experiment
      }
      // An experiment that was added counts at its place in the domain, after which an update may be due.
      if dueRule != nil { return nil }
    }
    // The number is known now.
    if leavesOut, size != nil, !isCounting { size = produced }
    return nil
  }

  private mutating func nextConfig() throws -> (Config, Int, String)? {
    if stream != nil {
      guard let element = try stream?.next() else { return nil }
      return (element.config, element.repetition, element.prefix)
    }
    guard emptyProduced < emptyConfigs else { return nil }
    defer { emptyProduced += 1 }
    var prefixes = prefixes
    let prefix = prefixes?.prefix(of: Config(), repetition: emptyProduced) ?? ""
    return (Config(), emptyProduced, prefix)
  }
}

extension ExperimentPlan: ExperimentSource {
  package mutating func next(_ history: RunHistory) throws -> SourceStep {
    if let task = try nextTask() { return .task(task) }
    guard let rule = dueRule else { return .end }
    // The new domain depends on the results of all experiments before it.
    guard history.ended >= produced else { return .needs(ended: produced) }
    return .decision(
      Decision(
        number: updates + 1,
        produced: counted,
        ended: produced,
        domain: domain,
        history: numbering.order,
        isAtEnd: size == produced,
        when: rule.when,
        configs: rule.configs,
        place: rule.place,
        make: rule.body
      )
    )
  }

  package mutating func resolve(_ decision: Decision, with replacement: Domain?) throws {
    let rule = dueRule
    checked = counted
    if let replacement, let rule { try continueWith(replacement, by: rule) }
    guard size != nil || rules.contains(where: { $0.when.comesUp(from: counted) }) else {
      throw FieldworkError(
        .invalidDefinition,
        "after \(produced) configs the domain has no end, and no update follows that could end it; give the update configs:, a period such as .every(10), or let it return a domain with an end",
        place: decision.place
      )
    }
  }

  package mutating func nextTask() throws -> PlannedTask? {
    var experiments: [PlannedExperiment] = []
    while experiments.count < numbering.taskSize, let experiment = nextAdded() {
      experiments.append(experiment)
    }
    // Tasks of the domain have the same experiments whatever was added.
    if let task = numbering.task(experiments) { return task }
    while experiments.count < numbering.taskSize, let experiment = try next() {
      experiments.append(experiment)
    }
    return numbering.task(experiments)
  }

  package var isOpen: Bool { dueRule != nil }

  package var decides: Bool { !rules.isEmpty }
}
