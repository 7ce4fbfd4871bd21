import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

private struct Halved: NamedExpression {
  func evaluate(in run: RunContext) throws -> Double { Double(run.iteration) / 2 }
}

final class ExpressionTests: RuntimeTestCase {
  private static let rate = Parameter<Double>("rate")

  /// Runs one config and gives what an expression is at iterations 0 and 1.
  private func values<Source: NamedExpression>(
    _ expression: Source
  ) async throws -> [Value?] where Source.Output: ValueConvertible {
    let results = try await Research("test", iterations: 2, seed: 1, parallel: .serial) {
      Domain("rate" <- [0.5], "width" <- [3], "group/size" <- [8], "names" <- [["x", "y"]])
      Unit("count") { run in run.iteration + 10 }
      Unit("table") { run in ["k": run.iteration] }
      Unit("list") { run in [run.iteration, 5] }
      Unit("late", when: .at(1)) { _ in 1.5 }
      Save("value", expression)
    }.run()
    XCTAssertEqual(results.experiments[0].failures.map(\.message), [])
    let saved = saved("value", results)
    return [saved[0], saved[1]]
  }

  private func assertValues<Source: NamedExpression>(
    _ expression: Source,
    _ expected: Value?...,
    file: StaticString = #filePath,
    line: UInt = #line
  ) async throws where Source.Output: ValueConvertible {
    let values = try await values(expression)
    XCTAssertEqual(values, expected, file: file, line: line)
  }

  func testParameters() async throws {
    try await assertValues(EC<Double>("rate"), 0.5, 0.5)
    try await assertValues(EC(Self.rate), 0.5, 0.5)
    try await assertValues(EC<Double>("width"), 3.0, 3.0)
    try await assertValues(EC<Int?>("width"), 3, 3)
    try await assertValues(EC<Int>("group/size"), 8, 8)
    try await assertValues(EC<[String: Int]>("group"), ["size": 8], ["size": 8])
    try await assertValues(EC<[String]>("names")[1], "y", "y")
    try await assertValues(EC<Int>("repetition"), 0, 0)
    try await assertValues(
      EC().map { $0.keys },
      ["rate", "width", "group/size", "names"],
      ["rate", "width", "group/size", "names"]
    )
    try await assertValues(
      EC(full: true).map { $0.keys.suffix(2).joined() },
      "repetitionupdates",
      "repetitionupdates"
    )
  }

  func testOutputs() async throws {
    try await assertValues(O<Int>("count"), 10, 11)
    try await assertValues(O<Double>("count"), 10.0, 11.0)
    try await assertValues(O<Double?>("late"), .some(.null), 1.5)
    try await assertValues(O("count", as: Int.self), 10, 11)
    try await assertValues(O<[String: Int]>("table")["k"], 0, 1)
    try await assertValues(O<[Int]>("list")[0] + O<[Int]>("list")[1], 5, 6)
  }

  func testTheRunningExperiment() async throws {
    try await assertValues(E().iteration, 0, 1)
    try await assertValues(E().isLast, false, true)
    try await assertValues(E("late").iteration, .some(.null), 1)
    try await assertValues(E("count").map { $0.output as? Int }, 10, 11)
    try await assertValues(E().id.count, 16, 16)
    try await assertValues(Constant(4), 4, 4)
    try await assertValues(Halved(), 0.0, 0.5)
    try await assertValues(Halved() + 1, 1.0, 1.5)
  }

  func testAlgebra() async throws {
    let count = O<Int>("count")
    let rate = EC(Self.rate)
    try await assertValues(count + 1, 11, 12)
    try await assertValues(100 - count, 90, 89)
    try await assertValues(count * count, 100, 121)
    try await assertValues(-count % 3, -1, -2)
    try await assertValues(count / 4, 2, 2)
    try await assertValues(rate / 2 - 1, -0.75, -0.75)
    try await assertValues(1 / rate, 2.0, 2.0)
    try await assertValues(count .== 11, false, true)
    try await assertValues(count .!= 11, true, false)
    try await assertValues(count .< 11, true, false)
    try await assertValues(count .>= EC<Int>("width"), true, true)
    try await assertValues(count.map { "v=\($0)" }, "v=10", "v=11")
  }

