import FieldworkCore
import FieldworkStore
import Foundation

/// Takes records that are to be stored.
protocol RecordSink: Sendable {
  /// Takes records, in their order; waits while there is no room for them.
  /// - Parameter action: is done once they are safe.
  func record(_ records: [StoreRecord], then action: (@Sendable () -> Void)?) async

  /// Takes records, in their order, from any thread and without waiting for room.
  func recordAtOnce(_ records: [StoreRecord])
}

extension RecordSink {
  func record(_ records: [StoreRecord]) async { await record(records, then: nil) }
}

/// Runs tasks in this process, be it that of the run or that of one of its workers.
final class TaskHost: Sendable {
  /// What the experiments of a run have in common.
  struct Setting: Sendable {
    let research: Research
    let seed: UInt64
    /// Whether the first error that a unit throws ends the run.
    var debug = false
    /// How often an experiment whose unit failed is tried again.
    var errorRetries = 0
    /// Makes the folder of an experiment, by its id.
    let makeDirectory: @Sendable (String) throws -> String
    /// True if tasks run one after the other, so that the process can go back to its working directory.
    var restoresFolder = false
    /// Moves what earlier attempts at an experiment have left in its folder to a folder in it, by its id.
    var setAside: @Sendable (String) throws -> Void = { _ in }
    /// The results of the research as far as they are stored.
    let makeResults: @Sendable () throws -> ResearchResults
    /// The last checkpoint of an experiment as it is stored, by its key.
    let loadCheckpoint: @Sendable (String) throws -> Checkpoint?
    /// Returns the stored values of an experiment, by its key.
    let loadSaved: @Sendable (String) throws -> [SavedValue]
  }

  /// Who hears of what happens.
  struct Hooks: Sendable {
    let recorder: any RecordSink
    let emit: @Sendable (Event) -> Void
    /// Whether somebody wants to be told of each turn of a unit.
    let wantsUnits: Bool
    /// Whether running experiments are to end with their iteration.
    let shouldStop: @Sendable () -> Bool
    /// Where each turn of a unit is noted, for the case that the process dies.
    var board: WorkerBoard?
  }

  let setting: Setting
  private let units: UnitList
  private let services: RunServices
  let hooks: Hooks
  /// Whether experiments that have ended run again where another one of their task does.
  private let keepsTasksWhole: Bool
  private let unitVersions: String?
  private let handover: TimedHandover
  /// The working directory of the process when it began.
  private let folder = FileManager.default.currentDirectoryPath
  /// The names of parameters that a warning was given of, and those that need none.
  private let examinedReads = Protected<Set<String>>([])

  init(_ setting: Setting, _ services: RunServices, _ hooks: Hooks) {
    ForkGuard.begin()
    self.setting = setting
    self.services = services
    self.hooks = hooks
    units = UnitList(setting.research)
    keepsTasksWhole = setting.research.crossesBranches
    unitVersions = setting.research.unitVersions
    handover = TimedHandover(hooks.recorder)
  }

  var research: Research { setting.research }

  /// Where the branches of a worker's tasks run: each on a thread of its own, unless they run one after
  /// another.
  func executors(ofWorker worker: Int) -> [WorkerExecutor] {
    let branches = research.settings.branches.count
    guard branches > 1, research.settings.branchExecution == .concurrent else { return [] }
    return (0..<branches).map { WorkerExecutor(worker, branch: $0) }
  }

  /// Runs a task, and again what of it has failed as often as that is allowed.
  /// - Parameters:
  ///   - attempt: the number of the attempt, from 1.
  ///   - continuing: by key: the iteration from which an experiment goes on.
  /// - Returns: with `debug`, the first error of a unit.
  func run(
    _ task: PlannedTask,
    worker: Int,
    attempt: Int,
    continuing: [String: Int] = [:],
    _ executors: [WorkerExecutor]
  ) async -> (any Error)? {
    var task = task
    services.place(&task, worker: worker)
    let checkpoints = TaskCheckpoints(load(continuing), keepsLater: setting.errorRetries > 0)
    let retries = setting.debug ? 0 : max(0, setting.errorRetries)
    for retry in 0...retries {
      let ends = TaskEnds(
        mayRetry: retry < retries,
        holdsAll: keepsTasksWhole && retries > 0
      )
      let error = await run(
        task,
        worker: worker,
        attempt: attempt + retry,
        ends,
        checkpoints,
        executors
      )
      if setting.debug, let error { return error }
      let (retried, held) = ends.take()
      guard !retried.isEmpty, !hooks.shouldStop() else {
        for end in held + retried { await record(end, worker: worker) }
        return nil
      }
      if !keepsTasksWhole { task.experiments = retried.map(\.experiment) }
      for experiment in task.experiments {
        hooks.emit(.retrying(experiment, attempt: attempt + retry + 1))
      }
    }
    return nil
  }

