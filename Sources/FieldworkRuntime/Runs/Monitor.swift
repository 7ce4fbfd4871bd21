public import FieldworkCore
public import FieldworkStore

/// An observer that knows at every moment how far a run has come.
///
/// ``FieldworkCore/Research/start(store:observers:)`` makes one.
public final class Monitor: RunObserver {
  /// A failure with the experiment that it belongs to.
  public struct ExperimentFailure: Sendable {
    public let experiment: PlannedExperiment
    public let failure: Failure
  }

  private struct State {
    var counters = RunCounters()
    var failures: [ExperimentFailure] = []
    /// By key: the experiments that run.
    var running: [String: PlannedExperiment] = [:]
    var summary: RunSummary?
  }

  private let state = Protected(State())

  public init() {}

  /// The numbers of experiments.
  public var counts: RunCounters { state.withLock { $0.counters } }

  /// The failures so far, in the order in which they were stored, without those of experiments that are tried again.
  public var failures: [ExperimentFailure] { state.withLock { $0.failures } }

  /// True if the run has ended.
  public var isFinished: Bool { state.withLock { $0.summary != nil } }

  /// The outcome of the run; nil while it goes on.
  public var summary: RunSummary? { state.withLock { $0.summary } }

  public func observe(_ record: RunRecord) {
    state.withLock { state in
      state.counters.apply(record)
      switch record {
      case .started(let experiment, _): state.running[experiment.key] = experiment
      case .failed(let key, let failure):
        guard let experiment = state.running[key] else { break }
        state.failures.append(ExperimentFailure(experiment: experiment, failure: failure))
      case .ended(let key, _, _, _): state.running[key] = nil
      case .retrying(let key, _):
        state.running[key] = nil
        state.failures.removeAll { $0.experiment.key == key }
      case .runEnded(let summary): state.summary = summary
      default: break
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
