import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// A process that is killed while a store is made or closed leaves a journal of what it had begun.
final class LeftJournalTests: StoreTestCase {
  private var journal: String { folder.databasePath + "-journal" }

  /// A store whose last transaction was cut off when it had written to the database.
  private func cutOff() throws -> [String: ExperimentState] {
    let store = try DatabaseStore.open(folder)
    for ordinal in 0..<20 {
      try store.write(records(experiment(ordinal), (0..<50).map { ($0, "x", .int($0)) }))
    }
    let states = try store.states()
    try store.close()
    // What a killed process leaves is what stands on the disk while it writes.
    let other = directory + "/other.sqlite"
    try FileManager.default.moveItem(atPath: folder.databasePath, toPath: other)
    let database = try DatabaseQueue(path: other)
    try database.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA cache_size = 1; BEGIN; DELETE FROM value")
      try FileManager.default.copyItem(atPath: other, toPath: folder.databasePath)
      try FileManager.default.copyItem(atPath: other + "-journal", toPath: journal)
      try database.execute(sql: "ROLLBACK")
    }
    return states
  }

  func testItIsReadAsItWasBefore() throws {
    let states = try cutOff()
    XCTAssertTrue(FileManager.default.fileExists(atPath: journal))
    let store = try DatabaseStore.openForReading(folder)
    XCTAssertEqual(try store.states(), states)
    let results = try store.contents()
    for experiment in results.experiments {
      XCTAssertEqual(results.values(of: "x", in: experiment.id).count, 50)
    }
    try store.close()
    XCTAssertFalse(FileManager.default.fileExists(atPath: journal))
  }

  func testItIsWrittenOn() throws {
    let states = try cutOff()
    let store = try DatabaseStore.open(folder)
    XCTAssertEqual(try store.states(), states)
    try store.write(records(experiment(20), [(0, "x", 1)]))
    XCTAssertEqual(try store.contents().experiments.count, 21)
    try store.close()
  }

  func testItIsNoPartOfAStoreThatIsBegunAnew() throws {
    _ = try cutOff()
    let store = try DatabaseStore.open(folder, fresh: true)
    XCTAssertEqual(try store.states(), [:])
    try store.close()
  }

  /// A journal of a process that lives is left alone.
  func testWhileSomebodyWrites() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(records(experiment(0), [(0, "x", 1)]))
    try store.close()
    let database = try DatabaseQueue(path: folder.databasePath)
    try database.writeWithoutTransaction { database in
      try database.execute(sql: "BEGIN; UPDATE value SET content = 2")
      XCTAssertTrue(FileManager.default.fileExists(atPath: journal))
      let reading = try DatabaseStore.openForReading(folder)
      XCTAssertEqual(try reading.contents().lastValues(of: "x"), [1])
      try reading.close()
      try database.execute(sql: "COMMIT")
    }
    XCTAssertEqual(try ResearchResults.load(folder.path).lastValues(of: "x"), [2])
  }
}
