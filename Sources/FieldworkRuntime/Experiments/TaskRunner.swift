import FieldworkCore
import FieldworkStore

/// Runs the experiments of a task together: unit by unit, each for all branches, before the next one.
///
/// Root units run once, and what they give is shared. A branch that stops or fails ends alone; a root
/// unit that does ends all.
///
/// `@unchecked Sendable`: one task runs it. While a unit runs for several branches at once, their tasks
/// change nothing but the member that each of them has.
final class TaskRunner: BranchTask, @unchecked Sendable {
  let experiments: [PlannedExperiment]
  private(set) var iteration = 0
  private let list: UnitList
  private let iterationLimit: Int?
  private let finalize: Bool
  private let checkpoints: When?
  private let checkpointDefinition: String
  private let stopsAtFirstError: Bool
  private let profiler: UnitProfiler?
  private let executors: [WorkerExecutor]
  private let reporter: TaskReporter
  /// nil in a research without root units.
  private let root: TaskMember?
  private let branches: [TaskMember]
  private let group: BranchGroup
  /// Whether some branch begins later than others.
  private let hasWaiting: Bool
  /// The first error that a unit threw, for debugging.
  private(set) var firstError: (any Error)?

  /// - Parameters:
  ///   - executors: where the branches run at once; empty to run them one after another.
  init(
    _ research: Research,
    _ units: UnitList,
    _ task: PlannedTask,
    root: RunContext?,
    branches: [TaskMember],
    debug: Bool,
    executors: [WorkerExecutor],
    reporter: TaskReporter
  ) {
    experiments = task.experiments
    list = units
    iterationLimit = research.iterations
    finalize = research.settings.finalize
    checkpoints = research.settings.checkpoint
    checkpointDefinition = checkpoints == nil ? "" : research.checkpointDefinition
    stopsAtFirstError = debug
    profiler = UnitProfiler(research.settings.profiling)
    self.executors = branches.count > 1 && !debug ? executors : []
    self.reporter = reporter
    self.root = root.map { TaskMember($0, position: 0) }
    self.branches = branches
    group = BranchGroup(root: root, branches: branches.map(\.context))
    let (start, last) = (branches.map(\.start).min() ?? 0, branches.map(\.start).max() ?? 0)
    iteration = start
    hasWaiting = last > start
  }

  private var units: [UnitDescription] { list.units }

  var isFinished: Bool { branches.allSatisfy(\.isOver) || hasErrorToThrow }

  func lastSaved(_ name: String, branch: Int) -> Value? {
    guard branches.indices.contains(branch) else { return nil }
    return branches[branch].lastSaved(name)
  }

  /// Runs the task by an executor until every branch has ended.
  func run(by executor: any BranchExecutor) async {
    do {
      try await executor.execute(self)
      if !isFinished {
        await endEarly(reporter.shouldStop ? .interrupted : .stopped, nil)
      }
    } catch is CancellationError where Task.isCancelled {
      await endEarly(.interrupted, nil)
    } catch {
      firstError = firstError ?? error
      let failure = TaskRunner.failure(error, "executor", max(0, iteration - 1), nil)
      await endEarly(.failed, failure)
    }
    await endInterrupted()
    for member in branches { member.close() }
    await root?.endPrograms()
    root?.close()
  }

  func runIteration() async {
    guard !isFinished else { return }
    if hasWaiting {
      // Those that go on from a later iteration wait for it.
      let next = branches.filter { !$0.isOver }.map(\.start).min() ?? 0
      iteration = max(iteration, next)
    }
    let live = branches.filter { !$0.isOver && $0.start <= iteration }
    let isLast = iterationLimit == iteration + 1
    for member in live { member.begin(iteration, isLast: isLast) }
    root?.begin(iteration, isLast: isLast)
    for index in units.indices where !hasErrorToThrow { await runCall(index) }
    if !isLast { for member in live where !member.isEnding { prune(member) } }
    if branches.contains(where: { !$0.isOver && $0.isAtEnd }) { await runClosingCalls() }
    iteration += 1
    let stops = reporter.shouldStop
    // At once, so that their graces do not add up.
    for member in live where stops || member.isEnding { member.terminatePrograms() }
    for member in live { await endIteration(of: member, stops: stops) }
    // Those that were still waiting stop where they are.
    if stops { await endInterrupted() }
  }

