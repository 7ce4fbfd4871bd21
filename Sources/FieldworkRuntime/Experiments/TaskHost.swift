import FieldworkCore
import FieldworkStore
import Foundation
import Logging

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs the tasks of one worker, one after another, and records what happens in them.
final class TaskHost: Sendable {
  /// What the tasks of a worker have in common.
  struct Setting: Sendable {
    let research: Research
    let seed: UInt64
    /// True to end the run at the first error that a unit throws.
    var debug = false
    /// True if a short experiment may be recorded when it has ended.
    var joinsRecords = true
    /// Makes the folder of an experiment, by its id.
    let makeDirectory: @Sendable (String) throws -> String
    /// True if tasks run one after another in the process, so that its working directory can be restored.
    var restoresDirectory = false
    /// The folder of the research; nil for results in memory.
    let folder: ResearchFolder?
    /// Returns the stored results of the research.
    let makeResults: @Sendable () throws -> ResearchResults
    /// Returns the stored state of an experiment, by its key; nil if it has no checkpoint.
    let loadState: @Sendable (String) throws -> StoredState?
    /// Returns true if running experiments have to end with their iteration.
    let shouldStop: @Sendable () -> Bool
  }

  /// The last checkpoint of an experiment, and the values that it saved up to it.
  struct StoredState: Sendable {
    let checkpoint: Checkpoint
    let saved: @Sendable () throws -> [SavedValue]
  }

  let setting: Setting
  let units: UnitList
  let services: RunServices
  let sink: any RecordSink
  /// The shared memory that says which unit runs; nil in the process of the run.
  let position: WorkerPosition?
  private let unitVersions: String?
  private let handover: TimedHandover
  private let workingDirectory = WorkingDirectory()
  private let programs: ExperimentPrograms
  private let code: CodeIdentity
  /// The names of parameters that were examined for a warning.
  let examinedReads = Protected<Set<String>>([])

  init(
    _ setting: Setting,
    _ services: RunServices,
    _ sink: any RecordSink,
    position: WorkerPosition? = nil
  ) {
    ForkGuard.begin()
    self.setting = setting
    self.services = services
    let settings = setting.research.settings
    let isAlone = settings.branches.count == 1 && settings.checkpoint == nil
    self.sink = isAlone && setting.joinsRecords ? ShortExperiments(sink) : sink
    self.position = position
    units = UnitList(setting.research)
    unitVersions = setting.research.unitVersions
    programs = ExperimentPrograms(
      folder: workingDirectory.text,
      research: setting.folder
    )
    code = CodeIdentity(setting.research, folder: workingDirectory.text)
    handover = TimedHandover(self.sink)
  }

  var research: Research { setting.research }

  /// The executors of the branches of a worker's tasks; empty if branches run one after another.
  func executors(ofWorker worker: Int) -> [WorkerExecutor] {
    let branches = research.settings.branches.count
    guard branches > 1, research.settings.branchExecution == .concurrent else { return [] }
    return (0..<branches).map { WorkerExecutor(worker, branch: $0) }
  }

  /// Runs an attempt at a task.
  /// - Returns: with `debug`, the first error of a unit.
  func run(_ order: TaskOrder, worker: Int, _ executors: [WorkerExecutor]) async -> (any Error)? {
    var task = order.task
    services.place(&task, worker: worker)
    position?.task = task.number
    for (branch, experiment) in task.experiments.enumerated()
    where order.cleansUp.contains(experiment.key) {
      await cleanUp(experiment, branch)
    }
    if order.isCleanup { return nil }
    let resumed = resumed(order)
    for experiment in task.experiments where resumed[experiment.key] == nil {
      setAside(experiment)
    }
    services.capture?.experimentBegins()
    await sink.record(
      task.experiments.map { start($0, order, worker, from: resumed[$0.key]?.checkpoint.iteration) }
    )
    var members: [TaskMember] = []
    for (branch, experiment) in task.experiments.enumerated() {
      if let state = resumed[experiment.key] {
        if let member = await member(experiment, branch, task.pruning, from: state) {
          members.append(member)
          continue
        }
        setAside(experiment)
        await sink.record([start(experiment, order, worker, from: nil)])
      }
      members.append(member(experiment, branch, task.pruning))
    }
    let runner = TaskRunner(
      research,
      units,
      task,
      root: units.hasRoots ? rootContext(task) : nil,
      branches: members,
      debug: setting.debug,
      executors: executors,
      reporter: TaskReporter(self, task)
    )
    let keys = task.experiments.map(\.key)
    handover.begin(zip(keys, members).map { ($0, $1.context.savedValues) })
    await runner.run(by: research.executor)
    handover.end(keys)
    if setting.restoresDirectory, let path = workingDirectory.restore() {
      sink.recordAtOnce([.warning("cannot go back to the working directory \(path)")])
    }
    return runner.firstError
  }

