import FieldworkCore
import FieldworkStore
import Foundation

/// Runs tasks in a worker, and starts another one when it dies.
///
/// A worker that can hold tasks is sent a few ahead, so that it never waits; their number depends on how long they take.
/// The death of a worker is a failure of the experiments that it was running, and of no others.
final class WorkerSupervisor: Sendable {
  struct State {
    var assignments = WorkerAssignments()
    var link: (any WorkerLink)?
    /// True if no more tasks come.
    var isFinishing = false
    /// True if the worker is gone, and none replaces it.
    var isOver = false
    /// The caller that waits for room.
    var waiting: CheckedContinuation<Void, Never>?
    var window: PrefetchWindow
    /// True if the worker was asked for the tasks that it has not begun, and has not answered.
    var isReclaiming = false
    /// True if the worker gets nothing more before it has ended a task, since others had nothing to do.
    var isHeldBack = false
    /// Why the worker leaves before there are no more tasks; nil if it stays.
    var leavingReason: String?
    var isDrained = false
    /// True if the place of the worker is gone or given back, and tasks may be left.
    var isGone = false

    /// True if the worker gets no more tasks.
    var takesNone: Bool { isOver || leavingReason != nil }

    var hasRoom: Bool { assignments.count < (isHeldBack ? 1 : window.limit) }

    /// True if it is worth while to send more, so that many short tasks go together.
    var hasMuchRoom: Bool { hasRoom && assignments.count <= window.limit / 2 }
  }

  let worker: Int
  let run: RunState
  let engine: any Engine
  /// True if a task runs again as a whole, even if some of its experiments have ended.
  let retriesWholeTasks: Bool
  let queue: Scheduler
  private let state: Protected<State>
  /// Signalled when there may be something to do for a supervisor without a worker.
  private let change = DispatchSemaphore(value: 0)

  init(_ worker: Int, _ engine: any Engine, _ run: RunState, _ queue: Scheduler) {
    self.worker = worker
    self.engine = engine
    self.run = run
    self.queue = queue
    // Messages through files of other machines take longer.
    state = Protected(
      State(window: engine.seats == nil ? PrefetchWindow() : PrefetchWindow(lead: 1, longTask: 2))
    )
    retriesWholeTasks = run.research.crossesBranches
  }

