import Fieldwork
import Foundation
import XCTest

/// Rows 174 to 186: named expressions.
final class AcceptanceExpressionTests: AcceptanceCase {
  /// Runs the units on the config x = 2, n = 7, net/width = 8, and gives what was saved under a name, by
  /// iteration.
  private func values(
    _ name: String = "v",
    iterations: Int = 1,
    @ResearchBuilder _ content: () -> [ResearchPart]
  ) async throws -> [Value?] {
    let results = try await Research("expressions", iterations: iterations, seed: 1) {
      Domain("x" <- [2], "n" <- [7], "net/width" <- [8])
      for part in content() { Line(parts: [part]) }
    }.run()
    XCTAssertEqual(results.failures.map(\.failure.message), [])
    return try column(name, results)
  }

  private struct Line: ResearchElement { let parts: [ResearchPart] }

  /// What an expression is in one iteration, after a unit `f` that gives [5, 6].
  private func value<Source: NamedExpression>(_ expression: Source) async throws -> Value?
  where Source.Output: ValueConvertible {
    try await values {
      Unit("f") { [5, 6] }
      Save("v", expression)
    }[0]
  }

  private final class Counter {
    var count = 0
    func add(_ number: Int) { count += number }
  }

  // MARK: The experiment, its units and its branches

  func testRow174_theExperiment() async throws {
    let results = try await Research("current", repetitions: 2, iterations: 2, seed: 1) {
      Domain("x" <- [1])
      Save("id of it", E().id)
      Save("step", E().iteration)
      Save("rep", E().repetition)
      Save("last", E().isLast)
      Save("research", E().name)
      Save("own x", E().map { try $0["x", as: Int.self] })
    }.run()
    let table = results.table()
    XCTAssertEqual(try table["id of it"], try table["id"])
    XCTAssertEqual(try table["step"], [0, 1, 0, 1])
    XCTAssertEqual(try table["rep"], [0, 0, 1, 1])
    XCTAssertEqual(try table["last"], [false, true, false, true])
    XCTAssertEqual(try table["research"].last, "current")
    XCTAssertEqual(try table["own x"], [1, 1, 1, 1])
  }

  /// An instance is best given by its handle, which has its type.
  func testRow175_aUnitOrAnInstance() async throws {
    let states = try await values(iterations: 3) {
      Unit("f", when: .every(2)) { run in run.iteration * 10 }
      Save("v", E("f").map { [$0.output as? Int, $0.iteration] })
    }
    XCTAssertEqual(states, [[nil, nil], [10, 1], [10, 1]])
    let counted = try await values {
      let counter = Instance("counter") { _ in Counter() }
      counter
      Unit("add", on: counter, Counter.add, EC("x"))
      Save("v", E("counter").map { ($0.output as? Counter)?.count })
      Save("handle", counter.count)
    }
    XCTAssertEqual(counted, [2])
    let research = Research("unknown") {
      Unit("f") { 1 }
      Save("v", E("g").iteration)
    }
    XCTAssertEqual(
      research.preflight().map(\.message),
      ["unit 'save v' reads the unit 'g', which the research does not have"]
    )
  }

  func testRow176_allBranches() async throws {
    let results = try await Research("branches", iterations: 2, seed: 1, branches: 3) {
      Domain("x" <- [1, 2, 3, 4])
      Unit("f") { run in try run["x", as: Int.self] * 10 + run.iteration }
      Save("experiments", E().all.map { try $0.map { try $0["x", as: Int.self] } })
      Save("units", E("f").all.map { $0.map { $0.output as? Int } })
      Save("configs", EC<Int>("x").all)
      Save("outputs", O<Int>("f").all)
      Save("first", EC<Int>("x").all[0])
    }.run()
    let last = try results.filtered(iterations: [1]).table()
    XCTAssertEqual(try last["experiments"], [[1, 2, 3], [1, 2, 3], [1, 2, 3], [4]])
    XCTAssertEqual(try last["configs"], [[1, 2, 3], [1, 2, 3], [1, 2, 3], [4]])
    XCTAssertEqual(try last["units"], [[11, 21, 31], [11, 21, 31], [11, 21, 31], [41]])
    XCTAssertEqual(try last["outputs"], [[11, 21, 31], [11, 21, 31], [11, 21, 31], [41]])
    XCTAssertEqual(try last["first"], [1, 1, 1, 4])
  }

