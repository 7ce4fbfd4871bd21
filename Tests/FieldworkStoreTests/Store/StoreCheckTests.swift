import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class StoreCheckTests: StoreTestCase {
  /// A closed store with two experiments that are done and one that failed.
  private func makeStore() throws {
    let store = try DatabaseStore.open(folder, fresh: true)
    try store.write([.note("seed", "1"), .variables(["x"])])
    for ordinal in 0..<3 {
      try store.write(
        records(
          experiment(ordinal, ["a": AnyAlias(Value.int(ordinal))]),
          [(0, "x", .int(ordinal))],
          ending: ordinal == 2 ? .failed : .complete
        )
      )
    }
    try store.write([
      .failed(
        experiment: "e2",
        Failure(unit: "u", iteration: 0, kind: "K", message: "m", place: nil)
      )
    ])
    try store.close()
  }

  private func change(_ sql: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    let database = try DatabaseQueue(path: folder.databasePath, configuration: configuration)
    try database.write { try $0.execute(sql: sql) }
    try database.close()
  }

  private func kinds() throws -> [String] {
    try StoreCheck(folder).findings().map { "\($0.severity) \($0.kind)" }
  }

  func testASoundStore() throws {
    try makeStore()
    try FileManager.default.createDirectory(
      atPath: folder.experimentPath("e1"),
      withIntermediateDirectories: true
    )
    let check = try StoreCheck(folder)
    XCTAssertEqual(check.findings(), [])
    XCTAssertEqual(try check.counts(), [.done: 2, .failed: 1])
    XCTAssertFalse(check.isBeingWritten)
  }

  /// Each damage is found, and nothing else with it.
  func testWhatIsWrongIsFound() throws {
    let cases = [
      ("UPDATE experiment SET state = 'running', ended = NULL WHERE id = 'e1'", "interrupted"),
      ("UPDATE experiment SET state = 'odd' WHERE id = 'e1'", "state"),
      ("UPDATE experiment SET ended = NULL WHERE id = 'e1'", "ending"),
      ("UPDATE experiment SET ending = NULL WHERE id = 'e2'", "ending"),
      ("UPDATE experiment SET entries = '[1]' WHERE id = 'e1'", "configs"),
      ("UPDATE value SET content = 'text' WHERE experiment = 2", "values"),
      ("UPDATE value SET kind = 'odd' WHERE experiment = 2", "values"),
      ("UPDATE note SET value = '{'", "notes"),
      (
        "INSERT INTO failure (experiment, unit, iteration, kind, message) VALUES (99, 'u', 0, 'K', 'm')",
        "orphans"
      ),
      ("INSERT INTO value VALUES (99, 1, 0, 'int', 1)", "orphans"),
      ("INSERT INTO value VALUES (1, 99, 0, 'int', 1)", "orphans"),
      ("INSERT INTO output VALUES (99, 'stdout', 't')", "orphans"),
      ("DROP TABLE failure", "damage"), ("DROP INDEX failure_experiment", "damage"),
    ]
    for (sql, kind) in cases {
      try makeStore()
      try change(sql)
      let found = Set(try kinds()).subtracting(["problem checksums"])
      XCTAssertEqual(found, [kind == "interrupted" ? "note \(kind)" : "problem \(kind)"], sql)
      for finding in try StoreCheck(folder).findings() {
        XCTAssertFalse(finding.message.isEmpty)
        XCTAssertFalse(finding.remedy.isEmpty)
      }
    }
  }

  /// What a finding says to do is done.
  func testTheRemedyOfOrphans() throws {
    for sql in [
      "INSERT INTO value VALUES (99, 1, 0, 'int', 1)",
      "INSERT INTO value VALUES (1, 99, 0, 'int', 1)",
    ] {
      try makeStore()
      try change(sql)
      let finding = try XCTUnwrap(try StoreCheck(folder).findings().first)
      let parts = finding.remedy.split(separator: "\"")
      try change(String(parts[1]))
      XCTAssertEqual(try kinds(), [])
    }
  }

  func testSeveralThingsAtOnce() throws {
    try makeStore()
    try change("UPDATE experiment SET state = 'running' WHERE id = 'e0'")
    try change("UPDATE experiment SET entries = '' WHERE id = 'e1'")
    try FileManager.default.createDirectory(
      atPath: folder.experimentPath("gone"),
      withIntermediateDirectories: true
    )
    XCTAssertEqual(
      try kinds(),
      ["problem configs", "problem checksums", "note interrupted", "note folders"]
    )
    let message = try StoreCheck(folder).findings().map(\.message).joined(separator: "\n")
    for text in ["e0", "e1", "gone"] { XCTAssertTrue(message.contains(text), message) }
  }

  func testWhileARunWrites() throws {
    try makeStore()
    let store = try DatabaseStore.open(folder)
    try store.write([.started(experiment(7), ExperimentStart(at: 1, worker: 0, device: nil))])
    _ = try store.directory(of: "e9")
    let check = try StoreCheck(folder)
    XCTAssertTrue(check.isBeingWritten)
    XCTAssertEqual(check.findings(), [])
    XCTAssertEqual(try check.counts(), [.done: 2, .failed: 1, .running: 1])
    // It is not disturbed.
    try store.write(records(experiment(8), [(0, "x", 1)]))
    try store.close()
    XCTAssertEqual(try kinds(), ["note interrupted", "note folders"])
  }

  /// Looking whether the lock is held never keeps a run out.
  func testLookingAtTheLockDisturbsNobody() throws {
    try makeStore()
    let isOver = Protected(false)
    let folder = folder
    let looker = Thread {
      while !isOver.withLock({ $0 }) { _ = try? folder.isHeld }
    }
    looker.start()
    defer { isOver.withLock { $0 = true } }
    for _ in 0..<300 {
      let lock = try RunLock(folder)
      XCTAssertTrue(try folder.isHeld)
      lock.release()
    }
  }

  func testAnEarlierVersionIsWorthANote() throws {
    try folder.make()
    let database = try DatabaseQueue(path: folder.databasePath)
    try Schema.migrator.migrate(database, upTo: "1")
    try database.close()
    XCTAssertEqual(try kinds(), ["note version"])
  }

  func testWhatIsNoStoreIsAnError() throws {
    assertError(.store, "no results") { try StoreCheck(self.folder) }
    try folder.make()
    try Data("no database".utf8).write(to: URL(fileURLWithPath: folder.databasePath))
    assertError(.store, "damaged or no store") { try StoreCheck(self.folder) }
  }

  /// A damaged file is found to be so, or cannot be opened; it never passes for sound with fewer
  /// experiments.
  func testDamagedFiles() throws {
    let store = try DatabaseStore.open(folder)
    for ordinal in 0..<80 {
      let values = (0..<10).map { ($0, "x", Value.double(Double($0) / 3)) }
      try store.write(records(experiment(ordinal), values))
    }
    try store.close()
    let url = URL(fileURLWithPath: folder.databasePath)
    let data = try Data(contentsOf: url)
    for length in stride(from: 4096, to: data.count, by: 4096) {
      try data.prefix(length).write(to: url)
      do {
        let found = try kinds()
        XCTAssertTrue(found.contains("problem damage"), "\(length)")
      } catch let error as FieldworkError {
        XCTAssertEqual(error.code, .store)
      }
    }
    var random = Philox(seed: 6)
    for _ in 0..<40 {
      var damaged = data
      // A page is overwritten.
      let page = 1 + Int(random.nextInteger(below: UInt64(data.count / 4096 - 1)))
      for index in 0..<4096 {
        damaged[page * 4096 + index] = UInt8(truncatingIfNeeded: random.next())
      }
      try damaged.write(to: url)
      do {
        let found = try kinds()
        XCTAssertTrue(found.contains("problem damage"), "page \(page)")
      } catch let error as FieldworkError {
        XCTAssertEqual(error.code, .store)
      }
    }
  }
}
