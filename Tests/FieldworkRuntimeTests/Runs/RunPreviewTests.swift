import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// What a run would do is what it does.
final class RunPreviewTests: RuntimeTestCase {
  private func research(
    _ values: [Int],
    repetitions: Int = 1,
    iterations: Int = 1,
    branches: Int = 1,
    workers: Int = 2,
    failing: Set<Int> = []
  ) -> Research {
    Research(
      "test",
      repetitions: repetitions,
      iterations: iterations,
      seed: 4,
      workers: .count(workers),
      branches: .count(branches)
    ) {
      Domain("x" <- values)
      Unit("u", saving: "u") { run -> Int in
        let x: Int = try run["x"]
        if failing.contains(x) { throw TestError("bad") }
        return x
      }
    }
  }

  private func preview(
    _ research: Research,
    _ store: DatabaseStore?,
    keepsFailed: Bool = false,
    where condition: String? = nil,
    searchLimit: Int = 1000
  ) throws -> RunPreview {
    try RunPreview(
      research,
      store,
      keepsFailed: keepsFailed,
      selection: try condition.map { Selection(try Condition($0)) },
      searchLimit: searchLimit
    )
  }

  func testNothingIsStored() throws {
    let preview = try preview(research([1, 2, 3]), nil)
    XCTAssertEqual(preview.counts, [.new: 3])
    XCTAssertEqual(preview.experiments, 3)
    XCTAssertEqual([preview.experimentsToRun, preview.tasks, preview.workers], [3, 3, 2])
    XCTAssertTrue(preview.isComplete)
    XCTAssertNil(preview.secondsPerExperiment)
    XCTAssertNil(preview.seconds)
    XCTAssertNil(preview.change)
    XCTAssertFalse(preview.isBegun)
    XCTAssertEqual(preview.seed, 4)
  }

  /// Over all domains that a run may have left, with failures, and all that may be wanted next: the run does
  /// what was told.
  func testTheRunDoesWhatWasTold() async throws {
    for before in [[], [1], [1, 2], [1, 2, 3]] {
      for failing in [[], [2], [1, 3]] as [Set<Int>] {
        for branches in 1...2 {
          for keepsFailed in [false, true] {
            let store = try DatabaseStore.inMemory()
            if !before.isEmpty {
              try await ResearchRunner(research(before, failing: failing), store: store).run()
            }
            let next = research([1, 3, 4], branches: branches)
            let told = try preview(next, store, keepsFailed: keepsFailed)
            let label = "\(before), failing \(failing), \(branches), \(keepsFailed)"
            let log = EventLog()
            let summary = try await ResearchRunner(
              next,
              store: store,
              keepsFailed: keepsFailed,
              observers: [log]
            ).run()
            XCTAssertEqual(told.experimentsToRun, summary.done, label)
            let skipped =
              told.counts[.done, default: 0]
              + (keepsFailed ? told.counts[.failed, default: 0] : 0)
            XCTAssertEqual(skipped, summary.skipped, label)
            let started = log.events.compactMap { event -> PlannedExperiment? in
              if case .started(let experiment, _) = event { experiment } else { nil }
            }
            XCTAssertEqual(told.tasks, Set(started.map(\.task)).count, label)
            XCTAssertEqual(
              Set(told.first.map(\.experiment.id)),
              Set(started.map(\.id)),
              "all of them, since they are few: \(label)"
            )
          }
        }
      }
    }
  }

  /// Where results depend on who shares a task, whole tasks run again.
  func testWholeTasks() async throws {
    func sharing(_ values: [Int]) -> Research {
      Research("test", seed: 4, workers: 1, branches: 2) {
        Domain("x" <- values)
        Unit("u", saving: "u") { run in try run["x", as: Int.self] }
        Unit("all", saving: "all", { (all: [Int]) in all.reduce(0, +) }, O<Int>("u").all)
      }
    }
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(sharing([1, 2, 3]), store: store).run()
    let told = try preview(sharing([1, 2, 3, 4]), store)
    XCTAssertEqual(told.counts, [.done: 3, .new: 1])
    XCTAssertEqual([told.experimentsToRun, told.tasks], [2, 1])
    XCTAssertEqual(told.first.map(\.status), [.done, .new])
    let summary = try await ResearchRunner(sharing([1, 2, 3, 4]), store: store).run()
    XCTAssertEqual(summary.done, 2)
  }

