import Fieldwork
import FieldworkTesting
import XCTest

/// The forms of docs/language.md make what it says. `DocumentedExamplesTests` compares both.
final class LanguageDocumentTests: XCTestCase {
  private func assertShown(
    _ domain: Domain,
    _ expected: String,
    file: StaticString = #filePath,
    line: UInt = #line
  ) {
    do {
      let shown = try domain.configs().map(\.description).joined(separator: " ")
      XCTAssertEqual(shown, expected, file: file, line: line)
    } catch {
      XCTFail("\(error)", file: file, line: line)
    }
  }

  func testParametersAndValues() throws {
    let relu: @Sendable (Double) -> Double = { max($0, 0) }
    let tanh: @Sendable (Double) -> Double = { $0 }
    assertShown(Domain("a" <- [1, 2]), "{a: 1} {a: 2}")
    assertShown(Domain("k" <- 1...3), "{k: 1} {k: 2} {k: 3}")
    assertShown(
      Domain("t" <- stride(from: 0, through: 1, by: 0.5)),
      "{t: 0.0} {t: 0.5} {t: 1.0}"
    )
    assertShown(
      Domain("m" <- [1, "z", 2.5, nil, true]),
      "{m: 1} {m: z} {m: 2.5} {m: null} {m: true}"
    )
    assertShown(Domain("s" <- [[10], [100, 10]]), "{s: [10]} {s: [100, 10]}")
    assertShown(
      Domain("p" <- .linSpaced(0...1, count: 3)),
      "{p: 0.0} {p: 0.5} {p: 1.0}"
    )
    assertShown(
      Domain("lr" <- .logSpaced(0.01...1, count: 3)),
      "{lr: 0.01} {lr: 0.1} {lr: 1.0}"
    )
    assertShown(
      Domain("f" <- [Alias("relu", relu), Alias("tanh", tanh)]),
      "{f: relu} {f: tanh}"
    )
    assertShown(Domain(Alias("l", "layout") <- ["f"]), "{l: f}")
    XCTAssertEqual(try Domain(Alias("l", "layout") <- ["f"])[0]["layout", as: String.self], "f")
    assertShown(
      Domain("a" <- [1, 2], "b" <- ["x", "y"]),
      "{a: 1, b: x} {a: 1, b: y} {a: 2, b: x} {a: 2, b: y}"
    )
    assertShown(Domain("a/b" <- [1]), "{a/b: 1}")
    XCTAssertEqual(try Domain("a/b" <- [1])[0]["a", as: [String: Int].self], ["b": 1])
    assertShown(Domain(["a": [1, 2], "b": ["x"]]), "{a: 1, b: x} {a: 2, b: x}")
    assertShown(Domain(), "")
    assertShown(Domain("lr" <- [1, 0.1]), "{lr: 1.0} {lr: 0.1}")
  }

  func testOperatorsAndTheirTwins() throws {
    let (a, b) = (Domain("a" <- [1, 2]), Domain("b" <- [3, 4]))
    assertShown(Domain("a" <- [1, 2]) + Domain("b" <- [3]), "{a: 1} {a: 2} {b: 3}")
    XCTAssertEqual(a + b, a.concatenated(with: b))
    assertShown(
      Domain("a" <- [1, 2]) * Domain("b" <- [3, 4]),
      "{a: 1, b: 3} {a: 1, b: 4} {a: 2, b: 3} {a: 2, b: 4}"
    )
    XCTAssertEqual(a * b, a.product(b))
    assertShown(Domain("a" <- [1, 2]) .* Domain("b" <- [3, 4]), "{a: 1, b: 3} {a: 2, b: 4}")
    XCTAssertEqual(a .* b, a.zipped(with: b))
    let weighted = 0.3 * Domain("a" <- [1]) + 0.7 * Domain("a" <- [2])
    XCTAssertEqual(weighted.weights, [0.3, 0.7])
    XCTAssertEqual(Set(try weighted.configs()), [["a": 1], ["a": 2]])
    XCTAssertEqual(0.3 * a, a.weighted(0.3))
    XCTAssertEqual(a * 3, 3 * a)
    let c = Domain("c" <- [5, 6])
    XCTAssertEqual((a + b) * c, a * c + b * c)
    XCTAssertEqual(a * (b + c), a * b + a * c)
    assertShown(a * Domain("a" <- [9]), "{a: 9} {a: 9}")
  }

  private func assertSameDraws(
    _ sampler: Sampler<Double>,
    _ twin: Sampler<Double>,
    line: UInt = #line
  ) throws {
    XCTAssertEqual(try sampler.draws(5, seed: 3), try twin.draws(5, seed: 3), line: line)
  }

