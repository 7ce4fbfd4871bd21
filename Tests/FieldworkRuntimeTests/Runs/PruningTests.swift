import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

final class PruningTests: RuntimeTestCase {
  /// Curves that fall at different rates; one experiment fails, one stops.
  private func research(
    _ count: Int = 24,
    branches: Int = 1,
    window: Int? = 3,
    checkpoint: When? = nil,
    interrupting: Shared<Int>? = nil
  ) -> Research {
    Research(
      "test",
      iterations: 12,
      seed: 4,
      objective: .minimize("loss"),
      window: window,
      branches: .count(branches),
      checkpoint: checkpoint
    ) {
      Domain("k" <- 0..<count) * Domain("rate" <- .uniform(0...1))
      Unit("train", saving: "loss") { run in
        let (k, rate): (Int, Double) = (try run["k"], try run["rate"])
        if k == 5, run.iteration == 0 { throw TestError("as asked") }
        if k == 7, run.iteration == 6 { try run.stop() }
        return exp(-rate * Double(run.iteration)) + 0.01 * Double(k % 3)
      }
      Unit("closing", when: .last, saving: "closed") { run in run.iteration }
      Prune(.median(startup: 2, warmup: 1), by: "loss")
    }
  }

  private func table(_ research: Research, _ parallelism: Parallelism, _ workers: Int) async throws
    -> String
  {
    var research = research
    research.settings.parallelism = parallelism
    research.settings.workers = .count(workers)
    return everything(try await research.run())
  }

  func testTheTableIsTheSameAtAnyWidth() async throws {
    for branches in [1, 2] {
      for window in [1, 3, 8] {
        let research = research(branches: branches, window: window)
        let expected = try await table(research, .serial, 1)
        XCTAssertTrue(expected.contains("pruned"), "the test needs pruned experiments")
        XCTAssertTrue(expected.contains("as asked"))
        for workers in [1, 2, 8] {
          let found = try await table(research, .threads, workers)
          XCTAssertEqual(found, expected, "\(branches) branches, window \(window), \(workers)")
        }
      }
    }
  }

  func testAPrunedExperimentIsFinished() async throws {
    let store = try DatabaseStore.inMemory()
    let monitor = Monitor()
    let first = try await ResearchRunner(research(), store: store, observers: [monitor]).run()
    XCTAssertGreaterThan(first.pruned, 0)
    XCTAssertEqual(first.done + first.pruned + first.failed, 24)
    XCTAssertEqual(first.failed, 1)
    XCTAssertEqual(monitor.counts.pruned, first.pruned)
    XCTAssertEqual(monitor.counts.queued, 0)
    let results = try store.contents()
    let pruned = results.experiments.filter { $0.state == .pruned }
    XCTAssertEqual(pruned.count, first.pruned)
    for experiment in pruned {
      XCTAssertEqual(experiment.ending, .pruned)
      XCTAssertLessThan(try XCTUnwrap(experiment.iterations), 12)
      XCTAssertEqual(
        results.values(of: "closed", in: experiment.id).map(\.iteration),
        [try XCTUnwrap(experiment.iterations) - 1],
        "units that run at the end do"
      )
    }
    let best = results.best(by: .minimize("loss"), count: 24)
    XCTAssertEqual(best.count, first.done)
    // The failed one runs again, and no other.
    let second = try await ResearchRunner(research(), store: store).run()
    XCTAssertEqual([second.done, second.failed, second.pruned], [0, 1, 0])
    XCTAssertEqual(second.skipped, 23)
    XCTAssertEqual(everything(try store.contents()), everything(results))
  }

  /// However often it is cancelled, the table is that of a whole run.
  func testInterruptedRunsResumeWithTheSameRules() async throws {
    for checkpoint in [nil, When.every(2)] {
      let research = research(checkpoint: checkpoint)
      let expected = everything(try await research.run())
      let store = try DatabaseStore.inMemory()
      var rounds = 0
      while rounds < 60 {
        rounds += 1
        var part = research
        part.settings.workers = .count(1 + rounds % 4)
        part.settings.parallelism = .threads
        // The budget grows, so that slow machines come to the end, too.
        let budget = Duration.milliseconds(1 + rounds * rounds / 4)
        let runner = ResearchRunner(part, store: store, budget: budget)
        if try await runner.run().stopExplanation == nil { break }
      }
      XCTAssertEqual(everything(try store.contents()), expected)
    }
  }

