public import FieldworkAnalysis
public import FieldworkCore

/// Some experiments of a plan: those whose config satisfies a condition, or that are named.
///
/// It leaves out experiments without changing any: the plan, its ids and what its samplers draw stay as
/// they are.
public struct Selection: Sendable {
  private let condition: Condition?
  /// The keys of those that are named; nil for all.
  private let keys: Set<String>?
  /// How many experiments of the plan have to be gone through; nil for all.
  package let limit: Int?

  public init(_ condition: Condition) {
    self.condition = condition
    keys = nil
    limit = nil
  }

  /// Selects those of a plan whose keys are given; with a condition, those of them that satisfy it.
  /// - Throws: ``FieldworkError`` if the domain fails.
  package init(
    _ wanted: Set<String>,
    in source: any ExperimentSource,
    where condition: Selection?
  ) throws {
    var source = source
    var (missing, found) = (wanted, Set<String>())
    if !missing.isEmpty {
      try source.forEach { experiment in
        if missing.remove(experiment.key) != nil, condition?.includes(experiment) ?? true {
          found.insert(experiment.key)
        }
        return !missing.isEmpty
      }
    }
    self.condition = nil
    keys = found
    limit = source.produced
  }

  /// The keys of those that are named; nil if a condition selects.
  package var named: Set<String>? { keys }

  /// Whether the experiment is named, and its config satisfies the condition; a parameter is named by its key
  /// or its shown name.
  public func includes(_ experiment: PlannedExperiment) -> Bool {
    if let keys, !keys.contains(experiment.key) { return false }
    guard let condition else { return true }
    return condition.holds { (name: String) in experiment.config.subject(name) }
  }

  /// The number of experiments that are included; nil if the plan has no end or is too long to try.
  package func count(in source: any ExperimentSource) throws -> Int? {
    try counts(in: source, stored: [])?.all
  }

  /// The numbers of experiments that are included, of all and of those with one of the keys.
  func counts(
    in source: any ExperimentSource,
    stored: Set<String>
  ) throws -> (all: Int, stored: Int)? {
    if let keys { return (keys.count, keys.intersection(stored).count) }
    guard let size = source.size, size <= 100_000 else { return nil }
    var source = source
    var counts = (all: 0, stored: 0)
    try source.forEach { experiment in
      guard includes(experiment) else { return true }
      counts.all += 1
      counts.stored += stored.contains(experiment.key) ? 1 : 0
      return true
    }
    return counts
  }
}
