import FieldworkCore

/// The numbers of experiments in a run, computed from its records.
///
/// The progress display, the summary, the stored account of a run and ``Monitor`` all read this value.
public struct RunCounters: Sendable, Hashable {
  /// The number of experiments, as far as it is known: domain updates may change it; nil if there is no end.
  public package(set) var planned: Int?
  /// The experiments left out because earlier runs have stored them.
  public package(set) var skipped = 0
  public package(set) var done = 0
  /// The experiments that a rule ended early.
  public package(set) var pruned = 0
  /// The iterations that pruned experiments have not made, if experiments have a number of them.
  public package(set) var savedIterations = 0
  public package(set) var failed = 0
  public package(set) var interrupted = 0
  /// The attempts that followed a failed one.
  public package(set) var retries = 0
  /// The iterations that have ended.
  public package(set) var iterations = 0
  /// The number of iterations of an experiment; nil if only its units end it.
  private var length: Int?
  /// The keys of the experiments that run.
  private var live: Set<String> = []

  package init(planned: Int? = nil) { self.planned = planned }

  /// The experiments that run.
  public var running: Int { live.count }

  /// The experiments that this run has completed, pruned, or that failed in it.
  public var ended: Int { done + pruned + failed }

  /// The experiments that have neither begun nor been skipped; nil if there is no end.
  public var queued: Int? {
    planned.map { max(0, $0 - running - ended - interrupted - skipped) }
  }

  /// Counts a record. It takes constant time.
  package mutating func apply(_ record: RunRecord) {
    switch record {
    case .runStarted(let start):
      planned = start.experiments
      length = start.iterations
    case .domainUpdated(_, _, let experiments), .planned(let experiments): planned = experiments
    case .skipped: skipped += 1
    case .started(let experiment, _): live.insert(experiment.key)
    case .iterations(_, _, let count): iterations += count
    case .ended(let key, let ending, let iterations, _):
      live.remove(key)
      count(ending, 1)
      if ending == .pruned, let length { savedIterations += max(0, length - iterations) }
    case .finished(let finished):
      iterations += finished.iterations
      count(finished.ending, 1)
      if finished.ending == .pruned, let length {
        savedIterations += max(0, length - finished.iterations)
      }
    case .retrying(let key, let retry):
      retries += 1
      live.remove(key)
      if let ending = retry.replaces { count(ending, -1) }
    default: break
    }
  }

  /// Forgets which experiments run, in a copy that is only read.
  package mutating func forgetRunning() { live = [] }

  private mutating func count(_ ending: Ending, _ change: Int) {
    switch ending.state {
    case .done: done += change
    case .pruned: pruned += change
    case .failed: failed += change
    case .interrupted, .running: interrupted += change
    }
  }
}
