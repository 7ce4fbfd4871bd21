import FieldworkCore
import FieldworkStore
import Foundation

/// What the workers of one run share.
final class RunState: Sendable {
  let recorder: Recorder
  let research: Research
  let services: RunServices
  let faults: FaultPolicy
  let checkpoints: CheckpointBook
  let seed: UInt64
  private let store: any ResultStore
  private let consumers: [any EventConsumer]
  private let logs: [any EventConsumer]
  private let summary = Protected(RunSummary())
  /// The places of left out experiments, not yet handed to the store.
  private let moves = Protected<[StoreRecord]>([])
  /// By key: the ids of stored experiments, where ids have prefixes, which may change; empty elsewhere.
  private let storedIDs: [String: String]
  /// The keys of experiments that are stored as done and may run again.
  private let done: Set<String>
  private let begun = Protected(false)
  private let deathCount = Protected(0)
  private let callBacks = Protected<[Int: @Sendable () -> Void]>([:])
  /// Why a worker has given up; nil if none has.
  let leavingReason = Protected<Leaving?>(nil)

  /// Why a worker takes no more tasks.
  struct Leaving {
    let reason: String
    /// The command or change that makes a later run go on.
    let remedy: String
    let code: FieldworkError.Code
  }
  /// That nothing more is to begin.
  let stopSignal: StopSignal
  private let failureWatch: FailureWatch
  /// The warnings that were given.
  private let warnings = Protected<Set<String>>([])
  let ledger = RunLedger()

  init(
    _ research: Research,
    _ store: any ResultStore,
    seed: UInt64,
    consumers: [any EventConsumer],
    services: RunServices,
    faults: FaultPolicy,
    checkpoints: CheckpointBook,
    storedIDs: [String: String] = [:],
    done: Set<String> = []
  ) {
    self.research = research
    self.store = store
    self.storedIDs = storedIDs
    self.done = done
    self.seed = seed
    self.services = services
    self.faults = faults
    self.checkpoints = checkpoints
    self.consumers = consumers
    logs = services.consumers
    let (failureWatch, stopSignal) = (FailureWatch(faults), StopSignal())
    self.failureWatch = failureWatch
    self.stopSignal = stopSignal
    recorder = Recorder(store, ledger: ledger) { records in
      for record in records {
        if let reason = failureWatch.reason(toStopAfter: record) { stopSignal.give(reason) }
      }
    } onFailure: {
      stopSignal.give(.unwritable)
    }
  }

  /// Whether running experiments are to end with their iteration, and no others to begin.
  var shouldStop: Bool { Task.isCancelled || stopSignal.isGiven }

  /// Whether someone wants to be told of each turn of a unit.
  var wantsUnits: Bool { othersWantUnits || logs.contains(where: \.wantsUnits) }

  /// Whether someone besides the logs wants to be told of each turn of a unit.
  var othersWantUnits: Bool { consumers.contains(where: \.wantsUnits) }

  /// Has others give back the tasks that they have not begun, for a worker that has nothing to do.
  func callBackTasks(for worker: Int) {
    let callBacks = callBacks.withLock { $0 }
    for (other, callBack) in callBacks where other != worker { callBack() }
  }

  /// Says how a worker is asked to give back tasks.
  func whenTasksAreCalledBack(_ worker: Int, _ callBack: @escaping @Sendable () -> Void) {
    callBacks.withLock { $0[worker] = callBack }
  }

  /// A worker's processes cannot be started any more; others go on.
  func workerHasLeft(_ worker: Int, reason: String, remedy: String) {
    emit(.workerLeft(worker: worker, reason: reason))
    leavingReason.withLock {
      $0 = Leaving(reason: reason, remedy: remedy, code: .invalidDefinition)
    }
  }

  /// Whether the next failure may end the run.
  var mayEndSoon: Bool { failureWatch.isOpen }

  /// The number of worker processes that have died.
  var deaths: Int { deathCount.withLock { $0 } }

  func countDeath() { deathCount.withLock { $0 += 1 } }

  /// Emits a warning unless it was given before. Several workers may report the same one.
  func warnOnce(_ text: String) {
    if warnings.withLock({ $0.insert(text).inserted }) { relay(.warning(text)) }
  }

  func emit(_ event: Event) {
    if case .warning(let text) = event, !warnings.withLock({ $0.insert(text).inserted }) { return }
    for log in logs { log.consume(event) }
    ledger.consume(event)
    relay(event)
  }

  /// Tells of something that a worker process has written into the logs already.
  func relay(_ event: Event) {
    if case .experimentEnded(_, let ending, _, _) = event {
      summary.withLock { $0.count(ending) }
    }
    for consumer in consumers { consumer.consume(event) }
  }

  func skip(_ experiment: PlannedExperiment) {
    summary.withLock { $0.skipped += 1 }
    moves.withLock {
      $0.append(.moved(experiment: experiment.key, ordinal: experiment.ordinal))
    }
    rename(experiment)
    emit(.experimentSkipped(experiment))
  }

