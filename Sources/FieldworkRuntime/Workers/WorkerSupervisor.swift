import FieldworkCore
import FieldworkStore
import Foundation

/// Runs tasks in a worker process, and puts another one in its place when it dies.
///
/// The process is sent a few tasks ahead, so that it never waits; how many depends on how long they
/// take. What it reports is handed on while it runs. The death of the process is a failure of the
/// experiments that it was running, and of no others.
final class WorkerSupervisor: Sendable {
  struct State {
    var assignments = WorkerAssignments()
    var session: WorkerSession?
    /// Whether no more tasks come.
    var isFinishing = false
    /// Whether the worker is there no more, and none takes its place.
    var isOver = false
    /// The one who waits for room, if somebody does.
    var waiting: CheckedContinuation<Void, Never>?
    var room = TaskRoom()
    /// Whether the worker was asked for the tasks that it has not begun, and has not answered.
    var isCallingBack = false
    /// Whether the worker gets nothing more before it has ended a task, since others had nothing to do.
    var isHeldBack = false
  }

  let worker: Int
  let run: RunState
  private let command: WorkerCommand
  private let queue: TaskQueue
  private let state = Protected(State())
  /// Signalled when there may be something to do for a supervisor without a process.
  private let change = DispatchSemaphore(value: 0)

  init(_ worker: Int, _ command: WorkerCommand, _ run: RunState, _ queue: TaskQueue) {
    self.worker = worker
    self.command = command
    self.run = run
    self.queue = queue
  }