  func testOperatorsOfConfigsSchedulesAndSamplers() throws {
    let config: Config = ["a": 1, "b": 2]
    XCTAssertEqual(config + ["a": 3], config.merging(["a": 3]))
    XCTAssertEqual("\(config + ["a": 3])", "{a: 3, b: 2}")
    XCTAssertEqual(.every(2) | .last, When.every(2).union(.last))
    let uniform = Sampler<Double>.uniform(0...1)
    let normal = Sampler<Double>.normal()
    try assertSameDraws(.uniform(0...1) + .normal(), uniform.adding(normal))
    try assertSameDraws(1 + .normal(), normal.adding(1))
    try assertSameDraws(.uniform(0...1) - 0.5, uniform.subtracting(0.5))
    try assertSameDraws(2 * .normal(), normal.multiplied(by: 2))
    try assertSameDraws(.normal() / 2, normal.divided(by: 2))
    try assertSameDraws(-.exponential(rate: 1), 0 - Sampler.exponential(rate: 1))
  }

  func testMoreOfDomains() throws {
    let size = Parameter<Int>("size")
    let depth = Parameter<Int>("depth")
    let domain = Domain(size <- [8, 16, 32]) * Domain(depth <- [1, 2, 4])
    XCTAssertCount(domain.where { try $0[size] * $0[depth] <= 64 }, 8)
    assertShown(
      Domain("optimizer" <- ["sgd", "adam"])
        .given("optimizer", "sgd", Domain("momentum" <- [0.9, 0.99])),
      "{optimizer: sgd, momentum: 0.9} {optimizer: sgd, momentum: 0.99} {optimizer: adam}"
    )
    XCTAssertEqual(domain[4], ["size": 16, "depth": 2])
    XCTAssertEqual(Array(domain), try domain.configs())
    XCTAssertTrue(try Domain("a" <- [1]).contains(["a": 1]))
    XCTAssertEqual(try Domain("a" <- [1, 2, 1]).duplicates(), [["a": 1]])
    XCTAssertEqual("\(domain)", "Domain(\"size\" <- [8, 16, 32]) * Domain(\"depth\" <- [1, 2, 4])")
    XCTAssertConfigs(
      Domain("lr" <- [0.1, 0.2]).replacing("lr", with: [0.5]),
      [["lr": 0.5]]
    )
    XCTAssertEqual(try ("a" <- [1, 2]).items(), [["a": 1], ["a": 2]])
    XCTAssertEqual(try ("a" <- .uniform(0...1)).sample(3).count, 3)
  }

  func testSamplers() throws {
    let endless = Domain("lr" <- .logUniform(1e-4...1e-1), "layers" <- .integers(1...5))
    XCTAssertCount(endless, nil)
    XCTAssertEqual(try endless.configs(limit: 4).count, 4)
    XCTAssertCount(Domain("width" <- [16, 32]) * Domain("lr" <- .logUniform(1e-4...1e-1)), 2)
    let sum = 2 * .normal() + 1 - .uniform(0...1) / 2
    XCTAssertEqual(try sum.draws(5, seed: 3), try sum.draws(5, seed: 3))
    let own = Sampler<Double>("triangular") { $0.nextUnit() + $0.nextUnit() }
    XCTAssertTrue(try own.draws(100).allSatisfy { (0...2).contains($0) })
    XCTAssertTrue(
      try Sampler<Double>.normal().truncated(to: 0...1).draws(100).allSatisfy {
        (0...1).contains($0)
      }
    )
  }

  /// Checks the value of an expression in an experiment with the config {n: 7, x: 0.5, list: [1, 2, 3]}.
  private func assertValue<Output>(
    _ expression: some NamedExpression<Output>,
    _ expected: String,
    line: UInt = #line
  ) async throws {
    let results = try await Research("expression", seed: 1) {
      Domain("n" <- [7], "x" <- [0.5], "list" <- [[1, 2, 3]])
      Save("value", expression)
    }.run(debug: true)
    let value = try XCTUnwrap(results.lastValues(of: "value").first ?? nil, line: line)
    XCTAssertEqual("\(value)", expected, line: line)
  }

  func testAlgebraOfNamedExpressions() async throws {
    try await assertValue(EC<Int>("n") + 1, "8")
    try await assertValue(EC<Int>("n") - 1, "6")
    try await assertValue(2 * EC<Int>("n"), "14")
    try await assertValue(EC<Double>("x") / 2, "0.25")
    try await assertValue(EC<Int>("n") / 2, "3")
    try await assertValue(EC<Int>("n") % 2, "1")
    try await assertValue(-EC<Int>("n"), "-7")
    try await assertValue(EC<Int>("n") .== 7, "true")
    try await assertValue(EC<Int>("n") .!= 7, "false")
    try await assertValue(EC<Int>("n") .< 8, "true")
    try await assertValue(EC<Int>("n") .<= 6, "false")
    try await assertValue(EC<Int>("n") .> 6, "true")
    try await assertValue(EC<Int>("n") .>= 8, "false")
    try await assertValue(EC<[Int]>("list")[1], "2")
    try await assertValue(EC<[Int]>("list").count, "3")
    try await assertValue(EC<Int>("n").map { "\($0)!" }, "7!")
    try await assertValue(
      EC<Int>("n").combined(with: EC<Double>("x")) { Double($0) * $1 },
      "3.5"
    )
  }