  /// Runs the units that run when an experiment is over, for one whose worker has died.
  private func cleanUp(_ experiment: PlannedExperiment, _ branch: Int) async {
    let member = member(experiment, branch, [])
    for (index, unit) in units.units.enumerated() where unit.when.includesCleanup {
      position?.begin(index, iteration: 0, branch: branch)
      services.capture?.enter(experiment.id)
      member.context.reach = units.reaches[index]
      do {
        try await member.execute(unit, at: index) { _ in }
      } catch is StopExperiment {
      } catch {
        sink.recordAtOnce([
          .warning(
            "unit '\(unit.name)' has failed to clean up after the experiment \(experiment.id), whose worker died: \(TaskRunner.message(error))"
          )
        ])
      }
      member.showOutput()
      services.capture?.leave()
      position?.end(branch: branch)
    }
    await member.endPrograms()
    member.close()
  }

  private func start(
    _ experiment: PlannedExperiment,
    _ order: TaskOrder,
    _ worker: Int,
    from iteration: Int?
  ) -> RunRecord {
    .started(
      experiment,
      ExperimentStart(
        at: Self.now(),
        worker: worker,
        device: services.deviceName(of: experiment, worker: worker),
        attempt: order.attempt,
        build: code.current,
        iteration: iteration,
        versions: unitVersions
      )
    )
  }

  /// Empties the folder of an experiment for an attempt that begins from the start.
  private func setAside(_ experiment: PlannedExperiment) {
    do {
      try setting.folder?.setAsideFiles(of: experiment.id)
    } catch {
      sink.recordAtOnce([.warning(TaskRunner.message(error))])
    }
  }

  // MARK: Contexts

  func member(
    _ experiment: PlannedExperiment,
    _ branch: Int,
    _ pruning: [TaskPruning]
  ) -> TaskMember {
    let context = context(
      experiment,
      random: "experiment|\(setting.seed)|\(experiment.key)"
    )
    if research.settings.checkpoint != nil { context.prepareForCheckpoints() }
    return TaskMember(context, position: branch, pruning: pruning)
  }

  /// The context of root units. Its random numbers are the same for all tasks whose first experiments are of one
  /// repetition, so that they do not depend on the number of branches of a task.
  private func rootContext(_ task: PlannedTask) -> RunContext {
    context(task.leader, random: "root|\(setting.seed)|\(task.leader.repetition)")
  }

  /// - Parameter random: the text from which the random numbers are derived.
  private func context(_ experiment: PlannedExperiment, random: String) -> RunContext {
    let makeDirectory = setting.makeDirectory
    let context = RunContext(
      id: experiment.id,
      name: research.name,
      branch: experiment.branch,
      config: experiment.config,
      repetition: experiment.repetition,
      updates: experiment.updates,
      device: experiment.device,
      random: RandomStream(text: random),
      repetitionRandom: RandomStream(
        text: "repetition|\(setting.seed)|\(experiment.repetition)"
      ),
      logger: logger(experiment),
      makeDirectory: { try makeDirectory(experiment.id) },
      makeResults: setting.makeResults
    )
    context.programs = programs
    context.cache = services.cache
    if let folder = setting.folder {
      context.directoryPath = { folder.experimentPath(experiment.id) }
    }
    return context
  }

  /// The logger of an experiment; one that writes nothing if there is no log.
  private func logger(_ experiment: PlannedExperiment) -> Logger {
    let label = "\(research.name).\(experiment.id)"
    guard let threshold = research.settings.logLevel else {
      return Logger(label: label) { _ in SwiftLogNoOpLogHandler() }
    }
    return Logger(label: label) { [sink] _, provider in
      RecordLogHandler(
        sink,
        experiment: experiment.key,
        threshold: threshold,
        metadataProvider: provider
      )
    }
  }

  /// Seconds since 1970.
  static func now() -> Double { Date().timeIntervalSince1970 }
}

/// The working directory that a process began with, which units may change.
private struct WorkingDirectory {
  /// The path, as the system gives it.
  private let path: [CChar]?

  init() {
    path = Self.withCurrent { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
  }

  /// Goes back to it, if the process is elsewhere.
  /// - Returns: its path if that fails; nil if it does not.
  func restore() -> String? {
    guard let path, Self.withCurrent({ strcmp($0, path) }) != 0, chdir(path) != 0 else {
      return nil
    }
    return text
  }

  /// The path; `.` if the system does not give it.
  var text: String {
    guard let path else { return "." }
    return String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func withCurrent<Result>(
    _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress, getcwd(start, buffer.count) != nil else { return nil }
      return body(start)
    }
  }
}

/// An attempt at a task, as a worker gets it.
struct TaskOrder: Sendable {
  let task: PlannedTask
  /// The numbers of the configs in the domain of the research, which the worker has, too; empty if one has none.
  var configs: [Int] = []
  /// The number of the attempt, from 1.
  var attempt = 1
  /// The keys of experiments whose worker died while they ran.
  var cleansUp: Set<String> = []
  /// True to do nothing but what experiments do when they are over.
  var isCleanup = false
  /// By key: the iteration from which an experiment resumes.
  var iterations: [String: Int] = [:]
  /// By key: the state of such an experiment, where the worker cannot read the store.
  var states: [String: (checkpoint: Checkpoint, saved: [SavedValue])] = [:]
}
