package import FieldworkCore
package import FieldworkStore

/// Why an experiment runs or does not run.
package enum ResumeStatus: String, Sendable, Hashable, CaseIterable {
  case done, pruned, failed, interrupted, running
  /// It is done, but with fewer iterations than are asked for now, and resumes from its checkpoint.
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

/// What a run does with what is stored, computed once from the research and its store.
///
/// The run, which `retry` starts, too, its preview and `configs` read this value.
package struct ResumePlan: Sendable {
  /// The state of every stored experiment by its key.
  package let states: [String: ExperimentState]
  /// The seed of the stored results; nil if there are none.
  package let seed: UInt64?
  /// The differences of the definition from the stored one, in lines; nil if there are none, or if nothing is stored.
  package let change: String?
  /// True if a definition is stored.
  package let isBegun: Bool
  /// True if other programs run experiments that they have asked for.
  let isAsked: Bool
  /// True if a later run finds the definition as this version of Fieldwork stores it.
  let hasEncodedDefinition: Bool
  /// True if the digest of files that programs watch is stored.
  let hasWatchedFiles: Bool
  /// The number of the run that follows, from 1.
  let runNumber: Int
  let checkpoints: CheckpointIndex
  let origins: OriginCheck
  private let selection: Selection?
  private let keepsFailed: Bool
  private let rerunsOtherBuilds: Bool

  /// - Parameters:
  ///   - store: what is stored; nil for nothing.
  ///   - selection: the experiments that are asked for; nil for all.
  ///   - keepsFailed: true to leave out failed experiments as those that are done.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be read, of code `invalidDefinition` if the research
  ///   asks for another seed.
  package init(
    _ research: Research,
    _ store: (any ResultStore)?,
    selection: Selection? = nil,
    keepsFailed: Bool = false
  ) throws {
    let notes = try store?.notes() ?? [:]
    let recorded = try store?.states() ?? [:]
    isAsked = notes[ResearchRunner.askedKey] == true
    // What a run has left in the state running, and nothing runs any more, was interrupted.
    let isHeld = try isAsked || store?.folder?.isHeld ?? true
    states = isHeld ? recorded : recorded.mapValues { $0 == .running ? .interrupted : $0 }
    let definition = ResearchDefinition(research)
    let stored = ResearchDefinition.Stored(notes)
    isBegun = stored.isThere
    if case .encoded = stored { hasEncodedDefinition = true } else { hasEncodedDefinition = false }
    change = definition.matches(stored) ? nil : definition.difference(from: stored)
    seed = try StoredSeed.decode(notes["seed"])
    if let seed { try StoredSeed.agree(seed, with: research) }
    hasWatchedFiles = notes[CodeIdentity.noteKey] != nil
    runNumber = (notes["runs"].flatMap { Int($0) } ?? 0) + 1
    origins = try OriginCheck(research, store, notes)
    checkpoints = try CheckpointIndex(research, store, origins)
    self.selection = selection
    self.keepsFailed = keepsFailed
    rerunsOtherBuilds = research.settings.otherBuilds == .rerun
  }

  /// Returns why an experiment of the plan runs or does not run.
  package func status(of experiment: PlannedExperiment) -> ResumeStatus {
    guard selection?.includes(experiment) ?? true else { return .leftOut }
    switch states[experiment.key] {
    case nil: return .new
    case .done, .pruned:
      let difference = origins.difference(of: experiment)
      if difference == .version { return .otherVersion }
      let isExtended = checkpoints.extended.contains(experiment.key)
      if isExtended, difference == nil || !rerunsOtherBuilds { return .extended }
      guard change == nil else { return .changed }
      if difference == .build { return .otherBuild }
      return states[experiment.key] == .pruned ? .pruned : .done
    case .failed: return .failed
    case .interrupted: return .interrupted
    case .running: return .running
    }
  }

  /// Returns true if an experiment of the plan runs.
  package func runs(_ experiment: PlannedExperiment) -> Bool {
    // Most runs begin with nothing.
    guard !states.isEmpty || selection != nil else { return true }
    return runs(experiment, status(of: experiment))
  }

  /// Returns true if an experiment of a status runs.
  package func runs(_ experiment: PlannedExperiment, _ status: ResumeStatus) -> Bool {
    switch status {
    case .leftOut, .unplanned: false
    // An experiment that was named runs in any case.
    case .done, .pruned, .changed: selection?.named?.contains(experiment.key) ?? false
    case .otherBuild:
      rerunsOtherBuilds || selection?.named?.contains(experiment.key) ?? false
    case .failed: !keepsFailed
    case .new, .interrupted, .running, .extended, .otherVersion: true
    }
  }

  /// Returns true if an experiment is stored as finished, so that its results are removed before it runs again.
  func isFinished(_ experiment: PlannedExperiment) -> Bool {
    states[experiment.key]?.isFinished ?? false
  }

  /// The keys of stored experiments that do not run, as far as that is known without their configs.
  var finished: Set<String> {
    Set(states.filter { isEnded($0.value) }.keys).subtracting(repeated)
  }

  /// The number of ``finished`` experiments.
  var finishedCount: Int {
    states.values.count(where: isEnded)
      - repeated.count { key in states[key].map(isEnded) ?? false }
  }

  private func isEnded(_ state: ExperimentState) -> Bool {
    state.isFinished || keepsFailed && state == .failed
  }

  /// The keys of experiments that run although they have ended.
  private var repeated: Set<String> {
    checkpoints.extended.union(origins.outdated(states)).union(selection?.named ?? [])
  }

  /// Returns the iteration from which an experiment of a status resumes; nil if it begins from its start, or does not
  /// run.
  package func iteration(of experiment: PlannedExperiment, _ status: ResumeStatus) -> Int? {
    switch status {
    case .failed, .interrupted, .running, .extended: checkpoints.iteration(of: experiment)
    default: nil
    }
  }
}
