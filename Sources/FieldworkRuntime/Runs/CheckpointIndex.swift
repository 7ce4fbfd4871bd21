import FieldworkCore
import FieldworkStore

/// From which iterations the experiments of a run can go on.
final class CheckpointIndex: Sendable {
  /// By key of an experiment.
  private let iterations: Protected<[String: Int]>
  /// The keys of experiments that are done, but with fewer iterations than are asked for now.
  let extended: Set<String>
  private let origins: OriginCheck?
  /// True if experiments are checkpointed, so that what is recorded has to be followed.
  private let isNeeded: Bool
  /// The keys of experiments that have started over in this run.
  private let renewed = Protected<Set<String>>([])

  /// - Throws: ``FieldworkError`` of code `store` if the store cannot be read.
  init(_ research: Research, _ store: any ResultStore) throws {
    origins =
      research.settings.checkpoint == nil ? nil : try OriginCheck(research, store, finished: false)
    isNeeded = research.settings.checkpoint != nil
    guard isNeeded else {
      iterations = Protected([:])
      extended = []
      return
    }
    let definition = research.checkpointDefinition
    let limit = research.iterations ?? .max
    // With the last iteration comes what units do at the end. It has to run by this definition.
    let usable = try store.checkpoints().filter {
      $0.definition == definition && $0.iteration < limit
    }
    iterations = Protected(
      Dictionary(usable.map { ($0.experiment, $0.iteration) }, uniquingKeysWith: max)
    )
    extended = Set(
      usable.filter { $0.ending == .complete && $0.iterations ?? limit < limit }.map(\.experiment)
    )
  }

  /// The iteration from which an experiment goes on; nil if it begins anew.
  func iteration(of experiment: PlannedExperiment) -> Int? {
    guard let iteration = iterations.withLock({ $0[experiment.key] }) else { return nil }
    // An outdated experiment resumes only from a checkpoint of this run.
    guard origins?.isOutdated(experiment) ?? false else { return iteration }
    return renewed.withLock { $0.contains(experiment.key) } ? iteration : nil
  }

  /// By key: from where the experiments of a task go on.
  func iterations(of task: PlannedTask) -> [String: Int] {
    guard iterations.withLock({ !$0.isEmpty }) else { return [:] }
    var found: [String: Int] = [:]
    for experiment in task.experiments { found[experiment.key] = iteration(of: experiment) }
    return found
  }

  /// Follows what is recorded.
  func note(_ record: RunRecord) {
    guard isNeeded else { return }
    switch record {
    case .checkpoint(let key, let checkpoint):
      iterations.withLock { $0[key] = checkpoint.iteration }
    case .started(let experiment, let start) where start.iteration == nil:
      iterations.withLock { $0[experiment.key] = nil }
      renewed.withLock { _ = $0.insert(experiment.key) }
    default: break
    }
  }
}
