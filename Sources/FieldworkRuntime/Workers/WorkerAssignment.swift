import FieldworkCore

/// A task that a worker has, and how far its experiments are.
///
/// `@unchecked Sendable`: what changes is used by the thread of the worker's supervisor alone.
final class WorkerAssignment: @unchecked Sendable {
  /// What is known of one experiment of the task.
  struct Progress {
    /// Whether it has been recorded as begun, and as ended.
    var hasStarted = false
    var hasEnded = false
    /// The iterations that have been told of.
    var iterations = 0
    /// Whether nobody is to be told of it again: it had ended, and runs once more with others.
    var isUntold = false
  }

  let task: PlannedTask
  /// The number of the attempt at it, from 1.
  let attempt: Int
  /// When it began; nil if it has not.
  var began: ContinuousClock.Instant?
  /// When its time is over; nil if it is not limited.
  var deadline: ContinuousClock.Instant?
  var isOverTime = false
  /// The places of experiments that are to be tried again when the rest of the task has ended.
  var retried: [Int] = []
  /// By place in the task.
  var progress: [Progress]

  init(_ task: PlannedTask, attempt: Int = 1) {
    self.task = task
    self.attempt = attempt
    progress = Array(repeating: Progress(), count: task.experiments.count)
  }

  /// The places of the experiments that have not ended.
  var live: [Int] { progress.indices.filter { !progress[$0].hasEnded } }

  /// What is to run again of it.
  /// - Parameter isWhole: whether experiments that have ended run again too.
  func again(attempt: Int, isWhole: Bool) -> WorkerAssignment {
    var task = task
    if !isWhole { task.experiments = live.map { task.experiments[$0] } }
    let next = WorkerAssignment(task, attempt: attempt)
    if isWhole {
      for place in progress.indices { next.progress[place].isUntold = progress[place].hasEnded }
    }
    return next
  }
}

/// An experiment that a worker has.
struct AssignedExperiment {
  let assignment: WorkerAssignment
  /// Its place in the task.
  let place: Int

  var experiment: PlannedExperiment { assignment.task.experiments[place] }
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
    for (place, experiment) in assignment.task.experiments.enumerated() {
      byKey[experiment.key] = AssignedExperiment(assignment: assignment, place: place)
    }
  }

  /// Takes away a task by its number; nil if the worker does not have it.
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
