import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkStore

final class ResultFilterTests: ResultsTestCase {
  private func domain(_ name: ParameterName, _ values: AnyAlias...) -> Domain {
    Domain([ParameterOption(name, values)])
  }

  /// Four experiments, of which the third failed and the fourth runs, and a repetition of the first.
  private var mixed: [RunRecord] {
    let fifth = planned(4, "e", ["x": 1, "y": 3], repetition: 1)
    let changed = fourExperiments.filter { record in
      if case .ended(let id, _, _, _) = record { return !["c", "d"].contains(id) }
      return true
    }
    let failure = Failure(unit: "u", iteration: 1, kind: "K", message: "m", place: nil)
    return changed + [
      .failed(experiment: "c", failure), .ended(experiment: "c", .failed, iterations: 3, at: 1),
    ] + records(fifth, [(0, "g", 7), (2, "h", 8)], iterations: 3)
  }

  /// The recorded examples: two parameters, three iterations, twelve rows.
  func testRecordedExamples() throws {
    for (name, store) in try stores(fourExperiments) {
      let results = try store.contents()
      XCTAssertEqual(results.table().count, 12, name)
      XCTAssertEqual(try results.filtered(config: ["x": 1]).table().count, 6, name)
      XCTAssertEqual(try results.filtered(config: ["x": 1, "y": 4]).table().count, 3, name)
      XCTAssertEqual(try results.filtered(alias: ["y": "four"]).table().count, 6, name)
      XCTAssertEqual(try results.filtered(config: ["y": "four"]).table().count, 0, name)
      XCTAssertEqual(try results.filtered(alias: ["x": "1", "y": "four"]).table().count, 3, name)
      XCTAssertEqual(try results.filtered(domain: domain("x", 1)).table().count, 6, name)
      let named = try results.filtered(names: ["g"]).table()
      XCTAssertEqual(named.count, 12, name)
      XCTAssertEqual(named.columnNames, ["id", "x", "y", "iteration", "g"], name)
      XCTAssertEqual(try results.filtered(names: ["zz"]).table().count, 0, name)
      XCTAssertEqual(try results.filtered(ids: ["zz"]).table().count, 0, name)
      let one = try results.filtered(config: ["x": 1], names: ["g"], iterations: [2]).table()
      XCTAssertEqual(try one["g"], [2, 2], name)
      XCTAssertEqual(try one["id"], ["a", "b"], name)
    }
  }

  func testADomainMatchesAllRepetitionsAndNothingTwice() throws {
    let point: Config = ["x": 1]
    let all = (0..<6).flatMap { number in
      records(
        planned(number, "e\(number)", point, repetition: number % 3, updates: number / 3),
        [(0, "g", .int(number))]
      )
    }
    for (name, store) in try stores(all) {
      let results = try store.contents()
      let overlapping = domain("x", 1).concatenated(with: domain("x", 1, 2))
      let found = try results.filtered(domain: overlapping)
      XCTAssertEqual(found.lastValues(of: "g"), [0, 1, 2, 3, 4, 5], name)
      let first = try results.filtered(domain: domain("x", 1).product(domain("repetition", 0)))
      XCTAssertEqual(first.lastValues(of: "g"), [0, 3], name)
      XCTAssertEqual(try results.ids(ResultFilter(.config(["updates": 1]))).count, 3, name)
      XCTAssertEqual(try results.filtered(domain: Domain()).experiments.count, 0, name)
    }
  }

  func testListsCanBeAskedFor() throws {
    let all =
      records(planned(0, "a", ["layers": [10, 100]]), [(0, "g", 1)])
      + records(planned(1, "b", ["layers": [10]]), [(0, "g", 2)])
    for (name, store) in try stores(all) {
      let results = try store.contents()
      XCTAssertEqual(try results.ids(ResultFilter(.config(["layers": [10]]))), ["b"], name)
      XCTAssertEqual(try results.ids(ResultFilter(.alias(["layers": "[10, 100]"]))), ["a"], name)
      let listed = ResultFilter(.domain(domain("layers", [10, 100], [1])))
      XCTAssertEqual(try results.ids(listed), ["a"], name)
    }
  }

  /// Names of parameters are those by which they are read, or those that are shown.
  func testNamesOfParameters() throws {
    let config = Config([
      Config.Entry(ParameterName(Alias("l", "layout")), AnyAlias("fully", "f")),
      Config.Entry("f", AnyAlias("relu", { @Sendable (x: Int) in x })),
    ])
    for (name, store) in try stores(records(planned(0, "a", config), [(0, "g", 1)])) {
      let results = try store.contents()
      func count(_ criterion: ResultFilter.ConfigCriterion) throws -> Int {
        try results.filtered(ResultFilter(criterion)).experiments.count
      }
      XCTAssertEqual(try count(.config(["layout": "f"])), 1, name)
      XCTAssertEqual(try count(.config(["l": "f"])), 0, name)
      XCTAssertEqual(try count(.alias(["l": "fully"])), 1, name)
      XCTAssertEqual(try count(.alias(["layout": "fully"])), 0, name)
      XCTAssertEqual(try count(.config(["f": "relu"])), 1, "\(name): it is not plain")
      XCTAssertEqual(try count(.alias(["f": "relu", "l": "fully"])), 1, name)
    }
  }

