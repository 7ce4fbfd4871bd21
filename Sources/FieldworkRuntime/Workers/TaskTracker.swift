import FieldworkCore
import FieldworkStore
import Foundation

/// Follows the tasks of one worker by its records: hands these to the recorder, and decides what runs again.
///
/// One thread at a time uses it. `@unchecked Sendable`: the link of the worker hands records on one by one.
final class TaskTracker: @unchecked Sendable {
  private let supervisor: WorkerSupervisor
  private let run: RunState
  /// True if the worker has begun a task.
  private(set) var hasWorked = false
  /// The experiment of the last record, since many records of one experiment follow each other.
  private var last: AssignedExperiment?
  /// By key: why a record of an experiment could not be read.
  private var unreadable: [String: String] = [:]
  /// The unit that ran when the time of a task was over.
  var lateUnit: UnitDescription?

  init(_ supervisor: WorkerSupervisor) {
    self.supervisor = supervisor
    run = supervisor.run
  }

  /// What a group of records leads to.
  private struct Batch {
    var records: [RunRecord] = []
    var endedTasks: [Int] = []
  }

  /// Takes records in their order.
  /// - Returns: true if too many records are waiting to be stored.
  func take(_ records: [RunRecord]) -> Bool {
    var batch = Batch()
    for record in records { take(record, &batch) }
    let isFull = run.recorder.take(batch.records)
    if !batch.endedTasks.isEmpty {
      last = nil
      supervisor.tasksEnded(batch.endedTasks)
    }
    return isFull
  }

  func assigned(_ key: String) -> AssignedExperiment? {
    if let last, last.key == key { return last }
    last = supervisor.assigned(key)
    return last
  }

  /// Forgets the last experiment, since assignments have changed.
  func forgetLast() { last = nil }

  /// Marks an experiment one of whose records could not be read: it fails when it ends.
  func takeUnreadable(_ key: String, _ reason: String) {
    unreadable[key] = unreadable[key] ?? reason
  }

  private func take(_ record: RunRecord, _ batch: inout Batch) {
    switch record {
    case .started(let experiment, let start): begin(record, experiment, start, &batch)
    case .iterations(let key, _, let count):
      guard let assigned = assigned(key), !assigned.progress.hasEnded else { return }
      assigned.progress.iterations += count
      batch.records.append(record)
    case .checkpoint:
      run.resume.checkpoints.note(record)
      batch.records.append(record)
    case .failed(let key, let failure): assigned(key)?.progress.failures.append(failure)
    case .ended(let key, let ending, let iterations, let time):
      end(key, ending, iterations, time, &batch)
    case .finished(let finished): take(finished, &batch)
    case .warning(let text): if run.isNew(warning: text) { batch.records.append(record) }
    case .link(let link):
      if case .taskEnded(let number) = link.message { batch.endedTasks.append(number) }
    default: batch.records.append(record)
    }
  }

  /// Takes an experiment that began and ended.
  private func take(_ finished: FinishedExperiment, _ batch: inout Batch) {
    guard let assigned = assigned(finished.experiment.key), !assigned.progress.hasEnded else {
      return
    }
    begin(assigned, at: finished.start.at)
    assigned.assignment.ended(assigned.place, at: finished.end.time)
    assigned.progress.hasEnded = true
    assigned.progress.ending = finished.ending
    let isPlaced = run.services.hasDevices
    batch.records.append(
      .finished(isPlaced ? finished.with(place(finished.experiment)) : finished)
    )
  }

  private func begin(
    _ record: RunRecord,
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ batch: inout Batch
  ) {
    guard let assigned = assigned(experiment.key) else { return }
    begin(assigned, at: start.at)
    assigned.progress.iterations = start.iteration ?? 0
    // The store names devices as the system does.
    let placed =
      run.services.hasDevices ? RunRecord.started(place(experiment), start) : record
    run.resume.checkpoints.note(placed)
    batch.records.append(placed)
  }

  private func begin(_ assigned: AssignedExperiment, at time: Double) {
    hasWorked = true
    assigned.progress.hasStarted = true
    assigned.progress.started = time
    let assignment = assigned.assignment
    guard assignment.began == nil else { return }
    let now = ContinuousClock.now
    assignment.began = now
    assignment.deadline = run.faults.timeLimit.map { now + $0 }
  }

  private func place(_ experiment: PlannedExperiment) -> PlannedExperiment {
    var placed = experiment
    run.services.place(&placed, supervisor.worker)
    return placed
  }

  private func end(
    _ key: String,
    _ ending: Ending,
    _ iterations: Int,
    _ time: Double,
    _ batch: inout Batch
  ) {
    guard let assigned = assigned(key) else { return }
    let assignment = assigned.assignment
    if ending == .interrupted, supervisor.mayLeave, !assignment.isOverTime,
      !run.cancellation.isRequested
    {
      // The run has not asked for it, so the worker leaves: another one goes on.
      supervisor.leave("its job ends")
      return
    }
    var (ending, cause) = (ending, RetryPolicy.Cause.error)
    var failures = assigned.progress.failures
    if let reason = unreadable.removeValue(forKey: key), ending != .failed {
      ending = .failed
      failures.append(Failure.unreadable(reason, iteration: max(0, iterations - 1)))
    }
    if assignment.isOverTime, ending == .interrupted, let limit = run.faults.timeLimit {
      (ending, cause) = (.failed, .death)
      failures.append(
        WorkerDeath(timeLimit: limit).failure(unit: lateUnit, iteration: max(0, iterations - 1))
      )
    }
    assigned.progress.hasEnded = true
    assignment.ended(assigned.place, at: time)
    let records =
      failures.map { RunRecord.failed(experiment: key, $0) }
      + [.ended(experiment: key, ending, iterations: iterations, at: time)]
    let isRetried =
      ending == .failed && !run.cancellation.isRequested
      && run.faults.retries.allows(cause, after: assignment.attempts)
    if isRetried {
      assigned.progress.retryCause = cause
      assigned.progress.failures = failures
    }
    // Where a task runs again as a whole, no end is final before all have ended.
    if isRetried || supervisor.retriesWholeTasks && run.faults.retries.errors > 0 {
      assigned.progress.pending = records
    } else {
      assigned.progress.ending = ending
      batch.records += records
    }
  }
}

extension Failure {
  fileprivate static func unreadable(_ reason: String, iteration: Int) -> Failure {
    Failure(
      unit: "",
      iteration: iteration,
      kind: "unreadable",
      message: "what it saved cannot be read: \(reason)",
      place: nil
    )
  }
}