  func testAStaleOutputIsTheLastOne() async throws {
    let results = try await run(iterations: 6) {
      Unit("source", when: .at(1, 4)) { run in run.iteration }
      Save("value", O<Int?>("source"))
      Unit("now", saving: "now") { run in try run.currentOutput(of: "source", as: Int.self) }
      Save("at", E("source").iteration)
    }
    XCTAssertEqual(saved("value", results), [0: nil, 1: 1, 2: 1, 3: 1, 4: 4, 5: 4])
    XCTAssertEqual(saved("at", results), [0: nil, 1: 1, 2: 1, 3: 1, 4: 4, 5: 4])
    XCTAssertEqual(saved("now", results), [0: nil, 1: 1, 2: nil, 3: nil, 4: 4, 5: nil])
  }

  func testWhatIsNotThereFailsTheUnit() async throws {
    let results = try await run(iterations: 1) {
      Unit("list") { _ in [1, 2] }
      Unit("table") { _ in ["a": 1] }
      Unit("zero") { _ in 0 }
      Save("a", O<[Int]>("list")[2])
      Save("b", O<[String: Int]>("table")["b"])
      Save("c", 1 / O<Int>("zero"))
      Save("d", O<Int>("zero") % O<Int>("zero"))
    }
    let failures = results.experiments[0].failures
    XCTAssertEqual(failures.map(\.unit), ["save a", "save b", "save c", "save d"])
    XCTAssertEqual(
      failures.map(\.message),
      [
        "O(\"list\")[2]: no element 2 among 2",
        "O(\"table\")[\"b\"]: no key 'b' in the dictionary",
        "(1 / O(\"zero\")): 1 is divided by 0",
        "(O(\"zero\") % O(\"zero\")): 0 is divided by 0",
      ]
    )
  }

  func testTexts() {
    let x = EC<Double>("x")
    let texts: [(any NamedExpression, String)] = [
      (x, "EC(\"x\")"), (EC(Self.rate), "EC(\"rate\")"), (EC(), "EC()"), (O<Int>("f"), "O(\"f\")"),
      (E(), "E()"), (E("f"), "E(\"f\")"), (EP(), "EP()"), (S(), "S()"),
      (Constant(5), "Constant(5)"), (Halved(), "Halved"),
      (Instance("model") { _ in 1 }, "model"),
      (x + 1, "(EC(\"x\") + 1.0)"), (1 - x, "(1.0 - EC(\"x\"))"),
      (-x * x, "(-EC(\"x\") * EC(\"x\"))"),
      (O<Int>("f") % 2, "(O(\"f\") % 2)"), (1 / x, "(1.0 / EC(\"x\"))"),
      (x .== 1, "(EC(\"x\") .== 1.0)"), (x .!= x, "(EC(\"x\") .!= EC(\"x\"))"),
      (x .>= 2, "(EC(\"x\") .>= 2.0)"),
      (O<[[Int]]>("f")[0][1], "O(\"f\")[0][1]"), (O<[String: Int]>("f")["k"], "O(\"f\")[\"k\"]"),
      (E("f").iteration, "E(\"f\").iteration"), (O<[Int]>("f").count, "O(\"f\").…"),
      (x.map { $0 }.all, "EC(\"x\").map { … }.all"),
      (
        x.combined(with: O<Int>("f")) { $0 + Double($1) },
        "EC(\"x\").combined(with: O(\"f\")) { … }"
      ),
      (ListOf(x, ListOf<Double>()[0]), "ListOf(EC(\"x\"), ListOf()[0])"),
      (DictionaryOf(["a": x]), "DictionaryOf([\"a\": EC(\"x\")])"),
      (DictionaryOf<Int>([:]), "DictionaryOf([:])"),
      (DerivedExpression { $0.id }, "DerivedExpression { … }"),
      (DerivedExpression("T()") { $0.id } .== "a", "(T() .== a)"),
    ]
    for (expression, text) in texts { XCTAssertEqual(expression.expressionText, text) }
  }

