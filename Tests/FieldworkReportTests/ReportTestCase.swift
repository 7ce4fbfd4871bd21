import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// A test of pictures and pages, with results made for it.
class ReportTestCase: XCTestCase {
  /// An experiment with what it saved.
  struct Made {
    var config: Config
    var repetition = 0
    /// By name: a value for each iteration.
    var saved: [String: [Value]] = [:]
    var ending = Ending.complete
    var iterations = 1
    var failure: Failure?
    var worker = 0
    /// When it ran, in seconds.
    var times = 0.0...1.0
  }

  /// Results in memory, as a run would have stored them.
  func results(
    _ variables: [String],
    _ experiments: [Made],
    notes: [String: Value] = ["name": "made", "seed": "7"]
  ) throws -> ResearchResults {
    let store = try DatabaseStore.inMemory()
    var records: [RunRecord] = notes.map { .note($0.key, $0.value) } + [.variables(variables)]
    for (ordinal, made) in experiments.enumerated() {
      let id = "e\(ordinal)"
      let planned = PlannedExperiment(
        ordinal: ordinal,
        id: id,
        key: id,
        config: made.config,
        repetition: made.repetition,
        updates: 0,
        task: ordinal,
        branch: 0
      )
      let start = ExperimentStart(at: made.times.lowerBound, worker: made.worker, device: nil)
      let values = made.saved.sorted { $0.key < $1.key }.flatMap { name, values in
        values.enumerated().map { SavedValue(name: name, iteration: $0, value: $1) }
      }
      records += [.started(planned, start), .saved(experiment: id, values)]
      if let failure = made.failure { records.append(.failed(experiment: id, failure)) }
      records.append(
        .ended(experiment: id, made.ending, iterations: made.iterations, at: made.times.upperBound)
      )
    }
    try store.write(records)
    return try store.contents()
  }

  /// rate ∈ {0.1, 1, 10}, kind ∈ {a, b}, three repetitions; `y` is 1 to 3 by rate, and 10 more for b.
  func grid() throws -> ResearchResults {
    var made: [Made] = []
    for (step, rate) in [0.1, 1.0, 10.0].enumerated() {
      for kind in ["a", "b"] {
        for repetition in 0..<3 {
          let y = Double(step + 1) + (kind == "b" ? 10 : 0) + 0.1 * Double(repetition - 1)
          made.append(
            Made(
              config: ["rate": AnyAlias(rate), "kind": AnyAlias(kind)],
              repetition: repetition,
              saved: ["y": [.double(0), .double(y / 2), .double(y)]],
              worker: repetition % 2,
              times: Double(made.count)...Double(made.count) + 0.9
            )
          )
        }
      }
    }
    return try results(["y"], made)
  }
}
