import Fieldwork
import XCTest

/// Rows 19 to 37, but for devices: how a research is run.
final class AcceptanceRunTests: AcceptanceRunCase {
  // MARK: Workers and branches

  func testRow019_workersRunAtOnceAndEachConfigOnce() async throws {
    let ran = Journal<Int>()
    // Nobody goes on until three experiments run.
    let meetings = (0..<3).map { _ in Meeting(3) }
    let results = try await Research("workers", seed: 1, workers: 3) {
      Domain("x" <- 0..<9)
      Unit("f") { run in
        let x: Int = try run["x"]
        ran.add(x)
        try meetings[x / 3].wait()
      }
    }.run()
    XCTAssertEqual(results.experiments.map(\.state), Array(repeating: .done, count: 9))
    XCTAssertEqual(ran.entries.sorted(), Array(0..<9))
  }

  /// Tasks are dealt out in turn, so that the results do not depend on who is free when.
  func testRow020_configsOfWorkersWin() async throws {
    let results = try await Research(
      "workers",
      seed: 1,
      workers: [["x": 100, "w": 0], ["x": 200, "w": 1]],
      branches: [["x": 7, "b": 0], ["b": 1]]
    ) {
      Domain("x" <- 1...5)
      Unit("f", saving: "config") { run in run.config.description }
    }.run()
    XCTAssertEqual(
      results.lastValues(of: "config"),
      [
        "{x: 100, b: 0, w: 0}", "{x: 100, b: 1, w: 0}", "{x: 200, b: 0, w: 1}",
        "{x: 200, b: 1, w: 1}", "{x: 100, b: 0, w: 0}",
      ]
    )
  }

  func testRow021_branchesInStepAlsoAfterAnUpdate() async throws {
    let meeting = Meeting(2)
    let results = try await Research("branches", iterations: 2, seed: 1, branches: 2) {
      Domain("x" <- 1...5)
      UpdateDomain(when: .at(4)) { _ in Domain("x" <- [10, 20, 30]) }
      Unit("step") { run in
        if try run["x"] < 3 && run.iteration == 0 { try meeting.wait() }
        return run.iteration
      }
      Save("together", EC<Int>("x").all)
      Save("steps", O<Int>("step").all)
    }.run()
    XCTAssertEqual(results.failures.count, 0, "two branches run at once")
    XCTAssertEqual(
      results.lastValues(of: "together"),
      [[1, 2], [1, 2], [3, 4], [3, 4], [5], [10, 20], [10, 20], [30]]
    )
    XCTAssertEqual(saved("steps", results)[0], [0: [0, 0], 1: [1, 1]])
  }

  func testRow022_configsOfBranchesInTurn() async throws {
    let results = try await Research("branches", seed: 1, branches: [["b": 1], ["b": 2, "y": 0]]) {
      Domain("x" <- 1...5, "y" <- [9])
      Unit("f", saving: "v") { run in [try run["b", as: Int.self], try run["y", as: Int.self]] }
    }.run()
    XCTAssertEqual(results.lastValues(of: "v"), [[1, 9], [2, 0], [1, 9], [2, 0], [1, 9]])
  }

  // MARK: Iterations

  func testRow023_soManyIterationsUnlessEndedEarlier() async throws {
    let results = try await Research("iterations", iterations: 4, seed: 1) {
      Domain("x" <- [1, 2, 3])
      Unit("f", saving: "n") { run in
        if try run["x"] == 2 && run.iteration == 1 { try run.stop() }
        return run.iteration
      }
    }.run()
    XCTAssertEqual(results.experiments.map(\.iterations), [4, 2, 4])
    XCTAssertEqual(
      saved("n", results).map { $0.keys.sorted() },
      [[0, 1, 2, 3], [0], [0, 1, 2, 3]]
    )
  }

  func testRow024_oneIterationOrUntilExhaustion() async throws {
    let functions = Research("functions", seed: 1) {
      Unit("f", saving: "n") { run in run.iteration }
    }
    XCTAssertEqual(functions.iterations, 1)
    let once = try await functions.run()
    XCTAssertEqual(saved("n", once), [[0: 0]])
    let generator = Research("generator", seed: 1) { Generator("g", saving: "g") { _ in 1...3 } }
    XCTAssertNil(generator.iterations)
    let all = try await generator.run()
    XCTAssertEqual(saved("g", all), [[0: 1, 1: 2, 2: 3]])
    XCTAssertEqual(all.experiments.map(\.ending), [.stopped])
  }

  // MARK: Executors

  /// Makes at most two iterations, and notes its tasks.
  private struct Impatient: BranchExecutor {
    let tasks = Journal<[Int]>()

    func execute(_ task: any BranchTask) async throws {
      tasks.add(task.experiments.map(\.ordinal))
      while !task.isFinished && task.iteration < 2 { await task.runIteration() }
    }
  }

  func testRow026_anExecutorOfOnesOwn() async throws {
    let executor = Impatient()
    let results = try await Research(
      "executor",
      iterations: 5,
      seed: 1,
      workers: 1,
      branches: 2,
      executor: executor
    ) {
      Domain("x" <- [1, 2, 3])
      Unit("f", saving: "n") { run in run.iteration }
      Unit("end", when: .last, saving: "end") { run in run.iteration }
    }.run()
    XCTAssertEqual(executor.tasks.entries, [[0, 1], [2]], "each task once")
    XCTAssertEqual(results.experiments.map(\.iterations), [2, 2, 2])
    XCTAssertEqual(results.experiments.map(\.ending), [.stopped, .stopped, .stopped])
    XCTAssertEqual(results.lastValues(of: "end"), [1, 1, 1], "ended in good order")
  }

