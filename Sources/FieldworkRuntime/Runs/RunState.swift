import FieldworkCore
import FieldworkStore
import Foundation

/// The state that the workers and the scheduler of one run share.
final class RunState: SchedulerDelegate {
  let recorder: Recorder
  let research: Research
  let services: RunServices
  let faults: FaultPolicy
  /// What becomes of the experiments that are stored.
  let resume: ResumePlan
  let seed: UInt64
  let code: CodeIdentity
  /// The results that the source of experiments depends on.
  let results: HistoryReader
  /// Says that nothing more is to begin.
  let cancellation: CancellationToken
  private let store: any ResultStore
  /// The records of experiments that were left out or change, before they are recorded.
  private let changes = Protected<[RunRecord]>([])
  /// By key: the ids of stored experiments, where ids have prefixes, which may change; empty elsewhere.
  private let storedIDs: [String: String]
  private let begun = Protected(false)
  private let deathCount = Protected(0)
  private let reclaims = Protected<[Int: @Sendable () -> Void]>([:])
  /// By number: attempts at tasks that go on with another worker.
  private let attempts = Protected<[Int: KeptAttempts]>([:])
  /// By number of the task: the number of times that the place of its worker was lost.
  private let losses = Protected<[Int: Int]>([:])
  /// The durations of tasks, if workers have a time limit.
  let durations = RecentDurations()
  /// The workers of the run; nil before they begin, and for a run without others than its own process.
  let crew = Protected<WorkerCrew?>(nil)
  /// The places of workers, if these have to wait for them.
  let seats = Protected<(any WorkerSeats)?>(nil)
  /// The texts of the configs that were added to the research.
  let added: Protected<[String]>
  /// Why a worker has given up; nil if none has.
  let leavingReason = Protected<Leaving?>(nil)
  private let failureWatch: FailureWatch
  /// The warnings that were given.
  private let warnings = Protected<Set<String>>([])
  private let isDebug: Bool
  private let firstErrorBox = FirstError()

  /// Why a worker takes no more tasks.
  struct Leaving {
    let reason: String
    /// The command or change that makes a later run go on.
    let remedy: String
    let code: FieldworkError.Code
  }

  init(
    _ research: Research,
    _ store: any ResultStore,
    seed: UInt64,
    debug: Bool,
    observers: [any RunObserver],
    services: RunServices,
    faults: FaultPolicy,
    resume: ResumePlan,
    results: HistoryReader,
    storedIDs: [String: String] = [:],
    added: [String] = []
  ) {
    self.added = Protected(added)
    self.research = research
    code = CodeIdentity(research)
    self.store = store
    self.storedIDs = storedIDs
    self.seed = seed
    self.services = services
    self.resume = resume
    self.results = results
    isDebug = debug
    var faults = faults
    if debug { faults.retries = RetryPolicy() }
    // A program gets SIGTERM and its grace before its worker is killed.
    if let longest = research.programs.map(\.program.grace).max() {
      faults.grace = max(faults.grace, longest + .seconds(2))
    }
    self.faults = faults
    let (failureWatch, cancellation) = (FailureWatch(faults), CancellationToken())
    self.failureWatch = failureWatch
    self.cancellation = cancellation
    recorder = Recorder(store, observers: observers + services.observers) { records in
      results.take(records)
      for record in records {
        if let reason = failureWatch.reason(toStopAfter: record) { cancellation.request(reason) }
      }
    } onFailure: {
      cancellation.request(.unwritable)
    }
  }

  /// Whether running experiments are to end with their iteration, and no others to begin.
  var shouldStop: Bool { Task.isCancelled || cancellation.isRequested }

  /// Has other workers return the tasks that they have not begun, for a worker that has nothing to do.
  func reclaimTasks(for worker: Int) {
    let reclaims = reclaims.withLock { $0 }
    for (other, reclaim) in reclaims where other != worker { reclaim() }
  }

  /// Sets how a worker is asked to return tasks.
  func onReclaim(_ worker: Int, _ reclaim: @escaping @Sendable () -> Void) {
    reclaims.withLock { $0[worker] = reclaim }
  }

  /// A worker's processes cannot be started any more; others go on.
  func workerHasLeft(_ worker: Int, reason: String, remedy: String) {
    recorder.recordAtOnce([.workerLeft(worker: worker, reason: reason)])
    leavingReason.withLock {
      $0 = Leaving(reason: reason, remedy: remedy, code: .invalidDefinition)
    }
  }

