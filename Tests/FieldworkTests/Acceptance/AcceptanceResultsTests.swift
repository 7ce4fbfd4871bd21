import Fieldwork
import Foundation
import XCTest

/// Rows 150 to 173: reading what was saved, in memory and in a folder alike.
final class AcceptanceResultsTests: AcceptanceCase {
  /// x ∈ {1, 2}, y ∈ {3, 4 named four}: four experiments, each with three iterations of `g` and `h`.
  private func research(x: [Int] = [1, 2], repetitions: Int = 1, workers: Slots = 2) -> Research {
    Research("points", repetitions: repetitions, iterations: 3, seed: 1, workers: workers) {
      Domain("x" <- x) * Domain("y" <- [3, Alias("four", 4)])
      Unit("g", saving: "g", { (iteration: Int) in iteration }, E().iteration)
      Unit("h", saving: "h") { run in
        let (x, y) = (try run["x", as: Int.self], try run["y", as: Int.self])
        return x * 100 + y * 10 + run.iteration
      }
    }
  }

  /// The results in memory, and those that are read from a folder.
  private func bothResults(repetitions: Int = 1) async throws -> [(String, ResearchResults)] {
    let research = research(repetitions: repetitions)
    let folder = try await runInFolder(research)
    return [("memory", try await research.run()), ("folder", try .load(folder.path))]
  }

  /// The worked example: a value with a name, a generator, and a unit at every second iteration.
  private func example() async throws -> ResearchResults {
    try await Research("example", iterations: 2, seed: 1) {
      Domain("c" <- [Alias("one", 1), 2], "d" <- [5])
      Generator("g", saving: "g") { _ in 0... }
      Unit("h", when: .every(2), saving: "h") { run in
        try run["c", as: Int.self] * 10 + run.iteration
      }
    }.run()
  }

  private func rows(_ table: Table) -> [[Value?]] {
    (0..<table.count).map { row in table.columns.dropFirst().map { $0.cells[row] } }
  }

  // MARK: Loading and filters