  /// Ends a member whose saved values are beyond a limit. The units that run at the end follow.
  private func prune(_ member: TaskMember) {
    guard member.isPruned(after: iteration) else { return }
    member.outcome.ending = .pruned
    member.isEnding = true
  }

  /// Whether nothing more is to run, because an error ends the whole run.
  private var hasErrorToThrow: Bool { stopsAtFirstError && firstError != nil }

  private func endIteration(of member: TaskMember, stops: Bool) async {
    if member.hasSteppedBack {
      await end(member)
      return
    }
    member.outcome.iterations += 1
    if wantsCheckpoint(member, stops: stops) {
      await checkpoint(member)
    } else {
      await handOverSaved(by: member)
    }
    reporter.iterationEnded(member.position, member.context.iteration)
    if member.isEnding || member.outcome.iterations == iterationLimit {
      await end(member)
    } else if stops {
      member.outcome.ending = .interrupted
      await end(member)
    }
  }

  /// Whether the state is to be saved. After the last iteration it is not: with it units have done what they
  /// do at the end, so an experiment of more iterations goes on from before it.
  private func wantsCheckpoint(_ member: TaskMember, stops: Bool) -> Bool {
    let count = member.outcome.iterations
    guard let checkpoints, !member.isEnding, count < iterationLimit ?? .max else { return false }
    return stops || checkpoints.runs(at: count - 1, isLast: false)
      || count + 1 == iterationLimit
  }

  /// Saves the state of a member; that it cannot be saved is a failure.
  private func checkpoint(_ member: TaskMember) async {
    do {
      let checkpoint = try member.checkpoint(checkpointDefinition)
      member.lastHandover = .now
      let saved = member.context.takeSaved()
      await reporter.checkpoint(member.position, checkpoint, saved, member.takeTimings())
    } catch {
      let last = member.context.iteration
      let failure = TaskRunner.failure(error, "checkpoint", last, nil)
      member.outcome.failures.append(failure)
      member.outcome.ending = .failed
      member.isEnding = true
    }
  }

  /// Hands on now and then what an experiment has saved, so that it is to be seen, and safe, before the
  /// experiment ends.
  private func handOverSaved(by member: TaskMember) async {
    guard member.context.savedValues.hasPending else { return }
    let now = ContinuousClock.now
    guard now - member.lastHandover >= TaskRunner.handoverInterval else { return }
    member.lastHandover = now
    await reporter.saved(member.position, member.context.takeSaved())
  }

  private static let handoverInterval = Duration.milliseconds(200)

  private func end(_ member: TaskMember) async {
    guard !member.isOver else { return }
    member.isOver = true
    await member.endPrograms()
    if branches.allSatisfy(\.isOver) { await root?.endPrograms() }
    if units.contains(where: \.when.includesCleanup) {
      if Task.isCancelled {
        // What ends the experiment does not end what it does then.
        await Task { await cleanUp(member) }.value
      } else {
        await cleanUp(member)
      }
    }
    await reporter.ended(member)
  }

  /// Runs the units that run when an experiment is over, each whatever becomes of the others.
  private func cleanUp(_ member: TaskMember) async {
    member.context.ending = member.outcome.ending
    for index in units.indices where units[index].when.includesCleanup {
      let error = await attempt(index, for: member)
      firstError = firstError ?? error
      member.showOutput()
    }
    await member.endPrograms()
  }