  func withState<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    try state.withLock(body)
  }

  // MARK: Tasks

  /// Runs tasks until there are no more.
  func work() async {
    // No process is started before there is something to do.
    guard let first = await run.draw(from: queue, worker: worker) else { return }
    assign(first)
    run.whenTasksAreCalledBack(worker) { [weak self] in self?.callBack() }
    run.stopSignal.whenGiven { [weak self] in self?.stop() }
    async let over: Void = supervised()
    while await hasRoom(),
      let task = await run.draw(from: queue, worker: worker, beforeWaiting: { self.flush() })
    {
      assign(task)
    }
    finish()
    await over
  }

  private func assign(_ task: PlannedTask) {
    let assignment = WorkerAssignment(task)
    let (isLate, session) = withState { state -> (Bool, WorkerSession?) in
      guard !state.isOver else { return (true, nil) }
      state.assignments.add(assignment)
      return (false, state.session)
    }
    if isLate {
      queue.giveBack(task)
    } else if let session {
      send(assignment, to: session)
    } else {
      change.signal()
    }
  }

  private func send(_ assignment: WorkerAssignment, to session: WorkerSession) {
    if !session.add(message(assignment)) { refuse(assignment) }
  }

  /// Ends the run, since a task cannot be sent. The state must not be locked, for this supervisor is stopped, too.
  private func refuse(_ assignment: WorkerAssignment) {
    let error = FieldworkError(
      .invalidDefinition,
      "the configs of task \(assignment.task.number) are larger than half a gigabyte and cannot be sent to a worker process; run with --parallel threads"
    )
    run.stopSignal.give(.noWorkers(error))
  }

  private func message(_ assignment: WorkerAssignment) -> WorkerMessage {
    let task = assignment.task
    return .task(
      task,
      attempt: assignment.attempt,
      // Where nothing is kept in files, a worker has nowhere to read a checkpoint.
      continuing: run.services.folder == nil ? [:] : run.checkpoints.iterations(of: task)
    )
  }

  /// Sends what was assigned: short tasks go together.
  private func flush() { withState { $0.session }?.flush() }

  /// Waits until the worker may be sent one more task.
  /// - Returns: false if it takes no more.
  private func hasRoom() async -> Bool {
    if withState({ !$0.isOver && hasRoom($0) }) { return true }
    flush()
    await withCheckedContinuation { continuation in
      let mustWait = withState { state in
        guard !state.isOver, !hasRoom(state) else { return false }
        state.waiting = continuation
        return true
      }
      if !mustWait { continuation.resume() }
    }
    return !withState { $0.isOver }
  }

  /// How many tasks the worker may have while the next failure may end the run.
  private static let limitWhileWatched = 2

  private func hasRoom(_ state: State) -> Bool {
    state.hasRoom && (state.assignments.count < Self.limitWhileWatched || !run.mayEndSoon)
  }

  /// Lets the one go on who waits for room, if there is some.
  private func wake() {
    let waiting = withState { state -> CheckedContinuation<Void, Never>? in
      let isGoing = state.hasMuchRoom && hasRoom(state)
      guard state.isOver || isGoing || run.stopSignal.isGiven else { return nil }
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume()
  }

  /// Has the worker give back what it has not begun, since others have nothing to do.
  private func callBack() {
    let session = withState { state -> WorkerSession? in
      guard state.assignments.count > 1, !state.isCallingBack, let session = state.session else {
        return nil
      }
      state.isCallingBack = true
      state.isHeldBack = true
      return session
    }
    session?.send(.callBack)
  }

  private func finish() {
    let session = withState { state in
      state.isFinishing = true
      return state.session
    }
    _ = session?.add(.finish)
    // The answer makes the desk see that nothing more comes.
    session?.send(.ping)
    change.signal()
  }

  /// Lets the worker end its experiments with their iteration.
  private func stop() {
    if let session = withState({ $0.session }) { stop(session) }
    change.signal()
    wake()
  }

  private func stop(_ session: WorkerSession) {
    session.board.stop()
    session.send(stopMessage)
  }

  /// Units hear of a cancellation, but not of failures elsewhere.
  private var stopMessage: WorkerMessage { .stop(cancels: run.stopSignal.isCancelled) }

  // MARK: Processes

  private func supervised() async {
    await withCheckedContinuation { continuation in
      let error = SystemThread.start {
        self.supervise()
        continuation.resume()
      }
      guard error != 0 else { return }
      leave(SystemError("cannot start a thread", error))
      end()
      continuation.resume()
    }
  }

  /// The number of processes in a row that may die without having run anything.
  private static let vainLimit = 3

  /// Lets processes run one after another, until there is nothing more to do.
  private func supervise() {
    var inVain = 0
    while waitForWork() {
      let desk = WorkerDesk(self)
      do {
        let session = try start()
        let end = session.listen(desk)
        withState { $0.session = nil }
        if isDone(after: end) { break }
        if desk.hasRetired, end.ending == .exited(0) || desk.wasKilledAtExit { continue }
        if desk.wasKilledAtExit { break }
        if let refusal = desk.refusal { throw refusal }
        desk.settleDeath(end, session)
        inVain = desk.hasWorked ? 0 : inVain + 1
        if inVain >= Self.vainLimit {
          throw FieldworkError(
            .invalidDefinition,
            "worker processes end before they run anything; run with --parallel threads to see why, or without processes altogether",
            cause: end.lastErrors.isEmpty ? "\(end.ending)" : end.lastErrors
          )
        }
      } catch let error as FieldworkError {
        run.stopSignal.give(.noWorkers(error))
        break
      } catch let error as SystemError where error.isOfTheMoment {
        leave(error)
        break
      } catch {
        let reason = FieldworkError(
          .invalidDefinition,
          "worker processes cannot be started; run with --parallel threads",
          cause: "\(error)"
        )
        run.stopSignal.give(.noWorkers(reason))
        break
      }
    }
    end()
  }

  private func leave(_ error: SystemError) {
    run.workerHasLeft(
      worker,
      reason: "its process cannot be started (\(error))",
      remedy: error.isOfDescriptors
        ? "raise the limit of open files (ulimit -n), or run with fewer --workers"
        : "raise the limit of processes (ulimit -u, or pids.max of the container), or run with fewer --workers"
    )
  }

  /// Gives back what the worker has, and takes nothing more.
  private func end() {
    let left = withState { state in
      state.isOver = true
      return state.assignments.removeAll()
    }
    if !left.isEmpty { queue.leave(worker, givingBack: left.map(\.task)) }
    wake()
  }

  /// Waits until there is something for a process to do.
  /// - Returns: false if nothing will come.
  private func waitForWork() -> Bool {
    while true {
      if run.stopSignal.isGiven { return false }
      let (hasWork, isFinishing) = withState { (!$0.assignments.isEmpty, $0.isFinishing) }
      if hasWork { return true }
      if isFinishing { return false }
      change.wait()
    }
  }

  /// Whether a worker has ended because there was nothing more for it to do.
  private func isDone(after end: WorkerSession.End) -> Bool {
    guard end.ending == .exited(0), !end.hasDisconnected, end.error == nil else { return false }
    return withState { state in
      // What it has dropped is given back.
      (state.isFinishing || run.stopSignal.isGiven)
        && state.assignments.list.allSatisfy { $0.began == nil }
        && (state.assignments.isEmpty || run.stopSignal.isGiven)
    }
  }

  /// The deaths of a run after which Swift prints no more traces: each takes the better part of a second,
  /// and those that were printed tell enough.
  private static let traceLimit = 5

  private var variables: [String: String] {
    var variables = run.services.environment(ofWorker: worker)
    let name = "SWIFT_BACKTRACE"
    if run.deaths > Self.traceLimit, ProcessInfo.processInfo.environment[name] == nil {
      variables[name] = "enable=no"
    }
    return variables
  }

  private func start() throws -> WorkerSession {
    let session = try WorkerSession(
      command,
      branches: run.research.settings.branches.count,
      variables: variables
    )
    session.send(
      .setup(
        WorkerSetup(
          worker: worker,
          seed: run.seed,
          directory: run.services.folder?.root,
          errorRetries: run.faults.errorRetries,
          wantsUnits: run.othersWantUnits
        )
      )
    )
    // With the lock, so that no task is sent twice or out of its order.
    let refused = withState { state in
      state.session = session
      state.isCallingBack = false
      let refused = state.assignments.list.first { !session.add(message($0)) }
      session.flush()
      if state.isFinishing { session.send(.finish) }
      return refused
    }
    if let refused { refuse(refused) }
    if run.stopSignal.isGiven { stop(session) }
    return session
  }
}

