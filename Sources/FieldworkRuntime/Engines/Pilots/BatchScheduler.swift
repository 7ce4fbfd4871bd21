import FieldworkCore

/// A batch system of a cluster, such as Slurm: it queues jobs, and runs them on machines that share the folder of the
/// research.
protocol BatchScheduler: Sendable {
  /// The name for messages.
  var name: String { get }

  /// The text that arrays of equal jobs have in common: the resources that a job gets.
  var resources: String { get }

  /// Returns the greatest number of tasks of one array.
  func arrayLimit() async -> Int

  /// Returns the text of the script of an array.
  func script(_ array: PilotArray) -> String

  /// Submits an array of tasks that each run one pilot, by its script. It is called again for an array only if it has
  /// thrown ``BatchError/unreachable(_:)`` and no task of the array is known.
  /// - Returns: the id of the job.
  /// - Throws: ``BatchError``.
  func submit(_ array: PilotArray) async throws -> String

  /// Returns the tasks of arrays, including those that ended a short time ago.
  /// - Throws: ``BatchError``.
  func tasks(ofArrays names: [String]) async throws -> [BatchTask]

  /// Removes the tasks of arrays from the queue, and ends those that run.
  /// - Parameter waitingOnly: true to leave those alone that run.
  /// - Returns: false if it may have failed.
  func cancel(_ names: [String], waitingOnly: Bool) async -> Bool

  /// Returns the command that releases a held task.
  func releaseRemedy(_ task: String) -> String
}

/// Why a command of a batch system has failed.
enum BatchError: Error, Hashable {
  /// The batch system refuses the request, and would refuse it again.
  case refused(String)
  /// The batch system does not answer. It may have met the request.
  case unreachable(String)
}

/// An array of equal jobs.
struct PilotArray: Codable, Hashable, Sendable {
  /// The name by which the batch system knows it, and no other array.
  let name: String
  let count: Int
  /// The number of workers of each task.
  let slots: Int
  /// The program and the resources of a task. A run uses arrays of earlier runs with the same key.
  let key: String
  /// A hash of the program and its arguments. A run uses pilots with the same one.
  let program: String
  /// The absolute path of the folder with the script and the output of tasks.
  let path: String
  /// The words that a task runs: the program and its arguments.
  let command: [String]
  /// The environment variables of a task.
  let environment: [String: String]
  /// The folder in which it runs.
  let workingDirectory: String

  var script: String { path + "/script.sh" }
}

/// A task of an array.
struct BatchTask: Hashable, Sendable {
  enum State: Hashable, Sendable {
    /// It waits for a machine, for a reason.
    case waiting(String)
    /// It waits until somebody releases it.
    case held(String)
    case running
    /// It was removed, by a person.
    case cancelled
    /// Its program has failed.
    case failed(String)
    /// It has ended otherwise: done, out of time, preempted, or its machine is gone.
    case ended(String)

    var isOver: Bool {
      switch self {
      case .waiting, .held, .running: false
      case .cancelled, .failed, .ended: true
      }
    }
  }

  /// Such as `17_3`, as the pilot knows it.
  let id: String
  let array: String
  let state: State
  /// The time until it is asked to end; nil if that is not known.
  let timeLeft: Duration?
}
