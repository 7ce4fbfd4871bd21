import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

/// No annotations, as in a user's file.
private final class Model {
  var weight = 0.0

  func train(_ batch: [Int], rate: Double) -> Double {
    weight += rate * Double(batch.reduce(0, +))
    return weight
  }
}

final class PipelineUnitTests: XCTestCase {
  private let batches = Pipeline(over: 0..<10).batched(2)
    .accumulating("var", from: 0, EC("x")) { total, batch, x in total += batch.reduce(0, +) * x }

  /// The values saved under a name, by experiment, then by iteration.
  private func saved(_ name: String, _ results: ResearchResults) -> [[Int: Value]] {
    results.experiments.map { experiment in
      Dictionary(
        results.values(of: name, in: experiment.id).map { ($0.iteration, $0.value) },
        uniquingKeysWith: { _, last in last }
      )
    }
  }

  private func assertNoFailures(
    _ results: ResearchResults,
    file: StaticString = #filePath,
    line: UInt = #line
  ) {
    for failure in results.experiments.flatMap(\.failures) {
      XCTFail("\(failure.unit): \(failure.message)", file: file, line: line)
    }
  }

  func testAnElementAtEachIteration() async throws {
    let results = try await Research("elements", parallel: .serial) {
      Domain("x" <- [10, 20])
      Generator("batch", variables: ["var"], batches)
      Save("first", O<[Int]>("batch")[0])
    }.run()
    assertNoFailures(results)
    XCTAssertEqual(
      saved("var", results),
      [
        [0: 10, 1: 60, 2: 150, 3: 280, 4: 450],
        [0: 20, 1: 120, 2: 300, 3: 560, 4: 900],
      ]
    )
    XCTAssertEqual(results.experiments.map(\.ending), [.stopped, .stopped])
    XCTAssertEqual(results.experiments.map(\.iterations), [6, 6])
    XCTAssertEqual(saved("first", results)[0][4], 8)
  }

  func testAWholePassAtEachIteration() async throws {
    let results = try await Research("runs", iterations: 3, parallel: .serial) {
      Domain("x" <- [10])
      Unit("epoch", saving: "batches", variables: ["var"], running: batches)
    }.run()
    assertNoFailures(results)
    XCTAssertEqual(saved("var", results), [[0: 450, 1: 900, 2: 1350]])
    XCTAssertEqual(saved("batches", results), [[0: 5, 1: 5, 2: 5]])
  }

  func testSchedules() async throws {
    let results = try await Research("schedules", iterations: 6, parallel: .serial) {
      Domain("x" <- [10])
      Generator("batch", when: .every(2), saving: "batch", variables: ["var"], batches)
    }.run()
    assertNoFailures(results)
    XCTAssertEqual(saved("var", results), [[1: 10, 3: 60, 5: 150]])
    XCTAssertEqual(saved("batch", results), [[1: [0, 1], 3: [2, 3], 5: [4, 5]]])
  }

  func testAPipelineOfWhatAnotherUnitMade() async throws {
    let results = try await Research("branch", parallel: .serial) {
      Domain("rate" <- [1.0, 0.5])
      Generator("batches", Pipeline(over: 0..<6).batched(2))
      let model = Instance("model") { _ in Model() }
      model
      Unit(
        "train",
        variables: ["weights"],
        running: Pipeline(each: O<[Int]>("batches"))
          .map(on: model, EC("rate")) { batch, model, rate in model.train(batch, rate: rate) }
          .accumulating("weights", from: [Double]()) { $0.append($1) }
      )
    }.run()
    assertNoFailures(results)
    let last = saved("weights", results).map { $0.max { $0.key < $1.key }?.value }
    XCTAssertEqual(last, [[1.0, 6.0, 15.0], [0.5, 3.0, 7.5]], "no batch counts twice at the end")
  }

  func testAPipelineAsAnInstance() async throws {
    let batches = batches
    let results = try await Research("instance", iterations: 6, parallel: .serial) {
      Domain("x" <- [10])
      let p = Instance("pipeline") { run in try batches.open(in: run) }
      p
      Unit("next", saving: "batch", on: p, PipelineRun.next)
      Save("var", p.variable("var", as: Int.self))
      Save("given", p.count)
      Unit("again", when: .every(2), on: p, PipelineRun.reset)
      Unit("rest", when: .last, saving: "rest", on: p, PipelineRun.runToEnd)
    }.run()
    assertNoFailures(results)
    XCTAssertEqual(saved("var", results), [[0: 10, 1: 60, 2: 10, 3: 60, 4: 10, 5: 60]])
    XCTAssertEqual(saved("given", results), [[0: 1, 1: 2, 2: 1, 3: 2, 4: 1, 5: 2]])
    XCTAssertEqual(saved("batch", results)[0][3], [2, 3])
    XCTAssertEqual(saved("rest", results), [[5: 5]])
  }