  private func run(
    _ task: PlannedTask,
    worker: Int,
    attempt: Int,
    _ ends: TaskEnds,
    _ checkpoints: TaskCheckpoints,
    _ executors: [WorkerExecutor]
  ) async -> (any Error)? {
    func start(_ experiment: PlannedExperiment, from iteration: Int?) -> StoreRecord {
      .started(
        experiment,
        ExperimentStart(
          at: TaskHost.now(),
          worker: worker,
          device: services.deviceName(of: experiment, worker: worker),
          attempt: attempt,
          build: BuildIdentity.current,
          iteration: iteration,
          versions: unitVersions
        )
      )
    }
    for experiment in task.experiments where checkpoints.last(of: experiment) == nil {
      setAside(experiment)
    }
    services.capture?.experimentBegins()
    hooks.board?.task = task.number
    for experiment in task.experiments {
      hooks.emit(.experimentStarted(experiment, worker: worker))
    }
    await hooks.recorder.record(
      task.experiments.map { start($0, from: checkpoints.last(of: $0)?.iteration) }
    )
    var members: [TaskMember] = []
    for (branch, experiment) in task.experiments.enumerated() {
      if let checkpoint = checkpoints.last(of: experiment) {
        if let member = await member(experiment, branch, from: checkpoint, checkpoints) {
          members.append(member)
          continue
        }
        checkpoints.forget(experiment)
        setAside(experiment)
        await hooks.recorder.record([start(experiment, from: nil)])
      }
      members.append(member(experiment, branch))
    }
    let runner = TaskRunner(
      research,
      units,
      task,
      root: units.hasRoots ? rootContext(task) : nil,
      branches: members,
      debug: setting.debug,
      executors: executors,
      hooks: taskHooks(task, worker: worker, ends, checkpoints)
    )
    let keys = task.experiments.map(\.key)
    handover.begin(zip(keys, members).map { ($0, $1.context.savedValues) })
    await runner.run(by: research.executor)
    handover.end(keys)
    if setting.restoresFolder { restoreFolder() }
    return runner.firstError
  }

  /// A unit may have changed the working directory, which is not for the next experiment.
  private func restoreFolder() {
    guard FileManager.default.currentDirectoryPath != folder else { return }
    if !FileManager.default.changeCurrentDirectoryPath(folder) {
      hooks.emit(.warning("cannot go back to the working directory \(folder)"))
    }
  }

  /// An attempt that begins from the start has an empty folder.
  private func setAside(_ experiment: PlannedExperiment) {
    do {
      try setting.setAside(experiment.id)
    } catch {
      hooks.emit(.warning(TaskRunner.message(error)))
    }
  }

  private func taskHooks(
    _ task: PlannedTask,
    worker: Int,
    _ ends: TaskEnds,
    _ checkpoints: TaskCheckpoints
  ) -> TaskRunner.Hooks {
    let experiments = task.experiments
    let hooks = hooks
    var unitStarted: (@Sendable (Int, Int, Int) -> Void)?
    let (names, wantsUnits) = (units.units.map(\.name), hooks.wantsUnits)
    if wantsUnits || hooks.board != nil {
      unitStarted = { branch, unit, iteration in
        hooks.board?.begin(unit, iteration: iteration, branch: branch)
        guard wantsUnits else { return }
        let id = experiments[branch].id
        hooks.emit(.unitStarted(experiment: id, unit: names[unit], iteration: iteration))
      }
    }
    var unitEnded: (@Sendable (Int) -> Void)?
    if let board = hooks.board { unitEnded = { board.end(branch: $0) } }
    return TaskRunner.Hooks(
      saved: { branch, values in
        await hooks.recorder.record(
          [.saved(experiment: experiments[branch].key, values)]
        )
      },
      checkpoint: { branch, checkpoint, saved, timings, all in
        checkpoints.keep(checkpoint, of: experiments[branch], all)
        let key = experiments[branch].key
        await hooks.recorder.record(TaskCheckpoints.records(key, checkpoint, saved, timings))
      },
      failed: { hooks.emit(.unitFailed(experiments[$0], $1)) },
      shouldStop: hooks.shouldStop,
      unitStarted: unitStarted,
      unitEnded: unitEnded,
      iterationEnded: {
        hooks.emit(.iterationEnded(experiment: experiments[$0].id, iteration: $1, worker: worker))
      },
      ended: { branch, outcome, member in
        await self.end(experiments[branch], outcome, member, worker: worker, ends)
      },
      output: services.router(experiments, research.settings)
    )
  }