  /// Gives a stored experiment the id that it has in the plan, which differs if the domain has grown before it.
  private func rename(_ experiment: PlannedExperiment) {
    guard let stored = storedIDs[experiment.key], stored != experiment.id else { return }
    moves.withLock { $0.append(.renamed(experiment: experiment.key, id: experiment.id)) }
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

  // MARK: Workers in this process

  /// What the tasks of workers in this process share.
  func host(debug: Bool) -> TaskHost {
    let store = store
    return TaskHost(
      TaskHost.Setting(
        research: research,
        seed: seed,
        debug: debug,
        errorRetries: faults.errorRetries,
        makeDirectory: { try store.directory(of: $0) },
        restoresFolder: research.settings.parallelism == .serial,
        setAside: { try store.folder?.setAsideFiles(of: $0) },
        makeResults: { try store.contents() },
        loadCheckpoint: { try store.checkpoint(of: $0) },
        loadSaved: { try store.saved(by: $0) }
      ),
      services,
      TaskHost.Hooks(
        recorder: recorder,
        emit: { self.emit($0) },
        wantsUnits: wantsUnits,
        shouldStop: { self.shouldStop }
      )
    )
  }

  /// Runs tasks until there are no more.
  /// - Returns: with `debug`, the first error of a unit, which ends the work.
  func work(_ queue: TaskQueue, worker: Int, debug: Bool) async -> (any Error)? {
    let host = host(debug: debug)
    let executors = host.executors(ofWorker: worker)
    while let task = await draw(from: queue, worker: worker) {
      let error = await host.run(
        task,
        worker: worker,
        attempt: 1,
        continuing: checkpoints.iterations(of: task),
        executors
      )
      queue.taskEnded()
      if debug, let error { return error }
    }
    return nil
  }

  /// The next task for a worker, when its devices are free.
  /// - Parameter beforeWaiting: is called before it may take more than a moment.
  /// - Returns: nil if there are no more, or the worker takes none.
  func draw(
    from queue: TaskQueue,
    worker: Int,
    beforeWaiting: () -> Void = {}
  ) async -> PlannedTask? {
    guard let task = await queue.next(for: worker, beforeWaiting: beforeWaiting) else { return nil }
    if services.memoryCheck != nil { beforeWaiting() }
    let renamed = task.experiments.filter { experiment in
      storedIDs[experiment.key].map { $0 != experiment.id } ?? false
    }
    for experiment in renamed { rename(experiment) }
    let reopened = task.experiments.filter { done.contains($0.key) }
    if !reopened.isEmpty {
      moves.withLock { moves in
        moves += reopened.map { .reopened(experiment: $0.key) }
      }
    }
    await recordMoves()
    // Before the experiment runs, its folder has its new name, and it counts as done no more: its files are put aside
    // then. An error ends the run anyway.
    if !renamed.isEmpty || !reopened.isEmpty { try? await recorder.flushed() }
    guard await hasFreeDevices(worker, queue, task) else { return nil }
    begun.withLock { $0 = true }
    return task
  }

  /// Whether an experiment has begun.
  var hasRun: Bool { begun.withLock { $0 } }

  /// Waits until the worker's devices have memory free.
  /// - Returns: false if the worker takes no more tasks.
  private func hasFreeDevices(_ worker: Int, _ queue: TaskQueue, _ task: PlannedTask) async -> Bool
  {
    guard let check = services.memoryCheck,
      let devices = services.visibleDevices(ofWorker: worker)
    else { return true }
    let reason: String
    do {
      if try await check.waitUntilFree(devices) { return true }
      reason = "its devices have too little memory free"
    } catch {
      reason = TaskRunner.message(error)
    }
    if !(Task.isCancelled) { emit(.workerLeft(worker: worker, reason: reason)) }
    queue.leave(worker, givingBack: [task])
    leavingReason.withLock {
      $0 = Leaving(reason: reason, remedy: "run again when the devices are free", code: .device)
    }
    return false
  }

  // MARK: Domain updates

  /// Makes the domain that takes over, from what the experiments so far have given.
  /// - Throws: ``FieldworkError`` that names the update's place.
  func update(_ rule: DomainUpdate, _ request: TaskQueue.UpdateRequest) async throws -> Domain? {
    // Results stand in the order of the plan, so that has to be stored.
    await recordMoves()
    try await recorder.flushed()
    let store = store
    let run = RunContext(
      id: "",
      name: research.name,
      config: Config(),
      random: RandomStream(Philox(text: "update|\(seed)|\(request.updates)")),
      makeDirectory: {
        throw FieldworkError(.store, "a domain update has no folder of an experiment")
      },
      makeResults: { try store.contents().planned(request.keys) }
    )
    let context = UpdateContext(
      updates: request.updates,
      produced: request.produced,
      domain: request.domain,
      random: run.random.split("update"),
      run: run
    )
    do {
      guard let domain = try await rule.body(context) else { return nil }
      var updated = research.replacing(domain: domain)
      updated.settings.configs = rule.configs
      // An empty domain is how an update ends the research.
      if try domain.isEndless || domain.counted() != 0 { try updated.requireSound() }
      return domain
    } catch is CancellationError where Task.isCancelled {
      throw CancellationError()
    } catch {
      let reason = (error as? FieldworkError)?.message ?? TaskRunner.message(error)
      throw FieldworkError(
        .invalidDefinition,
        "the domain update after \(request.produced) configs failed: \(reason)",
        cause: (error as? FieldworkError)?.cause,
        place: rule.place,
        problems: (error as? FieldworkError)?.problems ?? []
      )
    }
  }

  // MARK: The end

  /// Whether an experiment was interrupted, as far as it is stored.
  var hasInterrupted: Bool { summary.withLock { $0.interrupted > 0 } }

  /// - Parameters:
  ///   - isCutShort: whether the run ended before its plan was through.
  ///   - left: the number of experiments that have not begun; nil if it is not known.
  ///   - unplanned: the keys of stored experiments that the plan does not have.
  func summarize(
    isCancelled: Bool,
    isCutShort: Bool,
    left: Int?,
    unplanned: Set<String>,
    duration: Double
  ) -> RunSummary {
    let reason = isCutShort ? stopSignal.reason : nil
    return summary.withLock { summary in
      summary.isCancelled = isCancelled
      summary.stopExplanation = reason?.explanation
      summary.left = left.map { $0 + summary.interrupted }
      summary.unplanned = unplanned
      summary.seed = seed
      summary.duration = duration
      return summary
    }
  }
}
