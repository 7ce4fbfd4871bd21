import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// Checksums of stored experiments, checkpoints and notes.
final class ChecksumTests: StoreTestCase {
  private func fill(_ store: DatabaseStore, _ count: Int = 12) throws {
    try store.write([
      .note("seed", "7"), .note("runs", 1), .variables(["x", "text"]),
      .provenance(ProvenanceItem(run: 1, topic: "environment", item: "PATH", text: "/bin")),
    ])
    for ordinal in 0..<count {
      let config: Config = [
        "lr": AnyAlias(0.1 * Double(ordinal)), "name": AnyAlias("n\(ordinal)"),
      ]
      let planned = experiment(ordinal, config, id: "e\(ordinal)")
      var all = records(
        planned,
        (0..<3).flatMap { iteration -> [(Int, String, Value)] in
          [
            (iteration, "x", .double(Double(ordinal) / 3 + Double(iteration))),
            (iteration, "text", .list(["a", .int(iteration)])),
          ]
        },
        ending: ordinal % 4 == 3 ? .failed : .complete,
        iterations: 3
      )
      if ordinal % 4 == 3 {
        let failure = Failure(
          unit: "u",
          iteration: 2,
          kind: "E",
          message: "no \(ordinal)",
          place: nil
        )
        all.insert(.failed(experiment: planned.key, failure), at: 2)
      }
      // Some experiments begin and end in one group, some do not.
      if ordinal % 2 == 0 {
        try store.write(all)
      } else {
        for record in all { try store.write([record]) }
      }
    }
  }

  private func soundStore() throws -> Data {
    let store = try DatabaseStore.open(folder)
    try fill(store)
    try store.close()
    return try Data(contentsOf: URL(fileURLWithPath: folder.databasePath))
  }

  private func execute(_ sql: String) throws {
    let database = try DatabaseQueue(path: folder.databasePath)
    try database.write { try $0.execute(sql: sql) }
    try database.close()
  }

  func testAWholeStoreHasNoDamage() throws {
    _ = try soundStore()
    XCTAssertEqual(try ResearchResults.load(folder.path).damaged, [])
    XCTAssertEqual(try DatabaseStore.openForReading(folder).damagedExperiments().count, 0)
    XCTAssertEqual(try StoreCheck(folder).findings(), [])
  }

  func testEachChangedColumnIsNoticed() throws {
    let data = try soundStore()
    let changes = [
      "UPDATE value SET content = content + 1 WHERE experiment = 3 AND iteration = 1 AND kind = 'double'",
      "UPDATE value SET kind = 'int', content = 7 WHERE experiment = 3 AND iteration = 1 AND variable = 1",
      "UPDATE value SET iteration = 9 WHERE experiment = 3 AND iteration = 2",
      "DELETE FROM value WHERE experiment = 3 AND iteration = 2",
      "UPDATE experiment SET entries = replace(entries, 'n2', 'n5') WHERE number = 3",
      "UPDATE experiment SET ordinal = 40 WHERE number = 3",
      "UPDATE experiment SET state = 'failed' WHERE number = 3",
      "UPDATE experiment SET iterations = 2 WHERE number = 3",
      "UPDATE experiment SET ended = 13 WHERE number = 3",
      "UPDATE experiment SET build = 'b' WHERE number = 3",
      "UPDATE experiment SET checksum = 1 WHERE number = 3",
      "INSERT INTO failure (experiment, unit, iteration, kind, message) VALUES (3, 'u', 0, 'k', 'm')",
      "UPDATE experiment SET checksum = NULL WHERE number = 3",
    ]
    for change in changes {
      try data.write(to: URL(fileURLWithPath: folder.databasePath))
      try execute(change)
      XCTAssertEqual(try ResearchResults.load(folder.path).damaged, ["e2"], change)
      let store = try DatabaseStore.openForReading(folder)
      XCTAssertEqual(try store.damagedExperiments().map(\.id), ["e2"], change)
      XCTAssertTrue(
        try StoreCheck(folder).findings().contains {
          $0.severity == .problem && $0.kind == "checksums" && $0.message.contains("e2")
        },
        change
      )
    }
  }

