import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class ResultsTableTests: StoreTestCase {
  /// Two terms with different parameters; the second experiment is written first, the third stopped in
  /// its second iteration, the fourth failed at once, the fifth runs.
  private func results(repetitions: Int = 1) throws -> ResearchResults {
    let store = try DatabaseStore.inMemory()
    func config(_ pairs: [(ParameterName, AnyAlias)], _ repetition: Int) -> Config {
      Config(pairs.map { Config.Entry($0.0, $0.1) })
    }
    let rate = ParameterName(Alias("r", "rate"))
    let first = experiment(0, config([(rate, AnyAlias("low", 0.1))], 0))
    let second = experiment(1, config([(rate, 0.5)], 0))
    let third = experiment(
      2,
      config([("width", 8)], repetitions - 1),
      repetition: repetitions - 1
    )
    let fourth = experiment(3, config([("width", 16)], 0))
    let fifth = experiment(4, config([("width", 32)], 0))
    try store.write([.variables(["loss", "a"])])
    try store.write(records(second, [(1, "loss", 0.25), (0, "loss", 0.5)], iterations: 2))
    try store.write(records(first, [(0, "a", nil), (0, "loss", 1)]))
    try store.write(
      records(third, [(0, "loss", 2), (1, "extra", "x")], ending: .stopped, iterations: 2)
    )
    try store.write(records(fourth, [(0, "a", 3)], ending: .failed))
    try store.write([
      .failed(
        experiment: "e3",
        Failure(
          unit: "train",
          iteration: 0,
          kind: "Overflow",
          message: "too large",
          place: SourceLocation(file: "M/F.swift", line: 7)
        )
      ),
      .started(fifth, ExperimentStart(at: 1, worker: 2, device: nil)),
      .saved(experiment: "e4", [SavedValue(name: "a", iteration: 0, value: 4)]),
    ])
    return try store.contents()
  }

  private func rows(_ table: Table) -> [[Value?]] {
    (0..<table.count).map { row in table.columns.map { $0.cells[row] } }
  }

  func testWide() throws {
    let table = try results().table()
    XCTAssertEqual(
      table.columnNames,
      ["id", "rate", "width", "iteration", "loss", "a", "extra"]
    )
    XCTAssertEqual(
      rows(table),
      [
        ["e0", 0.1, .none, 0, 1, .some(.null), .none],
        ["e1", 0.5, .none, 0, 0.5, .none, .none],
        ["e1", 0.5, .none, 1, 0.25, .none, .none],
        ["e2", .none, 8, 0, 2, .none, .none],
        ["e2", .none, 8, 1, .none, .none, "x"],
        ["e3", .none, 16, 0, .none, 3, .none],
        ["e4", .none, 32, 0, .none, 4, .none],
      ]
    )
  }

  func testLong() throws {
    var options = TableOptions()
    options.isWide = false
    options.includesConfig = false
    let table = try results().table(options)
    XCTAssertEqual(table.columnNames, ["id", "iteration", "name", "value"])
    XCTAssertEqual(
      rows(table),
      [
        ["e0", 0, "loss", 1], ["e0", 0, "a", .some(.null)], ["e1", 0, "loss", 0.5],
        ["e1", 1, "loss", 0.25], ["e2", 0, "loss", 2], ["e2", 1, "extra", "x"],
        ["e3", 0, "a", 3], ["e4", 0, "a", 4],
      ]
    )
  }

  func testShownNames() throws {
    var options = TableOptions()
    options.usesAliases = true
    let table = try results().table(options)
    XCTAssertEqual(table.columnNames.prefix(3), ["id", "r", "width"])
    XCTAssertEqual(try table["r"], ["low", "0.5", "0.5", .none, .none, .none, .none])
    XCTAssertEqual(try table["width"].last, "32")
  }

  func testAuxiliaryColumns() throws {
    var options = TableOptions()
    options.includesAuxiliary = true
    let table = try results().table(options)
    XCTAssertEqual(
      table.columnNames,
      [
        "id", "rate", "width", "repetition", "updates", "iteration", "ended", "loss", "a", "extra",
      ]
    )
    XCTAssertEqual(try table["repetition"], Array(repeating: 0, count: 7))
    XCTAssertEqual(
      try table["ended"].prefix(6),
      ["complete", "complete", "complete", "complete", "stopped", "failed"]
    )
  }

  func testTheRepetitionIsShownWhereThereIsMoreThanOne() throws {
    XCTAssertFalse(try results().table().columnNames.contains("repetition"))
    let table = try results(repetitions: 3).table()
    XCTAssertEqual(table.columnNames[3], "repetition")
    XCTAssertEqual(try table["repetition"], [0, 0, 0, 2, 2, 0, 0])
    XCTAssertEqual(table.columnNames.filter { $0 == "repetition" }.count, 1)
  }

  func testCompleteIterationsOnly() throws {
    var options = TableOptions()
    options.completeIterationsOnly = true
    let table = try results().table(options)
    XCTAssertEqual(try table["id"].prefix(4), ["e0", "e1", "e1", "e2"])
    XCTAssertFalse(try table["id"].contains("e3"))
    XCTAssertFalse(try table["extra"].contains("x"))
  }

  func testConfigsTable() throws {
    let table = try results().configsTable()
    XCTAssertEqual(table.columnNames, ["id", "rate", "width", "state", "iterations", "seconds"])
    XCTAssertEqual(try table["state"], ["done", "done", "done", "failed", "running"])
    XCTAssertEqual(try table["iterations"], [1, 2, 2, 1, .none])
    XCTAssertEqual(try table["seconds"], [2.5, 2.5, 2.5, 2.5, .none])
  }

  func testFailuresTable() throws {
    let table = try results().failuresTable()
    XCTAssertEqual(
      table.columnNames,
      ["id", "rate", "width", "iteration", "unit", "kind", "message", "place"]
    )
    XCTAssertEqual(
      rows(table),
      [["e3", .none, 16, 0, "train", "Overflow", "too large", "M/F.swift:7"]]
    )
  }

  func testParametersNamedAsColumnsOfTheTableKeepTheirValues() throws {
    let store = try DatabaseStore.inMemory()
    let config: Config = ["iterations": 500, "state": "solid", "value": 7, "unit": "m"]
    try store.write(records(experiment(0, config), [(0, "x", 1)], ending: .failed))
    let failure = Failure(unit: "u", iteration: 0, kind: "K", message: "m", place: nil)
    try store.write([.failed(experiment: "e0", failure)])
    let results = try store.contents()
    var long = TableOptions()
    long.isWide = false
    for table in [results.configsTable(), results.failuresTable(), results.table(long)] {
      let text = table.columnNames.joined(separator: ", ")
      XCTAssertEqual(Set(table.columnNames).count, table.columns.count, text)
      XCTAssertEqual(try table["iterations"][0], 500, text)
      XCTAssertEqual(try table["state"][0], "solid", text)
      XCTAssertEqual(try table["value"][0], 7, text)
      XCTAssertEqual(try table["unit"][0], "m", text)
    }
  }

  func testNoResults() throws {
    let results = try DatabaseStore.inMemory().contents()
    XCTAssertEqual(results.table().columnNames, ["id", "iteration"])
    XCTAssertEqual(results.table().count, 0)
    XCTAssertEqual(results.configsTable().count, 0)
    XCTAssertEqual(
      results.failuresTable().text(),
      """
      id  iteration  unit  kind  message  place
      ──  ─────────  ────  ────  ───────  ─────
      (no rows)
      """
    )
  }

  func testValuesOfAnExperiment() throws {
    let results = try results()
    XCTAssertEqual(results.values(of: "loss", in: "e1").map(\.iteration), [0, 1])
    XCTAssertEqual(results.values(of: "loss", in: "e1").map(\.value), [0.5, 0.25])
    XCTAssertTrue(results.values(of: "loss", in: "none").isEmpty)
    XCTAssertTrue(results.values(of: "none", in: "e1").isEmpty)
    XCTAssertEqual(results.lastValues(of: "loss"), [1, 0.25, 2, nil, nil])
  }
}