  func testNamedExpressions() async throws {
    struct Temperature: NamedExpression {
      func evaluate(in run: RunContext) throws -> Double { 1 / Double(run.iteration + 1) }
    }
    let results = try await Research("expressions", iterations: 2, seed: 1) {
      Domain("x" <- [10], "n" <- [7])
      Unit("pair") { [1.5, 2.5] }
      Save("product", 2 * O<[Double]>("pair")[1])
      Save("sum", EC<Int>("x") + EC<Int>("n"))
      Save("step", E().iteration)
      Save("unit", E("pair").iteration.map { $0 ?? -1 })
      Save("temperature", Temperature())
      Save("config", EC().map(\.description))
      Save("constant", Constant(5))
      Save("list", ListOf(EC<Int>("x"), EC<Int>("n") + 1))
      Save("dictionary", DictionaryOf(["a": EC<Int>("x")]))
      Save("all", O<[Double]>("pair").all.count)
      Unit("storage", { (storage: ExperimentStorage) in storage.save("own", 3) }, S())
    }.run()
    let row = results.table().row(1)
    let expected: [String: Value] = [
      "product": 5.0, "sum": 17, "step": 1, "unit": 1, "temperature": 0.5,
      "config": "{x: 10, n: 7}", "constant": 5, "list": [10, 8], "dictionary": ["a": 10],
      "all": 1, "own": 3,
    ]
    for (name, value) in expected { XCTAssertEqual(row[name], value, name) }
  }

  func testResults() async throws {
    let research = Research("results", repetitions: 2, iterations: 10, seed: 1) {
      Domain("lr" <- [0.01, 0.5])
      Unit("loss", saving: "loss") { run in
        try run["lr", as: Double.self] * Double(run.iteration + 1)
      }
    }
    let results = try await research.run()
    let table = results.table()
    XCTAssertEqual(try table["loss", as: Double.self].prefix(3), [0.01, 0.02, 0.03])
    let filtered =
      try table.filter(Condition("lr < 0.1 and iteration == 9")).sorted(by: "loss")
    XCTAssertEqual(filtered.count, 2)
    let grouped =
      try table.lastValues().grouped(by: ["lr"]).aggregate([.mean, .std, .count])
    XCTAssertEqual(grouped.columnNames, ["lr", "loss_mean", "loss_std", "count"])
    XCTAssertEqual(grouped.row(1), ["lr": 0.5, "loss_mean": 5.0, "loss_std": 0.0, "count": 2])
    XCTAssertTrue(table.formatted(.csv).hasPrefix("id,lr,repetition,iteration,loss\n"))
    XCTAssertEqual(results.failuresTable().count, 0)
  }
}

/// Functions as values of parameters, which go to functions as arguments.
final class FunctionValueTests: XCTestCase {
  func testFunctionsAreArguments() async throws {
    typealias Function = @Sendable (Double) -> Double
    @Sendable func apply(_ function: @escaping Function) -> Double { function(2) }
    @Sendable func applyAt(_ function: Function, _ x: Double) -> Double { function(x) }
    @Sendable func applyTwice(_ function: Function, _ x: Double, _ y: Int) -> Double {
      function(function(x)) + Double(y)
    }
    let parameter = Parameter<Function>("f")
    let values: [Alias<Function>] = [Alias("double") { 2 * $0 }, Alias("square") { $0 * $0 }]
    let results = try await Research("functions", seed: 1) {
      Domain(parameter <- values) * Domain("x" <- [3.0])
      let held = Instance("held", { (function: @escaping Function) in [function] }, EC(parameter))
      held
      Unit("one", saving: "one", apply, EC("f"))
      Unit("two", saving: "two", applyAt, EC(parameter), EC("x"))
      Unit("three", saving: "three", applyTwice, EC("f"), EC("x"), Constant(1))
      Unit("instance", saving: "held", on: held) { held, _ in held[0](5) }
    }.run()
    let table = results.table()
    XCTAssertEqual(try table["f"], ["double", "square"])
    XCTAssertEqual(try table["one"], [4.0, 4.0])
    XCTAssertEqual(try table["two"], [6.0, 9.0])
    XCTAssertEqual(try table["three"], [13.0, 82.0])
    XCTAssertEqual(try table["held"], [10.0, 25.0])
  }
}
