import Fieldwork
import FieldworkTesting
import XCTest

private func load() -> Int { 3 }
private func regularised(_ lambda: Double?) -> Double { lambda ?? -1 }
private func weighted(_ lambda: Double?, _ factor: Int) -> Double {
  (lambda ?? -1) * Double(factor)
}
@Sendable private func relu(_ x: Double) -> Double { max(x, 0) }
@Sendable private func checked(_ x: Double) throws -> Double { x }
private func apply(_ function: (Double) -> Double) -> Double { function(2) }
private func applyEscaping(_ function: @escaping (Double) -> Double, _ x: Int) -> Double {
  function(Double(x))
}

private struct Model: Sendable {
  var size = 4
  func width() -> Int { size }
  func times(_ factor: Int) -> Int { size * factor }
  func layers() -> [Int] { [1, 2, 3] }
}

/// The forms of units, and what named expressions of optional parameters and functions read.
final class UnitFormsTests: XCTestCase {
  private func values(_ name: String, _ research: Research) async throws -> [Value?] {
    try await research.run().table()[name]
  }

  func testFunctionsAndMethodsWithoutArguments() async throws {
    let model = Instance("model") { Model() }
    let research = Research("forms", iterations: 3) {
      model
      Unit("load", saving: "n", load)
      Unit("width", saving: "w", on: model, Model.width)
      Unit("times", saving: "t", on: model, Model.times, O("load"))
      Generator("layers", saving: "l", on: model, Model.layers)
    }
    let table = try await research.run().table()
    XCTAssertEqual(try table["n"], [3, 3, 3])
    XCTAssertEqual(try table["w"], [4, 4, 4])
    XCTAssertEqual(try table["t"], [12, 12, 12])
    XCTAssertEqual(try table["l"], [1, 2, 3])
  }

  func testDumpAddsAStepAfterTheUnit() throws {
    let research = Research("dump") {
      Unit("a", saving: ["x", "y"], dump: .every(2)) { _ in (1, 2) }
      Generator("b", saving: "z", dump: .last) { _ in [1] }
      Generator("c", saving: "w", dump: .every(3), Pipeline(over: [1]))
      Unit("d", dump: .every(4)) { _ in 1 }
    }
    XCTAssertEqual(
      research.units.map(\.description),
      [
        "function 'a', .every(1), saving x, y", "dump 'dump x, y', .every(2)",
        "generator 'b', .every(1), saving z", "dump 'dump z', .last",
        "generator 'c', .every(1), saving w", "dump 'dump w', .every(3)",
        "function 'd', .every(1)", "dump 'dump', .every(4)",
      ]
    )
  }

  func testSaveNeedsNoTypeWhereNothingElseDoes() async throws {
    let research = Research("save") {
      Domain("x" <- [1, "a", 2.5])
      Unit("pair") { run in (run.iteration, "b") }
      Save("y", EC("x"))
      Save(["i", "b"], O("pair"))
    }
    let table = try await research.run().table()
    XCTAssertEqual(try table["y"], [1, "a", 2.5])
    XCTAssertEqual(try table["b"], ["b", "b", "b"])
  }

  // MARK: Optional parameters

  private static let lambda = Parameter<Double>("lambda")
  private static let optional = Parameter<Double?>("lambda")
  private let some = Domain("kind" <- ["l2"]) * Domain(lambda <- [0.5]) + Domain("kind" <- ["none"])

  func testAHandleOfAPlainTypeServesAnOptionalArgument() async throws {
    let research = Research("optional") {
      some
      Unit("a", saving: "a", regularised, EC(Self.lambda))
      Unit("b", saving: "b", weighted, EC(Self.lambda), Constant(2))
      Unit("c", saving: "c", regularised, EC("lambda"))
      Unit("d", saving: "d", regularised, EC(Self.optional))
    }
    let table = try await research.run().table()
    XCTAssertEqual(try table["a"], [0.5, -1.0])
    XCTAssertEqual(try table["b"], [1.0, -2.0])
    XCTAssertEqual(try table["c"], [0.5, -1.0])
    XCTAssertEqual(try table["d"], [0.5, -1.0])
  }

  func testAContextGivesNilForAMissingParameterOfAnOptionalType() async throws {
    let research = Research("optional") {
      some
      Unit("a", saving: "a") { run in try run["lambda", as: Double?.self] ?? -1 }
      Unit("b", saving: "b") { run in try run[Self.optional] ?? -1 }
    }
    let table = try await research.run().table()
    XCTAssertEqual(try table["a"], [0.5, -1.0])
    XCTAssertEqual(try table["b"], [0.5, -1.0])
  }

  func testAnOptionalHandleListsMissingValues() async throws {
    let research = Research("optional") {
      Domain(Self.optional <- [0.5, nil])
      Unit("a", saving: "a", regularised, EC(Self.optional))
    }
    let found = try await values("a", research)
    XCTAssertEqual(found, [0.5, -1.0])
  }

