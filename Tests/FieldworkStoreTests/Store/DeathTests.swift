import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class DeathTests: ResultsTestCase {
  private func failure(_ death: Death?) -> Failure {
    Failure(unit: "train", iteration: 2, kind: "K", message: "m", place: nil, death: death)
  }

  /// An experiment for each of the deaths, nil for a failure of a process that lived on.
  private func records(of deaths: [Death?]) -> [RunRecord] {
    deaths.enumerated().flatMap { ordinal, death in
      records(
        planned(ordinal, "e\(ordinal)", ["x": AnyAlias(Value.int(ordinal))]),
        [],
        ending: .failed
      ) + [
        .failed(experiment: "e\(ordinal)", failure(death))
      ]
    }
  }

  func testDeathsComeBack() throws {
    var deaths: [Death?] = [nil]
    for cause in Death.Cause.allCases {
      for (code, signal) in [(nil, nil), (3, nil), (nil, 9)] as [(Int?, Int?)] {
        for stderr in ["", "one\ntwo é\u{0}"] {
          deaths.append(Death(cause, code: code, signal: signal, stderr: stderr))
        }
      }
    }
    for (name, store) in try stores(records(of: deaths)) {
      let results = try store.contents()
      XCTAssertEqual(results.failures.map(\.failure.death), deaths, name)
    }
  }

  func testColumnsOfDeathsAreThereIfThereIsADeath() throws {
    let usual = ["id", "x", "iteration", "unit", "kind", "message", "place"]
    let cases: [([Death?], [String])] = [
      ([nil, nil], usual),
      (
        [nil, Death(.disconnected)],
        ["id", "x", "iteration", "unit", "kind", "cause", "message", "place"]
      ),
      (
        [Death(.signal, signal: 9), Death(.exit, code: 3, stderr: "last words")],
        [
          "id", "x", "iteration", "unit", "kind", "cause", "code", "signal", "message", "place",
          "stderr",
        ]
      ),
    ]
    for (deaths, columns) in cases {
      let store = try DatabaseStore.inMemory()
      try store.write(records(of: deaths))
      XCTAssertEqual(try store.contents().failuresTable().columnNames, columns)
    }
  }

  func testTheStandardErrorIsInFilesAndNotInNarrowTexts() throws {
    let store = try DatabaseStore.inMemory()
    let death = Death(.outOfMemory, signal: 9, stderr: "reading\n" + "x".padding(70))
    try store.write(records(of: [nil, death]))
    let table = try store.contents().failuresTable()
    XCTAssertEqual(try table["cause"], [nil, "out of memory"])
    XCTAssertEqual(try table["signal"], [nil, 9])
    XCTAssertEqual(try table["stderr"], [nil, .string(death.stderr)])
    XCTAssertTrue(table.formatted(.csv).contains("reading"))
    XCTAssertEqual(
      table.text(width: 80),
      """
      id  x  iteration  unit   kind  cause          signal  message  place
      ──  ─  ─────────  ─────  ────  ─────────────  ──────  ───────  ─────
      e0  0          2  train  K                            m
      e1  1          2  train  K     out of memory       9  m
      … more columns: stderr
      """
    )
  }

  func testAttempts() throws {
    let first = planned(0, "a", ["x": 1])
    let second = planned(1, "b", ["x": 2])
    let store = try DatabaseStore.inMemory()
    func write(_ experiment: PlannedExperiment, attempt: Int, build: String?) throws {
      let start = ExperimentStart(
        at: 1,
        worker: 0,
        device: nil,
        attempt: attempt,
        build: build
      )
      try store.write([
        .started(experiment, start),
        .ended(experiment: experiment.key, .complete, iterations: 1, at: 2),
      ])
    }
    try write(first, attempt: 1, build: "b1")
    try write(second, attempt: 1, build: nil)
    XCTAssertFalse(try store.contents().configsTable().columnNames.contains("attempts"))
    try write(second, attempt: 3, build: "b2")
    let results = try store.contents()
    XCTAssertEqual(results.experiments.map(\.attempts), [1, 3])
    XCTAssertEqual(results.experiments.map(\.build), ["b1", "b2"])
    XCTAssertEqual(try results.configsTable()["attempts"], [1, 3])
  }

  func testAnUnknownCauseIsDamage() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(records(of: [Death(.exit, code: 1)]))
    try store.close()
    let database = try DatabaseQueue(path: folder.databasePath)
    try database.write { try $0.execute(sql: "UPDATE failure SET cause = 'boredom'") }
    try database.close()
    let results = try DatabaseStore.openForReading(folder).contents()
    XCTAssertEqual(results.damaged, ["e0"])
  }

  /// A store of the second version is read as it is, and gets the new columns when it is written.
  func testAStoreOfTheSecondVersion() throws {
    try folder.make()
    let database = try DatabaseQueue(path: folder.databasePath)
    try Schema.migrator.migrate(database, upTo: "2")
    let config: Config = ["x": 1]
    try database.write { database in
      try database.execute(
        sql: """
          INSERT INTO experiment
            (number, key, id, point, ordinal, config, entries, repetition, updates, state, device)
          VALUES (1, 'a', 'a', ?, 0, ?, ?, 0, 0, 'failed', '1');
          INSERT INTO failure (experiment, unit, iteration, kind, message)
          VALUES (1, 'u', 0, 'K', 'm');
          """,
        arguments: [
          config.identity, StoredConfig.json(config.entries), StoredConfig.encode(config.entries),
        ]
      )
    }
    try database.close()
    func check() throws {
      let results = try ResearchResults.load(folder.path)
      XCTAssertEqual(results.experiments.map(\.device), ["1"])
      XCTAssertEqual(results.experiments.map(\.attempts), [nil])
      XCTAssertEqual(results.experiments.map(\.build), [nil])
      XCTAssertEqual(results.failures.map(\.failure.message), ["m"])
      XCTAssertEqual(results.failures.map(\.failure.death), [nil])
      XCTAssertEqual(
        results.failuresTable().columnNames,
        ["id", "x", "iteration", "unit", "kind", "message", "place"]
      )
      XCTAssertFalse(results.configsTable().columnNames.contains("attempts"))
      let reader = try DatabaseStore.openForReading(folder)
      XCTAssertEqual(try reader.digest(of: nil).failures.map(\.count), [1])
    }
    try check()
    try DatabaseStore.open(folder).close()
    try check()
  }
}

extension String {
  fileprivate func padding(_ count: Int) -> String { String(repeating: self, count: count) }
}
