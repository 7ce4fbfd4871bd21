public import FieldworkCore

/// Where the results of a research are kept.
///
/// One run writes a store, in the order in which things happened; anyone may read it meanwhile. The
/// store that comes with Fieldwork is ``DatabaseStore``.
public protocol ResultStore: Sendable {
  /// Writes records in their order, all or none.
  /// - Throws: ``FieldworkError`` of code `store` if they cannot be kept.
  func write(_ records: [RunRecord]) throws

  /// True if ``write(_:)`` takes ``RunRecord/finished(_:)``; with false it gets the records for which that stands.
  var takesFinished: Bool { get }

  /// Everything that is kept.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be read.
  func contents() throws -> ResearchResults

  /// The experiments in the order of the plan, without what they saved.
  func experiments() throws -> [ExperimentRecord]

  /// What the end of a run tells. A store that can compute it without reading everything may do so.
  /// - Parameter excluded: the keys of experiments that are left out.
  func digest(of objective: Objective?, without excluded: Set<String>) throws -> ResultDigest

  /// The state of every experiment by its key, see ``PlannedExperiment/key``.
  func states() throws -> [String: ExperimentState]

  /// The ids of experiments that differ from their keys, by key.
  func prefixedIDs() throws -> [String: String]

  /// What is noted about the research as a whole.
  func notes() throws -> [String: Value]

  /// Returns the keys of the experiments that an update of the domain has brought.
  func updatedKeys() throws -> Set<String>

  /// Returns the origins of stored experiments, by key.
  /// - Parameters:
  ///   - finished: true for those that are done only.
  ///   - usual: the origins that are left out; nil to read all, with the values that shown names hide.
  func origins(finished: Bool, without usual: UsualOrigins?) throws -> [String: StoredOrigin]

  /// The provenance of the runs, in order of the runs.
  func provenance() throws -> [ProvenanceItem]

  /// How long units took, in order of the plan, the iterations and the units' turns.
  func profile() throws -> [UnitProfile]

  /// The updates of the domain that were made, in the order in which they were. A store that keeps none
  /// has them made again.
  func updates() throws -> [UpdateRecord]

  /// Of which experiments there is a checkpoint.
  func checkpoints() throws -> [CheckpointNote]

  /// The last checkpoint of an experiment, by its key; nil if there is none.
  func checkpoint(of experiment: String) throws -> Checkpoint?

  /// Returns the values that an experiment has saved, by its key, in the order of the names and iterations.
  func saved(by experiment: String) throws -> [SavedValue]

  /// What an experiment wrote to a stream, if the store keeps it; a store with folders has files instead.
  func output(of experiment: String, _ stream: StandardStream) throws -> String?

  /// The folder that the store is in; nil if it has none.
  var folder: ResearchFolder? { get }

  /// The folder of an experiment, made if it is missing.
  /// - Throws: ``FieldworkError`` of code `store` if the store has no folders or it cannot be made.
  func directory(of experiment: String) throws -> String
}

extension ResultStore {
  public var takesFinished: Bool { false }
  public var folder: ResearchFolder? { nil }
  public func prefixedIDs() throws -> [String: String] {
    let prefixed = try experiments().filter { $0.key != $0.id }
    return Dictionary(prefixed.map { ($0.key, $0.id) }, uniquingKeysWith: { $1 })
  }
  public func updatedKeys() throws -> Set<String> {
    Set(try experiments().filter { $0.updates > 0 }.map(\.key))
  }
  public func origins(finished: Bool, without usual: UsualOrigins?) throws -> [String: StoredOrigin]
  {
    var origins: [String: StoredOrigin] = [:]
    for experiment in try experiments() where experiment.state.isFinished || !finished {
      let origin = StoredOrigin(
        build: experiment.build,
        versions: experiment.versions,
        hidden: usual == nil ? experiment.config.hiddenValues : [:]
      )
      if !(usual?.contains(origin) ?? false) { origins[experiment.key] = origin }
    }
    return origins
  }

  public func provenance() throws -> [ProvenanceItem] { [] }
  public func profile() throws -> [UnitProfile] { [] }
  public func updates() throws -> [UpdateRecord] { [] }
  public func checkpoints() throws -> [CheckpointNote] { [] }
  public func checkpoint(of experiment: String) throws -> Checkpoint? { nil }
  public func output(of experiment: String, _ stream: StandardStream) throws -> String? { nil }

  public func experiments() throws -> [ExperimentRecord] { try contents().experiments }

  public func saved(by experiment: String) throws -> [SavedValue] {
    let results = try contents()
    guard let found = results.experiments.first(where: { $0.key == experiment }) else { return [] }
    return results.savedValues(by: found.id)
  }

  public func digest(of objective: Objective?, without excluded: Set<String>) throws
    -> ResultDigest
  {
    let results = try contents()
    return results.planned(results.keys.subtracting(excluded)).digest(of: objective)
  }

  /// Returns the digest of all stored experiments, for the summary at the end of a run.
  public func digest(of objective: Objective?) throws -> ResultDigest {
    try digest(of: objective, without: [])
  }
}

/// How long a unit's turn took in one experiment. The turn of a root unit stands once, with the first of
/// the experiments that shared it.
public struct UnitProfile: Sendable, Hashable {
  /// The id of the experiment.
  public let experiment: String
  public let timing: UnitTiming

  public init(experiment: String, timing: UnitTiming) {
    self.experiment = experiment
    self.timing = timing
  }
}

/// The streams of a process to which units write.
public enum StandardStream: String, Sendable, Hashable, CaseIterable {
  case stdout, stderr
}

/// Why an experiment failed: a row of the results.
public struct Failure: Sendable, Hashable {
  /// The unit in which it happened.
  public let unit: String
  /// The iteration in which it happened, from 0.
  public let iteration: Int
  /// The type of the error that was thrown.
  public let kind: String
  public let message: String
  /// Where the unit was written.
  public let place: SourceLocation?
  /// How the process ended that ran the experiment; nil if it lived on.
  public let death: Death?
  /// The last lines that the experiment, and programs that it has run, wrote to the standard error; nil if none are
  /// known.
  public let errorOutput: String?

  public init(
    unit: String,
    iteration: Int,
    kind: String,
    message: String,
    place: SourceLocation?,
    death: Death? = nil,
    errorOutput: String? = nil
  ) {
    self.unit = unit
    self.iteration = iteration
    self.kind = kind
    self.message = message
    self.place = place
    self.death = death
    self.errorOutput = death?.stderr ?? errorOutput
  }

  /// The failure with what was last written to the standard error.
  package func with(errorOutput: String) -> Failure {
    guard death == nil, !errorOutput.isEmpty else { return self }
    return Failure(
      unit: unit,
      iteration: iteration,
      kind: kind,
      message: message,
      place: place,
      errorOutput: errorOutput
    )
  }
}

extension FieldworkError {
  /// There is no folder for an experiment.
  package static var noFolders: FieldworkError {
    FieldworkError(.store, "a research in memory has no folders for its experiments")
  }
}
