public import FieldworkCore
public import FieldworkStore

/// Knows at every moment how far a run has come.
///
/// It is a consumer of events like any other; ``Research/start(store:consumers:)`` makes one.
public final class Monitor: EventConsumer {
  /// The numbers of experiments in a run. Those that earlier runs have stored are `skipped`.
  public struct Counts: Sendable, Hashable {
    /// All of them, as far as is known: domain updates may change it; nil if there is no end.
    public var planned: Int?
    public var running = 0
    public var done = 0
    public var failed = 0
    public var interrupted = 0
    public var skipped = 0
    /// The iterations that have ended.
    public var iterations = 0

    /// Those that have neither begun nor been skipped; nil if there is no end.
    public var queued: Int? {
      planned.map { max(0, $0 - running - done - failed - interrupted - skipped) }
    }
  }

  /// A failure with the experiment that it belongs to.
  public struct ExperimentFailure: Sendable {
    public let experiment: PlannedExperiment
    public let failure: Failure
  }

  private struct State {
    var counts = Counts()
    var failures: [ExperimentFailure] = []
    /// The experiments that count as failed.
    var failed: Set<String> = []
    var summary: RunSummary?
  }

  private let state = Protected(State())

  public init() {}

  public var counts: Counts { state.withLock { $0.counts } }

  /// The failures so far, in the order in which they happened, without those of experiments that are
  /// tried again.
  public var failures: [ExperimentFailure] { state.withLock { $0.failures } }

  /// Whether the run has ended.
  public var isFinished: Bool { state.withLock { $0.summary != nil } }

  /// What came out of the run; nil while it goes on.
  public var summary: RunSummary? { state.withLock { $0.summary } }

  public func consume(_ event: Event) {
    state.withLock { state in
      switch event {
      case .runStarted(let start): state.counts.planned = start.experiments
      case .domainUpdated(_, _, let experiments): state.counts.planned = experiments
      case .experimentSkipped: state.counts.skipped += 1
      case .experimentStarted: state.counts.running += 1
      case .iterationEnded: state.counts.iterations += 1
      case .unitFailed(let experiment, let failure):
        state.failures.append(ExperimentFailure(experiment: experiment, failure: failure))
      case .experimentEnded(let experiment, let ending, _, _):
        state.counts.running -= 1
        switch ending.state {
        case .done: state.counts.done += 1
        case .failed:
          state.counts.failed += 1
          state.failed.insert(experiment.id)
        case .interrupted, .running: state.counts.interrupted += 1
        }
      case .retrying(let experiment, _):
        if state.failed.remove(experiment.id) != nil {
          state.counts.failed -= 1
        } else {
          state.counts.running -= 1
        }
        state.failures.removeAll { $0.experiment.id == experiment.id }
      case .runEnded(let summary): state.summary = summary
      case .unitStarted, .workerLeft, .workerDied, .printed, .warning: break
      }
    }
  }
}

/// A research that runs while the caller goes on.
///
///     let run = try research.start(store: store)
///     run.monitor.counts.done     // how many experiments have ended
///     run.terminate()             // no more are begun; running ones end with their iteration
///     let summary = try await run.summary()
public final class ResearchRun: Sendable {
  public let monitor: Monitor
  private let store: any ResultStore
  private let task: Task<RunSummary, any Error>

  init(_ monitor: Monitor, _ store: any ResultStore, _ task: Task<RunSummary, any Error>) {
    self.monitor = monitor
    self.store = store
    self.task = task
  }

  /// The results as far as they are stored at this moment.
  public var results: ResearchResults { get throws { try store.contents() } }

  /// Lets no experiment begin any more, and running ones end with their iteration. What they saved is
  /// kept.
  public func terminate() { task.cancel() }

  /// What came out of the run, when it has ended.
  /// - Throws: as ``ResearchRunner/run()``.
  public func summary() async throws -> RunSummary { try await task.value }
}
