import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

/// Experiments whose units fail, in one process.
final class RetryTests: RuntimeTestCase {
  private func faults(_ retries: Int) -> FaultPolicy {
    var faults = FaultPolicy()
    faults.retries.errors = retries
    return faults
  }

  /// An experiment for each number of failures from 0 to 3, which is how often its unit fails.
  private func research(
    _ parallelism: Parallelism,
    _ tries: Shared<[Int: Int]>,
    branches: Int = 1
  ) -> Research {
    Research(
      "test",
      iterations: 2,
      seed: 1,
      workers: parallelism == .serial ? 1 : 3,
      branches: .count(branches),
      parallel: parallelism
    ) {
      Domain("failures" <- 0...3)
      Unit("before", saving: "x") { run in run.iteration }
      Unit("f", when: .at(1), saving: "tries") { run in
        let failures = try run["failures", as: Int.self]
        let number = tries.change { tries in
          tries[failures, default: 0] += 1
          return tries[failures]!
        }
        if number <= failures { throw TestError("failure \(number)") }
        return number
      }
    }
  }

  func testTriesAreMadeUntilItGoesWell() async throws {
    for parallelism in [Parallelism.serial, .threads] {
      for branches in [1, 2, 4] {
        for retries in 0...4 {
          let (tries, log, monitor) = (Shared<[Int: Int]>([:]), EventLog(), Monitor())
          let store = try DatabaseStore.inMemory()
          let summary = try await ResearchRunner(
            research(parallelism, tries, branches: branches),
            store: store,
            faults: faults(retries),
            observers: [log, monitor]
          ).run()
          let what = "\(parallelism), \(branches) branches, \(retries) retries"
          let results = try store.contents()
          for (failures, experiment) in results.experiments.enumerated() {
            let isDone = failures <= retries
            XCTAssertEqual(experiment.state, isDone ? .done : .failed, what)
            XCTAssertEqual(experiment.attempts, min(failures, retries) + 1, what)
            XCTAssertEqual(experiment.failures.count, isDone ? 0 : 1, what)
            XCTAssertEqual(tries.value[failures], min(failures, retries) + 1, what)
            XCTAssertEqual(
              results.values(of: "x", in: experiment.id).map(\.value),
              [0, 1],
              "\(what): once"
            )
          }
          let done = min(retries, 3) + 1
          XCTAssertEqual([summary.done, summary.failed], [done, 4 - done], what)
          let counts = monitor.counts
          XCTAssertEqual([counts.done, counts.failed], [done, 4 - done], what)
          XCTAssertEqual([counts.running, counts.queued], [0, 0], what)
          XCTAssertEqual(monitor.failures.count, 4 - done, what)
          let retried = log.events.count { if case .retrying = $0 { true } else { false } }
          XCTAssertEqual(retried, (0...3).map { min($0, retries) }.reduce(0, +), what)
        }
      }
    }
  }

  /// Without a cancellation it would have been tried again; so it is not lost.
  func testAFailureIsKeptWhenTheRunEndsBeforeTheNextTry() async throws {
    let (task, isSet) = (Shared<Task<RunSummary, any Error>?>(nil), DispatchSemaphore(value: 0))
    let research = Research("test", seed: 1, workers: 1) {
      Domain("x" <- [1, 2])
      Unit("f", saving: "y") { _ -> Int in
        isSet.wait()
        task.value?.cancel()
        throw TestError("as asked")
      }
    }
    let (store, monitor) = (try DatabaseStore.inMemory(), Monitor())
    let runner = ResearchRunner(
      research,
      store: store,
      faults: faults(5),
      observers: [monitor]
    )
    let running = Task { try await runner.run() }
    task.change { $0 = running }
    isSet.signal()
    let summary = try await running.value
    XCTAssertEqual([summary.done, summary.failed], [0, 1])
    let experiments = try store.contents().experiments
    XCTAssertEqual(experiments.map(\.state), [.failed])
    XCTAssertEqual(experiments[0].failures.map(\.message), ["as asked"])
    XCTAssertEqual(monitor.counts.running, 0)
  }

  func testDebuggingEndsAtTheFirstError() async throws {
    let (tries, store) = (Shared<[Int: Int]>([:]), try DatabaseStore.inMemory())
    do {
      try await ResearchRunner(
        research(.serial, tries),
        store: store,
        debug: true,
        faults: faults(3)
      ).run()
      XCTFail("nothing was thrown")
    } catch {
      XCTAssertEqual("\(error)", "failure 1")
    }
    XCTAssertEqual(tries.value, [0: 1, 1: 1])
  }

  /// Branches that read one another are tried again together.
  func testATaskAsAWhole() async throws {
    let tries = Shared(0)
    let research = Research("test", seed: 1, workers: 1, branches: 2) {
      Domain("x" <- [1, 2])
      Save("both", EC<Int>("x").all)
      Unit("f", saving: "y") { run in
        guard try run["x"] == 2 else { return 0 }
        let number = tries.change { tries in
          tries += 1
          return tries
        }
        if number < 3 { throw TestError("not yet") }
        return number
      }
    }
    let (store, monitor) = (try DatabaseStore.inMemory(), Monitor())
    let summary = try await ResearchRunner(
      research,
      store: store,
      faults: faults(4),
      observers: [monitor]
    ).run()
    XCTAssertEqual([summary.done, summary.failed], [2, 0])
    let counts = monitor.counts
    XCTAssertEqual([counts.done, counts.failed, counts.running], [2, 0, 0])
    let results = try store.contents()
    XCTAssertEqual(results.experiments.map(\.attempts), [3, 3])
    XCTAssertEqual(results.lastValues(of: "both"), [[1, 2], [1, 2]])
    XCTAssertEqual(results.lastValues(of: "y"), [0, 3])
  }
}
