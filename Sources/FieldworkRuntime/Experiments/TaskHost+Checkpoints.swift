import FieldworkCore
import FieldworkStore

/// The checkpoints from which the experiments of a task go on.
final class TaskCheckpoints: Sendable {
  private let checkpoints: Protected<[String: Checkpoint]>
  /// By key of an experiment: what it saved in the attempt that made its checkpoint.
  private let saved = Protected<[String: SavedValues]>([:])
  /// Whether those that are made meanwhile are kept too, for another attempt.
  private let keepsLater: Bool

  /// - Parameter checkpoints: by key of an experiment.
  init(_ checkpoints: [String: Checkpoint], keepsLater: Bool) {
    self.checkpoints = Protected(checkpoints)
    self.keepsLater = keepsLater
  }

  func last(of experiment: PlannedExperiment) -> Checkpoint? {
    checkpoints.withLock { $0[experiment.key] }
  }

  /// - Parameter saved: what the experiment has saved.
  func keep(_ checkpoint: Checkpoint, of experiment: PlannedExperiment, _ saved: SavedValues) {
    guard keepsLater else { return }
    checkpoints.withLock { $0[experiment.key] = checkpoint }
    self.saved.withLock { $0[experiment.key] = saved }
  }

  /// Returns the values saved in the attempt that made the experiment's checkpoint; nil for a stored checkpoint.
  func saved(of experiment: PlannedExperiment) -> SavedValues? {
    saved.withLock { $0[experiment.key] }
  }

  /// What is recorded with a checkpoint, and before it: what it rests on is there whenever it is.
  static func records(
    _ key: String,
    _ checkpoint: Checkpoint,
    _ saved: [SavedValue],
    _ timings: [UnitTiming]
  ) -> [StoreRecord] {
    var records: [StoreRecord] = []
    if !saved.isEmpty { records.append(.saved(experiment: key, saved)) }
    if !timings.isEmpty { records.append(.profiled(experiment: key, timings)) }
    return records + [.checkpoint(experiment: key, checkpoint)]
  }

  func forget(_ experiment: PlannedExperiment) {
    checkpoints.withLock { $0[experiment.key] = nil }
  }
}

extension TaskHost {
  /// The stored checkpoints, as far as they are those that were meant.
  /// - Parameter iterations: by key of an experiment.
  func load(_ iterations: [String: Int]) -> [String: Checkpoint] {
    guard research.settings.checkpoint != nil else { return [:] }
    var checkpoints: [String: Checkpoint] = [:]
    for (key, iteration) in iterations {
      do {
        let found = try setting.loadCheckpoint(key)
        if let found, found.iteration == iteration { checkpoints[key] = found }
      } catch {
        hooks.emit(.warning("an experiment begins anew: \(TaskRunner.message(error))"))
      }
    }
    return checkpoints
  }

  /// An experiment as it was at a checkpoint.
  /// - Returns: nil if it has to begin anew, since it cannot be brought to that state.
  func member(
    _ experiment: PlannedExperiment,
    _ branch: Int,
    from checkpoint: Checkpoint,
    _ checkpoints: TaskCheckpoints
  ) async -> TaskMember? {
    let restored = member(experiment, branch)
    let (loadSaved, kept) = (setting.loadSaved, checkpoints.saved(of: experiment))
    restored.context.savedValues.begin { [iteration = checkpoint.iteration] in
      let (values, partial) = try kept?.everything() ?? (loadSaved(experiment.key), [])
      return (values.filter { $0.iteration < iteration }, partial)
    }
    do {
      try await restored.restore(checkpoint, research.units) { unit in
        if let unit {
          hooks.board?.begin(unit, iteration: checkpoint.iteration, branch: branch)
        } else {
          hooks.board?.end(branch: branch)
        }
      }
      return restored
    } catch {
      let reason = TaskRunner.message(error)
      hooks.emit(
        .warning(
          "the experiment \(experiment.id) begins anew, since it cannot go on from iteration \(checkpoint.iteration): \(reason)"
        )
      )
      return nil
    }
  }
}