extension WorkerSupervisor {
  // MARK: What the desk asks and tells

  /// An experiment that the worker has, by its key.
  func assigned(_ key: String) -> AssignedExperiment? { withState { $0.assignments[key] } }

  /// A task is through, by its number, and all that it gave has been handed on.
  func taskEnded(_ number: Int) {
    let removed = withState { state in
      let removed = state.assignments.remove(number)
      state.isHeldBack = false
      if let began = removed?.began { state.room.add((.now - began) / .seconds(1)) }
      return removed
    }
    guard let removed else { return }
    if removed.retried.isEmpty {
      settled()
    } else {
      retryLate(removed)
    }
  }

  /// Tries again what took too long and ended by itself, as what was killed for it.
  private func retryLate(_ late: WorkerAssignment) {
    var task = late.task
    if !retriesWholeTasks { task.experiments = late.retried.map { late.task.experiments[$0] } }
    let again = WorkerAssignment(task, attempt: late.attempt + 1)
    for experiment in task.experiments { run.emit(.retrying(experiment, attempt: again.attempt)) }
    let session = withState { state in
      state.assignments.add(again)
      return state.session
    }
    if let session {
      send(again, to: session)
      session.flush()
    }
  }

  /// The worker gives back tasks, by their numbers. One that is tried again stays with it.
  func takeBack(_ numbers: [Int]) {
    let (returned, session) = withState { state in
      state.isCallingBack = false
      defer { if state.assignments.isEmpty { state.isHeldBack = false } }
      let all = numbers.compactMap { state.assignments.remove($0) }
      for assignment in all where assignment.attempt > 1 { state.assignments.add(assignment) }
      return (all, state.session)
    }
    for assignment in returned {
      if assignment.attempt > 1 {
        if let session { send(assignment, to: session) }
      } else {
        queue.giveBack(assignment.task)
      }
    }
    session?.flush()
    wake()
  }