  func testChangedNotesAndNamesAreNoticed() throws {
    let data = try soundStore()
    for change in [
      "UPDATE note SET value = '8' WHERE key = 'runs'", "UPDATE meta SET text = '/usr'",
      "UPDATE variable SET declared = 3 WHERE name = 'x'",
      "UPDATE parameter SET name = 'rate' WHERE name = 'lr'",
    ] {
      try data.write(to: URL(fileURLWithPath: folder.databasePath))
      try execute(change)
      XCTAssertTrue(
        try StoreCheck(folder).findings().contains { $0.kind == "checksums" },
        change
      )
    }
  }

  /// No flipped bit of the file changes the results without a word.
  func testFlippedBits() throws {
    let data = try soundStore()
    let table = try ResearchResults.load(folder.path).table().formatted(.jsonl)
    var random = Philox(seed: 5)
    var silent: [Int] = []
    for _ in 0..<400 {
      let bit = Int(random.nextInteger(below: UInt64(data.count * 8)))
      var damaged = data
      damaged[bit / 8] ^= 1 << (bit % 8)
      try damaged.write(to: URL(fileURLWithPath: folder.databasePath))
      guard let results = try? ResearchResults.load(folder.path), results.damaged.isEmpty,
        results.table().formatted(.jsonl) != table
      else { continue }
      // What reading cannot see, 'verify' does.
      let findings = (try? StoreCheck(folder).findings()) ?? []
      if !findings.contains(where: { $0.severity == .problem }) || results.experiments.count == 12 {
        silent.append(bit)
      }
    }
    XCTAssertEqual(silent, [])
  }

  /// An experiment at another position of the plan.
  private func moved(_ number: Int, to ordinal: Int) -> PlannedExperiment {
    let experiment = experiment(number, [:])
    return PlannedExperiment(
      ordinal: ordinal,
      id: experiment.id,
      key: experiment.key,
      config: experiment.config,
      repetition: experiment.repetition,
      updates: experiment.updates,
      task: ordinal,
      branch: 0
    )
  }

  func testAMovedExperimentKeepsItsChecksum() throws {
    let store = try DatabaseStore.open(folder)
    try fill(store)
    try store.write([.skipped(moved(4, to: 20)), .skipped(moved(5, to: 5))])
    XCTAssertEqual(try store.damagedExperiments().count, 0)
    XCTAssertEqual(try store.experiments().last?.id, "e4")
    try store.close()
  }

  func testAnExperimentThatRunsAgainGetsAnotherChecksum() throws {
    let store = try DatabaseStore.open(folder)
    try fill(store)
    let again = records(experiment(2, ["lr": 5]), [(0, "x", 1), (0, "x", 2)])
    try store.write(again)
    XCTAssertEqual(try store.damagedExperiments().count, 0)
    try store.write([again[0]])
    XCTAssertEqual(try store.damagedExperiments().count, 0)
    try store.write([again[1], again[1], again[2]])
    XCTAssertEqual(try store.damagedExperiments().count, 0)
    XCTAssertEqual(try store.experiments().count, 12)
    try store.close()
  }

