import GRDB
import XCTest

@testable import FieldworkAnalysis
@testable import FieldworkCore
@testable import FieldworkStore

/// So many experiments that their rows are decoded in groups.
final class ManyExperimentsTests: StoreTestCase {
  private let count = 5_500

  private func fill() throws {
    let store = try DatabaseStore.open(folder)
    // Not in the order of the plan.
    let order = (0..<count).map { $0 * 7 % count }
    try store.write(
      order.flatMap { ordinal in
        records(
          experiment(ordinal, ["x": AnyAlias(Value.int(ordinal % 100))], repetition: ordinal / 100),
          [(0, "y", .int(ordinal))]
        )
      }
    )
    try store.close()
  }

  private func change(_ sql: String) throws {
    let database = try DatabaseQueue(path: folder.databasePath)
    try database.write { try $0.execute(sql: sql) }
    try database.close()
  }

  func testTheyComeInTheOrderOfThePlan() throws {
    try fill()
    let results = try ResearchResults.load(folder.path)
    XCTAssertEqual(results.experiments.map(\.ordinal), Array(0..<count))
    XCTAssertEqual(results.experiments.map(\.id), (0..<count).map { "e\($0)" })
    XCTAssertEqual(try results.experiments.map { try $0.config["x"] }, (0..<count).map { $0 % 100 })
    XCTAssertEqual(results.experiments.map(\.number), (0..<count).map { $0 % 100 })
    XCTAssertEqual(results.lastValues(of: "y"), (0..<count).map { Value.int($0) })
    XCTAssertEqual(results.damaged, [])
  }

  func testDamagedOnesAreFoundInEveryGroup() throws {
    try fill()
    let places = [0, 999, 1000, 4321, 5499]
    let list = places.map { "\($0)" }.joined(separator: ", ")
    try change("UPDATE experiment SET started = started + 1 WHERE ordinal IN (\(list))")
    try change("UPDATE experiment SET entries = '[' WHERE ordinal = 2500")
    let results = try ResearchResults.load(folder.path)
    XCTAssertEqual(results.experiments.count, count - 1)
    XCTAssertEqual(Set(results.damaged), Set((places + [2500]).map { "e\($0)" }))
  }

  func testAnErrorOfAConditionEndsReading() throws {
    try fill()
    for ordinal in [0, 1500, 5499] {
      let store = try DatabaseStore.openForReading(folder)
      defer { try? store.close() }
      var seen = 0
      XCTAssertThrowsError(
        try store.read { database in
          try ExperimentRecord.forEach(database) { _, experiment, _ in
            seen += 1
            if experiment.ordinal == ordinal { throw CancellationError() }
          }
        }
      )
      XCTAssertEqual(seen, ordinal + 1)
    }
  }
}