  // MARK: The config

  func testRow177_aValueOfTheConfig() async throws {
    let x = Parameter<Int>("x")
    let found = try await [
      value(EC<Int>("x")), value(EC(x)), value(EC<Double>("x")), value(EC<Int>("net/width")),
      value(EC<[String: Int]>("net")["width"]), value(EC<Int?>("x")),
    ]
    XCTAssertEqual(found, [2, 2, 2.0, 8, 8, 2])
    let research = Research("missing") {
      Domain("x" <- [1])
      Unit("f", { (rate: Double) in rate }, EC("rate"))
    }
    XCTAssertEqual(
      research.preflight().map(\.message),
      [
        "unit 'f' reads the parameter 'rate', which the domain does not have",
        "nothing reads the parameter 'x'",
      ]
    )
  }

  func testRow178_theConfigWithoutWhatARunAdds() async throws {
    let found = try await value(EC().map(\.description))
    XCTAssertEqual(found, "{x: 2, n: 7, net/width: 8}")
  }

  func testRow179_theConfigWithWhatARunAdds() async throws {
    let found = try await value(EC(full: true).map(\.description))
    XCTAssertEqual(found, "{x: 2, n: 7, net/width: 8, repetition: 0, updates: 0}")
  }

  // MARK: Outputs, folder, storage, results

  func testRow180_theLastOutputOfAUnit() async throws {
    let found = try await values(iterations: 4) {
      Unit("f", when: .every(2)) { run in run.iteration }
      Save("v", O<Int?>("f"))
    }
    XCTAssertEqual(found, [.some(.null), 1, 1, 3])
    let research = Research("too early", iterations: 4) {
      Unit("f", when: .every(2)) { 1 }
      Save("v", O<Int>("f"))
      Save("w", O<Int>("g"))
    }
    XCTAssertEqual(
      research.preflight().map(\.message),
      [
        "unit 'save v' first runs at iteration 0 and reads the output of 'f', which has not run by then",
        "unit 'save w' reads the unit 'g', which the research does not have",
      ]
    )
  }

  func testRow181_theFolderOfTheExperiment() async throws {
    let research = Research("folders", seed: 1) {
      Domain("x" <- [1, 2])
      Save("path", EP())
    }
    let folder = try await runInFolder(research)
    let results = try ResearchResults.load(folder.path)
    let paths = results.experiments.map { Value.string(folder.experimentPath($0.id)) }
    XCTAssertEqual(try column("path", results), paths)
    for case .string(let path) in paths {
      XCTAssertTrue(FileManager.default.fileExists(atPath: path))
    }
    let memory = try await research.run()
    XCTAssertEqual(
      memory.failures.map(\.failure.message).first,
      "EP(): a research in memory has no folders for its experiments"
    )
  }

  func testRow182_theStorageOfTheExperiment() async throws {
    @Sendable func store(_ storage: ExperimentStorage, _ step: Int) {
      storage.save(step == 0 ? "first" : "later", step * 10)
    }
    let results = try await Research("storage", iterations: 3, seed: 1) {
      Unit("store", store, S(), E().iteration)
    }.run()
    let id = results.experiments[0].id
    XCTAssertEqual(results.values(of: "first", in: id).map(\.value), [0])
    XCTAssertEqual(results.values(of: "later", in: id).map(\.value), [10, 20])
  }

  func testRow183_resultsInDomainUpdates() async throws {
    @Sendable func around(_ results: ResearchResults, _ step: Int) -> Domain? {
      let xs = results.experiments.compactMap { try? $0.config["x", as: Int.self] }
      let ys = results.lastValues(of: "y").compactMap { $0?.number }
      guard xs.count == 3, let best = zip(ys, xs).min(by: { $0.0 < $1.0 })?.1 else { return nil }
      return Domain("x" <- [best - step, best + step])
    }
    let results = try await Research("search", seed: 1, workers: 2) {
      Domain("x" <- [0, 10, 20])
      UpdateDomain(when: .last, around, R(), Constant(2))
      Unit("f", saving: "y") { run in
        let x = try run["x", as: Int.self]
        return (x - 9) * (x - 9)
      }
    }.run()
    XCTAssertEqual(try column("x", results), [0, 10, 20, 8, 12])
    XCTAssertEqual(try column("y", results), [81, 1, 121, 1, 9])
  }