  /// A new id or place changes the checksum by the difference, so it hides nothing.
  func testDamageStaysVisibleWhenIdsChange() throws {
    _ = try soundStore()
    try execute(
      "UPDATE value SET content = 0.75 WHERE experiment = 3 AND iteration = 1 AND kind = 'double'"
    )
    try execute("UPDATE experiment SET ended = 99 WHERE number = 5")
    let store = try DatabaseStore.open(folder)
    try store.write([
      .renamed(experiment: "e1", id: "00_e1"), .renamed(experiment: "e2", id: "00_e2"),
      .renamed(experiment: "e4", id: "00_e4"), .skipped(moved(4, to: 30)),
    ])
    XCTAssertEqual(try store.damagedExperiments().map(\.id), ["00_e2", "00_e4"])
    // What is added later does not hide it either.
    try store.write([
      .saved(experiment: "e2", [SavedValue(name: "x", iteration: 7, value: 1)]),
      .saved(experiment: "e1", [SavedValue(name: "x", iteration: 7, value: 1)]),
    ])
    XCTAssertEqual(try store.damagedExperiments().map(\.id), ["00_e2", "00_e4"])
    try store.close()
  }

  func testADamagedExperimentDoesNotGoOnFromItsCheckpoint() throws {
    let store = try DatabaseStore.open(folder)
    let all = records(experiment(0), [(0, "x", 1)], ending: .interrupted)
    let checkpoint = Checkpoint(iteration: 1, definition: "d", parts: [.init("a", [1])])
    try store.write([all[0], all[1], .checkpoint(experiment: "e0", checkpoint), all[2]])
    XCTAssertNotNil(try store.checkpoint(of: "e0"))
    try store.close()
    try execute("UPDATE value SET content = 2")
    assertError(.store, "damaged") {
      try DatabaseStore.openForReading(self.folder).checkpoint(of: "e0")
    }
  }

  /// Swift takes two ways to write an accent for one text, SQLite does not.
  func testNamesThatDifferInTheirBytes() throws {
    let store = try DatabaseStore.inMemory()
    let names = ["\u{E9}", "e\u{301}", "a\0", "a\u{FFFD}"]
    try store.write([.variables(names)])
    try store.write(records(experiment(0), names.map { (0, $0, 1) }))
    for record in records(experiment(1), names.map { (0, $0, 2) }) { try store.write([record]) }
    XCTAssertEqual(try store.damagedExperiments().count, 0)
  }

  func testRecordsAfterTheEnd() throws {
    let store = try DatabaseStore.inMemory()
    let late = RunRecord.saved(
      experiment: "e0",
      [SavedValue(name: "late", iteration: 0, value: 1)]
    )
    try store.write(records(experiment(0), [(0, "x", 1)]) + [late])
    XCTAssertEqual(try store.damagedExperiments().count, 0)
    for iteration in 1..<3 {
      try store.write([
        .saved(experiment: "e0", [SavedValue(name: "late", iteration: iteration, value: 1)])
      ])
      XCTAssertEqual(try store.damagedExperiments().count, 0)
    }
  }

