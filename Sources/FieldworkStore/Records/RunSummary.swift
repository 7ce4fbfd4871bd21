/// The outcome of a run.
public struct RunSummary: Sendable, Hashable {
  public package(set) var counters = RunCounters()
  /// True if the run was cancelled before its plan was complete.
  public package(set) var isCancelled = false
  /// Why the run ended before its plan was complete, if it was not cancelled; for a person.
  public package(set) var stopExplanation: String?
  /// The reason for which a search has ended before all its configs; nil if it has not.
  public package(set) var searchEnd: String?
  /// The number of experiments that a run which ended early has left to run; nil if it is not known.
  public package(set) var left: Int?
  /// The keys of stored experiments that are no longer part of the research.
  package var unplanned: Set<String> = []
  public package(set) var seed: UInt64 = 0
  /// In seconds.
  public package(set) var duration = 0.0

  package init() {}

  /// The experiments that this run has completed.
  public var done: Int { counters.done }
  /// The experiments that a rule ended early in this run.
  public var pruned: Int { counters.pruned }
  /// The experiments that failed in this run.
  public var failed: Int { counters.failed }
  /// The experiments left out because their results are stored.
  public var skipped: Int { counters.skipped }
  /// The experiments that the end of the run interrupted.
  public var interrupted: Int { counters.interrupted }

  /// True if the run ended before its plan was complete.
  package var hasEndedEarly: Bool { isCancelled || stopExplanation != nil }

  /// True if nothing ran, since everything was stored.
  package var isIdle: Bool { counters.ended + interrupted == 0 }

  /// True if the plan had no experiments to run or to leave out.
  public var isEmpty: Bool { isIdle && skipped == 0 }
}
