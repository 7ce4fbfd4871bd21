import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

final class ResumeTests: RuntimeTestCase {
  private func research(
    _ values: [Int],
    repetitions: Int = 1,
    seed: UInt64? = 4,
    ran: Shared<[Int]> = Shared([]),
    failing: Int? = nil
  ) -> Research {
    Research("test", repetitions: repetitions, iterations: 2, seed: seed, workers: 2) {
      Domain("x" <- values)
      Unit("u", saving: "u") { run -> Double in
        let x: Int = try run["x"]
        if run.iteration == 0 { ran.change { $0.append(x) } }
        if x == failing { throw TestError("bad") }
        return run.random.uniform()
      }
    }
  }

  @discardableResult
  private func run(
    _ research: Research,
    _ store: any ResultStore,
    changes: ResearchRunner.ChangePolicy = .refuse
  ) async throws -> RunSummary {
    try await ResearchRunner(research, store: store, changes: changes).run()
  }

  func testDoneExperimentsAreSkipped() async throws {
    let store = try DatabaseStore.inMemory()
    let ran = Shared<[Int]>([])
    let first = try await run(research([1, 2, 3], ran: ran), store)
    XCTAssertEqual([first.done, first.skipped], [3, 0])
    let before = everything(try store.contents())
    let second = try await run(research([1, 2, 3], ran: ran), store)
    XCTAssertEqual([second.done, second.skipped], [0, 3])
    XCTAssertEqual(ran.value.sorted(), [1, 2, 3])
    XCTAssertEqual(everything(try store.contents()), before)
  }

  func testFailedExperimentsRunAgain() async throws {
    let store = try DatabaseStore.inMemory()
    let first = try await run(research([1, 2, 3], failing: 2), store)
    XCTAssertEqual([first.done, first.failed], [2, 1])
    let ran = Shared<[Int]>([])
    let second = try await run(research([1, 2, 3], ran: ran), store)
    XCTAssertEqual([second.done, second.skipped, second.failed], [1, 2, 0])
    XCTAssertEqual(ran.value, [2])
    let undisturbed = try await research([1, 2, 3]).run()
    XCTAssertEqual(everything(try store.contents()), everything(undisturbed))
  }

  func testAGrownDomainRunsTheDifferenceAndGivesTheTableOfThePlan() async throws {
    let store = try DatabaseStore.inMemory()
    try await run(research([1, 3]), store)
    let ran = Shared<[Int]>([])
    let summary = try await run(research([1, 2, 3, 4], repetitions: 2, ran: ran), store)
    XCTAssertEqual([summary.done, summary.skipped], [6, 2])
    XCTAssertEqual(ran.value.sorted(), [1, 2, 2, 3, 4, 4])
    let undisturbed = try await research([1, 2, 3, 4], repetitions: 2).run()
    XCTAssertEqual(everything(try store.contents()), everything(undisturbed))
  }

  func testAShrunkDomainKeepsItsResults() async throws {
    let store = try DatabaseStore.inMemory()
    try await run(research([1, 2, 3]), store)
    let before = everything(try store.contents())
    let summary = try await run(research([1]), store)
    XCTAssertEqual([summary.done, summary.skipped], [0, 1])
    XCTAssertEqual(everything(try store.contents()), before)
  }

  func testResultsInAFileAreResumed() async throws {
    let folder = ResearchFolder(directory: directory, name: "test")
    for expected in [[2, 0], [0, 2]] {
      let store = try DatabaseStore.open(folder)
      let summary = try await run(research([1, 2]), store)
      XCTAssertEqual([summary.done, summary.skipped], expected)
      try store.close()
    }
  }

