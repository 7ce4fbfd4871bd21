import Fieldwork
import FieldworkCore
import Foundation
import XCTest

@testable import FieldworkRuntime
@testable import FieldworkStore

/// What stands in the store about a run, and runs whose time is limited.
final class RunAccountTests: RuntimeTestCase {
  /// Of six experiments the odd ones fail, until `isMended`.
  private func research(isMended: Bool = false) -> Research {
    Research("test", seed: 3, workers: 2, parallel: .threads) {
      Domain("x" <- 0..<6)
      Unit("u", saving: "u") { run in
        let x = try run["x", as: Int.self]
        if x % 2 == 1 && !isMended { throw TestError("odd") }
        return x
      }
    }
  }

  func testTheAccountCountsWhatIsStored() async throws {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research(), store: store).run()
    let first = try XCTUnwrap(try store.status().account)
    XCTAssertEqual(
      [first.counters.planned, first.counters.skipped, first.counters.done, first.counters.failed],
      [6, 0, 3, 3]
    )
    XCTAssertEqual([first.workers, first.counters.interrupted], [2, 0])
    XCTAssertNotNil(first.ended)
    XCTAssertNil(first.left)
    try await ResearchRunner(research(isMended: true), store: store).run()
    let second = try XCTUnwrap(try store.status().account)
    XCTAssertEqual(
      [
        second.counters.planned, second.counters.skipped, second.counters.done,
        second.counters.failed,
      ],
      [6, 3, 3, 0]
    )
    XCTAssertGreaterThanOrEqual(second.began, first.began)
    XCTAssertEqual(try store.status().counts, [.done: 6])
  }

  /// At every moment the counts agree with the experiments that are stored.
  func testTheAccountIsStoredWithWhatItCounts() async throws {
    let store = try DatabaseStore.inMemory()
    let checks = Shared(0)
    let consumer = ConsumerOfEnds {
      guard let status = try? store.status(), let account = status.account else {
        return XCTFail("there is no account")
      }
      // Only one writes, and it is the one that tells.
      XCTAssertEqual(account.counters.done, status.counts[.done, default: 0])
      XCTAssertEqual(account.counters.failed, status.counts[.failed, default: 0])
      checks.change { $0 += 1 }
    }
    try await ResearchRunner(research(), store: store, observers: [consumer]).run()
    XCTAssertEqual(checks.value, 6)
  }

  func testABudgetLetsRunningIterationsEnd() async throws {
    let warnings = Shared<[String]>([])
    let consumer = ConsumerOfWarnings { text in warnings.change { $0.append(text) } }
    func research(iterations: Int) -> Research {
      Research("test", iterations: iterations, seed: 1, workers: 1, parallel: .threads) {
        Domain("x" <- 0..<4)
        Unit("u", when: .at(0), saving: "u") { run in run.iteration }
      }
    }
    let store = try DatabaseStore.inMemory()
    // Nothing but the budget ends it.
    let summary = try await ResearchRunner(
      research(iterations: .max),
      store: store,
      budget: .milliseconds(50),
      observers: [consumer]
    ).run()
    XCTAssertFalse(summary.isCancelled)
    XCTAssertEqual([summary.done, summary.failed, summary.left], [0, 0, 4])
    XCTAssertLessThanOrEqual(summary.interrupted, 1)
    XCTAssertEqual(summary.stopExplanation, "The budget of 0.05s is used up: run again to go on.")
    XCTAssertEqual(warnings.value.count, 1)
    let states = try store.contents().experiments.map(\.state)
    XCTAssertEqual(states, Array(repeating: .interrupted, count: summary.interrupted))
    let account = try XCTUnwrap(try store.status().account)
    XCTAssertEqual(account.left, 4)
    XCTAssertEqual(account.explanation, summary.stopExplanation)
    let rest = try await ResearchRunner(
      research(iterations: 2),
      store: store,
      changes: .accept,
      budget: .seconds(3600)
    ).run()
    XCTAssertEqual(rest.done, 4)
    XCTAssertNil(rest.stopExplanation)
    XCTAssertNil(rest.left)
  }

  func testTimesAreWrittenAsOptionsAre() {
    for (seconds, text) in [
      (0.5, "0.5s"), (1, "1s"), (59, "59s"), (90, "1.5m"), (61, "61s"), (3600, "1h"),
      (7200, "2h"), (86_400, "1d"), (5400, "1.5h"),
    ] {
      XCTAssertEqual(Duration.seconds(seconds).optionText, text)
    }
  }

  // MARK: Named experiments

  func testNamedExperimentsAreFoundAndNoOthersRun() async throws {
    func research(_ fails: Bool) -> Research {
      Research("test", seed: 5, workers: 2, parallel: .threads) {
        Domain("n" <- 0..<1000) * Domain("x" <- .uniform(0...1))
        Unit("u", saving: "u") { run in
          if fails { throw TestError("as asked") }
          return 1
        }
      }
    }
    var begun = research(true)
    begun.settings.configs = 5
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(begun, store: store).run()
    let failed = try store.failedExperiments()
    XCTAssertEqual(failed.map(\.ordinal), Array(0..<5))
    let whole = research(false)
    let plan = try ExperimentPlan(whole, seed: 5)
    for count in 1...3 {
      let wanted = Set(failed.shuffled().prefix(count).map(\.key))
      let selection = try Selection(
        wanted.union(["not planned"]),
        in: plan,
        where: nil
      )
      XCTAssertEqual(selection.named, wanted)
      let summary = try await ResearchRunner(whole, store: store, selection: selection).run()
      XCTAssertEqual(summary.done, count, "\(wanted)")
      XCTAssertEqual(summary.failed + summary.skipped, 0)
      // Back to where they were.
      try store.write(wanted.map { .ended(experiment: $0, .failed, iterations: 1, at: 1) })
    }
  }
}

private struct ConsumerOfEnds: RunObserver {
  let action: @Sendable () -> Void

  func observe(_ event: RunRecord) {
    if case .ended = event { action() }
  }
}

private struct ConsumerOfWarnings: RunObserver {
  let action: @Sendable (String) -> Void

  func observe(_ event: RunRecord) {
    if case .warning(let text) = event { action(text) }
  }
}