  func withState<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    try state.withLock(body)
  }

  var isPrefetching: Bool { engine.isPrefetching }

  var link: (any WorkerLink)? { withState { $0.link } }

  private var setup: WorkerSetup {
    WorkerSetup(
      worker: worker,
      seed: run.seed,
      directory: run.services.folder?.root,
      wantsUnits: run.recorder.wantsUnits
    )
  }

  // MARK: Tasks

  /// Runs tasks until there are no more, or the place of the worker is gone.
  /// - Returns: true if there are no more tasks for it.
  @discardableResult
  func work() async -> Bool {
    // No worker is started before there is something to do.
    guard let first = await firstTask() else { return !withState { $0.isGone } }
    assign(first)
    guard engine.isPrefetching else {
      await workInTask()
      return true
    }
    run.onReclaim(worker) { [weak self] in self?.reclaim() }
    run.cancellation.whenRequested { [weak self] in self?.stop() }
    async let over: Void = supervised()
    while await hasRoom(),
      let task = await draw()
    {
      assign(task)
    }
    finish()
    await over
    return !withState { $0.isGone }
  }

  /// Returns the first task. A worker that has its place to itself does not wait for one in it.
  private func firstTask() async -> PlannedTask? {
    guard engine.seats != nil else { return await draw() }
    let mustWait = Protected(false)
    let task = await run.draw(
      from: queue,
      worker: worker,
      isLeaving: { self.isLeaving || mustWait.withLock { $0 } },
      beforeWaiting: { mustWait.withLock { $0 = true } }
    )
    if task == nil, mustWait.withLock({ $0 }) || isLeaving { withState { $0.isGone = true } }
    return task
  }

  /// Returns the next task; nil if there is none, or the worker leaves.
  private func draw() async -> PlannedTask? {
    await run.draw(
      from: queue,
      worker: worker,
      isLeaving: { self.isLeaving },
      beforeWaiting: { self.flush() }
    )
  }

  /// Runs tasks in the calling task.
  private func workInTask() async {
    let watch = LinkWatch(self)
    do {
      let link = try engine.startWorker(worker, setup)
      withState { $0.link = link }
      watch.watch(link)
      run.recorder.recordAtOnce([.workerStarted(worker: worker, process: nil)])
      while true {
        while let assignment = withState({ $0.assignments.list.first }) {
          // Another attempt reads what is stored of the one before.
          if assignment.attempts.number > 1, run.research.settings.checkpoint != nil {
            await run.recorder.room()
          }
          await link.run(order(assignment))
          if run.endsWithFirstError { return }
        }
        guard let task = await draw() else { return }
        assign(task)
      }
    } catch {
      run.cancellation.request(
        .noWorkers(error as? FieldworkError ?? FieldworkError(.invalidDefinition, "\(error)"))
      )
    }
  }

  private func assign(_ task: PlannedTask) {
    let kept = run.takeAttempts(of: task)
    let assignment = WorkerAssignment(task, attempts: kept.attempts, cleansUp: kept.cleansUp)
    if let link, let left = link.timeLeft, run.isTooLong(for: left, ofLimit: link.timeLimit) {
      run.keepAttempts(assignment)
      queue.giveBack(task, from: worker)
      let reason = "too little time is left before its time limit"
      link.retire(reason)
      leave(reason)
      return
    }
    let (isLate, link) = withState { state -> (Bool, (any WorkerLink)?) in
      guard !state.isOver, state.leavingReason == nil else { return (true, nil) }
      state.assignments.add(assignment)
      return (false, state.link)
    }
    if isLate {
      run.keepAttempts(assignment)
      queue.giveBack(task, from: worker)
    } else if let link {
      send(assignment, to: link)
    } else {
      change.signal()
    }
  }

  func send(_ assignment: WorkerAssignment, to link: any WorkerLink) {
    guard engine.isPrefetching else { return }
    if !link.add(.task(order(assignment))) { refuse(assignment) }
  }

  /// Ends the run, since a task cannot be sent. The state must not be locked, for this supervisor is stopped, too.
  private func refuse(_ assignment: WorkerAssignment) {
    let error = FieldworkError(
      .invalidDefinition,
      "the configs of task \(assignment.task.number) are larger than half a gigabyte and cannot be sent to a worker process; run with --parallel threads"
    )
    run.cancellation.request(.noWorkers(error))
  }

  private func order(_ assignment: WorkerAssignment) -> TaskOrder {
    var order = TaskOrder(task: assignment.task, attempt: assignment.attempts.number)
    if run.research.hasCleanup {
      order.isCleanup = assignment.dead != nil
      order.cleansUp = assignment.cleansUp
      if order.attempt == 1 {
        // The run before was killed while they ran.
        for experiment in assignment.task.experiments
        where run.resume.states[experiment.key] == .running {
          order.cleansUp.insert(experiment.key)
        }
      }
    }
    order.iterations = run.resume.checkpoints.iterations(of: assignment.task)
    if engine.isPrefetching, let domain = run.research.domain {
      let experiments = assignment.task.experiments
      let numbers = experiments.compactMap { $0.config.number(in: domain) }
      if numbers.count == experiments.count { order.configs = numbers }
    }
    if engine.isPrefetching, run.services.folder == nil || engine.seats != nil {
      // The worker cannot read a store in memory, and need not read one over a network.
      for key in order.iterations.keys { order.states[key] = run.storedState(of: key) }
    }
    return order
  }

  /// Sends what was assigned: short tasks go together.
  private func flush() { link?.flush() }

  /// Waits until the worker may be sent one more task.
  /// - Returns: false if it takes no more.
  private func hasRoom() async -> Bool {
    if withState({ !$0.takesNone && hasRoom($0) }) { return true }
    flush()
    await withCheckedContinuation { continuation in
      let mustWait = withState { state in
        guard !state.takesNone, !hasRoom(state) else { return false }
        state.waiting = continuation
        return true
      }
      if !mustWait { continuation.resume() }
    }
    return !withState { $0.takesNone }
  }

  /// The number of tasks that the worker may have while the next failure may end the run.
  private static let limitWhileWatched = 2

  private func hasRoom(_ state: State) -> Bool {
    state.hasRoom && (state.assignments.count < Self.limitWhileWatched || !run.mayEndSoon)
  }

  /// Resumes the caller that waits for room, if there is some.
  func wake() {
    let waiting = withState { state -> CheckedContinuation<Void, Never>? in
      let isGoing = state.hasMuchRoom && hasRoom(state)
      guard state.takesNone || isGoing || run.cancellation.isRequested else { return nil }
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume()
  }

  /// Reclaims what the worker has not begun, since others have nothing to do.
  private func reclaim() {
    let link = withState { state -> (any WorkerLink)? in
      guard state.assignments.count > 1, !state.isReclaiming, let link = state.link else {
        return nil
      }
      state.isReclaiming = true
      state.isHeldBack = true
      return link
    }
    link?.send(.reclaim)
  }

  private func finish() {
    let link = withState { state in
      state.isFinishing = true
      return state.link
    }
    link?.add(.finish)
    // The answer makes the watch see that nothing more comes.
    link?.send(.ping)
    change.signal()
  }

  /// Lets the worker end its experiments with their iteration.
  private func stop() {
    link?.stop(cancels: run.cancellation.isByUser)
    change.signal()
    wake()
  }

  // MARK: Workers

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

  /// The number of workers in a row that may die without having run anything.
  private static let vainLimit = 3

  /// Runs workers one after another, until there is nothing more to do.
  private func supervise() {
    var inVain = 0
    while waitForWork() {
      let watch = LinkWatch(self)
      do {
        let link = try start(watch)
        let end = link.listen(watch)
        withState { $0.link = nil }
        if withState({ $0.isGone }) { break }
        if end.lostReason != nil || isLeaving {
          watch.settleLoss(end)
          withState { $0.isGone = true }
          break
        }
        if isDone(after: end) { break }
        if watch.hasRetired, end.termination == .exited(0) || watch.wasKilledAtExit { continue }
        if watch.wasKilledAtExit { break }
        if let refusal = watch.refusal { throw refusal }
        watch.settleDeath(end)
        inVain = watch.hasWorked ? 0 : inVain + 1
        if inVain >= Self.vainLimit {
          throw FieldworkError(
            .invalidDefinition,
            "worker processes end before they run anything; run with --parallel threads to see why, or without processes altogether",
            cause: end.lastErrors.isEmpty ? "\(end.termination)" : end.lastErrors
          )
        }
      } catch is WorkerLost {
        withState { $0.isGone = true }
        break
      } catch let error as FieldworkError {
        run.cancellation.request(.noWorkers(error))
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
        run.cancellation.request(.noWorkers(reason))
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
    let cleanups = withState { state in
      state.isOver = true
      let cleanups = state.assignments.list.filter { $0.dead != nil }
      for cleanup in cleanups { _ = state.assignments.remove(cleanup.task.number) }
      return cleanups.compactMap(\.dead)
    }
    // One that runs again is given back with the others.
    for assignment in cleanups { settleDead(assignment) }
    let (left, isGone) = withState { state in (state.assignments.removeAll(), state.isGone) }
    for assignment in left { run.keepAttempts(assignment) }
    if isGone {
      for assignment in left { queue.giveBack(assignment.task, from: worker) }
    } else if !left.isEmpty {
      queue.leave(worker, givingBack: left.map(\.task))
    }
    wake()
  }

  /// The worker takes no more tasks, returns those that it has not begun, and ends.
  func leave(_ reason: String) {
    let link = withState { state -> (any WorkerLink)? in
      guard state.leavingReason == nil else { return nil }
      state.leavingReason = reason
      return state.link
    }
    link?.add(.reclaim)
    link?.send(.finish)
    // One that waits for a task, or for room, gets none.
    queue.wake()
    wake()
  }

  var isLeaving: Bool { leavingReason != nil }

  /// Why the worker leaves before there are no more tasks; nil if it stays.
  var leavingReason: String? { withState { $0.leavingReason } }

  /// Lets the worker end after the tasks that it runs. It is not replaced.
  func drain() {
    withState { $0.isDrained = true }
    leave("it was drained")
    change.signal()
  }

  /// True if the number of workers is to be smaller.
  var isDrained: Bool { withState { $0.isDrained } }

  /// True if the worker may leave for a reason that is not its own.
  var mayLeave: Bool { engine.seats != nil }

  /// The time after which a worker without tasks is ended; nil for never.
  var idleTime: Duration? { engine.seats?.idleTime }

  /// Ends a worker that has had nothing to do for a while, so that its place is free.
  func endIdle() {
    let link = withState { state -> (any WorkerLink)? in
      guard state.assignments.isEmpty, !state.isFinishing, !state.isGone else { return nil }
      state.isGone = true
      state.leavingReason = "it had nothing to do"
      return state.link
    }
    link?.send(.finish)
    queue.wake()
    wake()
  }

  /// Waits until there is something for a worker to do.
  /// - Returns: false if nothing will come.
  private func waitForWork() -> Bool {
    while true {
      if run.cancellation.isRequested { return false }
      let (hasWork, isFinishing) = withState { (!$0.assignments.isEmpty, $0.isFinishing) }
      if hasWork { return true }
      if isFinishing { return false }
      change.wait()
    }
  }

  /// Returns true if a worker has ended because there was nothing more for it to do.
  private func isDone(after end: LinkEnd) -> Bool {
    guard end.termination == .exited(0), !end.hasDisconnected, end.error == nil else {
      return false
    }
    return withState { state in
      // What it has dropped is given back.
      (state.isFinishing || run.cancellation.isRequested)
        && state.assignments.list.allSatisfy { $0.began == nil }
        && (state.assignments.isEmpty || run.cancellation.isRequested)
    }
  }

  private func start(_ watch: LinkWatch) throws -> any WorkerLink {
    let link = try engine.startWorker(worker, setup)
    watch.watch(link)
    run.recorder.recordAtOnce([
      .workerStarted(worker: worker, process: link.process.map(Int.init))
    ])
    // With the lock, so that no task is sent twice or out of its order.
    let refused = withState { state in
      state.link = link
      state.isReclaiming = false
      let refused = state.assignments.list.first { !link.add(.task(order($0))) }
      link.flush()
      if state.isFinishing { link.send(.finish) }
      return refused
    }
    if let refused { refuse(refused) }
    if run.cancellation.isRequested { link.stop(cancels: run.cancellation.isByUser) }
    return link
  }
}
