import FieldworkCore
import FieldworkStore
import Foundation

/// What the workers of one run share.
final class RunState: Sendable {
  let recorder: Recorder
  private let research: Research
  private let units: UnitList
  private let store: any ResultStore
  private let seed: UInt64
  private let debug: Bool
  private let consumers: [any EventConsumer]
  private let services: RunServices
  private let summary = Protected(RunSummary())
  /// The places of left out experiments, not yet handed to the store.
  private let moves = Protected<[StoreRecord]>([])
  private let begun = Protected(false)
  /// Why a worker has given up; nil if none has.
  let leavingReason = Protected<String?>(nil)
  /// Set when results can no longer be stored, so that running on would be in vain.
  private let isStopping: Protected<Bool>

  init(
    _ research: Research,
    _ store: any ResultStore,
    seed: UInt64,
    consumers: [any EventConsumer],
    services: RunServices,
    debug: Bool
  ) {
    self.research = research
    units = UnitList(research)
    self.store = store
    self.seed = seed
    self.debug = debug
    self.services = services
    self.consumers = consumers + services.consumers
    let isStopping = Protected(false)
    self.isStopping = isStopping
    recorder = Recorder(store) { isStopping.withLock { $0 = true } }
  }

  /// Whether running experiments are to end with their iteration, and no others to begin.
  var shouldStop: Bool { Task.isCancelled || isStopping.withLock { $0 } }

  /// Whether someone wants to be told of each turn of a unit.
  private var wantsUnits: Bool { consumers.contains(where: \.wantsUnits) }

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

  /// Runs tasks until there are no more.
  /// - Returns: with `debug`, the first error of a unit, which ends the work.
  func work(_ queue: TaskQueue, worker: Int) async -> (any Error)? {
    let branches = research.settings.branches.count
    // In a task of several branches each has a thread of its own, unless they run one after another.
    let executors =
      branches > 1 && research.settings.branchExecution == .concurrent
      ? (0..<branches).map { WorkerExecutor(worker, branch: $0) } : []
    while let task = await queue.next(for: worker) {
      await recordMoves()
      guard await hasFreeDevices(worker, queue, task) else { return nil }
      let error = await run(task, worker: worker, executors)
      queue.taskEnded()
      if debug, let error { return error }
    }
    return nil
  }

  /// Whether an experiment has begun.
  var hasRun: Bool { begun.withLock { $0 } }

  private func run(
    _ task: PlannedTask,
    worker: Int,
    _ executors: [WorkerExecutor]
  ) async -> (any Error)? {
    begun.withLock { $0 = true }
    var task = task
    for index in task.experiments.indices { place(&task.experiments[index], worker: worker) }
    place(&task.leader, worker: worker)
    let started = RunState.now()
    for experiment in task.experiments { emit(.experimentStarted(experiment, worker: worker)) }
    await recorder.record(
      task.experiments.map { experiment in
        let device = experiment.config[alias: "device"].map(\.name)
        return .started(experiment, ExperimentStart(at: started, worker: worker, device: device))
      }
    )
    let runner = TaskRunner(
      research,
      units,
      task,
      root: units.hasRoots ? rootContext(task) : nil,
      branches: task.experiments.map { context($0) },
      debug: debug,
      executors: executors,
      hooks: hooks(task, worker: worker)
    )
    await runner.run(by: research.executor)
    return runner.firstError
  }

  /// Adds the devices that the worker has for an experiment to its config. Workers of one process all see
  /// all devices, so they are given by the names that the system knows.
  private func place(_ experiment: inout PlannedExperiment, worker: Int) {
    guard let devices = services.devices else { return }
    let value = devices.physical(ofWorker: worker, branch: experiment.branch)
    experiment.config.set("device", to: AnyAlias(value))
  }

