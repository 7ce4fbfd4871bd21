import Dispatch

/// Runs the jobs of one worker on a queue of its own, so that a unit that blocks its thread holds up
/// nobody else.
final class WorkerExecutor: TaskExecutor {
  private let queue: DispatchQueue

  init(_ number: Int) { queue = DispatchQueue(label: "fieldwork.worker.\(number)") }

  /// The thread of one branch of the worker's tasks.
  init(_ number: Int, branch: Int) {
    queue = DispatchQueue(label: "fieldwork.worker.\(number).\(branch)")
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedTaskExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }
}
