import FieldworkCore
import FieldworkStore

/// Gives out the experiments of a plan, in order, to whichever worker asks; those that are stored are
/// left out.
final class ExperimentQueue: Sendable {
  private struct State {
    var plan: ExperimentPlan
    var failure: (any Error)?
    var isClosed = false
  }

  private let state: Protected<State>
  private let finished: Set<String>
  private let selection: Selection?
  private let onSkip: @Sendable (PlannedExperiment) -> Void

  init(
    _ plan: ExperimentPlan,
    finished: Set<String>,
    selection: Selection?,
    onSkip: @escaping @Sendable (PlannedExperiment) -> Void
  ) {
    state = Protected(State(plan: plan))
    self.finished = finished
    self.selection = selection
    self.onSkip = onSkip
  }

  /// The next experiment to run.
  /// - Returns: nil at the end, after ``close()``, or after the plan has failed.
  func next() -> PlannedExperiment? {
    state.withLock { state in
      while !state.isClosed {
        do {
          guard let experiment = try state.plan.next() else { return nil }
          guard selection?.includes(experiment) ?? true else { continue }
          if !finished.contains(experiment.key) { return experiment }
          onSkip(experiment)
        } catch {
          state.failure = error
          state.isClosed = true
        }
      }
      return nil
    }
  }

  /// Gives out no more experiments.
  func close() { state.withLock { $0.isClosed = true } }

  /// Why the plan could not go on; nil if it could.
  var failure: (any Error)? { state.withLock { $0.failure } }
}
