import FieldworkCore
import FieldworkStore
import Foundation

/// What the workers of one run share.
final class RunState: Sendable {
  let recorder: Recorder
  private let research: Research
  private let store: any ResultStore
  private let seed: UInt64
  private let debug: Bool
  private let consumers: [any EventConsumer]
  private let summary = Protected(RunSummary())
  /// The places of left out experiments, not yet handed to the store.
  private let moves = Protected<[StoreRecord]>([])
  private let begun = Protected(false)
  /// Set when results can no longer be stored, so that running on would be in vain.
  private let isStopping: Protected<Bool>

  init(
    _ research: Research,
    _ store: any ResultStore,
    seed: UInt64,
    consumers: [any EventConsumer],
    debug: Bool
  ) {
    self.research = research
    self.store = store
    self.seed = seed
    self.debug = debug
    self.consumers = consumers
    let isStopping = Protected(false)
    self.isStopping = isStopping
    recorder = Recorder(store) { isStopping.withLock { $0 = true } }
  }

  /// Whether running experiments are to end with their iteration, and no others to begin.
  private var shouldStop: Bool { Task.isCancelled || isStopping.withLock { $0 } }

  func emit(_ event: Event) {
    for consumer in consumers { consumer.consume(event) }
  }

  func skip(_ experiment: PlannedExperiment) {
    summary.withLock { $0.skipped += 1 }
    moves.withLock {
      $0.append(.moved(experiment: experiment.key, ordinal: experiment.ordinal))
    }
    emit(.experimentSkipped(experiment))
  }

  /// Stores at which place of the plan the experiments stand that were left out: the domain may have
  /// grown before them.
  func recordMoves() async {
    let records = moves.withLock { moves in
      defer { moves = [] }
      return moves
    }
    if !records.isEmpty { await recorder.record(records) }
  }

  /// Runs experiments until there are no more.
  /// - Returns: with `debug`, the first error of a unit, which ends the work.
  func work(_ queue: ExperimentQueue, worker: Int) async -> (any Error)? {
    while !shouldStop, let experiment = queue.next() {
      await recordMoves()
      let outcome = await run(experiment, worker: worker)
      if debug, let error = outcome.firstError { return error }
    }
    return nil
  }

  /// Whether an experiment has begun.
  var hasRun: Bool { begun.withLock { $0 } }

  private func run(
    _ experiment: PlannedExperiment,
    worker: Int
  ) async -> ExperimentRunner.Outcome {
    begun.withLock { $0 = true }
    emit(.experimentStarted(experiment, worker: worker))
    await recorder.record([.started(experiment, at: RunState.now(), worker: worker)])
    let context = makeContext(experiment)
    var runner = ExperimentRunner(
      research,
      context,
      debug: debug,
      hooks: ExperimentRunner.Hooks(
        saved: { await self.recorder.record([.saved(experiment: experiment.key, $0)]) },
        failed: { self.emit(.unitFailed(experiment, $0)) },
        shouldStop: { self.shouldStop },
        iterationEnded: {
          self.emit(.iterationEnded(experiment: experiment.id, iteration: $0, worker: worker))
        }
      )
    )
    let outcome = await runner.run()
    var records: [StoreRecord] = [.saved(experiment: experiment.key, context.takeSaved())]
    records += outcome.failures.map { .failed(experiment: experiment.key, $0) }
    records.append(
      .ended(
        experiment: experiment.key,
        outcome.ending,
        iterations: outcome.iterations,
        at: RunState.now()
      )
    )
    let (ending, iterations) = (outcome.ending, outcome.iterations)
    await recorder.record(records) {
      self.summary.withLock { $0.count(ending) }
      self.emit(.experimentEnded(experiment, ending, iterations: iterations, worker: worker))
    }
    return outcome
  }

  private func makeContext(_ experiment: PlannedExperiment) -> RunContext {
    let store = store
    let generator = Philox(text: "experiment|\(seed)|\(experiment.key)")
    return RunContext(
      id: experiment.id,
      config: experiment.config,
      random: RandomStream(generator),
      makeDirectory: { try store.directory(of: experiment.id) },
      makeResults: { try store.contents() }
    )
  }

  /// Whether an experiment was interrupted, as far as it is stored.
  var hasInterrupted: Bool { summary.withLock { $0.interrupted > 0 } }

  func summarize(isCancelled: Bool, duration: Double) -> RunSummary {
    summary.withLock { summary in
      summary.isCancelled = isCancelled
      summary.seed = seed
      summary.duration = duration
      return summary
    }
  }

  /// Seconds since 1970.
  static func now() -> Double { Date().timeIntervalSince1970 }
}