  /// Keeps the attempts at a task for the worker that takes it next.
  func keepAttempts(_ assignment: WorkerAssignment) {
    guard assignment.stays else { return }
    attempts.withLock {
      $0[assignment.task.number] = (assignment.attempts, assignment.cleansUp)
    }
  }

  /// Removes and returns the attempts at a task by earlier workers.
  func takeAttempts(of task: PlannedTask) -> KeptAttempts {
    attempts.withLock { $0.isEmpty ? nil : $0.removeValue(forKey: task.number) }
      ?? (RetryPolicy.Attempts(), [])
  }

  /// The attempts at a task, and the keys of experiments that the death of a worker has cut off.
  typealias KeptAttempts = (attempts: RetryPolicy.Attempts, cleansUp: Set<String>)

  /// Counts that a worker was lost with a task.
  /// - Returns: the number of times that it has happened.
  func countLoss(of task: PlannedTask) -> Int {
    losses.withLock { losses in
      losses[task.number, default: 0] += 1
      return losses[task.number, default: 0]
    }
  }

  /// Returns true if a task would hardly end in the time that a worker has left. An experiment with a checkpoint goes on
  /// later, and one that takes longer than the whole limit is begun at the beginning of one.
  func isTooLong(for left: Duration, ofLimit limit: Duration?) -> Bool {
    guard research.settings.checkpoint == nil, let longest = durations.longest else { return false }
    if let limit, left > limit * 0.8 { return false }
    return longest > left / .seconds(1)
  }

  /// Whether the next failure may end the run.
  var mayEndSoon: Bool { failureWatch.isOpen }

  /// The number of worker processes that have died.
  var deaths: Int { deathCount.withLock { $0 } }

  func countDeath() { deathCount.withLock { $0 += 1 } }

  /// Records a warning unless it was given before.
  func warn(_ text: String) {
    if isNew(warning: text) { recorder.recordAtOnce([.warning(text)]) }
  }

  /// Records a fact on the run.
  func report(_ record: RunRecord) {
    if case .warning(let text) = record {
      warn(text)
    } else {
      recorder.recordAtOnce([record])
    }
  }

  /// Returns true the first time that a warning comes: several workers may give the same one.
  func isNew(warning text: String) -> Bool { warnings.withLock { $0.insert(text).inserted } }

  func skip(_ experiment: PlannedExperiment) {
    changes.withLock { $0.append(.skipped(experiment)) }
    rename(experiment)
  }

  /// Gives a stored experiment the id that it has in the plan, which differs if the domain has grown before it.
  private func rename(_ experiment: PlannedExperiment) {
    guard let stored = storedIDs[experiment.key], stored != experiment.id else { return }
    changes.withLock { $0.append(.renamed(experiment: experiment.key, id: experiment.id)) }
  }

  /// Records the changes of stored experiments, and those that were left out.
  func recordChanges() async {
    let records = changes.withLock { changes in
      defer { changes = [] }
      return changes
    }
    if !records.isEmpty { await recorder.record(records) }
  }

  // MARK: Workers

  /// The engine for workers in this process.
  var inProcessEngine: InProcessEngine {
    let store = store
    return InProcessEngine(
      host: { [self] sink in
        TaskHost(
          TaskHost.Setting(
            research: research,
            seed: seed,
            debug: isDebug,
            makeDirectory: { try store.directory(of: $0) },
            restoresDirectory: research.settings.parallelism == .serial,
            folder: store.folder,
            makeResults: { try store.contents() },
            loadState: { key in
              try store.checkpoint(of: key).map { checkpoint in
                TaskHost.StoredState(checkpoint: checkpoint) { try store.saved(by: key) }
              }
            },
            shouldStop: { self.shouldStop }
          ),
          services,
          sink
        )
      },
      recorder: recorder,
      firstError: firstErrorBox
    )
  }

  /// The first error that a unit threw in this process.
  var firstError: (any Error)? { firstErrorBox.error }

  /// True if the run ends since a unit has thrown an error.
  var endsWithFirstError: Bool { isDebug && firstError != nil }

  /// The number of deaths after which Swift prints no more traces: each takes the better part of a second, and those
  /// that were printed tell enough.
  private static let traceLimit = 5

  /// The environment variables of a worker's process.
  func variables(ofWorker worker: Int) -> [String: String] {
    var variables = services.environment(ofWorker: worker)
    let name = "SWIFT_BACKTRACE"
    if deaths > Self.traceLimit, ProcessInfo.processInfo.environment[name] == nil {
      variables[name] = "enable=no"
    }
    return variables
  }