  // MARK: Where results go

  private func fails(_ failing: Int?, workers: Int = 2) -> Research {
    Research("fails", iterations: 2, seed: 1, workers: .count(workers)) {
      Domain("x" <- 1...4)
      Unit("f", saving: "y") { run in
        if try run["x"] == failing { throw Mishap("as asked") }
        return run.random.uniform()
      }
    }
  }

  func testRow027_resultsInFilesAreReadByAnotherProcess() async throws {
    try await runInFolder(fails(2))
    let own = try ResearchResults.load(folder("fails").path)
    XCTAssertEqual(own.experiments.count, 4)
    let other = try runPlaybook("results", "--name", "fails", "--auxiliary", "--format", "csv")
    XCTAssertEqual(other.status, 0, other.error)
    let options = TableOptions(includesAuxiliary: true)
    XCTAssertEqual(other.output, own.table(options).formatted(.csv) + "\n")
  }

  func testRow028_resultsInMemoryAreTheSameAndLeaveNothing() async throws {
    let research = fails(2)
    try await runInFolder(research)
    let inMemory = try await research.run()
    let inFolder = try ResearchResults.load(folder("fails").path)
    XCTAssertEqual(everything(inMemory), everything(inFolder))
    let run = try runPlaybook("--store", "memory", "--name", "nothing")
    XCTAssertEqual(run.status, 0)
    XCTAssertTrue(run.output.contains("loss"), "the table is printed: \(run.output)")
    XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: directory.path), ["fails"])
  }

  // MARK: Beside each other

  func testRow029_aFailureLeavesOtherExperimentsAlone() async throws {
    let (disturbed, undisturbed) = (try await fails(2).run(), try await fails(nil).run())
    XCTAssertEqual(disturbed.experiments.map(\.state), [.done, .failed, .done, .done])
    let (first, second) = (saved("y", disturbed), saved("y", undisturbed))
    XCTAssertEqual([0, 2, 3].map { first[$0] }, [0, 2, 3].map { second[$0] })
  }

  func testRow030_serialRunsKeepTheOrder() async throws {
    let order = Journal<String>()
    _ = try await Research("serial", iterations: 2, seed: 1, workers: 8, parallel: .serial) {
      Domain("x" <- 1...3)
      Unit("f") { run in order.add("f\(try run["x", as: Int.self]).\(run.iteration)") }
      Unit("g") { run in order.add("g\(try run["x", as: Int.self]).\(run.iteration)") }
    }.run()
    XCTAssertEqual(
      order.entries.joined(separator: " "),
      "f1.0 g1.0 f1.1 g1.1 f2.0 g2.0 f2.1 g2.1 f3.0 g3.0 f3.1 g3.1"
    )
  }

  func testRow031_branchesAtOnceOrOneAfterAnother() async throws {
    func run(
      _ execution: BranchExecution,
      _ body: @escaping @Sendable (RunContext) throws -> Void
    ) async throws -> ResearchResults {
      try await Research("target", seed: 1, branches: 3, branchExecution: execution) {
        Domain("x" <- 1...3)
        Unit("f", saving: "y") { run in
          try body(run)
          return run.random.uniform()
        }
        Save("all", O<Double>("f").all)
      }.run()
    }
    let meeting = Meeting(3)
    let concurrent = try await run(.concurrent) { _ in try meeting.wait() }
    let order = Journal<Int>()
    let sequential = try await run(.sequential) { order.add($0.branch) }
    XCTAssertEqual(order.entries, [0, 1, 2])
    XCTAssertEqual(concurrent.failures.count, 0)
    XCTAssertEqual(everything(concurrent), everything(sequential))
  }

  // MARK: The end of an iteration

  /// A unit fails in the second of four iterations.
  private func failing(finalize: Bool) async throws -> ResearchResults {
    try await Research("finalize", iterations: 4, seed: 1, finalize: finalize) {
      Unit("before", saving: "before") { run in run.iteration }
      Unit("fails", saving: "fails") { run in
        if run.iteration == 1 { throw Mishap("as asked") }
        return run.iteration
      }
      Unit("after", saving: "after") { run in run.iteration }
      Save("copy", O<Int>("fails"))
      Unit("end", when: .last, saving: "end") { run in run.iteration }
      Dump("before", when: .every(2))
    }.run()
  }

  func testRow036_anIterationIsCompleted() async throws {
    let results = try await failing(finalize: true)
    XCTAssertEqual(saved("before", results), [[0: 0, 1: 1]])
    XCTAssertEqual(saved("fails", results), [[0: 0]])
    XCTAssertEqual(saved("after", results), [[0: 0, 1: 1]])
    XCTAssertEqual(saved("copy", results), [[0: 0, 1: 0]], "the output of before")
    XCTAssertEqual(saved("end", results), [[1: 1]])
  }

  func testRow037_anIterationIsBrokenOffButSaved() async throws {
    let results = try await failing(finalize: false)
    XCTAssertEqual(saved("before", results), [[0: 0, 1: 1]])
    XCTAssertEqual(saved("after", results), [[0: 0]])
    XCTAssertEqual(saved("copy", results), [[0: 0, 1: 0]])
    XCTAssertEqual(saved("end", results), [[:]])
  }
}
