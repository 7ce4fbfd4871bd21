import Fieldwork
import XCTest

/// Rows 123 to 129, and 198: pipelines.
final class AcceptancePipelineTests: AcceptanceRunCase {
  /// Ten numbers in batches of two, whose sum times x is added up.
  private let batches = Pipeline(over: 0..<10).batched(2)
    .accumulating("var", from: 0, EC("x")) { total, batch, x in total += batch.reduce(0, +) * x }

  func testRow123_aBatchAtEachIteration() async throws {
    let results = try await Research("root", seed: 1) {
      Domain("x" <- [10])
      Generator("batch", saving: "batch", variables: ["var"], batches)
    }.run()
    XCTAssertEqual(saved("batch", results)[0][3], [6, 7])
    XCTAssertEqual(saved("var", results), [[0: 10, 1: 60, 2: 150, 3: 280, 4: 450]])
    XCTAssertEqual(results.experiments.map(\.iterations), [6], "the sixth finds the end")
  }

  func testRow124_aWholeRunAtEachIteration() async throws {
    let results = try await Research("run", iterations: 3, seed: 1) {
      Domain("x" <- [10])
      Unit("epoch", saving: "batches", variables: ["var"], running: batches)
    }.run()
    XCTAssertEqual(saved("var", results), [[0: 450, 1: 900, 2: 1350]])
    XCTAssertEqual(saved("batches", results), [[0: 5, 1: 5, 2: 5]])
  }

  func testRow125_branchesShareTheBatchesOfOneRoot() async throws {
    let made = Journal<[Int]>()
    let root = Pipeline(over: 0..<12).shuffled().batched(4).map { batch in
      made.add(batch)
      return batch
    }
    let results = try await Research("shared", seed: 1, branches: 3) {
      Domain("x" <- [1, 10, 100])
      Generator("root", root: true, root)
      Save("batch", O<[Int]>("root"), when: .at(0, 1, 2))
      Unit(
        "branch",
        variables: ["sum"],
        running: Pipeline(each: O<[Int]>("root"))
          .accumulating("sum", from: 0, EC("x")) { sum, batch, x in
            sum += batch.reduce(0, +) * x
          }
      )
    }.run()
    XCTAssertEqual(made.entries.count, 3, "each batch was made once")
    XCTAssertEqual(made.entries.joined().sorted(), Array(0..<12))
    for branch in saved("batch", results) {
      XCTAssertEqual([0, 1, 2].map { branch[$0] }, made.entries.map { .list($0.map(Value.int)) })
    }
    XCTAssertEqual(
      results.lastValues(of: "sum"),
      [66, 660, 6600],
      "the last batch does not count twice"
    )
  }

  func testRow126_variablesAreSavedUnderTheirNames() async throws {
    let counted = batches.accumulating("count", from: 0) { count, _ in count += 1 }
    let results = try await Research("variables", iterations: 2, seed: 1) {
      Domain("x" <- [1])
      Generator("batch", variables: ["var", "count"], counted)
    }.run()
    XCTAssertEqual(results.variables, ["var", "count"])
    XCTAssertEqual(saved("var", results), [[0: 1, 1: 6]])
    XCTAssertEqual(saved("count", results), [[0: 1, 1: 2]])
  }

  func testRow127_schedules() async throws {
    let executor = Collecting("var")
    let results = try await Research("schedules", iterations: 6, seed: 1, executor: executor) {
      Domain("x" <- [10])
      Generator("batch", when: .every(2), variables: ["var"], batches)
      Dump("var", when: .at(3))
    }.run()
    XCTAssertEqual(saved("var", results), [[1: 10, 3: 60, 5: 150]])
    XCTAssertEqual(executor.held.entries, [nil, 10, 10, nil, nil, nil])
  }

  func testRow128_thePipelineReadsTheConfigAndMore() async throws {
    let read = Pipeline(over: 1...2)
      .map(EC(full: true), Constant("extra")) { number, config, extra in
        "\(number) \(extra) \(config)"
      }
      .map(E().iteration) { text, iteration in "\(iteration): \(text)" }
    let results = try await Research("config", seed: 1) {
      Domain("x" <- [10])
      Generator("text", saving: "text", read)
    }.run()
    XCTAssertEqual(
      saved("text", results),
      [
        [
          0: "0: 1 extra {x: 10, repetition: 0, updates: 0}",
          1: "1: 2 extra {x: 10, repetition: 0, updates: 0}",
        ]
      ],
      "what a stage reads is read for each element"
    )
  }

  func testRow129_aPipelineOfAnInstance() async throws {
    let batches = batches
    let results = try await Research("instance", iterations: 4, seed: 1) {
      Domain("x" <- [10])
      let opened = Instance("batches", opening: batches)
      opened
      Unit("next", saving: "batch", on: opened, PipelineRun.next)
      Save("var", opened.variable("var", as: Int.self))
      Unit("again", when: .at(1), on: opened, PipelineRun.reset)
    }.run()
    XCTAssertEqual(saved("batch", results)[0][2], [0, 1])
    XCTAssertEqual(saved("var", results), [[0: 10, 1: 60, 2: 10, 3: 60]])
  }

  func testRow198_metricsOfAPipeline() async throws {
    let losses = Pipeline(over: [1.0, 2.0, 6.0])
      .accumulating("losses", from: [Double]()) { $0.append($1) }
      .accumulating("best", from: 9.0) { $0 = min($0, $1) }
    let results = try await Research("metrics", seed: 1) {
      let opened = Instance("losses", opening: losses)
      opened
      Unit("epoch", on: opened, PipelineRun.runToEnd)
      Save("mean", opened.mean(of: "losses"))
      Save(["all", "best"], opened.variables.map { [$0["losses"], $0["best"]] })
    }.run()
    XCTAssertEqual(results.lastValues(of: "mean"), [3.0])
    XCTAssertEqual(results.lastValues(of: "all"), [[1.0, 2.0, 6.0]])
    XCTAssertEqual(results.lastValues(of: "best"), [1.0])
  }
}