  /// The stored state of an experiment, by its key, for a worker that cannot read the store.
  func storedState(of key: String) -> (checkpoint: Checkpoint, saved: [SavedValue])? {
    guard let checkpoint = try? store.checkpoint(of: key) else { return nil }
    return (checkpoint, (try? store.saved(by: key)) ?? [])
  }

  /// The next task for a worker, when its devices are free.
  /// - Parameters:
  ///   - isLeaving: returns true if the worker takes no task.
  ///   - beforeWaiting: is called before it may take more than a moment.
  /// - Returns: nil if there are no more, or the worker takes none.
  func draw(
    from queue: Scheduler,
    worker: Int,
    isLeaving: () -> Bool,
    beforeWaiting: () -> Void
  ) async -> PlannedTask? {
    let next = await queue.next(for: worker, isLeaving: isLeaving, beforeWaiting: beforeWaiting)
    guard let task = next else { return nil }
    if services.memoryCheck != nil { beforeWaiting() }
    let renamed = task.experiments.filter { experiment in
      storedIDs[experiment.key].map { $0 != experiment.id } ?? false
    }
    for experiment in renamed { rename(experiment) }
    let reopened = task.experiments.filter { resume.isFinished($0) }
    if !reopened.isEmpty {
      changes.withLock { changes in
        changes += reopened.map { .reopened(experiment: $0.key) }
      }
    }
    await recordChanges()
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
  private func hasFreeDevices(_ worker: Int, _ queue: Scheduler, _ task: PlannedTask) async -> Bool
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
    if !Task.isCancelled {
      recorder.recordAtOnce([.workerLeft(worker: worker, reason: reason)])
    }
    queue.leave(worker, givingBack: [task])
    leavingReason.withLock {
      $0 = Leaving(reason: reason, remedy: "run again when the devices are free", code: .device)
    }
    return false
  }

  // MARK: Domain updates

  /// Makes the domain that takes over, from what the experiments so far have given.
  /// - Throws: ``FieldworkError`` that names the update's place.
  func update(_ request: Decision, keys: ArraySlice<String>) async throws -> Domain? {
    // A search has its results by the history.
    if request.accepts == nil {
      // Results are in the order of the plan, so that has to be stored.
      await recordChanges()
      try await recorder.flushed()
    }
    let store = store
    let run = RunContext(
      id: "",
      name: research.name,
      config: Config(),
      random: RandomStream(Philox(text: "update|\(seed)|\(request.number)")),
      makeDirectory: {
        throw FieldworkError(.store, "a domain update has no folder of an experiment")
      },
      makeResults: { try store.contents().planned(Set(keys)) }
    )
    let context = UpdateContext(
      updates: request.number,
      produced: request.produced,
      domain: request.domain,
      random: run.random.split("update"),
      run: run
    )
    do {
      guard let domain = try await request.make(context) else { return nil }
      guard request.accepts == nil else { return domain }
      var updated = research.replacing(domain: domain)
      updated.settings.configs = request.configs
      // An empty domain is how an update ends the research.
      if try domain.isEndless || domain.counted() != 0 { try updated.requireSound() }
      return domain
    } catch is CancellationError where Task.isCancelled {
      throw CancellationError()
    } catch {
      let reason = (error as? FieldworkError)?.message ?? TaskRunner.message(error)
      throw FieldworkError(
        .invalidDefinition,
        request.accepts == nil
          ? "the domain update after \(request.produced) configs failed: \(reason)"
          : "the search cannot choose config \(request.number): \(reason)",
        cause: (error as? FieldworkError)?.cause,
        place: request.place,
        problems: (error as? FieldworkError)?.problems ?? []
      )
    }
  }

  func domainUpdated(_ number: Int, _ domain: Domain, _ experiments: Int?) {
    recorder.recordAtOnce([
      .domainUpdated(number: number, domain: domain.description, experiments: experiments)
    ])
  }

  // MARK: The end

  /// - Parameters:
  ///   - isCutShort: true if the run ended before its plan was complete.
  ///   - left: the number of experiments that have not begun; nil if it is not known.
  ///   - unplanned: the keys of stored experiments that the plan does not have.
  func summarize(
    isCancelled: Bool,
    isCutShort: Bool,
    left: Int?,
    unplanned: Set<String>,
    duration: Double
  ) -> RunSummary {
    var summary = RunSummary()
    summary.counters = recorder.counters
    summary.isCancelled = isCancelled
    summary.stopExplanation = isCutShort ? cancellation.reason?.explanation : nil
    summary.left = left.map { $0 + summary.interrupted }
    summary.unplanned = unplanned
    summary.seed = seed
    summary.duration = duration
    return summary
  }
}
