import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// A test of results, over stores in memory and in a folder alike.
class ResultsTestCase: StoreTestCase {
  /// A store of each kind with the same records.
  func stores(_ records: [RunRecord]) throws -> [(name: String, store: DatabaseStore)] {
    let all = try [
      ("memory", DatabaseStore.inMemory()), ("folder", DatabaseStore.open(folder, fresh: true)),
    ]
    for (_, store) in all { try store.write(records) }
    return all
  }

  /// A planned experiment.
  func planned(
    _ ordinal: Int,
    _ id: String,
    _ config: Config,
    repetition: Int = 0,
    updates: Int = 0
  ) -> PlannedExperiment {
    PlannedExperiment(
      ordinal: ordinal,
      id: id,
      key: id,
      config: config,
      repetition: repetition,
      updates: updates,
      task: ordinal,
      branch: 0
    )
  }

  /// x ∈ {1, 2}, y ∈ {3, 4 named four}: four experiments `a` to `d`, each with three iterations of `g`
  /// and `h`.
  var fourExperiments: [RunRecord] {
    let points: [Config] = [
      ["x": 1, "y": 3], ["x": 1, "y": AnyAlias("four", 4)], ["x": 2, "y": 3],
      ["x": 2, "y": AnyAlias("four", 4)],
    ]
    return [.variables(["g", "h"])]
      + zip(points, ["a", "b", "c", "d"]).enumerated().flatMap { ordinal, pair in
        records(
          planned(ordinal, pair.1, pair.0),
          (0..<3).flatMap { iteration in
            [
              (iteration, "g", .int(iteration)),
              (iteration, "h", .int(10 * ordinal + iteration)),
            ]
          },
          iterations: 3
        )
      }
  }

  /// Everything that results hold, as text.
  func everything(_ results: ResearchResults) -> String {
    let options = TableOptions(usesAliases: true, includesAuxiliary: true)
    let long = TableOptions(isWide: false, includesAuxiliary: true)
    let tables = [
      results.table(options), results.table(long), results.configsTable(options),
      results.failuresTable(options),
    ]
    let texts = tables.map { $0.formatted(.csv) }
    return (texts + [results.variables.joined(separator: ",")]).joined(separator: "\n\n")
  }

  /// Filters of every kind.
  var filters: [(name: String, filter: ResultFilter)] {
    [
      ("all", ResultFilter()),
      ("no ids", ResultFilter(ids: [])),
      ("ids", ResultFilter(ids: ["d", "a", "none"])),
      ("names", ResultFilter(names: ["h"])),
      ("unknown name", ResultFilter(names: ["none"])),
      ("iterations", ResultFilter(iterations: [2, 0])),
      ("an iteration beyond the last", ResultFilter(iterations: [1, 99])),
      ("states", ResultFilter(states: [.failed, .running])),
      ("config", ResultFilter(.config(["x": 1]))),
      ("alias", ResultFilter(.alias(["y": "four"]))),
      ("domain", ResultFilter(.domain(Domain([ParameterOption("x", [2])])))),
      ("predicate", ResultFilter(where: { $0.ordinal % 2 == 1 })),
      (
        "everything",
        ResultFilter(
          .config(["y": 4]),
          ids: ["b", "d"],
          names: ["g"],
          iterations: [1],
          states: [.done],
          where: { $0.repetition == 0 }
        )
      ),
    ]
  }
}
