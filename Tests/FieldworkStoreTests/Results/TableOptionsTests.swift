import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class TableOptionsTests: ResultsTestCase {
  /// The recorded example: c ∈ {1 named one, 2}, d = 5, two iterations, of which `h` is saved at the
  /// second.
  private var example: [RunRecord] {
    let configs: [Config] = [["c": AnyAlias("one", 1), "d": 5], ["c": 2, "d": 5]]
    return zip(configs, ["A", "B"]).enumerated().flatMap { ordinal, pair in
      records(
        planned(ordinal, pair.1, pair.0),
        [(0, "g", 0), (1, "g", 1), (1, "h", .int(10 * (ordinal + 1) + 1))],
        iterations: 2
      )
    }
  }

  private func csv(_ table: Table) -> [String] {
    table.formatted(.csv).split(separator: "\n").map(String.init)
  }

  func testTheRecordedExample() throws {
    for (name, store) in try stores(example) {
      let results = try store.contents()
      XCTAssertEqual(
        csv(results.table(TableOptions(usesAliases: true))),
        ["id,c,d,iteration,g,h", "A,one,5,0,0,", "A,one,5,1,1,11", "B,2,5,0,0,", "B,2,5,1,1,21"],
        name
      )
      XCTAssertEqual(
        csv(results.table(TableOptions(isWide: false))),
        [
          "id,c,d,iteration,name,value", "A,1,5,0,g,0", "A,1,5,1,g,1", "A,1,5,1,h,11",
          "B,2,5,0,g,0", "B,2,5,1,g,1", "B,2,5,1,h,21",
        ],
        name
      )
      XCTAssertEqual(
        csv(results.table(TableOptions(joinsConfig: true))),
        [
          "id,config,iteration,g,h", "A,c_one-d_5,0,0,", "A,c_one-d_5,1,1,11", "B,c_2-d_5,0,0,",
          "B,c_2-d_5,1,1,21",
        ],
        name
      )
    }
  }

  /// All combinations of options, for every table.
  func testColumnsOfAllOptions() throws {
    let failure = Failure(unit: "u", iteration: 0, kind: "K", message: "m", place: nil)
    for (name, store) in try stores(example + [.failed(experiment: "B", failure)]) {
      let results = try store.contents()
      for bits in 0..<64 {
        let options = TableOptions(
          isWide: bits & 1 == 0,
          usesAliases: bits & 2 != 0,
          includesConfig: bits & 4 == 0,
          joinsConfig: bits & 8 != 0,
          keepsParameterColumns: bits & 16 != 0,
          includesAuxiliary: bits & 32 != 0
        )
        var start = ["id"]
        if options.includesConfig {
          if options.joinsConfig { start.append("config") }
          if !options.joinsConfig || options.keepsParameterColumns { start += ["c", "d"] }
        }
        let auxiliary = options.includesAuxiliary ? ["repetition", "updates"] : []
        let ended = options.includesAuxiliary ? ["ended"] : []
        let text = "\(name): \(options)"
        let table = results.table(options)
        XCTAssertEqual(
          table.columnNames,
          start + auxiliary + ["iteration"] + ended
            + (options.isWide ? ["g", "h"] : ["name", "value"]),
          text
        )
        XCTAssertEqual(table.count, options.isWide ? 4 : 6, text)
        let configs = results.configsTable(options)
        XCTAssertEqual(
          configs.columnNames,
          start + auxiliary + ["state"] + ended + ["iterations", "seconds"],
          text
        )
        XCTAssertEqual(configs.count, 2, text)
        let failures = results.failuresTable(options)
        XCTAssertEqual(
          failures.columnNames,
          start + auxiliary + (options.includesAuxiliary ? ["state", "ended"] : [])
            + ["iteration", "unit", "kind", "message", "place"],
          text
        )
        XCTAssertEqual(try failures["id"], ["B"], text)
        for table in [table, configs, failures] where options.includesConfig {
          if table.columnNames.contains("config") {
            XCTAssertEqual(try table["config"].last, "c_2-d_5", text)
          }
          if table.columnNames.contains("c") {
            XCTAssertEqual(try table["c"].last, options.usesAliases ? "2" : 2, text)
          }
        }
      }
    }
  }

  func testAuxiliaryParametersAreNoPartOfTheJoinedConfig() throws {
    let all = records(planned(0, "a", ["b": 2, "a": 1], repetition: 1), [(0, "g", 1)])
    for (name, store) in try stores(all) {
      let options = TableOptions(joinsConfig: true, includesAuxiliary: true)
      XCTAssertEqual(
        csv(try store.contents().table(options)),
        ["id,config,repetition,updates,iteration,ended,g", "a,a_1-b_2,1,0,0,complete,1"],
        name
      )
    }
  }

  func testAParameterNamedAsTheJoinedConfigKeepsItsValue() throws {
    let all = records(planned(0, "a", ["config": 7]), [(0, "g", 1)])
    for (name, store) in try stores(all) {
      let table = try store.contents()
        .table(TableOptions(joinsConfig: true, keepsParameterColumns: true))
      XCTAssertEqual(
        csv(table),
        ["id,config,config_,iteration,g", "a,config_7,7,0,1"],
        name
      )
    }
  }

  /// A domain that gives a config more than once: a column tells the experiments apart.
  func testOccurrences() throws {
    let all = [(1, 0), (2, 0), (1, 0), (1, 1), (1, 0), (2, 0)].enumerated()
      .flatMap { ordinal, pair in
        records(
          planned(ordinal, "e\(ordinal)", ["x": .init(pair.0)], repetition: pair.1),
          [(0, "g", .int(ordinal))]
        )
      }
    for (name, store) in try stores(all) {
      let results = try store.contents()
      let table = results.table()
      XCTAssertEqual(
        table.columnNames,
        ["id", "x", "repetition", "occurrence", "iteration", "g"],
        name
      )
      XCTAssertEqual(try table["occurrence"], [0, 0, 1, 0, 2, 1], name)
      XCTAssertEqual(try results.configsTable()["occurrence"], [0, 0, 1, 0, 2, 1], name)
      let filtered = try results.filtered(ids: ["e4"])
      XCTAssertEqual(try filtered.table()["occurrence"], [2], "it keeps its number")
      let loaded = try store.contents(ResultFilter(ids: ["e4", "e2"]))
      XCTAssertEqual(try loaded.table()["occurrence"], [1, 2], name)
      let single = try results.filtered(ids: ["e0", "e1"])
      XCTAssertFalse(single.table().columnNames.contains("occurrence"), name)
      let bare = results.table(TableOptions(includesConfig: false))
      XCTAssertEqual(bare.columnNames, ["id", "iteration", "g"], name)
    }
  }

  func testUpdatesAreShownWhereTheyAloneDiffer() throws {
    func table(_ places: [(x: Int, repetition: Int, updates: Int)]) throws -> Table {
      let store = try DatabaseStore.inMemory()
      for (ordinal, place) in places.enumerated() {
        let experiment = planned(
          ordinal,
          "e\(ordinal)",
          ["x": AnyAlias(place.x)],
          repetition: place.repetition,
          updates: place.updates
        )
        try store.write(records(experiment, [(0, "g", 1)]))
      }
      return try store.contents().table()
    }
    XCTAssertEqual(
      try table([(1, 0, 0), (2, 0, 0), (1, 0, 1)])["updates"],
      [0, 0, 1]
    )
    XCTAssertFalse(try table([(1, 0, 0), (2, 0, 1)]).columnNames.contains("updates"))
    XCTAssertFalse(try table([(1, 0, 1), (1, 1, 0)]).columnNames.contains("updates"))
  }
}