  /// Waits until the worker's devices have memory free.
  /// - Returns: false if the worker takes no more tasks.
  private func hasFreeDevices(_ worker: Int, _ queue: TaskQueue, _ task: PlannedTask) async -> Bool
  {
    guard let check = services.memoryCheck, let devices = services.devices else { return true }
    let reason: String
    do {
      if try await check.waitUntilFree(devices.visible(toWorker: worker)) { return true }
      reason = "its devices have too little memory free"
    } catch {
      reason = TaskRunner.message(error)
    }
    if !(Task.isCancelled) { emit(.workerLeft(worker: worker, reason: reason)) }
    queue.leave(worker, givingBack: task)
    leavingReason.withLock { $0 = reason }
    return false
  }

  private func hooks(_ task: PlannedTask, worker: Int) -> TaskRunner.Hooks {
    let experiments = task.experiments
    var unitStarted: (@Sendable (Int, String, Int) -> Void)?
    if wantsUnits {
      unitStarted = { branch, unit, iteration in
        let id = experiments[branch].id
        self.emit(.unitStarted(experiment: id, unit: unit, iteration: iteration))
      }
    }
    return TaskRunner.Hooks(
      saved: { await self.recorder.record([.saved(experiment: experiments[$0].key, $1)]) },
      failed: { self.emit(.unitFailed(experiments[$0], $1)) },
      shouldStop: { self.shouldStop },
      unitStarted: unitStarted,
      iterationEnded: {
        self.emit(.iterationEnded(experiment: experiments[$0].id, iteration: $1, worker: worker))
      },
      ended: { branch, outcome, member in
        await self.end(experiments[branch], outcome, member, worker: worker)
      },
      output: services.router(experiments, research.settings)
    )
  }

  private func end(
    _ experiment: PlannedExperiment,
    _ outcome: Outcome,
    _ member: TaskMember,
    worker: Int
  ) async {
    var records: [StoreRecord] = [.saved(experiment: experiment.key, member.context.takeSaved())]
    records += outcome.failures.map { .failed(experiment: experiment.key, $0) }
    let timings = member.takeTimings()
    if !timings.isEmpty { records.append(.profiled(experiment: experiment.key, timings)) }
    records += outputRecords(experiment)
    let (ending, iterations) = (outcome.ending, outcome.iterations)
    records.append(
      .ended(experiment: experiment.key, ending, iterations: iterations, at: RunState.now())
    )
    await recorder.record(records) {
      self.summary.withLock { $0.count(ending) }
      self.emit(.experimentEnded(experiment, ending, iterations: iterations, worker: worker))
    }
  }

  /// What an experiment has printed, where there are no files for it.
  private func outputRecords(_ experiment: PlannedExperiment) -> [StoreRecord] {
    guard let capture = services.capture, store.folder == nil, research.settings.separatesOutput
    else { return [] }
    let (output, error) = capture.take(experiment.id)
    return [(StandardStream.stdout, output), (.stderr, error)].filter { !$0.1.isEmpty }
      .map { .output(experiment: experiment.key, $0.0, $0.1) }
  }

  // MARK: Contexts

  private func context(_ experiment: PlannedExperiment) -> RunContext {
    context(experiment, random: "experiment|\(seed)|\(experiment.key)")
  }

  /// The context of root units. Its random numbers are the same for all tasks whose first experiments are
  /// of one repetition, so that they do not depend on how many branches a task has.
  private func rootContext(_ task: PlannedTask) -> RunContext {
    context(task.leader, random: "root|\(seed)|\(task.leader.repetition)")
  }

  /// - Parameter random: what the random numbers depend on.
  private func context(_ experiment: PlannedExperiment, random: String) -> RunContext {
    let store = store
    return RunContext(
      id: experiment.id,
      name: research.name,
      branch: experiment.branch,
      config: experiment.config,
      random: RandomStream(Philox(text: random)),
      logger: services.logger(experiment.id),
      makeDirectory: { try store.directory(of: experiment.id) },
      makeResults: { try store.contents() }
    )
  }

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
