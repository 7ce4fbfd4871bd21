package import FieldworkCore
package import FieldworkStore

/// Why an experiment would run or not, in one word.
package enum Standing: String, Sendable, Hashable, CaseIterable {
  case done, failed, interrupted, running
  /// It is done, but with fewer iterations than are asked for now, and goes on from its checkpoint.
  case extended = "to go on"
  /// Nothing is stored of it.
  case new
  /// It is done, but by another definition.
  case changed
  /// It is done, but with another version of a unit or value, or another value of the same shown name.
  case otherVersion = "other version"
  /// It is done, but by another build of the playbook.
  case otherBuild = "other build"
  /// It is planned, but not among those that were asked for.
  case leftOut = "left out"
  /// It is stored, but no longer planned.
  case unplanned = "not planned"
}

/// What is stored of a research, to be compared with what is planned now.
package struct Standings: Sendable {
  /// The state of every stored experiment by its key.
  package let states: [String: ExperimentState]
  /// The seed of the stored results; nil if there are none.
  package let seed: UInt64?
  /// What the definition has lost and gained since it was stored, in lines; nil if nothing, or if nothing is
  /// stored.
  package let change: String?
  /// Whether a definition is stored.
  package let isBegun: Bool
  private let selection: Selection?
  private let checkpoints: CheckpointIndex?
  private let origins: OriginCheck?
  private let rerunsOtherBuilds: Bool

  /// - Parameter store: what is stored; nil for nothing.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be read, of code `invalidDefinition` if the
  ///   research asks for another seed.
  package init(_ research: Research, _ store: DatabaseStore?, selection: Selection? = nil) throws {
    let notes = try store?.notes() ?? [:]
    states = try store?.states() ?? [:]
    seed = try StoredSeed.decode(notes["seed"])
    if let seed { try StoredSeed.agree(seed, with: research) }
    let definition = ResearchDefinition(research)
    let before = notes["definition"].flatMap(String.init)
    isBegun = before != nil
    change = before.flatMap { $0 == definition.text ? nil : definition.difference(from: $0) }
    self.selection = selection
    origins = try store.map { try OriginCheck(research, $0) }
    rerunsOtherBuilds = research.settings.otherBuilds == .rerun
    checkpoints = try store.map { try CheckpointIndex(research, $0) }
  }

  /// How an experiment of the plan stands to what is stored.
  package func standing(of experiment: PlannedExperiment) -> Standing {
    guard selection?.includes(experiment) ?? true else { return .leftOut }
    switch states[experiment.key] {
    case nil: return .new
    case .done:
      let goesOn = checkpoints?.extended.contains(experiment.key) ?? false
      guard change == nil else { return goesOn ? .extended : .changed }
      switch origins?.difference(of: experiment) {
      case .version: return .otherVersion
      case .build: return goesOn && !rerunsOtherBuilds ? .extended : .otherBuild
      case nil: return goesOn ? .extended : .done
      }
    case .failed: return .failed
    case .interrupted: return .interrupted
    case .running: return .running
    }
  }

  /// The iteration from which an experiment that stands so would go on; nil if it would begin anew, or not
  /// run.
  package func iteration(of experiment: PlannedExperiment, _ standing: Standing) -> Int? {
    switch standing {
    case .failed, .interrupted, .running, .extended: checkpoints?.iteration(of: experiment)
    case .done, .new, .changed, .otherVersion, .otherBuild, .leftOut, .unplanned: nil
    }
  }
}

extension ExperimentPlan {
  /// The keys of the planned experiments, as far as the plan goes before the domain is updated.
  ///
  /// - Parameters:
  ///   - wanted: the keys to look for; the search ends when all have been found.
  ///   - limit: the number of experiments to search; keys that are not found by then count as planned. By default it
  ///     is the size of the plan up to half a million, and 100,000 plus 20 for each key in a larger one.
  ///   - visit: is called with each experiment that is found.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  package func keys(
    among wanted: Set<String>,
    limit: Int? = nil,
    _ visit: (PlannedExperiment) -> Void = { _ in }
  ) throws -> Set<String> {
    var plan = self
    let isSmall = (size ?? .max) <= Self.searchLimit
    let limit = limit ?? (isSmall ? Self.searchLimit : 100_000 + 20 * wanted.count)
    var missing = wanted
    for _ in 0..<limit where !missing.isEmpty {
      guard let experiment = try plan.next() else { return wanted.subtracting(missing) }
      if missing.remove(experiment.key) != nil { visit(experiment) }
    }
    return wanted
  }

  /// The size of a plan that is searched as a whole for stored experiments.
  private static let searchLimit = 500_000
}
