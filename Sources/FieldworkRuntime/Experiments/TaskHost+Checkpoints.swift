import FieldworkCore
import FieldworkStore

extension TaskHost {
  /// By key: the states from which the experiments of a task resume. A state that is not the expected one is left out.
  func resumed(_ order: TaskOrder) -> [String: StoredState] {
    guard research.settings.checkpoint != nil else { return [:] }
    var resumed: [String: StoredState] = [:]
    for (key, iteration) in order.iterations {
      if let state = order.states[key] {
        resumed[key] = StoredState(checkpoint: state.checkpoint) { state.saved }
        continue
      }
      do {
        if let state = try setting.loadState(key), state.checkpoint.iteration == iteration {
          resumed[key] = state
        }
      } catch {
        sink.recordAtOnce([
          .warning("an experiment begins again from its start: \(TaskRunner.message(error))")
        ])
      }
    }
    return resumed
  }

  /// Makes an experiment as it was at a checkpoint.
  /// - Returns: nil if it cannot be brought to that state and has to begin from its start.
  func member(
    _ experiment: PlannedExperiment,
    _ branch: Int,
    _ pruning: [TaskPruning],
    from state: StoredState
  ) async -> TaskMember? {
    let (checkpoint, saved) = (state.checkpoint, state.saved)
    let restored = member(experiment, branch, pruning)
    restored.context.savedValues.begin { [iteration = checkpoint.iteration] in
      (try saved().filter { $0.iteration < iteration }, [])
    }
    do {
      if !pruning.isEmpty {
        restored.replay(try saved().filter { $0.iteration < checkpoint.iteration })
      }
      try await restored.restore(checkpoint, research.units) { unit in
        if let unit {
          position?.begin(unit, iteration: checkpoint.iteration, branch: branch)
        } else {
          position?.end(branch: branch)
        }
      }
      return restored
    } catch {
      let reason = TaskRunner.message(error)
      sink.recordAtOnce([
        .warning(
          "the experiment \(experiment.id) begins again from its start, since it cannot resume from iteration \(checkpoint.iteration): \(reason)"
        )
      ])
      return nil
    }
  }
}