  func testTheSignOfAZeroIsCovered() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(records(experiment(0), [(0, "x", 0.0)]))
    try store.close()
    try execute("UPDATE value SET content = -0.0")
    XCTAssertEqual(try ResearchResults.load(folder.path).damaged, ["e0"])
  }

  func testADamagedKeyOrPlaceIsNamed() throws {
    _ = try soundStore()
    try execute("UPDATE experiment SET key = 'e2x' WHERE number = 3")
    let store = try DatabaseStore.openForReading(folder)
    XCTAssertEqual(try store.damagedExperiments().map(\.id), ["e2"])
  }

  func testProfilesAndOutputAreCovered() throws {
    let store = try DatabaseStore.inMemory()
    let planned = experiment(0, ["lr": 5])
    let timing = UnitTiming(
      unit: "u",
      iteration: 0,
      total: 1,
      call: 0.5,
      evaluation: 0.25,
      cpu: nil,
      memory: 3
    )
    let all = records(planned, [(0, "x", 1)])
    try store.write([all[0], all[1], .profiled(experiment: planned.key, [timing]), all[2]])
    let other = records(experiment(1), [(0, "x", .double(-0.0)), (0, "y", .double(.nan))])
    try store.write([
      other[0], .output(experiment: "e1", .stdout, "a"), other[1],
      .output(experiment: "e1", .stdout, "b"), other[2],
    ])
    XCTAssertEqual(try store.damagedExperiments().count, 0)
  }

  func testADamagedCheckpointIsNotUsed() throws {
    let store = try DatabaseStore.open(folder)
    let all = records(experiment(0), [(0, "x", 1)], ending: .interrupted)
    let other = records(experiment(1), [(0, "x", 1)], ending: .interrupted)
    func checkpoint(_ byte: UInt8) -> Checkpoint {
      Checkpoint(
        iteration: 1,
        definition: "d",
        parts: [.init("a", [1, 2, byte]), .init("b", [byte])]
      )
    }
    try store.write([all[0], all[1], .checkpoint(experiment: "e0", checkpoint(3)), all[2]])
    try store.write([other[0], other[1], .checkpoint(experiment: "e1", checkpoint(4)), other[2]])
    try store.close()
    let data = try Data(contentsOf: URL(fileURLWithPath: folder.databasePath))
    for change in [
      "UPDATE checkpoint SET content = x'010204' WHERE experiment = 1 AND part = 'a'",
      "UPDATE checkpoint SET iteration = 2 WHERE experiment = 1",
      "DELETE FROM checkpoint WHERE experiment = 1 AND part = 'b'",
      "UPDATE checkpoint SET experiment = 3 - experiment",
    ] {
      try data.write(to: URL(fileURLWithPath: folder.databasePath))
      let database = try DatabaseQueue(path: folder.databasePath)
      try database.writeWithoutTransaction {
        try $0.execute(sql: "PRAGMA foreign_keys = OFF")
        if change.contains("3 - experiment") {
          try $0.execute(sql: "UPDATE checkpoint SET experiment = experiment + 10")
          try $0.execute(sql: "UPDATE checkpoint SET experiment = 13 - experiment")
        } else {
          try $0.execute(sql: change)
        }
      }
      try database.close()
      let store = try DatabaseStore.openForReading(folder)
      assertError(.store, "damaged") { try store.checkpoint(of: "e0") }
      XCTAssertTrue(
        try StoreCheck(folder).findings().contains { $0.kind == "checkpoints" },
        change
      )
    }
  }

  /// A store of the version before has no checksums; the next run adds them.
  func testAnEarlierStoreGetsChecksums() throws {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let database = try DatabaseQueue(path: folder.databasePath)
    try Schema.migrator.migrate(database, upTo: "7")
    try database.write { database in
      try database.execute(
        sql: """
          INSERT INTO note VALUES ('seed', '"7"');
          INSERT INTO variable (name, declared) VALUES ('x', 1);
          INSERT INTO experiment (number, key, id, point, ordinal, config, entries, repetition, updates, state,
            ending, iterations, started, ended)
            VALUES (1, 'k', 'k', 'p', 0, '{}', '[]', 0, 0, 'done', 'complete', 1, 1, 2);
          INSERT INTO value VALUES (1, 1, 0, 'double', 0.5);
          """
      )
    }
    try database.close()
    XCTAssertEqual(try ResearchResults.load(folder.path).damaged, [])
    try DatabaseStore.open(folder).close()
    XCTAssertEqual(try StoreCheck(folder).findings(), [])
    try execute("UPDATE value SET content = 0.75")
    XCTAssertEqual(try ResearchResults.load(folder.path).damaged, ["k"])
  }

  func testOneUnreadableExperimentLeavesTheOthers() throws {
    _ = try soundStore()
    try execute("UPDATE experiment SET entries = '[1]' WHERE number = 3")
    try execute("UPDATE value SET content = 'text' WHERE experiment = 5 AND variable = 1")
    let results = try ResearchResults.load(folder.path)
    XCTAssertEqual(results.experiments.count, 11)
    XCTAssertEqual(Set(results.damaged), ["e2", "e4"])
    XCTAssertEqual(results.table().count, 33)
  }
}