  /// Takes away the task that a dead process was running, by its number.
  func takeAssignment(_ number: Int) -> WorkerAssignment? {
    withState { $0.assignments.remove(number) }
  }

  /// Takes away the tasks that a dead process had begun, in their order.
  func takeBegun() -> [WorkerAssignment] {
    withState { state in
      state.assignments.list.filter { $0.progress.contains(where: \.hasStarted) }
        .compactMap { state.assignments.remove($0.task.number) }
    }
  }

  /// True if the worker has nothing to run, and nothing comes.
  var isToEnd: Bool {
    withState { state in
      if state.assignments.isEmpty { return state.isFinishing || run.stopSignal.isGiven }
      return run.stopSignal.isGiven && state.assignments.list.allSatisfy { $0.began == nil }
    }
  }

  /// Moves the deadlines of the tasks that run.
  func postponeDeadlines(by duration: Duration) {
    withState { state in
      for assignment in state.assignments.list {
        if let time = assignment.deadline { assignment.deadline = time + duration }
      }
    }
  }

  /// Whether the worker has no task.
  var hasNothing: Bool { withState { $0.assignments.isEmpty } }

  /// Has a task run again, before the others.
  func retry(_ assignment: WorkerAssignment) {
    withState { $0.assignments.add(assignment, first: true) }
  }

  /// A task is through without its process.
  func settled() {
    queue.taskEnded()
    wake()
  }

  /// When the time of the first task is over that has begun and is not known to be late.
  var firstDeadline: ContinuousClock.Instant? {
    guard run.faults.timeLimit != nil else { return nil }
    return withState { state in
      state.assignments.list.first { !$0.isOverTime && $0.deadline != nil }?.deadline
    }
  }

  /// The number of a task whose time is over, each once; nil if there is none.
  func takeOverTime(_ now: ContinuousClock.Instant) -> Int? {
    let late = withState { state in
      state.assignments.list.first { assignment in
        guard !assignment.isOverTime, let deadline = assignment.deadline else { return false }
        return deadline <= now
      }
    }
    late?.isOverTime = true
    return late?.task.number
  }

  /// Whether a task runs again as a whole, even if some of its experiments have ended.
  var retriesWholeTasks: Bool { run.research.crossesBranches }
}

extension WorkerSupervisor.State {
  var hasRoom: Bool { assignments.count < (isHeldBack ? 1 : room.limit) }

  /// Whether it is worth while to send more, so that many short tasks go together.
  var hasMuchRoom: Bool { hasRoom && assignments.count <= room.limit / 2 }
}

/// How many tasks a worker is sent ahead.
///
/// Short ones are sent ahead for a few hundredths of a second, so that the worker never waits for its
/// supervisor. Of long ones none is sent ahead: another worker may be free for it sooner, and the moment
/// that it takes to send one does not count.
struct TaskRoom {
  private static let lead = 0.02
  private static let longTask = 0.1
  private static let most = 256

  /// The mean duration of tasks, in seconds, of which later ones count more; nil before the first.
  private var mean: Double?

  mutating func add(_ seconds: Double) {
    mean = mean.map { 0.8 * $0 + 0.2 * seconds } ?? seconds
  }

  /// How many tasks the worker may have, with the one that it runs.
  var limit: Int {
    // The first may take hours, and what is sent with it would wait while other workers are free.
    guard let mean else { return 1 }
    if mean > Self.longTask { return 1 }
    return 1 + max(1, min(Self.most, Int(Self.lead / max(mean, 1e-6))))
  }
}
