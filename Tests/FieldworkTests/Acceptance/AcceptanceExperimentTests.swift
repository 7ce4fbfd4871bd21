import Fieldwork
import XCTest

/// Rows 130 to 140: what an experiment saves, hands on and keeps.
final class AcceptanceExperimentTests: AcceptanceRunCase {
  private enum Geometry {
    @Sendable static func area(_ width: Double, _ height: Double) -> Double { width * height }
  }

  /// Names are looked up by the compiler: whatever function is in scope can be a unit.
  func testRow130_anyFunctionIsAUnit() async throws {
    @Sendable func half(_ x: Double) -> Double { x / 2 }
    let results = try await Research("functions", seed: 1) {
      Domain("w" <- [4.0], "h" <- [9.0])
      Unit("area", saving: "area", Geometry.area, EC("w"), EC("h"))
      Unit("root", saving: "root", { (area: Double) in area.squareRoot() }, O("area"))
      Unit("half", saving: "half", half, O("root"))
      Unit("most", saving: "most", max, O<Double>("root"), O<Double>("half"))
    }.run()
    XCTAssertEqual(results.lastValues(of: "area"), [36.0])
    XCTAssertEqual(results.lastValues(of: "root"), [6.0])
    XCTAssertEqual(results.lastValues(of: "half"), [3.0])
    XCTAssertEqual(results.lastValues(of: "most"), [6.0])
  }

  func testRow131_aValueOfAnExpressionAtEachIteration() async throws {
    let results = try await Research("save", iterations: 3, seed: 1) {
      Domain("x" <- [5])
      Unit("f") { run in [run.iteration, run.iteration * 2] }
      Save("sum", O<[Int]>("f")[1] + EC<Int>("x"))
      Save(["a", nil], O<[Int]>("f"))
    }.run()
    XCTAssertEqual(saved("sum", results), [[0: 5, 1: 7, 2: 9]])
    XCTAssertEqual(saved("a", results), [[0: 0, 1: 1, 2: 2]])
  }

  func testRow132_onlyWhenScheduled() async throws {
    let results = try await Research("save", iterations: 5, seed: 1) {
      Save("step", E().iteration, when: .every(2) | .last)
    }.run()
    XCTAssertEqual(saved("step", results), [[1: 1, 3: 3, 4: 4]])
  }

  func testRow133_aDictionaryByItsKeys() async throws {
    let results = try await Research("keys", iterations: 2, seed: 1) {
      Unit("f", saving: .keys) { run in ["p": run.iteration, "q": run.iteration * 10] }
      Unit("g") { _ in ["r": "text"] }
      Save(.keys, O<[String: String]>("g"), when: .at(1))
    }.run()
    XCTAssertEqual(Set(results.variables), ["p", "q", "r"])
    XCTAssertEqual(saved("q", results), [[0: 0, 1: 10]])
    XCTAssertEqual(saved("r", results), [[1: "text"]])
  }

  /// What is saved is a plain value, made at that moment; so there is nothing to copy.
  func testRow134_whatIsSavedStaysAsItWas() async throws {
    final class Model { var weights: [Double] = [] }
    let results = try await Research("copies", iterations: 3, seed: 1) {
      let model = Instance("model") { _ in Model() }
      model
      Save("weights", model.weights)
      Unit("train", on: model) { model, run in model.weights.append(Double(run.iteration)) }
    }.run()
    XCTAssertEqual(saved("weights", results), [[0: [], 1: [0.0], 2: [0.0, 1.0]]])
  }

  // MARK: Handing on

  /// A store that notes what it is given: the iterations of each group of saved values.
  private final class Watched: ResultStore {
    let groups = Journal<[String]>()
    private let store: DatabaseStore

    init() throws { store = try .inMemory() }

    func write(_ records: [RunRecord]) throws {
      for case .saved(_, let values) in records where !values.isEmpty {
        groups.add(values.map { "\($0.name)\($0.iteration)" })
      }
      try store.write(records)
    }

    func contents() throws -> ResearchResults { try store.contents() }
    func states() throws -> [String: ExperimentState] { try store.states() }
    func notes() throws -> [String: Value] { try store.notes() }
    func directory(of experiment: String) throws -> String {
      try store.directory(of: experiment)
    }
  }