  // MARK: Algebra

  /// What has no operator here is a function in `map`.
  func testRow184_algebra() async throws {
    let (x, n, f) = (EC<Int>("x"), EC<Int>("n"), O<[Int]>("f"))
    let arithmetic = try await [
      value(x + 1), value(1 + x), value(x * x), value(10 - n), value(n - x), value(n / 2),
      value(20 / x), value(n % 4), value(-x), value(EC<Double>("n") / 2),
      value(1 / EC<Double>("x")),
    ]
    XCTAssertEqual(arithmetic, [3, 3, 4, 3, 5, 3, 10, 3, -2, 3.5, 0.5])
    let comparison = try await [
      value(x .== 2), value(x .!= 2), value(x .< n), value(x .<= 2), value(x .> n), value(n .>= 7),
    ]
    XCTAssertEqual(comparison, [true, false, true, true, false, true])
    let parts = try await [
      value(f[0]), value(f.count), value(EC<[String: Int]>("net")["width"]),
      value(f.map { $0[1...].first }), value(E().iteration),
    ]
    XCTAssertEqual(parts, [5, 2, 8, 6, 0])
    let calls = try await [
      value(f.map { $0.firstIndex(of: 6) }), value((x - 10).map { abs($0) }),
      value(x.map { "v=\($0)" }), value(x.map { String(format: "v=%03d", $0) }),
      value(x.combined(with: n) { $0 << $1 }),
    ]
    XCTAssertEqual(calls, [1, 8, "v=2", "v=002", 256])
  }

  /// A list and a dictionary of expressions are expressions, nested ones too.
  func testRow185_listsAndDictionaries() async throws {
    let (x, n) = (EC<Int>("x"), EC<Int>("n"))
    let found = try await [
      value(ListOf(x, n, O<[Int]>("f")[0], Constant(1))),
      value(ListOf(ListOf(x), ListOf(n, x + 1), ListOf())),
      value(DictionaryOf(["x": x, "sum": x + n])),
      value(DictionaryOf(["list": ListOf(x, n)])),
    ]
    XCTAssertEqual(
      found,
      [[2, 7, 5, 1], [[2], [7, 3], []], ["x": 2, "sum": 9], ["list": [2, 7]]]
    )
    @Sendable func sum(_ values: [Double]) -> Double { values.reduce(0, +) }
    let sums = try await values { Unit("sum", saving: "v", sum, ListOf(EC("x"), EC("n"))) }
    XCTAssertEqual(sums, [9.0])
    let research = Research("unknown") {
      Domain("x" <- [1])
      Save("v", DictionaryOf(["a": ListOf(x, O<Int>("g"))]))
    }
    XCTAssertEqual(
      research.preflight().map(\.message),
      ["unit 'save v' reads the unit 'g', which the research does not have"]
    )
  }

  func testRow186_anErrorNamesTheExpressionAndTheCause() async throws {
    struct Refusal: Error, CustomStringConvertible { let description = "too many" }
    let results = try await Research("errors", seed: 1) {
      Domain("x" <- [2], "zero" <- [0])
      Unit("f") { [5, 6] }
      Unit("table") { ["a": 1] }
      Save("a", O<[Int]>("f")[4] + 1)
      Save("b", O<[String: Int]>("table")["b"])
      Save("c", EC<Int>("x") % (EC<Int>("zero") * 2))
      Save("d", EC<Int>("x").map { (_: Int) -> Int in throw Refusal() })
      Save("e", ListOf(EC<Int>("x"), O<[Int]>("f").all[1][0]))
    }.run()
    XCTAssertEqual(
      results.failures.map { "\($0.failure.unit): \($0.failure.message)" },
      [
        "save a: O(\"f\")[4]: no element 4 among 2",
        "save b: O(\"table\")[\"b\"]: no key 'b' in the dictionary",
        "save c: (EC(\"x\") % (EC(\"zero\") * 2)): 2 is divided by 0",
        "save d: EC(\"x\").map { … } cannot be evaluated (too many)",
        "save e: O(\"f\").all[1]: no element 1 among 1",
      ]
    )
    XCTAssertTrue(results.failures.allSatisfy { $0.failure.place?.line ?? 0 > 0 })
  }
}