  /// Ends the branches that the executor has left running.
  private func endEarly(_ ending: Ending, _ failure: Failure?) async {
    for member in branches where !member.isOver {
      member.isEnding = true
      member.outcome.ending = ending
      if let failure {
        member.outcome.failures.append(failure)
      }
    }
    root?.isEnding = true
    for member in branches where !member.isOver { member.terminatePrograms() }
    if iteration > 0 { await runClosingCalls() }
    for member in branches where !member.isOver { await end(member) }
  }

  /// Ends the branches that an error which ends the whole run has cut off in the middle of something.
  private func endInterrupted() async {
    for member in branches where !member.isOver { member.terminatePrograms() }
    for member in branches where !member.isOver {
      member.outcome.ending = .interrupted
      await end(member)
    }
  }

  // MARK: Turns

  private func runCall(_ index: Int) async {
    if list.units[index].isRoot {
      await runRootCall(index)
    } else {
      await attempt(index, for: branches.filter { runs(index, $0) })
    }
  }

  /// Returns true if a unit runs for a member in this iteration.
  private func runs(_ index: Int, _ member: TaskMember) -> Bool {
    guard !member.isOver, !member.hasSteppedBack, member.start <= iteration else { return false }
    if member.isEnding {
      guard runsAtEnd(list.units[index]) else { return false }
      member.context.isLast = member.isAtEnd || member.context.isLast
    }
    return list.units[index].when.runs(at: iteration, isLast: member.context.isLast)
  }

  /// Whether a unit runs after the experiment has stopped or failed in this iteration. Values that are
  /// already there are saved whatever happened.
  private func runsAtEnd(_ unit: UnitDescription) -> Bool {
    finalize || unit.kind == .save || unit.kind == .dump
  }

  private func runRootCall(_ index: Int) async {
    guard let root else { return }
    let unit = units[index]
    // Those that have ended in this iteration go on without it, as if they were alone.
    let takers = branches.filter {
      !$0.isOver && !$0.hasSteppedBack && (!$0.isEnding || runsAtEnd(unit))
    }
    guard !takers.isEmpty else { return }
    if takers.allSatisfy(\.isEnding), takers.contains(where: \.isAtEnd) {
      root.context.isLast = true
    }
    guard unit.when.runs(at: iteration, isLast: root.context.isLast) else { return }
    for member in branches where !member.isOver && !takers.contains(where: { $0 === member }) {
      member.context.keepRootOutput(of: unit.name)
    }
    await attempt(index, byRoot: root, for: takers)
  }

  /// Runs a root unit; what it saves, and its end, is that of all who take part.
  private func attempt(
    _ index: Int,
    byRoot root: TaskMember,
    for takers: [TaskMember]
  ) async {
    // What it prints and is told of, and the time that it takes, belong to one who takes part.
    if let first = takers.first { root.position = first.position }
    await attempt(index, for: [root])
    // A turn counts once, however many share it.
    takers.first?.takeTimings(of: root)
    if !root.hasSteppedBack { for member in takers { member.turns += 1 } }
    for saved in root.context.takeSaved() {
      for member in takers { member.context.save(name: saved.name, value: saved.value) }
    }
    guard root.isEnding else { return }
    for failure in root.outcome.failures {
      for member in takers { member.outcome.failures.append(failure) }
    }
    for member in takers {
      if root.hasSteppedBack { _ = member.stepBack() }
      if root.outcome.ending == .failed {
        if member.outcome.ending != .interrupted { member.outcome.ending = .failed }
      } else if !member.isEnding {
        member.outcome.ending =
          root.hasSteppedBack && !member.hasSteppedBack ? .stopped : root.outcome.ending
      }
      member.isEnding = true
    }
    root.outcome.failures = []
  }

