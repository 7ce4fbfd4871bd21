import Foundation
import GRDB
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

/// What other programs see of a store.
final class ResultViewsTests: ResultsTestCase {
  private func rows(_ sql: String) throws -> [Row] {
    let database = try DatabaseQueue(path: folder.databasePath)
    return try database.read { try Row.fetchAll($0, sql: sql) }
  }

  /// A view has the rows and values of the table that it stands for.
  func testResultsWideIsTheTable() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(fourExperiments)
    try store.close()
    let table = try ResearchResults.load(folder.path).table()
    let rows = try rows("SELECT * FROM results_wide")
    XCTAssertEqual(
      rows.first.map { Array($0.columnNames) },
      ["id", "x", "y", "repetition", "updates", "state", "iteration", "g", "h"]
    )
    XCTAssertEqual(rows.count, table.count)
    for (index, row) in rows.enumerated() {
      for name in table.columnNames {
        XCTAssertEqual("\(row[name] as DatabaseValue)", "\(cell(table, name, index))", name)
      }
      XCTAssertEqual(row["state"], "done")
    }
  }

  private func cell(_ table: FieldworkAnalysis.Table, _ name: String, _ row: Int) -> DatabaseValue {
    switch try? table.column(name)[row] {
    case .int(let number)?: number.databaseValue
    case .string(let text)?: text.databaseValue
    default: .null
    }
  }

  func testConfigsAndFailures() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(records(planned(0, "a", ["x": 1]), [], ending: .failed, iterations: 2))
    try store.write([
      .failed(
        experiment: "a",
        Failure(
          unit: "train",
          iteration: 1,
          kind: "death",
          message: "killed",
          place: SourceLocation(file: "P/P.swift", line: 3),
          death: Death(.signal, code: nil, signal: 9, stderr: "last words")
        )
      )
    ])
    try store.close()
    let config = try XCTUnwrap(rows("SELECT * FROM configs").first)
    XCTAssertEqual(config["x"], 1)
    XCTAssertEqual(config["state"], "failed")
    XCTAssertEqual(config["iterations"], 2)
    XCTAssertNotNil(config["seconds"] as Double?)
    let failure = try XCTUnwrap(rows("SELECT * FROM failures").first)
    XCTAssertEqual(failure["id"], "a")
    XCTAssertEqual(failure["x"], 1)
    XCTAssertEqual(failure["signal"], 9)
    XCTAssertEqual(failure["cause"], Death.Cause.signal.rawValue)
    XCTAssertEqual(failure["line"], 3)
    XCTAssertEqual(failure["stderr"], "last words")
  }

  /// New parameters and names have columns as soon as they are written, in this run or a later one.
  func testColumnsGrow() throws {
    let store = try DatabaseStore.open(folder)
    try store.write([.variables([])])
    XCTAssertEqual(try rows("SELECT * FROM results_wide").count, 0)
    try store.write(records(planned(0, "a", ["x": 1]), [(0, "u", 1)]))
    XCTAssertEqual(try rows("SELECT x, u FROM results_wide").count, 1)
    try store.write(records(planned(1, "b", ["x": 2, "y": 3]), [(0, "u", 1), (0, "v", 2)]))
    XCTAssertEqual(try rows("SELECT y, v FROM results_wide WHERE x = 2")[0]["y"], 3)
    try store.close()
    let again = try DatabaseStore.open(folder)
    try again.write(records(planned(2, "c", ["z": 1]), [(0, "w", 1)]))
    try again.close()
    XCTAssertEqual(try rows("SELECT x, y, z, u, v, w FROM results_wide").count, 3)
    XCTAssertEqual(try StoreCheck(folder).findings().filter { $0.severity == .problem }, [])
  }

  func testValuesOfEveryKind() throws {
    let store = try DatabaseStore.open(folder)
    let config: Config = ["flag": true, "list": [1, 2], "text": "é", "none": nil, "real": 0.1]
    try store.write(
      records(
        planned(0, "a", config),
        [(0, "nan", .double(.nan)), (0, "yes", true), (0, "pair", ["k": 1]), (0, "gap", nil)]
      )
    )
    try store.close()
    let row = try XCTUnwrap(rows("SELECT * FROM results_wide").first)
    XCTAssertEqual(row["flag"], 1)
    XCTAssertEqual(row["list"], "[1,2]")
    XCTAssertEqual(row["text"], "é")
    XCTAssertEqual(row["real"], 0.1)
    XCTAssertEqual(row["none"] as DatabaseValue, .null)
    XCTAssertEqual(row["nan"] as DatabaseValue, .null)
    XCTAssertEqual(row["yes"], 1)
    XCTAssertEqual(row["pair"], #"{"k":1}"#)
  }

  func testHostileNames() throws {
    let names = [
      "id", "ID", "repetition_", "a\"b", "x'; DROP TABLE value; --", "$.a", "a.b", "\u{202E}rtl",
      "",
      "line\nbreak", "\\", "日本", "[0]", "q\"\u{301}", "\u{600}\"; DROP TABLE value; --",
      String(repeating: "long", count: 2500), "\"",
      "iteration", "X", "x",
    ]
    let store = try DatabaseStore.open(folder)
    var config = Config()
    for (index, name) in names.enumerated() {
      config.set(ParameterName(name), to: AnyAlias(Value.int(index)))
    }
    try store.write(
      records(planned(0, "a", config), names.enumerated().map { (0, $1, .int(100 + $0)) })
    )
    try store.close()
    let row = try XCTUnwrap(rows("SELECT * FROM results_wide").first)
    XCTAssertEqual(Set(row.columnNames.map { $0.lowercased() }).count, row.count)
    let cells = row.databaseValues.compactMap { Int.fromDatabaseValue($0) }
    let expected = Array(names.indices) + [0, 0, 0] + names.indices.map { 100 + $0 }
    XCTAssertEqual(cells.sorted(), expected.sorted(), "\(row)")
    XCTAssertEqual(row["id"], "a")
    XCTAssertEqual(row["a\"b"], 3)
    XCTAssertEqual(try rows("SELECT count(*) AS n FROM value")[0]["n"], names.count)
  }

  /// SQLite's texts end at a null character; a saved name has another sign for it.
  func testANullCharacterInAName() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(records(planned(0, "a", ["x": 1]), [(0, "nul\u{0}l", 5)]))
    try store.write(records(planned(1, "b", ["x": 2]), [(0, "nul\u{0}l", 6)]))
    try store.close()
    XCTAssertEqual(try rows("SELECT * FROM results_wide").map { $0["nul\u{FFFD}l"] }, [5, 6])
    XCTAssertEqual(try ResearchResults.load(folder.path).variables, ["nul\u{FFFD}l"])
  }

  /// More columns than SQLite allows in a view do not stop a run.
  func testVeryManyColumns() throws {
    let store = try DatabaseStore.open(folder)
    try store.write(
      records(planned(0, "a", ["x": 1]), (0..<2500).map { (0, "v\($0)", .int($0)) })
    )
    try store.close()
    let row = try XCTUnwrap(rows("SELECT * FROM results_wide").first)
    XCTAssertGreaterThan(row.count, 900)
    XCTAssertEqual(try ResearchResults.load(folder.path).variables.count, 2500)
  }

  /// A store of the version before the views gets them with the next run.
  func testAnEarlierStore() throws {
    let database = try DatabaseQueue(
      path: {
        try folder.make(); return folder.databasePath
      }()
    )
    try Schema.migrator.migrate(database, upTo: "5")
    try database.close()
    let store = try DatabaseStore.open(folder)
    try store.write(records(planned(0, "a", ["x": 1, "y": 2]), [(0, "u", 1)]))
    try store.close()
    try DatabaseQueue(path: folder.databasePath).write { database in
      try database.execute(
        sql: """
          DROP VIEW results_wide; DROP VIEW configs; DROP VIEW failures; DROP TABLE parameter;
          DELETE FROM grdb_migrations WHERE identifier = '6';
          """
      )
    }
    let again = try DatabaseStore.open(folder)
    try again.write([.note("seed", 1)])
    try again.close()
    XCTAssertEqual(try rows("SELECT x, y, u FROM results_wide").count, 1)
  }
}