  func testListsAndDictionaries() async throws {
    let (rate, width) = (EC<Double>("rate"), EC<Double>("width"))
    try await assertValues(ListOf(rate, width, Constant(1)), [0.5, 3.0, 1.0], [0.5, 3.0, 1.0])
    try await assertValues(
      ListOf([ListOf(O<Int>("count")), ListOf()]),
      [[10], []],
      [[11], []]
    )
    try await assertValues(
      DictionaryOf(["a": O<Int>("count"), "b": E().iteration, "a": Constant(2)]),
      ["a": 2, "b": 0],
      ["a": 2, "b": 1]
    )
    XCTAssertEqual(ListOf(rate, width).dependencies.count, 2)
    XCTAssertEqual(DictionaryOf(["a": ListOf(rate), "b": ListOf(width)]).dependencies.count, 2)
  }

  /// A function in an expression fails its unit with the expression's text; what ends an experiment in
  /// good order still does.
  func testErrorsOfFunctionsInExpressions() async throws {
    let results = try await run(iterations: 2) {
      Save("a", E().map { (_: RunContext) -> Int in throw TestError("too many") })
    }
    let failure = try XCTUnwrap(results.failures.first?.failure)
    XCTAssertEqual(failure.message, "E().map { … } cannot be evaluated (too many)")
    let stopped = try await run(iterations: 5) {
      Save(
        "a",
        E().map { (run: RunContext) -> Int in
          if run.iteration == 2 { try run.stop() }
          return run.iteration
        }
      )
    }
    XCTAssertEqual(stopped.experiments[0].ending, .stopped)
    XCTAssertEqual(saved("a", stopped), [0: 0, 1: 1])
    await assertThrows(.cannotEvaluate, "E().map { … }", "too many") {
      try await Research("debug") {
        Save("a", E().map { (_: RunContext) -> Int in throw TestError("too many") })
      }.run(debug: true)
    }
  }

  func testStorageSavesUnderNamesOfItsOwn() async throws {
    @Sendable func store(_ storage: ExperimentStorage, _ iteration: Int) {
      storage.save("even \(iteration % 2 == 0)", iteration)
      storage.save("even \(iteration % 2 == 0)", iteration + 100)
    }
    let results = try await run(iterations: 3) { Unit("u", store, S(), E().iteration) }
    XCTAssertEqual(saved("even true", results), [0: 100, 2: 102])
    XCTAssertEqual(saved("even false", results), [1: 101])
  }

  func testTheFolderOfAnExperiment() async throws {
    @Sendable func write(_ path: String, _ value: Int) throws {
      try "\(value)".write(toFile: path + "/value.txt", atomically: true, encoding: .utf8)
    }
    let folder = ResearchFolder(directory: directory, name: "test")
    let store = try DatabaseStore.open(folder)
    let research = Research("test") {
      Domain("x" <- [1, 2])
      Unit("write", write, EP(), EC("x"))
    }
    let results = try await research.run(store: store)
    try store.close()
    for (experiment, text) in zip(results.experiments, ["1", "2"]) {
      let path = folder.experimentPath(experiment.id) + "/value.txt"
      XCTAssertEqual(try String(contentsOfFile: path, encoding: .utf8), text)
    }
    let memory = try await research.run()
    XCTAssertEqual(memory.experiments.map(\.state), [.failed, .failed])
  }

  func testResultsWhileRunning() async throws {
    @Sendable func count(_ results: ResearchResults) -> Int { results.experiments.count }
    let results = try await run { Unit("u", saving: "u", count, R()) }
    XCTAssertEqual(results.experiments[0].failures, [])
    XCTAssertNotNil(saved("u", results)[0])
  }

  /// What a unit that failed has not given is missed by others, which is no failure of theirs.
  func testAMissingOutputOfAFailedUnitIsNoSecondFailure() async throws {
    let results = try await run {
      Unit("train") { _ -> Int in throw TestError("diverged") }
      Unit("half", { $0 / 2 }, O<Int>("train"))
      Save("loss", O<Int>("half"))
    }
    XCTAssertEqual(results.experiments[0].failures.map(\.unit), ["train"])
    XCTAssertEqual(results.experiments[0].state, .failed)
  }
}