  /// A unit that runs at the end does so whatever ended the experiment, even if its turn was over.
  private func runClosingCalls() async {
    let ending = branches.filter { !$0.isOver && $0.isAtEnd }
    guard !ending.isEmpty else { return }
    let endsAll = branches.allSatisfy { $0.isOver || $0.isEnding }
    for member in ending { member.context.isLast = true }
    if endsAll { root?.context.isLast = true }
    for index in units.indices
    where units[index].when.includesLast && runsAtEnd(units[index]) && !hasErrorToThrow {
      if units[index].isRoot {
        guard endsAll, let root, !root.attempted.contains(index) else { continue }
        await attempt(index, byRoot: root, for: ending)
      } else {
        await attempt(index, for: ending.filter { !$0.attempted.contains(index) })
      }
    }
  }

  /// Runs a unit for members: at once where that makes no difference, else one after another.
  private func attempt(_ index: Int, for members: [TaskMember]) async {
    if members.count > 1, !list.isOrdered[index], !executors.isEmpty {
      await withTaskGroup(of: (any Error)?.self) { group in
        for member in members {
          let executor = executors[member.position % executors.count]
          group.addTask(executorPreference: executor) { [self] in
            await attempt(index, for: member)
          }
        }
        for await error in group { firstError = firstError ?? error }
      }
    } else {
      for member in members where !hasErrorToThrow {
        let error = await attempt(index, for: member)
        firstError = firstError ?? error
      }
    }
    for member in members { member.showOutput() }
  }

  /// - Returns: the error that the unit threw.
  private func attempt(_ index: Int, for member: TaskMember) async -> (any Error)? {
    if list.units[index].when.includesLast { member.attempted.insert(index) }
    let branch = member.position
    defer { member.turns += 1 }
    reporter.unitStarted(branch, index, iteration)
    defer { reporter.unitEnded(branch) }
    member.context.reach = list.reaches[index]
    defer { member.context.reach = nil }
    do {
      func execute() async throws {
        try await member.execute(list.units[index], at: index) {
          await self.reporter.saved(branch, $0)
        }
      }
      if let profiler {
        try await profiler.measure(list.units[index], member, execute)
      } else {
        try await execute()
      }
      return nil
    } catch is ProgramEnd {
      let isComplete = member.stepBack()
      if !member.isEnding { member.outcome.ending = isComplete ? .complete : .stopped }
      member.isEnding = true
      return nil
    } catch is StopExperiment {
      if !member.isEnding { member.outcome.ending = .stopped }
      member.isEnding = true
      return nil
    } catch is CancellationError where Task.isCancelled {
      // An experiment that was ending has not saved what its last units save.
      if member.outcome.ending != .failed { member.outcome.ending = .interrupted }
      member.isEnding = true
      return nil
    } catch {
      let unit = list.units[index]
      // That the output of a unit is missing that has failed is no failure of its own.
      if (error as? FieldworkError)?.code == .missingOutput,
        unit.reads(fromOneOf: member.outcome.failures.map(\.unit) + member.lacking)
      {
        member.lacking.append(unit.name)
        return error
      }
      let failure = TaskRunner.failure(error, unit.name, member.context.iteration, unit.place)
      member.outcome.failures.append(failure)
      if member.outcome.ending != .interrupted { member.outcome.ending = .failed }
      member.isEnding = true
      return error
    }
  }

  private static func failure(
    _ error: any Error,
    _ unit: String,
    _ iteration: Int,
    _ place: SourceLocation?
  ) -> Failure {
    Failure(
      unit: unit,
      iteration: iteration,
      kind: "\(type(of: error))",
      message: message(error),
      place: place
    )
  }

  /// The text of an error: its own if it has one, else what Swift prints.
  static func message(_ error: any Error) -> String {
    let text = "\(error)"
    return text.count > 2000 ? text.prefix(2000) + "…" : text
  }
}

extension UnitDescription {
  /// Whether the unit reads the output of one of some others, or uses the instance.
  fileprivate func reads(fromOneOf units: [String]) -> Bool {
    dependencies.contains { dependency in
      switch dependency {
      case .output(let unit, _): units.contains(unit)
      case .instance(let name): units.contains(name)
      default: false
      }
    }
  }
}