  func testRow150_resultsOfAFolder() async throws {
    let folder = try await runInFolder(research())
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let all = try ResearchResults.load(folder.path)
    XCTAssertEqual(all.table().count, 12)
    let some = try ResearchResults.load(folder.path, ResultFilter(.domain(Domain("y" <- [3]))))
    XCTAssertEqual(some.table().count, 6)
    XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path), before)
    assertFails(.store, "there are no results in") { try ResearchResults.load(directory + "/none") }
  }

  func testRow151_loadingAgain() async throws {
    let folder = try await runInFolder(research(x: [1]))
    let filter = ResultFilter(.config(["y": 4]), names: ["h"])
    XCTAssertEqual(try column("h", .load(folder.path, filter)), [140, 141, 142])
    _ = try await runInFolder(research(x: [1, 2]))
    XCTAssertEqual(
      try column("h", .load(folder.path, filter)),
      [140, 141, 142, 240, 241, 242]
    )
  }

  func testRow152_experimentsByTheirIds() async throws {
    for (place, results) in try await bothResults() {
      let ids = results.experiments.map(\.id)
      let found = try results.filtered(ids: [ids[2], "unknown"])
      XCTAssertEqual(found.experiments.map(\.id), [ids[2]], place)
      XCTAssertEqual(try column("h", found), [230, 231, 232], place)
    }
  }

  func testRow153_values_byTheirNames() async throws {
    for (place, results) in try await bothResults() {
      let found = try results.filtered(names: ["g"]).table()
      XCTAssertEqual(found.columnNames, ["id", "x", "y", "iteration", "g"], place)
      XCTAssertEqual(found.count, 12, place)
      XCTAssertEqual(try results.filtered(names: ["zz"]).table().count, 0, place)
    }
  }

  func testRow154_iterations() async throws {
    for (place, results) in try await bothResults() {
      let found = try results.filtered(iterations: [0, 2, 99])
      XCTAssertEqual(try column("iteration", found), [0, 2, 0, 2, 0, 2, 0, 2], place)
      let one = try results.filtered(config: ["x": 1, "y": 3], iterations: [1])
      XCTAssertEqual(try column("h", one), [131], place)
    }
    let folder = ResearchFolder(directory: directory, name: "points")
    let loaded = try ResearchResults.load(folder.path, ResultFilter(iterations: [2]))
    XCTAssertEqual(try column("h", loaded), [132, 142, 232, 242])
  }

  func testRow155_partOfAConfigByItsValues() async throws {
    for (place, results) in try await bothResults() {
      XCTAssertEqual(try results.filtered(config: ["x": 1]).table().count, 6, place)
      XCTAssertEqual(try results.filtered(config: ["x": 1, "y": 4]).table().count, 3, place)
      XCTAssertEqual(try results.filtered(config: ["y": "four"]).table().count, 0, place)
    }
  }

  func testRow156_partOfAConfigAsItIsShown() async throws {
    for (place, results) in try await bothResults() {
      XCTAssertEqual(try results.filtered(alias: ["y": "four"]).table().count, 6, place)
      XCTAssertEqual(try results.filtered(alias: ["x": "1", "y": "four"]).table().count, 3, place)
      XCTAssertEqual(try results.filtered(alias: ["y": "4"]).table().count, 0, place)
    }
  }

  func testRow157_configsOfADomain() async throws {
    for (place, results) in try await bothResults(repetitions: 2) {
      let found = try results.filtered(domain: Domain("x" <- [1]) + Domain("x" <- [1, 2]))
      XCTAssertEqual(found.experiments.count, 8, "\(place): each once, in all repetitions")
      let one = try results.filtered(domain: Domain("x" <- [1]) .* Domain("y" <- [4]))
      XCTAssertEqual(one.experiments.map(\.repetition), [0, 1], place)
      XCTAssertEqual(try column("h", one), [140, 141, 142, 140, 141, 142], place)
    }
  }

  /// Python's further keywords are further pairs of the config, or of the shown names.
  func testRow158_furtherPairs() async throws {
    for (place, results) in try await bothResults() {
      let base: Config = ["x": 1]
      XCTAssertEqual(try results.filtered(config: base + ["y": 4]).table().count, 3, place)
      let shown = ["x": "1"].merging(["y": "four"]) { $1 }
      XCTAssertEqual(try results.filtered(alias: shown).table().count, 3, place)
    }
  }

  func testRow160_aFilterIsAValue() async throws {
    let filter = ResultFilter(
      .config(["x": 2]),
      ids: ["b", "a", "b"],
      names: ["g"],
      iterations: [2, 0, 2]
    )
    XCTAssertEqual(filter.ids, ["a", "b"])
    XCTAssertEqual(filter.names, ["g"])
    XCTAssertEqual(filter.iterations, [0, 2])
    XCTAssertNil(ResultFilter().ids)
    XCTAssertNil(ResultFilter().names)
    XCTAssertNil(ResultFilter().iterations)
    for (place, results) in try await bothResults() {
      var second = filter
      second.ids = nil
      XCTAssertEqual(try column("g", results.filtered(second)), [0, 2, 0, 2], place)
    }
  }

  func testRow161_idsOfTheExperimentsThatMatch() async throws {
    for (place, results) in try await bothResults() {
      let ids = results.experiments.map(\.id)
      XCTAssertEqual(try results.ids(ResultFilter(.config(["x": 2]))), Array(ids[2...]), place)
      XCTAssertEqual(try results.ids(ResultFilter(.alias(["y": "four"]))), [ids[1], ids[3]], place)
      XCTAssertEqual(try results.ids(ResultFilter(.domain(Domain("y" <- [3])))), [ids[0], ids[2]])
      XCTAssertEqual(results.ids { $0.repetition > 0 }, [], place)
    }
    let source = """
      import Fieldwork
      func both(_ results: ResearchResults) throws {
        // expected-error@+1 {{give one of config, alias and domain, and filter twice}}
        _ = try results.filtered(config: ["x": 1], alias: ["x": "1"])
        // expected-error@+1 {{give one of config, alias and domain, and filter twice}}
        _ = try results.filtered(config: ["x": 1], domain: Domain("x" <- [1]))
      }
      """
    XCTAssertEqual(try TypeCheck.check(source), "")
  }

  // MARK: Tables

  func testRow162_theTable() async throws {
    let results = try await example()
    let table = results.table()
    XCTAssertEqual(table, results.table(TableOptions()))
    XCTAssertEqual(table.columnNames, ["id", "c", "d", "iteration", "g", "h"])
    XCTAssertEqual(
      try table["id"].map { $0 },
      results.experiments.flatMap { experiment in
        Array(repeating: Value.string(experiment.id), count: 2)
      }
    )
  }

  func testRow163_wideAndLong() async throws {
    let results = try await example()
    XCTAssertEqual(
      rows(results.table()),
      [[1, 5, 0, 0, nil], [1, 5, 1, 1, 11], [2, 5, 0, 0, nil], [2, 5, 1, 1, 21]]
    )
    let long = results.table(TableOptions(isWide: false))
    XCTAssertEqual(long.columnNames, ["id", "c", "d", "iteration", "name", "value"])
    XCTAssertEqual(
      rows(long),
      [
        [1, 5, 0, "g", 0], [1, 5, 1, "g", 1], [1, 5, 1, "h", 11], [2, 5, 0, "g", 0],
        [2, 5, 1, "g", 1], [2, 5, 1, "h", 21],
      ]
    )
  }

  func testRow164_withoutTheConfig() async throws {
    let table = try await example().table(TableOptions(includesConfig: false))
    XCTAssertEqual(table.columnNames, ["id", "iteration", "g", "h"])
    XCTAssertEqual(rows(table), [[0, 0, nil], [1, 1, 11], [0, 0, nil], [1, 1, 21]])
  }

  /// Values by default.
  func testRow165_valuesOrShownNames() async throws {
    let results = try await example()
    XCTAssertEqual(try results.table()["c"], [1, 1, 2, 2])
    let shown = results.table(TableOptions(usesAliases: true))
    XCTAssertEqual(try shown["c"], ["one", "one", "2", "2"])
    XCTAssertEqual(try shown["d"], ["5", "5", "5", "5"])
  }

  func testRow166_theConfigInOneColumn() async throws {
    let table = try await example().table(TableOptions(joinsConfig: true))
    XCTAssertEqual(table.columnNames, ["id", "config", "iteration", "g", "h"])
    XCTAssertEqual(try table["config"], ["c_one-d_5", "c_one-d_5", "c_2-d_5", "c_2-d_5"])
  }

  func testRow167_whatARunAddsIsHiddenAndNotDestroyed() async throws {
    for (place, results) in try await bothResults() {
      XCTAssertFalse(results.table().columnNames.contains("repetition"), place)
      let whole = results.table(TableOptions(includesAuxiliary: true))
      XCTAssertEqual(
        whole.columnNames,
        ["id", "x", "y", "repetition", "updates", "build", "iteration", "ended", "g", "h"],
        place
      )
      XCTAssertEqual(try whole["repetition"], Array(repeating: 0, count: 12), place)
      XCTAssertEqual(try results.filtered(config: ["repetition": 0]).table().count, 12, place)
    }
    for (place, results) in try await bothResults(repetitions: 2) {
      XCTAssertTrue(results.table().columnNames.contains("repetition"), "\(place): it is needed")
    }
  }

  func testRow168_bothTheTextAndTheColumns() async throws {
    let options = TableOptions(joinsConfig: true, keepsParameterColumns: true)
    let table = try await example().table(options)
    XCTAssertEqual(table.columnNames, ["id", "config", "c", "d", "iteration", "g", "h"])
    XCTAssertEqual(rows(table)[0], ["c_one-d_5", 1, 5, 0, 0, nil])
  }

  func testRow169_filtersInMemoryAndOnDiskAlike() async throws {
    let filters = [
      ResultFilter(), ResultFilter(.config(["x": 2])), ResultFilter(.alias(["y": "four"])),
      ResultFilter(.domain(Domain("x" <- [2]) * Domain("y" <- [3, 4]))),
      ResultFilter(names: ["h"]), ResultFilter(iterations: [1]), ResultFilter(ids: []),
      ResultFilter(states: [.failed]), ResultFilter(where: { $0.ordinal % 2 == 1 }),
      ResultFilter(.config(["x": 1]), names: ["g"], iterations: [0, 2], states: [.done]),
    ]
    let both = try await bothResults(repetitions: 2)
    let folder = ResearchFolder(directory: directory, name: "points")
    for filter in filters {
      let (memory, disk) = (try both[0].1.filtered(filter), try both[1].1.filtered(filter))
      XCTAssertEqual(memory.table(), disk.table())
      XCTAssertEqual(try ResearchResults.load(folder.path, filter).table(), memory.table())
    }
    XCTAssertEqual(try both[0].1.filtered(filters[9]).table().count, 8)
  }

  func testRow170_rowsInTheOrderOfThePlan() async throws {
    let tables = try await [
      research(repetitions: 2, workers: 1).run().table(),
      research(repetitions: 2, workers: 4).run().table(),
      ResearchResults.load(try await runInFolder(research(repetitions: 2)).path).table(),
    ]
    XCTAssertEqual(
      try tables[0]["h"],
      [130, 131, 132, 140, 141, 142, 230, 231, 232, 240, 241, 242]
        + [130, 131, 132, 140, 141, 142, 230, 231, 232, 240, 241, 242]
    )
    XCTAssertEqual(tables[1], tables[0])
    XCTAssertEqual(tables[2], tables[0])
  }

  func testRow171_valuesOfOneName() async throws {
    for (place, results) in try await bothResults() {
      let id = results.experiments[3].id
      let values = results.values(of: "h", in: id, iterations: [2, 0])
      XCTAssertEqual(values.map(\.iteration), [0, 2], place)
      XCTAssertEqual(values.map(\.value), [240, 242], place)
      XCTAssertEqual(results.values(of: "h", in: id).count, 3, place)
    }
  }

  func testRow172_aRowForEachExperiment() async throws {
    for (place, results) in try await bothResults() {
      let table = results.configsTable()
      XCTAssertEqual(table.columnNames, ["id", "x", "y", "state", "iterations", "seconds"], place)
      XCTAssertEqual(try table["x"], [1, 1, 2, 2], place)
      XCTAssertEqual(try table["y"], [3, 4, 3, 4], place)
      let joined = results.configsTable(TableOptions(joinsConfig: true))
      XCTAssertEqual(try joined["config"][1], "x_1-y_four", place)
    }
  }

  // MARK: Artifacts

  private var writing: Research {
    Research("files") {
      Domain("x" <- [1, 2])
      Unit(
        "write",
        { (path: String, x: Int) in
          try "\(x)".write(toFile: path + "/model_\(x).txt", atomically: true, encoding: .utf8)
          if x == 2 { try "".write(toFile: path + "/notes.md", atomically: true, encoding: .utf8) }
        },
        EP(),
        EC("x")
      )
    }
  }

  func testRow159_artifactsOfExperiments() async throws {
    let results = try ResearchResults.load(try await runInFolder(writing).path)
    let ids = results.experiments.map(\.id)
    XCTAssertEqual(
      try results.artifacts().map { [$0.experiment, $0.name] },
      [[ids[0], "model_1.txt"], [ids[1], "model_2.txt"], [ids[1], "notes.md"]]
    )
    XCTAssertEqual(
      try results.artifacts(matching: "model*").map(\.name),
      ["model_1.txt", "model_2.txt"]
    )
    XCTAssertEqual(try results.filtered(config: ["x": 2]).artifacts().count, 2)
  }

  func testRow173_artifactsAsATable() async throws {
    let folder = try await runInFolder(writing)
    let table = try ResearchResults.load(folder.path).artifactsTable(matching: "*.md")
    XCTAssertEqual(
      table.columnNames,
      ["id", "x", "artifact_name", "full_path", "relative_path", "bytes"]
    )
    let id = try XCTUnwrap(table["id", as: String.self][0])
    XCTAssertEqual(
      rows(table),
      [
        [
          2, "notes.md", .string("\(folder.path)/experiments/\(id)/notes.md"),
          .string("experiments/\(id)/notes.md"), 0,
        ]
      ]
    )
    let memory = try await research().run()
    assertFails(.store, "a research in memory has no artifacts") { try memory.artifactsTable() }
  }
}
