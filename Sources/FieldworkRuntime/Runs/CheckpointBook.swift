import FieldworkCore
import FieldworkStore

/// From which iterations the experiments of a run can go on.
final class CheckpointBook: Sendable {
  /// By key of an experiment.
  private let iterations: Protected<[String: Int]>
  /// The keys of experiments that are done, but with fewer iterations than are asked for now.
  let extended: Set<String>

  /// - Throws: ``FieldworkError`` of code `store` if the store cannot be read.
  init(_ research: Research, _ store: any ResultStore) throws {
    guard research.settings.checkpoint != nil else {
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
  func iteration(of key: String) -> Int? { iterations.withLock { $0[key] } }

  /// By key: from where the experiments of a task go on.
  func iterations(of task: PlannedTask) -> [String: Int] {
    iterations.withLock { iterations in
      guard !iterations.isEmpty else { return [:] }
      return iterations.filter { key, _ in task.experiments.contains { $0.key == key } }
    }
  }

  /// Follows what is recorded.
  func note(_ record: StoreRecord) {
    switch record {
    case .checkpoint(let key, let checkpoint):
      iterations.withLock { $0[key] = checkpoint.iteration }
    case .started(let experiment, let start) where start.iteration == nil:
      iterations.withLock { $0[experiment.key] = nil }
    default: break
    }
  }
}