  func testChangedUnitsAreRefusedUnlessAccepted() async throws {
    func research(saving name: Saving, iterations: Int, finalize: Bool = true) -> Research {
      Research("test", iterations: iterations, seed: 1, finalize: finalize) {
        Unit("u", saving: name) { _ in 1 }
      }
    }
    let store = try DatabaseStore.inMemory()
    try await run(research(saving: "a", iterations: 2), store)
    await assertThrows(
      .invalidDefinition,
      "'test'",
      "- function 'u'",
      "saving a",
      "+ function 'u'",
      "saving b",
      "--fresh"
    ) {
      try await self.run(research(saving: "b", iterations: 2), store)
    }
    await assertThrows(.invalidDefinition, "- iterations 2", "+ iterations 3") {
      try await self.run(research(saving: "a", iterations: 3), store)
    }
    await assertThrows(.invalidDefinition, "finalize true", "finalize false") {
      try await self.run(research(saving: "a", iterations: 2, finalize: false), store)
    }
    XCTAssertEqual(try store.contents().variables, ["a"], "a refused run changes nothing")
    let accepted = try await run(research(saving: "b", iterations: 3), store, changes: .accept)
    XCTAssertEqual([accepted.done, accepted.skipped], [0, 1])
    // Nothing ran by the accepted definition, so the one that the results are from still counts.
    let again = try await run(research(saving: "a", iterations: 2), store)
    XCTAssertEqual(again.skipped, 1)
    var grown = research(saving: "b", iterations: 3)
    grown.settings.repetitions = 2
    let other = try await run(grown, store, changes: .accept)
    XCTAssertEqual([other.done, other.skipped], [1, 1])
    // From now on the accepted definition counts.
    let last = try await run(grown, store)
    XCTAssertEqual(last.skipped, 2)
  }

  func testUnitsInAnotherOrderAreRefused() async throws {
    func research(_ names: [String]) -> Research {
      Research("test", seed: 1) { for name in names { Unit(name) { _ in } } }
    }
    let store = try DatabaseStore.inMemory()
    try await run(research(["a", "b"]), store)
    await assertThrows(.invalidDefinition, "another order") {
      try await self.run(research(["b", "a"]), store)
    }
  }

  func testAnotherSeedIsRefused() async throws {
    let store = try DatabaseStore.inMemory()
    try await run(research([1], seed: 4), store)
    await assertThrows(.invalidDefinition, "seed 4", "5") {
      try await self.run(self.research([1], seed: 5), store)
    }
    let again = try await run(research([1], seed: nil), store)
    XCTAssertEqual(again.seed, 4)
    XCTAssertEqual(again.skipped, 1)
  }

  func testASeedOf64BitsIsKept() async throws {
    let store = try DatabaseStore.inMemory()
    try await run(research([1], seed: .max), store)
    let again = try await run(research([1], seed: .max), store)
    XCTAssertEqual(again.skipped, 1)
    XCTAssertEqual(again.seed, .max)
  }

  func testASampledDomainGoesOnWithTheRecordedSeed() async throws {
    func research(_ configs: Int) -> Research {
      Research("test", configs: configs) {
        Domain("x" <- .uniform(0...1))
        Unit("u", saving: "u") { run in run.random.uniform() }
      }
    }
    let store = try DatabaseStore.inMemory()
    let first = try await run(research(5), store)
    let second = try await run(research(9), store)
    XCTAssertEqual([second.done, second.skipped], [4, 5])
    XCTAssertEqual(second.seed, first.seed)
    var whole = research(9)
    whole.settings.seed = first.seed
    let undisturbed = try await whole.run()
    XCTAssertEqual(everything(try store.contents()), everything(undisturbed))
  }

  func testWhatAKilledRunLeftRunsAgain() async throws {
    let store = try DatabaseStore.inMemory()
    try await run(research([1, 2]), store)
    let plan = try store.contents().experiments[1]
    // As if the process had ended in the middle of the second experiment, after a dump.
    var stream = try ExperimentPlan(research([1, 2]), seed: 4)
    while let experiment = try stream.next() {
      guard experiment.id == plan.id else { continue }
      try store.write([
        .started(experiment, ExperimentStart(at: 0, worker: 0, device: nil)),
        .saved(experiment: plan.id, [SavedValue(name: "u", iteration: 7, value: 1)]),
      ])
    }
    XCTAssertEqual(try store.states()[plan.id], .running)
    let summary = try await run(research([1, 2]), store)
    XCTAssertEqual([summary.done, summary.skipped], [1, 1])
    let undisturbed = try await research([1, 2]).run()
    XCTAssertEqual(everything(try store.contents()), everything(undisturbed))
  }
}