  private func end(
    _ experiment: PlannedExperiment,
    _ outcome: Outcome,
    _ member: TaskMember,
    worker: Int,
    _ ends: TaskEnds
  ) async {
    let (ending, iterations) = (outcome.ending, outcome.iterations)
    for key in member.context.missingReads.sorted()
    where examinedReads.withLock({ $0.insert(key).inserted }) {
      if let text = research.warning(ofReading: key) { hooks.emit(.warning(text)) }
    }
    var records: [StoreRecord] = []
    let saved = member.context.takeSaved()
    if !saved.isEmpty { records.append(.saved(experiment: experiment.key, saved)) }
    records += outcome.failures.map { .failed(experiment: experiment.key, $0) }
    let timings = member.takeTimings()
    if !timings.isEmpty { records.append(.profiled(experiment: experiment.key, timings)) }
    records += outputRecords(experiment)
    records.append(
      .ended(experiment: experiment.key, ending, iterations: iterations, at: TaskHost.now())
    )
    let end = TaskEnds.End(
      experiment: experiment,
      ending: ending,
      iterations: iterations,
      records: records
    )
    if !ends.keeps(end) { await record(end, worker: worker) }
  }

  /// Records an end that is final.
  private func record(_ end: TaskEnds.End, worker: Int) async {
    let emit = hooks.emit
    await hooks.recorder.record(end.records) {
      emit(
        .experimentEnded(
          end.experiment,
          end.ending,
          iterations: end.iterations,
          worker: worker
        )
      )
    }
  }

  /// What an experiment has printed, where there are no files for it.
  private func outputRecords(_ experiment: PlannedExperiment) -> [StoreRecord] {
    guard let capture = services.capture, services.keepsOutputInStore,
      research.settings.separatesOutput
    else { return [] }
    let (output, error) = capture.take(experiment.id)
    return [(StandardStream.stdout, output), (.stderr, error)].filter { !$0.1.isEmpty }
      .map { .output(experiment: experiment.key, $0.0, $0.1) }
  }

  // MARK: Contexts

  func member(_ experiment: PlannedExperiment, _ branch: Int) -> TaskMember {
    let context = context(
      experiment,
      random: "experiment|\(setting.seed)|\(experiment.key)"
    )
    if research.settings.checkpoint != nil { context.prepareForCheckpoints() }
    return TaskMember(context, position: branch)
  }

  /// The context of root units. Its random numbers are the same for all tasks whose first experiments are
  /// of one repetition, so that they do not depend on how many branches a task has.
  private func rootContext(_ task: PlannedTask) -> RunContext {
    context(task.leader, random: "root|\(setting.seed)|\(task.leader.repetition)")
  }

  /// - Parameter random: what the random numbers depend on.
  private func context(_ experiment: PlannedExperiment, random: String) -> RunContext {
    let makeDirectory = setting.makeDirectory
    return RunContext(
      id: experiment.id,
      name: research.name,
      branch: experiment.branch,
      config: experiment.config,
      random: RandomStream(Philox(text: random)),
      repetitionRandom: RandomStream(
        Philox(text: "repetition|\(setting.seed)|\(experiment.repetition)")
      ),
      logger: services.logger(experiment.id),
      makeDirectory: { try makeDirectory(experiment.id) },
      makeResults: setting.makeResults
    )
  }

  /// Seconds since 1970.
  static func now() -> Double { Date().timeIntervalSince1970 }
}

/// How the experiments of a task have ended, as far as that is not final.
private final class TaskEnds: Sendable {
  struct End: Sendable {
    let experiment: PlannedExperiment
    let ending: Ending
    let iterations: Int
    /// What is recorded if it is final.
    let records: [StoreRecord]
  }

  private struct State {
    var retried: [End] = []
    var held: [End] = []
  }

  private let mayRetry: Bool
  private let holdsAll: Bool
  private let state = Protected(State())

  /// - Parameters:
  ///   - mayRetry: whether an experiment that has failed is to be tried again.
  ///   - holdsAll: whether no end is final before it is known whether all of the task runs again.
  init(mayRetry: Bool, holdsAll: Bool) {
    self.mayRetry = mayRetry
    self.holdsAll = holdsAll
  }

  /// Keeps an end that is not final.
  /// - Returns: false if it is.
  func keeps(_ end: End) -> Bool {
    if mayRetry, end.ending == .failed {
      state.withLock { $0.retried.append(end) }
      return true
    }
    if holdsAll { state.withLock { $0.held.append(end) } }
    return holdsAll
  }

  func take() -> (retried: [End], held: [End]) { state.withLock { ($0.retried, $0.held) } }
}
