/// Runs the experiments of a task, its branches, from beginning to end.
///
/// The standard one makes iterations until every branch has ended. One's own can do something around
/// them, or end earlier:
///
///     struct Patient: BranchExecutor {
///       func execute(_ task: any BranchTask) async throws {
///         while !task.isFinished && task.iteration < 100 { await task.runIteration() }
///       }
///     }
///     Research("digits", executor: Patient()) { … }
///
/// When it returns, branches that have not ended are ended in good order, as a generator's end does; if
/// it throws, they have failed.
public protocol BranchExecutor: Sendable {
  func execute(_ task: any BranchTask) async throws
}

/// The experiments that run together, as their executor sees them.
public protocol BranchTask: AnyObject {
  /// The experiments that run, in the order of the branches.
  var experiments: [PlannedExperiment] { get }
  /// The number of the next iteration, from 0.
  var iteration: Int { get }
  /// Whether every branch has ended.
  var isFinished: Bool { get }
  /// What an experiment has saved under a name last, if it is still at hand: what has been dumped is not.
  func lastSaved(_ name: String, branch: Int) -> Value?
  /// Makes the next iteration of the branches that have not ended; does nothing if all have.
  func runIteration() async
}

/// The executor that a research has by default: it makes iterations until every branch has ended.
public struct StandardExecutor: BranchExecutor {
  public init() {}

  public func execute(_ task: any BranchTask) async throws {
    while !task.isFinished { await task.runIteration() }
  }
}
