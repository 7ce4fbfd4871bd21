import FieldworkCore
import FieldworkStore
import Foundation

extension WorkerSupervisor {
  // MARK: What the watch and the tracker ask and report

  /// Returns an experiment that the worker has, by its key.
  func assigned(_ key: String) -> AssignedExperiment? { withState { $0.assignments[key] } }

  /// Settles tasks, by their numbers, whose records have all been taken.
  func tasksEnded(_ numbers: [Int]) {
    let (removed, link) = withState { state in
      let removed = numbers.compactMap { state.assignments.remove($0) }
      state.isHeldBack = false
      for assignment in removed {
        if let duration = assignment.duration {
          state.window.add(duration)
          if engine.seats != nil { run.durations.add(duration) }
        }
      }
      return (removed, state.link)
    }
    var settled: [Int] = []
    for assignment in removed {
      if let dead = assignment.dead {
        if let again = settleDead(dead), let link {
          send(again, to: link)
          link.flush()
        }
        continue
      }
      if isLeaving, !assignment.live.isEmpty {
        // What it has interrupted runs elsewhere, once the worker has ended.
        withState { $0.assignments.add(assignment, first: true) }
        continue
      }
      guard let again = runAgain(assignment) else {
        record(assignment.pending)
        settled.append(assignment.task.number)
        continue
      }
      if let link {
        send(again, to: link)
        link.flush()
      }
    }
    end(settled)
  }

  /// Settles a task all of whose experiments have ended, or has those run again that may.
  /// - Returns: the next attempt; nil if there is none.
  @discardableResult
  func settleOrRetry(_ assignment: WorkerAssignment) -> WorkerAssignment? {
    let again = runAgain(assignment)
    if again == nil { settle(assignment) }
    return again
  }

  /// Has the experiments of a task run again that may.
  /// - Returns: the next attempt; nil if there is none.
  private func runAgain(_ assignment: WorkerAssignment) -> WorkerAssignment? {
    let retried = assignment.retried
    guard !retried.isEmpty, !run.cancellation.isRequested else { return nil }
    return retry(assignment, retried, after: assignment.retryCause)
  }

  /// Has experiments of a task run again before the other tasks.
  /// - Parameters:
  ///   - places: their positions in the task.
  ///   - cause: why; nil if the attempt does not count.
  @discardableResult
  func retry(
    _ assignment: WorkerAssignment,
    _ places: [Int],
    after cause: RetryPolicy.Cause?,
    cleansUp: Bool = true
  ) -> WorkerAssignment {
    let again = assignment.again(
      places,
      after: cause,
      isWhole: retriesWholeTasks,
      cleansUp: cleansUp
    )
    if !again.cleansUp.isEmpty, run.research.hasCleanup {
      // Until its experiments have begun, the time limit is that of the cleanup.
      again.deadline = run.faults.timeLimit.map { .now + $0 }
    }
    run.recorder.recordAtOnce(
      assignment.retryRecords(places, as: again, isWhole: retriesWholeTasks)
    )
    withState { $0.assignments.add(again, first: true) }
    return again
  }

  /// Records the ends that were not final, and reports the task as ended.
  func settle(_ assignment: WorkerAssignment) {
    record(assignment.pending)
    end([assignment.task.number])
  }

  /// Records the ends of the experiments of a task whose worker has died, for good.
  /// - Returns: the next attempt at the others; nil if there is none.
  @discardableResult
  func settleDead(_ assignment: WorkerAssignment) -> WorkerAssignment? {
    if retriesWholeTasks {
      settle(assignment)
      return nil
    }
    // Experiments that had failed before may still run again for that reason.
    run.recorder.recordAtOnce(assignment.live.flatMap { assignment.progress[$0].pending })
    for place in assignment.live { assignment.progress[place].pending = [] }
    return settleOrRetry(assignment)
  }

  /// Has the next process of the worker clean up after a task whose experiments have died.
  func cleanUp(_ assignment: WorkerAssignment) {
    let cleanup = assignment.cleanup
    cleanup.deadline = run.faults.timeLimit.map { .now + $0 }
    withState { $0.assignments.add(cleanup, first: true) }
  }

  private func record(_ records: [RunRecord]) {
    if run.recorder.take(records), engine.isPrefetching { run.recorder.roomBlocking() }
  }

  private func end(_ tasks: [Int]) {
    guard !tasks.isEmpty else { return }
    queue.tasksEnded(tasks)
    wake()
  }

  /// Takes back tasks that the worker returns, by their numbers. A task that runs again stays with the worker.
  func takeBack(_ numbers: [Int]) {
    let (returned, link) = withState { state in
      state.isReclaiming = false
      defer { if state.assignments.isEmpty { state.isHeldBack = false } }
      let all = numbers.compactMap { state.assignments.remove($0) }
      for assignment in all where assignment.stays {
        state.assignments.add(assignment)
      }
      return (all, state.link)
    }
    for assignment in returned {
      if assignment.stays {
        if let link { send(assignment, to: link) }
      } else {
        queue.giveBack(assignment.task, from: worker)
      }
    }
    link?.flush()
    wake()
  }

  /// Removes and returns a task, by its number.
  func takeAssignment(_ number: Int) -> WorkerAssignment? {
    withState { $0.assignments.remove(number) }
  }

  /// Removes and returns the tasks that a dead worker had begun, in their order.
  func takeBegun() -> [WorkerAssignment] {
    withState { state in
      state.assignments.list.filter { $0.progress.contains(where: \.hasStarted) }
        .compactMap { state.assignments.remove($0.task.number) }
    }
  }

  /// The number of the first task that has begun and not ended; nil if there is none.
  var firstBegun: Int? {
    withState { state in
      state.assignments.list.first { assignment in
        assignment.progress.contains { $0.hasStarted && !$0.hasEnded }
      }?.task.number
    }
  }

  /// True if the worker has nothing to run, and nothing comes.
  var isToEnd: Bool {
    withState { state in
      if state.assignments.isEmpty {
        return state.isFinishing || state.takesNone || run.cancellation.isRequested
      }
      return run.cancellation.isRequested && state.assignments.list.allSatisfy { $0.began == nil }
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

  /// True if the worker has no task.
  var hasNothing: Bool { withState { $0.assignments.isEmpty } }

  /// When the time of the first task is over that has begun and is not known to be late.
  var firstDeadline: ContinuousClock.Instant? {
    guard run.faults.timeLimit != nil else { return nil }
    return withState { state in
      state.assignments.list.first { !$0.isOverTime && $0.deadline != nil }?.deadline
    }
  }

  /// Returns the number of a task whose time is over, each once; nil if there is none.
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
}