  func testConditions() async throws {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research([1, 2]), store: store).run()
    let told = try preview(research([1, 2, 3]), store, where: "x > 1")
    XCTAssertEqual(told.counts, [.leftOut: 1, .done: 1, .new: 1])
    XCTAssertEqual(told.experimentsToRun, 1)
  }

  func testAChangedDefinition() async throws {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research([1, 2]), store: store).run()
    let told = try preview(research([1, 2, 3], iterations: 2), store)
    XCTAssertEqual(told.counts, [.changed: 2, .new: 1])
    XCTAssertEqual(told.experimentsToRun, 1)
    XCTAssertEqual(
      told.change,
      "  - iterations 1, finalize true\n  + iterations 2, finalize true"
    )
    let over = try RunPreview(research([1, 2], iterations: 2), store, startsOver: true)
    XCTAssertEqual(over.counts, [.new: 2])
    XCTAssertNil(over.change)
    XCTAssertNotNil(over.secondsPerExperiment, "earlier runs tell how long it takes")
  }

  func testAnotherSeedIsRefused() async throws {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research([1]), store: store).run()
    var other = research([1])
    other.settings.seed = 5
    await assertThrows(.invalidDefinition, "were begun with seed 4, not 5") {
      try preview(other, store)
    }
  }

  /// Writes experiments of 10 seconds into a store, by values of `x`.
  private func store(_ values: [Int], _ research: Research) throws -> DatabaseStore {
    let store = try DatabaseStore.inMemory()
    try store.write(
      [.note("seed", .string("4"))]
        + ResearchDefinition(research).notes.map { .note($0.key, $0.value) }
    )
    var plan = try ExperimentPlan(research, seed: 4)
    while let experiment = try plan.next() {
      guard values.contains(try experiment.config["x"]) else { continue }
      try store.write([
        .started(experiment, ExperimentStart(at: 100, worker: 0, device: nil)),
        .ended(experiment: experiment.key, .complete, iterations: 1, at: 110),
      ])
    }
    return store
  }

  func testEstimatedTime() throws {
    let values = Array(1...7)
    for (workers, branches, seconds) in [
      (1, 1, 60.0), (2, 1, 30), (4, 1, 15), (1, 2, 30), (9, 1, 10),
    ] {
      let next = research(values, branches: branches, workers: workers)
      let told = try preview(next, try store([7], next))
      XCTAssertEqual(told.secondsPerExperiment, 10)
      XCTAssertEqual(told.seconds, seconds, "\(workers) workers, \(branches) branches")
    }
    let next = research(values)
    XCTAssertEqual(try preview(next, try store(values, next)).seconds, 0)
  }

  /// Of a plan that is too long to go through, the rest is counted by what is stored.
  func testLongPlans() throws {
    let next = research(Array(1...40), workers: 1)
    let told = try preview(next, try store(Array(1...15), next), searchLimit: 10)
    XCTAssertFalse(told.isComplete)
    XCTAssertEqual(told.examined, 10)
    XCTAssertEqual(told.counts, [.done: 10])
    XCTAssertEqual(told.seconds, 250, "of 40 experiments 15 are stored as done")
  }

  func testFailedExperimentsAreKept() async throws {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research([1, 2, 3], failing: [2]), store: store).run()
    let before = everything(try store.contents())
    let kept = try await ResearchRunner(research([1, 2, 3]), store: store, keepsFailed: true).run()
    XCTAssertEqual([kept.done, kept.failed, kept.skipped], [0, 0, 3])
    XCTAssertEqual(everything(try store.contents()), before)
    let again = try await ResearchRunner(research([1, 2, 3]), store: store).run()
    XCTAssertEqual([again.done, again.failed, again.skipped], [1, 0, 2])
  }

  // MARK: Results of what is planned

  func testPlannedResults() async throws {
    let store = try DatabaseStore.inMemory()
    let wide = research([1, 2, 3, 4], repetitions: 2)
    try await ResearchRunner(wide, store: store).run()
    let all = try store.contents()
    func values(_ research: Research) throws -> [Int] {
      try all.planned(by: research).experiments.map { try $0.config["x"] }
    }
    XCTAssertEqual(try values(wide), [1, 2, 3, 4, 1, 2, 3, 4])
    XCTAssertEqual(try values(research([4, 2], repetitions: 2)), [2, 4, 2, 4])
    XCTAssertEqual(try values(research([2, 9])), [2])
    XCTAssertThrowsError(try values(research([])))
  }
}
