package import FieldworkCore
import FieldworkSearch
package import FieldworkStore

/// Finds experiments that are stored as done but were made by other code or other values than the current ones,
/// although their keys are the same.
struct OriginCheck: Sendable {
  /// The kind of a difference.
  enum Difference: Hashable {
    /// A unit or a value has another version, or a shown name refers to another value.
    case version
    /// The program was built from other code.
    case build
  }

  /// The key of the note that shown names of stored experiments hide values or versions.
  private static let noteKey = "hidden values"

  /// By key: the origins that may differ.
  private let origins: [String: StoredOrigin]
  private let versions: String?
  private let comparesValues: Bool
  private let accepted: AcceptedBuilds
  private let policy: OtherBuildPolicy

  /// - Parameter notes: those of the store.
  init(_ research: Research, _ store: (any ResultStore)?, _ notes: [String: Value]) throws {
    versions = research.unitVersions
    comparesValues = research.hasHiddenValues || notes[Self.noteKey] != nil
    accepted = AcceptedBuilds(notes, current: .some(CodeIdentity(research).current))
    policy = research.settings.otherBuilds
    // Without checkpoints only finished experiments are compared.
    origins =
      try store?.origins(
        finished: research.settings.checkpoint == nil,
        without: comparesValues ? nil : UsualOrigins(versions: research.unitVersions, accepted)
      ) ?? [:]
  }

  /// True if no stored experiment may differ.
  var isEmpty: Bool { origins.isEmpty }

  /// - Returns: nil if the experiment is not among those that are compared, or if nothing differs.
  func difference(of experiment: PlannedExperiment) -> Difference? {
    guard let origin = origins[experiment.key] else { return nil }
    if origin.versions != versions { return .version }
    if comparesValues, origin.hidden != experiment.config.hiddenValues { return .version }
    return accepted.isCurrent(origin.build) ? nil : .build
  }

  /// Returns true if an experiment has to run again although it is done.
  func isOutdated(_ experiment: PlannedExperiment) -> Bool {
    switch difference(of: experiment) {
    case nil: false
    case .version: true
    case .build: policy == .rerun
    }
  }

  /// The keys of the experiments that have to run again, as far as that can be told without the plan.
  func outdated(_ states: [String: ExperimentState]) -> Set<String> {
    Set(
      origins.filter { origin in
        guard states[origin.key]?.isFinished ?? false else { return false }
        return origin.value.versions != versions
          || policy == .rerun && !accepted.isCurrent(origin.value.build)
      }.keys
    )
  }

  /// The keys of the experiments that another build has run.
  func otherBuilds(_ states: [String: ExperimentState]) -> Set<String> {
    Set(
      origins.filter {
        states[$0.key]?.isFinished ?? false && !accepted.isCurrent($0.value.build)
      }.keys
    )
  }

  /// Returns true if the builds of some experiments are the current one, with other files of its programs.
  func differInFiles(_ keys: Set<String>) -> Bool {
    guard let current = BuildIdentity.current else { return false }
    return keys.allSatisfy { origins[$0]?.build?.hasPrefix(current + "+") ?? false }
  }

  /// The note that later runs have to compare hidden values, also if the research has none any more; nil if it need not
  /// be made.
  var note: RunRecord? { comparesValues ? .note(Self.noteKey, .bool(true)) : nil }

  /// The note that accepts the results of all other builds; nil if there are none.
  var acceptance: RunRecord? {
    accepted.note(accepting: origins.values.lazy.compactMap(\.build))
  }
}

extension DatabaseStore {
  /// The number of experiments of a research that are done and were made by another build of the playbook, or with other
  /// files of its programs.
  /// - Parameter selection: the experiments that are asked for; nil for all.
  /// - Returns: the number, and true if the builds are the same and nothing but files differ.
  package func otherBuildCount(
    in research: Research,
    _ selection: Selection? = nil
  ) throws -> (count: Int, isOfFiles: Bool) {
    let notes = try notes()
    let origins = try OriginCheck(research, self, notes)
    if origins.isEmpty { return (0, false) }
    let keys = origins.otherBuilds(try states())
    guard !keys.isEmpty else { return (0, false) }
    let isOfFiles = origins.differInFiles(keys)
    let seed = try StoredSeed.decode(notes["seed"]) ?? research.settings.seed ?? 0
    // What updates have brought is not in the plan, and counts as planned.
    let source = try research.adding(notes).source(seed: seed)
    let updated = source.decides ? try updatedKeys().intersection(keys) : []
    var others = 0
    // Those of another version run again in any case.
    let planned = try source.keys(
      among: keys.subtracting(updated)
    ) { experiment in
      if origins.difference(of: experiment) != .build || selection?.includes(experiment) == false {
        others += 1
      }
    }
    return (planned.count - others + updated.count, isOfFiles)
  }
}

extension Research {
  /// True if a shown name may hide a plain value or a version.
  fileprivate var hasHiddenValues: Bool {
    let slots = (settings.branches.configs ?? []) + (settings.workers?.configs ?? [])
    return (domain?.hasHiddenValues ?? false)
      || slots.contains { $0.entries.contains { $0.value.hidden != nil } }
      // What an update will bring is not known.
      || !updates.isEmpty
  }
}
