import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// Makes events without a run.
class ProgressTestCase: XCTestCase {
  func start(
    _ experiments: Int?,
    iterations: Int? = 1,
    workers: Int = 2,
    stored: Int = 0
  ) -> RunRecord {
    .runStarted(
      RunStart(
        name: "test",
        experiments: experiments,
        iterations: iterations,
        workers: workers,
        branches: 1,
        seed: 1,
        stored: stored
      )
    )
  }

  /// Experiments with the config `{x: 1}` and so on, each a task of its own.
  func planned(_ count: Int, branches: Int = 1) throws -> [PlannedExperiment] {
    let research = Research("test", branches: .count(branches)) { Domain("x" <- 1...count) }
    var plan = try ExperimentPlan(research, seed: 1)
    var experiments: [PlannedExperiment] = []
    while let task = try plan.nextTask() { experiments += task.experiments }
    return experiments
  }

  func failure(_ message: String, unit: String = "train", kind: String = "E") -> Failure {
    Failure(unit: unit, iteration: 2, kind: kind, message: message, place: nil)
  }

  func ended(_ experiment: PlannedExperiment, _ ending: Ending = .complete) -> RunRecord {
    .experimentEnded(experiment, ending)
  }
}

/// Records without their details.
extension RunRecord {
  static func experimentStarted(_ experiment: PlannedExperiment, worker: Int) -> RunRecord {
    .started(experiment, ExperimentStart(at: 0, worker: worker, device: nil))
  }

  static func iterationEnded(_ experiment: PlannedExperiment, iteration: Int) -> RunRecord {
    .iterations(experiment: experiment.key, last: iteration, count: 1)
  }

  static func unitFailed(_ experiment: PlannedExperiment, _ failure: Failure) -> RunRecord {
    .failed(experiment: experiment.key, failure)
  }

  static func retrying(
    _ experiment: PlannedExperiment,
    replaces ending: Ending? = nil,
    failures: [Failure] = []
  ) -> RunRecord {
    .retrying(
      experiment: experiment.key,
      Retry(attempt: 2, replaces: ending, failures: failures)
    )
  }

  static func experimentEnded(
    _ experiment: PlannedExperiment,
    _ ending: Ending,
    iterations: Int = 1
  ) -> RunRecord {
    .ended(experiment: experiment.key, ending, iterations: iterations, at: 0)
  }
}
