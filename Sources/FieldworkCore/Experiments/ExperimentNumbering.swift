/// Numbers the experiments of a source in their order, and gives them their keys.
///
/// Memory grows by a few bytes per experiment, to tell equal configs apart, unless the definition rules them out.
package struct ExperimentNumbering: Sendable {
  /// The number of experiments so far.
  package private(set) var produced = 0
  /// The number of those that were added, and that the domain has not given so far.
  private(set) var addedCount = 0
  /// A hash of the experiments of the domain so far, in their order.
  package private(set) var order: UInt64 = 0

  private let branches: Slots
  private let workers: Slots
  private var task = 0
  private var branch = 0
  /// True if no two experiments have the same config and repetition.
  let areDistinct: Bool
  /// The hashes of all experiments so far, if some may be equal.
  private var seen: Set<UInt64> = []
  /// The hashes of experiments that were added to those of the domain, and of those that the domain has given, too.
  private var added: Set<UInt64> = []
  private var takenAdded: Set<UInt64> = []
  /// By the hash: the number of further experiments with the same config and repetition.
  private var repeated: [UInt64: Int] = [:]
  /// The memory in which identities are written.
  private var bytes: [UInt8] = []

  /// - Parameter hasDistinctConfigs: true if the configs that will be numbered differ, or their repetitions do.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if the research has no workers or no branches.
  package init(_ research: Research, hasDistinctConfigs: Bool = false) throws {
    let settings = research.settings
    // Values of branches and workers may replace those in which configs differ.
    areDistinct =
      hasDistinctConfigs && settings.branches.configs == nil && settings.workers?.configs == nil
    branches = settings.branches
    workers = settings.workers ?? 1
    guard branches.count > 0, workers.count > 0 else {
      throw FieldworkError(
        .invalidDefinition,
        "there are no \(branches.count > 0 ? "workers" : "branches"); let there be at least one",
        place: research.place
      )
    }
  }

  /// The number of experiments that run together in one task.
  package var taskSize: Int { branches.count }

  /// Returns the next experiment.
  /// - Parameters:
  ///   - config: the values from the domain. Those of the branch and the worker are added.
  ///   - updates: the number of domains before the one that the config comes from.
  ///   - prefix: the text before the key in the id.
  package mutating func next(
    _ config: Config,
    repetition: Int,
    updates: Int = 0,
    prefix: String = ""
  ) -> PlannedExperiment {
    let (identity, hash) = identity(
      of: ExperimentIdentity(config: merged(config), repetition: repetition, updates: updates)
    )
    return number(identity, hash, prefix)
  }

  /// Returns the next experiment, unless the same config and repetition have come up.
  /// - Parameters:
  ///   - isAdded: true for an experiment that was added to those of the domain, which is then not run again.
  ///   - skipsRepeated: true to leave out what has come up in the domain, too.
  package mutating func nextDistinct(
    _ config: Config,
    repetition: Int,
    updates: Int,
    prefix: String,
    isAdded: Bool,
    skipsRepeated: Bool
  ) -> PlannedExperiment? {
    let first = ExperimentIdentity(
      config: merged(config),
      repetition: repetition,
      updates: updates
    )
    let hash = first.hash(&bytes)
    if isAdded {
      guard !seen.contains(hash), added.insert(hash).inserted else { return nil }
      addedCount += 1
      return number(first, hash, prefix, isAdded: true)
    }
    // The first one of the domain is the one that was added. It counts at this place, too.
    let isOfAdded = added.contains(hash) && takenAdded.insert(hash).inserted
    if isOfAdded {
      addedCount -= 1
      addToOrder(hash)
    }
    guard !isOfAdded || !areDistinct else { return nil }
    if skipsRepeated {
      guard !added.contains(hash), areDistinct || seen.insert(hash).inserted else { return nil }
      return number(first, hash, prefix)
    }
    let (identity, ownHash) = identity(of: first)
    return isOfAdded ? nil : number(identity, ownHash, prefix)
  }

  private mutating func number(
    _ identity: ExperimentIdentity,
    _ hash: UInt64,
    _ prefix: String,
    isAdded: Bool = false
  ) -> PlannedExperiment {
    let key = SHA256.hexDigits(of: hash)
    let experiment = PlannedExperiment(
      identity: identity,
      ordinal: produced,
      id: prefix.isEmpty ? key : prefix + key,
      key: key,
      task: task,
      branch: branch
    )
    produced += 1
    if !isAdded { addToOrder(hash) }
    branch += 1
    if branch == branches.count { endTask() }
    return experiment
  }

  private mutating func addToOrder(_ hash: UInt64) {
    // The multiplication of the hashes by an odd number makes their order count.
    order = (order ^ hash) &* 0x9E37_79B9_7F4A_7C15
    order = order << 29 | order >> 35
  }

  /// Returns the task of the last experiments; the next one begins another task.
  /// - Returns: nil if there are none.
  package mutating func task(_ experiments: [PlannedExperiment]) -> PlannedTask? {
    endTask()
    return experiments.first.map { PlannedTask(experiments: experiments, leader: $0) }
  }

  /// Ends the present task, so that the next experiment begins another one.
  package mutating func endTask() {
    guard branch > 0 else { return }
    task += 1
    branch = 0
  }

  /// The config with the values of its branch and of its worker, the later ones winning. The config of a worker is that
  /// of its task's number, so that it does not matter which worker is free when.
  private func merged(_ config: Config) -> Config {
    guard branches.configs != nil || workers.configs != nil else { return config }
    let worker = workers.config(at: workers.configs == nil ? 0 : task % workers.count)
    return config.merging(branches.config(at: branch)).merging(worker)
  }

  /// Returns the identity with the hash of its key. Equal configs differ in their occurrence.
  private mutating func identity(
    of identity: ExperimentIdentity
  ) -> (ExperimentIdentity, hash: UInt64) {
    let hash = identity.hash(&bytes)
    guard !areDistinct, !seen.insert(hash).inserted else { return (identity, hash) }
    let occurrence = repeated[hash, default: 0] + 1
    repeated[hash] = occurrence
    let repeated = identity.with(occurrence: occurrence)
    return (repeated, repeated.hash(&bytes))
  }
}