  // MARK: Functions

  func testFunctionsAreReadWithAndWithoutSendable() async throws {
    let research = Research("functions") {
      Domain("f" <- [Alias("relu", relu)])
      Unit("a", saving: "a") { run in try run["f", as: ((Double) -> Double).self](3) }
      Unit("b", saving: "b") { run in try run["f", as: (@Sendable (Double) -> Double).self](3) }
      Unit("c", saving: "c") { run -> Double in
        let function: (Double) -> Double = try run["f"]
        return function(-1)
      }
      Unit("d", saving: "d", apply, EC("f"))
      Unit("e", saving: "e", applyEscaping, EC("f"), Constant(5))
    }
    let table = try await research.run(debug: true).table()
    XCTAssertEqual(try table["a"], [3.0])
    XCTAssertEqual(try table["b"], [3.0])
    XCTAssertEqual(try table["c"], [0.0])
    XCTAssertEqual(try table["d"], [2.0])
    XCTAssertEqual(try table["e"], [5.0])
  }

  func testFunctionsOfOtherTypesAreRefused() async throws {
    let config: Config = ["f": AnyAlias("relu", relu), "g": AnyAlias("checked", checked)]
    XCTAssertThrowsError(try config["f", as: ((Int) -> Double).self])
    XCTAssertThrowsError(try config["f", as: ((Double) -> Int).self])
    XCTAssertThrowsError(try config["g", as: ((Double) -> Double).self])
    XCTAssertEqual(try config["g", as: ((Double) throws -> Double).self](2), 2)
  }

  // MARK: What a run gives

  func testRepetitionRandomIsTheSameForAllConfigsOfARepetition() async throws {
    let research = Research("folds", repetitions: 2, seed: 1) {
      Domain("x" <- [1, 2, 3])
      Unit("f", saving: ["shared", "own"]) { run in
        (run.repetitionRandom.split("folds").shuffled(0..<20), run.random.shuffled(0..<20))
      }
    }
    let results = try await research.run()
    let table = results.table()
    XCTAssertEqual(Set(try table["shared"]).count, 2)
    XCTAssertEqual(Set(try table["own"]).count, 6)
    for repetition in [0, 1] {
      let positions = results.experiments.indices.filter {
        results.experiments[$0].repetition == repetition
      }
      XCTAssertEqual(Set(positions.map { results.lastValues(of: "shared")[$0] }).count, 1)
    }
  }

  func testSavedGivesWhatTheExperimentHasSaved() async throws {
    let research = Research("saved", iterations: 4) {
      Domain("x" <- [1, 2])
      Unit("f", saving: "y") { run in try run["x", as: Int.self] * 10 + run.iteration }
      Unit("g", saving: "sum") { run in try run.saved("y", as: Int.self).reduce(0, +) }
      Unit("h", saving: "count") { run in
        run.save("twice", 1)
        run.save("twice", 2)
        return try run.saved("twice", as: Int.self)
      }
      Unit("i", saving: "none") { run in try run.saved("nothing").count }
    }
    let table = try await research.run(debug: true).table()
    XCTAssertEqual(try table["sum"], [10, 21, 33, 46, 20, 41, 63, 86])
    XCTAssertEqual(try table["count"].prefix(2), [[2], [2, 2]])
    XCTAssertEqual(Set(try table["none"]), [0])
  }

  func testSavedValuesOfAnotherTypeAreNamed() async throws {
    let research = Research("saved") {
      Unit("f", saving: "y") { _ in "text" }
      Unit("g", saving: "sum") { run in try run.saved("y", as: Int.self).count }
    }
    let results = try await research.run()
    XCTAssertEqual(
      results.failures.map(\.failure.message),
      ["'y' was saved as \"text\" at iteration 0, which is not a Int"]
    )
  }

  // MARK: Lists

  func testSpacedLists() {
    XCTAssertEqual(
      [Double].logSpaced(1e-3...1e3, count: 7),
      [0.001, 0.01, 0.1, 1, 10, 100, 1000]
    )
    XCTAssertEqual([Double].linSpaced(0...1, count: 11).map(\.description)[3], "0.3")
    XCTAssertEqual([Double].linSpaced(0...1, count: 3), [0, 0.5, 1])
    XCTAssertEqual([Double].linSpaced(2...5, count: 1), [2])
    XCTAssertEqual([Double].linSpaced(2...5, count: 0), [])
    XCTAssertEqual([Double].logSpaced(2...2, count: 2), [2, 2])
    XCTAssertCount(
      Domain("x" <- .linSpaced(0...1, count: 5), "y" <- .logSpaced(1...8, count: 4)),
      20
    )
  }
}