  func testAMetric() async throws {
    let results = try await Research("metric", parallel: .serial) {
      let losses = Pipeline(over: [1.0, 2.0, 6.0])
        .accumulating("losses", from: [Double]()) { $0.append($1) }
      let p = Instance("pipeline", opening: losses)
      p
      Unit("epoch", on: p, PipelineRun.runToEnd)
      Save("loss", p.mean(of: "losses"))
    }.run()
    assertNoFailures(results)
    XCTAssertEqual(saved("loss", results), [[0: 3.0]])
  }

  func testOrdersDependOnTheSeedAndTheConfigAlone() async throws {
    func orders(workers: Int, prefetching depth: Int) async throws -> [[Int: Value]] {
      let shuffled = Pipeline(over: 0..<8).shuffled().repeated()
      let source = depth > 0 ? shuffled.prefetched(depth) : shuffled
      let results = try await Research(
        "orders",
        repetitions: 3,
        iterations: 20,
        seed: 7,
        workers: .count(workers)
      ) {
        Domain("x" <- [1, 2])
        Unit("other") { run in run.random.next() }
        Generator("number", saving: "number", source)
        Generator("other number", saving: "other", source)
      }.run()
      assertNoFailures(results)
      return saved("number", results) + saved("other", results)
    }
    let expected = try await orders(workers: 1, prefetching: 0)
    XCTAssertEqual(Set(expected).count, 12, "each experiment and generator has its own order")
    for (workers, depth) in [(2, 0), (1, 3), (3, 2)] {
      let found = try await orders(workers: workers, prefetching: depth)
      XCTAssertEqual(found, expected)
    }
  }

  func testAnErrorOfAStageIsAFailureOfItsUnit() async throws {
    struct Unreadable: Error {}
    let broken = Pipeline(over: 0..<4).map { number in
      if number == 2 { throw Unreadable() }
      return number
    }
    for pipeline in [broken, broken.prefetched(3)] {
      let results = try await Research("broken", parallel: .serial) {
        Generator("number", saving: "number", pipeline)
      }.run()
      XCTAssertEqual(saved("number", results), [[0: 0, 1: 1]])
      XCTAssertEqual(results.experiments[0].failures.map(\.unit), ["number"])
      XCTAssertEqual(results.experiments[0].failures.map(\.iteration), [2])
      XCTAssertEqual(results.experiments[0].failures.map(\.kind), ["Unreadable"])
    }
  }

  func testWhatAPipelineReadsIsCheckedBefore() {
    let research = Research("unread") {
      Domain("y" <- [1])
      Generator("batch", batches)
    }
    let instance = Research("unread instance") {
      Domain("y" <- [1])
      Instance("batch", opening: batches)
    }
    for research in [research, instance] {
      XCTAssertEqual(
        research.preflight().map(\.message),
        [
          "unit 'batch' reads the parameter 'x', which the domain does not have",
          "nothing reads the parameter 'y'",
        ]
      )
    }
  }

  func testAnUnknownVariableIsTold() throws {
    let research = Research("variables") {
      Domain("x" <- [10])
      Generator("batch", variables: ["vra"], batches)
    }
    let problem = try XCTUnwrap(research.preflight().first)
    XCTAssertEqual(
      problem.message,
      "unit 'batch' saves the variable 'vra', which its pipeline does not have"
    )
    XCTAssertEqual(problem.remedy, "it has var")
    XCTAssertEqual(problem.place?.line, #line - 8)
  }

  func testAnEndlessPassIsTold() {
    let research = Research("endless") { Unit("epoch", running: Pipeline(over: 0..<3).repeated()) }
    XCTAssertEqual(
      research.preflight().map(\.message),
      ["unit 'epoch' runs a pipeline without end"]
    )
  }

  func testStagesAreCheckedBefore() {
    let wrong = Pipeline(over: 0..<3).batched(0)
    let research = Research("stages") {
      Generator("a", wrong)
      Generator("b", wrong)
      Instance("c", opening: wrong)
    }
    XCTAssertEqual(research.preflight().map(\.message), ["a batch has 0 elements"])
  }

  func testNamesOfVariablesAreKnown() async throws {
    let research = Research("names", iterations: 2, objective: .minimize("var"), parallel: .serial)
    {
      Domain("x" <- [10])
      Generator("batch", saving: "batch", variables: ["var"], batches)
    }
    XCTAssertEqual(research.preflight(), [], "the objective is saved")
    XCTAssertEqual(research.units[0].description, "generator 'batch', .every(1), saving batch, var")
    let results = try await research.run()
    XCTAssertEqual(results.variables, ["batch", "var"])
    let clash = Research("clash") {
      Domain("x" <- [10], "var" <- [1])
      Generator("batch", variables: ["var"], batches)
    }
    XCTAssertEqual(
      clash.preflight().map(\.message),
      [
        "unit 'batch' saves 'var', which is the name of a parameter",
        "nothing reads the parameter 'var'",
      ]
    )
  }
}