  /// Rules made from only some of the results would differ between runs.
  func testARunEndsIfStoredResultsCannotBeRead() async throws {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research(6), store: store).run()
    let unreadable = UnreadableStore(store)
    await assertThrows(.store, "the disk is gone") {
      try await ResearchRunner(self.research(12), store: unreadable).run()
    }
    XCTAssertEqual(try store.states().count, 6)
    try await ResearchRunner(research(12), store: store).run()
    let expected = try await table(research(12), .serial, 1)
    XCTAssertEqual(everything(try store.contents()), expected)
  }

  func testWithoutAWindow() async throws {
    let summary = try await ResearchRunner(
      research(window: nil),
      store: DatabaseStore.inMemory()
    ).run()
    XCTAssertEqual(summary.done + summary.pruned + summary.failed, 24)
  }

  func testAnotherPrunerIsAnotherDefinition() async throws {
    func research(_ startup: Int) -> Research {
      Research("test", iterations: 3, seed: 1, objective: .minimize("y")) {
        Domain("x" <- 0..<3)
        Unit("f", saving: "y") { run in try run["x", as: Int.self] }
        Prune(.median(startup: startup), by: "y")
      }
    }
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research(5), store: store).run()
    await assertThrows(.invalidDefinition, "prune by y", "startup") {
      try await ResearchRunner(research(6), store: store).run()
    }
  }

  /// The units at the end of a pruned experiment are part of it.
  func testAnInterruptionOfTheLastUnitsRunsThePrunedExperimentAgain() async throws {
    func research(_ isClosing: Shared<Bool>, waits: Bool) -> Research {
      Research("test", iterations: 5, seed: 1, parallel: .threads) {
        Unit("train", saving: "loss") { run in run.iteration }
        Unit("closing", when: .last, saving: "closed") { run in
          isClosing.change { $0 = true }
          if waits { try await Task.sleep(for: .seconds(60)) }
          return run.iteration
        }
        Prune(.threshold(upper: 1.5), by: .minimize("loss"))
      }
    }
    let (isClosing, store) = (Shared(false), try DatabaseStore.inMemory())
    let run = try research(isClosing, waits: true).start(store: store)
    while !isClosing.value { try await Task.sleep(for: .milliseconds(5)) }
    run.terminate()
    _ = try await run.summary()
    XCTAssertEqual(try store.contents().experiments.map(\.state), [.interrupted])
    let summary = try await ResearchRunner(research(isClosing, waits: false), store: store).run()
    XCTAssertEqual([summary.pruned, summary.done], [1, 0])
    XCTAssertEqual(try store.contents().table()["closed"].compactMap(\.self), [2])
  }

  /// A store that an earlier version made has no pruning in it.
  func testPruningIsAChangeOfAnEarlierDefinition() {
    func definition(_ element: [Prune]) -> ResearchDefinition {
      ResearchDefinition(
        Research("test", iterations: 3, objective: .minimize("y")) {
          Unit("f", saving: "y") { run in run.iteration }
          for prune in element { prune }
        }
      )
    }
    let plain = definition([])
    guard case .string(let text)? = plain.notes.first(where: { $0.key == "definition" })?.value
    else { return XCTFail("no text") }
    let stored = ResearchDefinition.Stored(["definition": .string(text)])
    XCTAssertTrue(plain.matches(stored))
    let pruned = definition([Prune(.median(), by: "y")])
    XCTAssertFalse(pruned.matches(stored))
    XCTAssertFalse(pruned.hasSameUnits(as: stored))
    XCTAssertTrue(pruned.difference(from: stored).contains("+ prune by y"))
  }

  func testProblems() {
    func messages(_ research: Research) -> [String] {
      research.preflight().map(\.message)
    }
    let unknown = Research("test", iterations: 3) {
      Unit("f", saving: "y") { run in run.iteration }
      Prune(.median(), by: "y")
    }
    XCTAssertTrue(messages(unknown).contains { $0.contains("small or a large 'y'") })
    let unsaved = Research("test", iterations: 3, window: 0) {
      Unit("f", saving: "y", { 1 })
      Prune(.threshold(upper: 3), by: .minimize("z"))
    }
    XCTAssertTrue(messages(unsaved).contains { $0.contains("no unit saves 'z'") })
    XCTAssertTrue(messages(unsaved).contains { $0.contains("window is 0") })
  }
}

/// A store whose saved values cannot be read.
private final class UnreadableStore: ResultStore {
  private let store: DatabaseStore

  init(_ store: DatabaseStore) { self.store = store }

  func write(_ records: [RunRecord]) throws { try store.write(records) }
  func contents() throws -> ResearchResults { try store.contents() }
  func states() throws -> [String: ExperimentState] { try store.states() }
  func notes() throws -> [String: Value] { try store.notes() }
  func directory(of experiment: String) throws -> String { try store.directory(of: experiment) }
  func saved(by experiment: String) throws -> [SavedValue] {
    throw FieldworkError(.store, "the disk is gone")
  }
}
