import FieldworkCore
import FieldworkStore

extension TaskHost {
  /// The state from which an experiment resumes.
  struct ResumedState {
    let checkpoint: Checkpoint
    let saved: @Sendable () throws -> [SavedValue]

    var iteration: Int { checkpoint.iteration }
  }

  /// By key: the states from which the experiments of a task resume. A state that is not the expected one is left out.
  func resumed(_ order: TaskOrder) -> [String: ResumedState] {
    guard research.settings.checkpoint != nil else { return [:] }
    var resumed: [String: ResumedState] = [:]
    for (key, iteration) in order.iterations {
      if let state = order.states[key] {
        resumed[key] = ResumedState(checkpoint: state.checkpoint) { state.saved }
        continue
      }
      do {
        let state = try setting.loadState(key)
        if let checkpoint = state.checkpoint, checkpoint.iteration == iteration {
          resumed[key] = ResumedState(checkpoint: checkpoint, saved: state.saved)
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
    from state: ResumedState
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