  func testRow135_handingOnMovesValuesToTheStore() async throws {
    let store = try Watched()
    let results = try await Research("dump", iterations: 5, seed: 1) {
      Save("v", E().iteration)
      Save("w", E().iteration, when: .last)
      Dump("v", when: .every(2))
      Dump("w", when: .every(1))
    }.run(store: store)
    XCTAssertEqual(results.failures.count, 0, "to hand on what is not there is no error")
    XCTAssertEqual(store.groups.entries, [["v0", "v1"], ["v2", "v3"], ["w4"], ["v4"]])
    XCTAssertEqual(saved("v", results), [[0: 0, 1: 1, 2: 2, 3: 3, 4: 4]])
    let whole = try Watched()
    _ = try await Research("dump", iterations: 3, seed: 1) {
      Save("v", E().iteration)
      Save("w", E().iteration)
      Dump(when: .at(1))
    }.run(store: whole)
    XCTAssertEqual(whole.groups.entries, [["v0", "w0", "v1", "w1"], ["v2", "w2"]])
  }

  func testRow136_theRestIsHandedOnAtTheEndAlsoAfterAFailure() async throws {
    for finalize in [true, false] {
      let store = try Watched()
      let results = try await Research("rest", iterations: 5, seed: 1, finalize: finalize) {
        Save("v", E().iteration)
        Unit("f") { run in if run.iteration == 3 { throw Mishap("as asked") } }
        Dump(when: .at(0))
      }.run(store: store)
      XCTAssertEqual(results.experiments.map(\.state), [.failed])
      XCTAssertEqual(store.groups.entries, [["v0"], ["v1", "v2", "v3"]])
      XCTAssertEqual(saved("v", results)[0].count, 4)
    }
  }

  // MARK: What is known of an experiment

  func testRow137_onlyFunctions() {
    let functions = Research("functions") {
      Unit("f") { _ in 1 }
      Save("f", O<Int>("f"))
      Dump()
    }
    XCTAssertTrue(functions.hasOnlyFunctions)
    let generator = Research("generator") {
      Unit("f") { _ in 1 }
      Generator("g") { _ in 1...2 }
    }
    XCTAssertFalse(generator.hasOnlyFunctions)
  }

  func testRow138_theValuesOfOneExperiment() async throws {
    let executor = Collecting("y")
    let results = try await Research("values", iterations: 3, seed: 1, executor: executor) {
      Domain("x" <- [1])
      Unit("f", saving: "y") { run in run.iteration * 10 }
    }.run()
    XCTAssertEqual(executor.held.entries, [0, 10, nil], "as long as it runs")
    let id = results.experiments[0].id
    XCTAssertEqual(results.values(of: "y", in: id).map(\.iteration), [0, 1, 2])
    XCTAssertEqual(results.values(of: "y", in: id, iterations: [1]).map(\.value), [10])
  }

  func testRow139_theProfileOfOneExperiment() async throws {
    let store = try DatabaseStore.inMemory()
    let results = try await Research("profile", iterations: 2, seed: 1, profile: .simple) {
      Domain("x" <- [1, 2])
      Unit("f") { _ in 1 }
      Unit("g", when: .last) { _ in 1 }
    }.run(store: store)
    let second = results.experiments[1].id
    let own = try store.profile().filter { $0.experiment == second }.map(\.timing)
    XCTAssertEqual(own.map { "\($0.unit)\($0.iteration)" }, ["f0", "f1", "g1"])
  }

  func testRow140_branchesHaveUnitsOfTheirOwn() async throws {
    let results = try await Research("own", iterations: 3, seed: 1, branches: 2) {
      Domain("step" <- [1, 10])
      let counter = Instance("counter") { run in Counter(step: try run["step"]) }
      counter
      Unit("count", saving: "n", on: counter, Counter.increment)
      Generator("each", saving: "each") { run in
        let step: Int = try run["step"]
        return stride(from: step, to: step * 9, by: step)
      }
    }.run()
    XCTAssertEqual(saved("n", results), [[0: 1, 1: 2, 2: 3], [0: 10, 1: 20, 2: 30]])
    XCTAssertEqual(saved("each", results), saved("n", results))
  }
}
