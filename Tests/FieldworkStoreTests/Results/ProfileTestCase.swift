import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// A test of profiles. Times are sums of powers of two, so that sums of them are exact.
class ProfileTestCase: ResultsTestCase {
  func turn(
    _ unit: String,
    _ iteration: Int,
    _ total: Double,
    _ call: Double,
    evaluation: Double? = nil,
    cpu: Double? = nil,
    memory: Int? = nil
  ) -> UnitTiming {
    UnitTiming(
      unit: unit,
      iteration: iteration,
      total: total,
      call: call,
      evaluation: evaluation,
      cpu: cpu,
      memory: memory
    )
  }

  func measured(
    _ experiment: PlannedExperiment,
    _ turns: [UnitTiming]
  ) -> [RunRecord] {
    var all = records(experiment, [], iterations: 2)
    all.insert(.profiled(experiment: experiment.id, turns), at: 1)
    return all
  }

  func profile(_ records: [RunRecord]) throws -> Profile {
    let store = try DatabaseStore.inMemory()
    try store.write(records)
    return try Profile(store)
  }
}
