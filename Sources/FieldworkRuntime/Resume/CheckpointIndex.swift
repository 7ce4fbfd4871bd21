import FieldworkCore
import FieldworkStore

/// The iterations from which the experiments of a run can resume.
final class CheckpointIndex: Sendable {
  /// By key of an experiment.
  private let iterations: Protected<[String: Int]>
  /// The keys of experiments that are done, but with fewer iterations than are asked for now.
  let extended: Set<String>
  private let origins: OriginCheck
  /// True if experiments have checkpoints, so that records have to be followed.
  private let isNeeded: Bool
  /// The keys of experiments that have begun from their start in this run.
  private let restarted = Protected<Set<String>>([])

  /// - Throws: ``FieldworkError`` of code `store` if the store cannot be read.
  init(_ research: Research, _ store: (any ResultStore)?, _ origins: OriginCheck) throws {
    self.origins = origins
    isNeeded = research.settings.checkpoint != nil
    guard isNeeded, let store else {
      iterations = Protected([:])
      extended = []
      return
    }
    let definitions = [
      research.checkpointDefinition, LegacyDefinition(research).checkpointDefinition,
    ]
    let limit = research.iterations ?? .max
    // With the last iteration comes what units do at the end. It has to run by this definition.
    let usable = try store.checkpoints().filter {
      definitions.contains($0.definition) && $0.iteration < limit
    }
    iterations = Protected(
      Dictionary(usable.map { ($0.experiment, $0.iteration) }, uniquingKeysWith: max)
    )
    extended = Set(
      usable.filter { $0.ending == .complete && $0.iterations ?? limit < limit }.map(\.experiment)
    )
  }

  /// Returns the iteration from which an experiment resumes; nil if it begins from its start.
  func iteration(of experiment: PlannedExperiment) -> Int? {
    guard let iteration = iterations.withLock({ $0[experiment.key] }) else { return nil }
    // An outdated experiment resumes only from a checkpoint of this run.
    guard origins.isOutdated(experiment) else { return iteration }
    return restarted.withLock { $0.contains(experiment.key) } ? iteration : nil
  }

  /// By key: the iterations from which the experiments of a task resume.
  func iterations(of task: PlannedTask) -> [String: Int] {
    guard iterations.withLock({ !$0.isEmpty }) else { return [:] }
    var found: [String: Int] = [:]
    for experiment in task.experiments { found[experiment.key] = iteration(of: experiment) }
    return found
  }

  /// Takes a record of the run.
  func note(_ record: RunRecord) {
    guard isNeeded else { return }
    switch record {
    case .checkpoint(let key, let checkpoint):
      iterations.withLock { $0[key] = checkpoint.iteration }
    case .started(let experiment, let start) where start.iteration == nil:
      iterations.withLock { $0[experiment.key] = nil }
      restarted.withLock { _ = $0.insert(experiment.key) }
    default: break
    }
  }
}