  func testStatesAndConditions() throws {
    for (name, store) in try stores(mixed) {
      let results = try store.contents()
      XCTAssertEqual(try results.filtered(states: [.done]).experiments.map(\.id), ["a", "b", "e"])
      XCTAssertEqual(results.ids { $0.state == .failed }, ["c"], name)
      XCTAssertEqual(results.filtered { $0.repetition == 1 }.table().count, 2, name)
      XCTAssertEqual(results.filtered { $0.state == .failed }.failures.map(\.failure.unit), ["u"])
      XCTAssertEqual(try results.filtered(states: [.done]).failures.count, 0, name)
      XCTAssertEqual(results.failures.map(\.experiment.id), ["c"], name)
    }
  }

  func testAnErrorOfAConditionIsThrownAsItIs() throws {
    struct Refusal: Error {}
    for (_, store) in try stores(mixed) {
      let filter = ResultFilter(where: { _ in throw Refusal() })
      XCTAssertThrowsError(try store.contents().filtered(filter)) { XCTAssertTrue($0 is Refusal) }
      XCTAssertThrowsError(try store.contents(filter)) { XCTAssertTrue($0 is Refusal) }
      let broken = ResultFilter(.domain(domain("x", 1).weighted(-1)))
      assertError(.invalidDefinition) { try store.contents().filtered(broken) }
      assertError(.invalidDefinition) { try store.contents(broken) }
    }
  }

  /// Every filter keeps what its definition says of every value, whether it is applied to results, or
  /// when they are read, from memory or from a folder; and leaves the results as they were.
  func testAllFiltersOverBothStores() throws {
    var texts: [String: Set<String>] = [:]
    for (name, store) in try stores(mixed) {
      let results = try store.contents()
      let before = everything(results)
      for (what, filter) in filters {
        let filtered = try results.filtered(filter)
        let text = everything(filtered)
        texts[what, default: []].insert(text)
        XCTAssertEqual(everything(try store.contents(filter)), text, "\(what) in \(name)")
        XCTAssertEqual(everything(try filtered.filtered(filter)), text, "\(what) twice")
        XCTAssertEqual(try results.ids(filter), filtered.experiments.map(\.id), what)
        XCTAssertEqual(everything(results), before, "\(what) in \(name)")
        try checkValues(of: filtered, in: results, filter, what)
        for (other, second) in filters {
          XCTAssertEqual(
            everything(try filtered.filtered(second)),
            everything(try results.filtered(second).filtered(filter)),
            "\(what), then \(other)"
          )
        }
      }
      XCTAssertEqual(everything(try store.contents()), before, name)
    }
    for (what, all) in texts { XCTAssertEqual(all.count, 1, "\(what) in memory and in a folder") }
  }

  private func checkValues(
    of filtered: ResearchResults,
    in results: ResearchResults,
    _ filter: ResultFilter,
    _ what: String
  ) throws {
    let passes = try filter.condition()
    for experiment in results.experiments {
      for variable in results.variables {
        let isWanted = try passes(experiment) && filter.names?.contains(variable) ?? true
        let expected = results.values(of: variable, in: experiment.id)
          .filter { isWanted && filter.iterations?.contains($0.iteration) ?? true }
        let found = filtered.values(of: variable, in: experiment.id)
        let text = "\(what): \(variable) of \(experiment.id)"
        XCTAssertEqual(found.map(\.iteration), expected.map(\.iteration), text)
        XCTAssertEqual(found.map(\.value), expected.map(\.value), text)
      }
    }
  }

  /// The last iteration that a running experiment saved may go on; one that a filter makes the last does
  /// not.
  func testAFilterDoesNotChangeHowIterationsEnded() throws {
    let options = TableOptions(includesAuxiliary: true)
    for (name, store) in try stores(mixed) {
      let results = try store.contents()
      XCTAssertEqual(
        try results.filtered(ids: ["d"]).table(options)["ended"],
        ["complete", "complete", "running"],
        name
      )
      for early in [
        try results.filtered(ids: ["d"], iterations: [0, 1]),
        try store.contents(ResultFilter(ids: ["d"], iterations: [0, 1])),
      ] {
        XCTAssertEqual(try early.table(options)["ended"], ["complete", "complete"], name)
      }
      let failed = try results.filtered(ids: ["c"], iterations: [1, 2]).table(options)
      XCTAssertEqual(try failed["ended"], ["complete", "failed"], name)
    }
  }

  func testValuesOfSomeIterations() throws {
    for (name, store) in try stores(fourExperiments) {
      let results = try store.contents()
      let values = results.values(of: "h", in: "c", iterations: [2, 0, 7])
      XCTAssertEqual(values.map(\.iteration), [0, 2], name)
      XCTAssertEqual(values.map(\.value), [20, 22], name)
      XCTAssertEqual(results.values(of: "h", in: "c", iterations: []).count, 0, name)
      XCTAssertEqual(results.values(of: "h", in: "c").count, 3, name)
    }
  }
}
