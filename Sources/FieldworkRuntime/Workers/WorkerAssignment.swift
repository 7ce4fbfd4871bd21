import FieldworkCore
import FieldworkStore

/// A task that a worker has, and the progress of its experiments.
///
/// `@unchecked Sendable`: what changes is used by the thread that takes the worker's records alone.
final class WorkerAssignment: @unchecked Sendable {
  /// The progress of one experiment of the task.
  struct Progress {
    /// True if it has been recorded as begun.
    var hasStarted = false
    /// When it began, in seconds since 1970 by the clock of the worker.
    var started: Double?
    /// True if the worker has reported its end.
    var hasEnded = false
    /// The number of iterations that have been counted.
    var iterations = 0
    /// The failures that the worker has reported; they are recorded with the end.
    var failures: [Failure] = []
    /// The ending that was recorded; nil if none was.
    var ending: Ending?
    /// The records of an end that is not final yet.
    var pending: [RunRecord] = []
    /// Why it runs again; nil if it does not.
    var retryCause: RetryPolicy.Cause?
  }

  let task: PlannedTask
  /// The attempts at the task, with the present one.
  let attempts: RetryPolicy.Attempts
  /// The keys of experiments whose worker died while they ran, for the units that run when they are over.
  let cleansUp: Set<String>
  /// The attempt after whose death this is the cleanup; nil for an attempt.
  let dead: WorkerAssignment?
  /// When it began; nil if it has not.
  var began: ContinuousClock.Instant?
  /// When its time is over; nil if it is not limited.
  var deadline: ContinuousClock.Instant?
  var isOverTime = false
  /// By position in the task.
  var progress: [Progress]
  private let created = ContinuousClock.now
  /// The time that the longest experiment took, in seconds by the clock of the worker; nil if none has ended.
  private var longest: Double?

  init(
    _ task: PlannedTask,
    attempts: RetryPolicy.Attempts = RetryPolicy.Attempts(),
    cleansUp: Set<String> = [],
    after dead: WorkerAssignment? = nil
  ) {
    self.task = task
    self.cleansUp = cleansUp
    self.dead = dead
    self.attempts = attempts
    progress = Array(repeating: Progress(), count: task.experiments.count)
  }

  /// True if the worker keeps the task when others have nothing to do.
  var stays: Bool { attempts.number > 1 || dead != nil || !cleansUp.isEmpty }

  /// Takes the time at which an experiment ended, by its position.
  func ended(_ place: Int, at time: Double) {
    guard let started = progress[place].started else { return }
    longest = max(longest ?? 0, time - started)
  }

  /// The time that the task took, in seconds; nil if none of its experiments has ended. Records come later than what they
  /// tell, so the clock of the worker is used. It may have been set meanwhile.
  var duration: Double? { longest.map { min($0, (.now - created) / .seconds(1)) } }

  /// The positions of the experiments that have not ended.
  var live: [Int] { progress.indices.filter { !progress[$0].hasEnded } }

  /// The positions of the experiments that have not ended for good: they run, or are to run again.
  var unsettled: [Int] {
    progress.indices.filter { !progress[$0].hasEnded || progress[$0].retryCause != nil }
  }

  /// The positions of the experiments that have ended and are to run again.
  var retried: [Int] { progress.indices.filter { progress[$0].retryCause != nil } }

  /// The records of ends that were not final.
  var pending: [RunRecord] { progress.flatMap(\.pending) }

  /// The cause why ended experiments run again; nil if none does.
  var retryCause: RetryPolicy.Cause? { progress.lazy.compactMap(\.retryCause).first }

  /// Returns another attempt at the task.
  /// - Parameters:
  ///   - places: the positions of the experiments that have to run again.
  ///   - cause: why; nil if the attempt does not count.
  ///   - cleansUp: false if the worker died of the cleanup itself.
  ///   - isWhole: true to run the others of the task again, too.
  func again(
    _ places: [Int],
    after cause: RetryPolicy.Cause?,
    isWhole: Bool,
    cleansUp: Bool = true
  ) -> WorkerAssignment {
    var (task, attempts) = (task, attempts)
    if !isWhole { task.experiments = places.map { task.experiments[$0] } }
    if let cause { attempts.count(cause) }
    return WorkerAssignment(task, attempts: attempts, cleansUp: cleansUp ? cut : [])
  }

  /// The keys of the experiments that the death of a worker has cut off.
  private var cut: Set<String> {
    Set(
      progress.indices.filter { progress[$0].hasStarted && !progress[$0].hasEnded }
        .map { task.experiments[$0].key }
    )
  }

  /// Returns the cleanup after the death of the worker.
  var cleanup: WorkerAssignment {
    WorkerAssignment(task, attempts: attempts, cleansUp: cut, after: self)
  }

  /// Returns the records that the experiments run again.
  func retryRecords(_ places: [Int], as next: WorkerAssignment, isWhole: Bool) -> [RunRecord] {
    (isWhole ? Array(progress.indices) : places).filter { progress[$0].hasStarted }
      .map { place in
        .retrying(
          experiment: task.experiments[place].key,
          RunRecord.Retry(
            attempt: next.attempts.number,
            replaces: progress[place].ending,
            failures: progress[place].failures
          )
        )
      }
  }
}

/// An experiment that a worker has.
struct AssignedExperiment {
  let key: String
  let assignment: WorkerAssignment
  /// Its position in the task.
  let place: Int

  init(_ assignment: WorkerAssignment, _ place: Int) {
    key = assignment.task.experiments[place].key
    self.assignment = assignment
    self.place = place
  }

  var experiment: PlannedExperiment { assignment.task.experiments[place] }

  var progress: WorkerAssignment.Progress {
    get { assignment.progress[place] }
    nonmutating _modify { yield &assignment.progress[place] }
  }
}

/// The tasks that a worker has, in the order in which it runs them.
struct WorkerAssignments {
  private(set) var list: [WorkerAssignment] = []
  private var byKey: [String: AssignedExperiment] = [:]

  var isEmpty: Bool { list.isEmpty }
  var count: Int { list.count }

  subscript(key: String) -> AssignedExperiment? { byKey[key] }

  mutating func add(_ assignment: WorkerAssignment, first: Bool = false) {
    list.insert(assignment, at: first ? 0 : list.count)
    for place in assignment.task.experiments.indices {
      let assigned = AssignedExperiment(assignment, place)
      byKey[assigned.key] = assigned
    }
  }

  /// Removes and returns a task by its number; nil if the worker does not have it.
  mutating func remove(_ number: Int) -> WorkerAssignment? {
    guard let index = list.firstIndex(where: { $0.task.number == number }) else { return nil }
    let removed = list.remove(at: index)
    for experiment in removed.task.experiments { byKey[experiment.key] = nil }
    return removed
  }

  mutating func removeAll() -> [WorkerAssignment] {
    defer { self = WorkerAssignments() }
    return list
  }
}
