import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class DurabilityTests: StoreTestCase {
  private func setting(_ name: String, _ store: DatabaseStore) throws -> Int? {
    try store.read { try Int.fetchOne($0, sql: "PRAGMA \(name)") }
  }

  func testHowTheDatabaseIsSet() throws {
    let cases: [(Durability, synchronous: Int, fullfsync: Int)] = [
      (.process, 1, 0), (.power, 2, 1),
    ]
    for (durability, synchronous, fullfsync) in cases {
      let store = try DatabaseStore.open(folder, fresh: true, durability: durability)
      XCTAssertEqual(try setting("synchronous", store), synchronous)
      XCTAssertEqual(try setting("fullfsync", store), fullfsync)
      XCTAssertEqual(try setting("checkpoint_fullfsync", store), fullfsync)
      try store.write(records(experiment(0), [(0, "x", 1)]))
      XCTAssertEqual(try store.states(), ["e0": .done])
      try store.close()
    }
    let usual = try DatabaseStore.open(folder)
    XCTAssertEqual(try setting("synchronous", usual), 1)
    try usual.close()
  }

  /// What is committed is there for another process, before the store is closed: the copy of its files is
  /// what a killed process leaves.
  func testACommitNeedsNoClosing() throws {
    for durability in Durability.allCases {
      let store = try DatabaseStore.open(folder, fresh: true, durability: durability)
      for ordinal in 0..<4 {
        try store.write(records(experiment(ordinal), [(0, "x", .int(ordinal))]))
        let copy = ResearchFolder(directory: directory, name: "copy-\(durability)-\(ordinal)")
        try copy.make()
        for suffix in ["", "-wal"] {
          try FileManager.default.copyItem(
            atPath: folder.databasePath + suffix,
            toPath: copy.databasePath + suffix
          )
        }
        let reader = try DatabaseStore.open(copy)
        XCTAssertEqual(try reader.contents().lastValues(of: "x").count, ordinal + 1)
        try reader.close()
      }
      try store.close()
    }
  }

  func testAClockThatIsSetBackMakesNoNegativeDurations() throws {
    let store = try DatabaseStore.inMemory()
    try store.write([
      .started(experiment(0), ExperimentStart(at: 1000, worker: 0, device: nil)),
      .ended(experiment: "e0", .complete, iterations: 1, at: 400),
    ])
    let results = try store.contents()
    XCTAssertEqual(results.experiments[0].duration, 0)
    XCTAssertEqual(try results.configsTable()["seconds"], [0.0])
    XCTAssertEqual(results.experiments[0].state, .done)
  }
}
