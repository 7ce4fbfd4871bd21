import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class ResultsLoadingTests: ResultsTestCase {
  func testLoadingNeedsThePathAlone() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(fourExperiments)
    let expected = everything(try store.contents())
    XCTAssertEqual(everything(try .load(folder.path)), expected, "while a run holds it")
    try store.close()
    XCTAssertEqual(everything(try .load(folder.path)), expected)
    XCTAssertEqual(everything(try .load(folder.path + "//")), expected)
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    for (name, filter) in filters {
      XCTAssertEqual(
        everything(try .load(folder.path, filter)),
        everything(try ResearchResults.load(folder.path).filtered(filter)),
        name
      )
    }
    XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path), before)
  }

  func testAFolderWithoutResults() throws {
    let none = directory + "/none"
    assertError(.store, "there are no results in \(none); run the research first") {
      try ResearchResults.load(none)
    }
    assertError(.store, "there are no results in \(directory)") {
      try ResearchResults.load(directory)
    }
    XCTAssertFalse(FileManager.default.fileExists(atPath: none), "nothing is made")
    try folder.make()
    try Data("no database".utf8).write(to: URL(fileURLWithPath: folder.databasePath))
    assertError(.store, folder.databasePath) { try ResearchResults.load(folder.path) }
  }

  /// A store of the first version has no column for the device.
  func testAStoreOfTheFirstVersion() throws {
    try folder.make()
    let database = try DatabaseQueue(path: folder.databasePath)
    try Schema.migrator.migrate(database, upTo: "1")
    let config: Config = ["x": 1]
    try database.write { database in
      try database.execute(
        sql: """
          INSERT INTO experiment
            (number, key, id, point, ordinal, config, entries, repetition, updates, state)
          VALUES (1, 'a', 'a', ?, 0, ?, ?, 0, 0, 'done');
          INSERT INTO variable (number, name) VALUES (1, 'g');
          INSERT INTO value VALUES (1, 1, 0, 'int', 5);
          """,
        arguments: [
          config.identity, StoredConfig.json(config.entries), StoredConfig.encode(config.entries),
        ]
      )
    }
    try database.close()
    let results = try ResearchResults.load(folder.path)
    XCTAssertEqual(results.lastValues(of: "g"), [5])
    XCTAssertNil(results.experiments[0].device)
    let table = results.table(TableOptions(includesAuxiliary: true))
    XCTAssertEqual(
      table.columnNames,
      ["id", "x", "repetition", "updates", "iteration", "ended", "g"]
    )
  }

  func testTheDevice() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(fourExperiments)
    try store.close()
    let database = try DatabaseQueue(path: folder.databasePath)
    try database.write { try $0.execute(sql: "UPDATE experiment SET device = '1' WHERE id = 'b'") }
    try database.close()
    let results = try ResearchResults.load(folder.path)
    XCTAssertEqual(results.experiments.map(\.device), [nil, "1", nil, nil])
    XCTAssertFalse(results.table().columnNames.contains("device"))
    let table = results.configsTable(TableOptions(includesAuxiliary: true))
    XCTAssertEqual(try table["device"], [nil, "1", nil, nil])
  }
}
