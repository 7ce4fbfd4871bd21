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
  package init(_ wanted: Set<String>, in plan: ExperimentPlan, where condition: Selection?) throws {
    var plan = plan
    var (missing, found) = (wanted, Set<String>())
    while !missing.isEmpty, let experiment = try plan.next() {
      guard missing.remove(experiment.key) != nil else { continue }
      if condition?.includes(experiment) ?? true { found.insert(experiment.key) }
    }
    self.condition = nil
    keys = found
    limit = plan.produced
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
  package func count(in plan: ExperimentPlan) throws -> Int? {
    try counts(in: plan, stored: [])?.all
  }

  /// The numbers of experiments that are included, of all and of those with one of the keys.
  func counts(in plan: ExperimentPlan, stored: Set<String>) throws -> (all: Int, stored: Int)? {
    if let keys { return (keys.count, keys.intersection(stored).count) }
    guard let size = plan.size, size <= 100_000 else { return nil }
    var plan = plan
    var counts = (all: 0, stored: 0)
    while let experiment = try plan.next() {
      guard includes(experiment) else { continue }
      counts.all += 1
      counts.stored += stored.contains(experiment.key) ? 1 : 0
    }
    return counts
  }
}
