import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

final class CancellationTests: RuntimeTestCase {
  /// A research whose experiment 3 calls `act` in its iteration 1 of 4.
  private func research(
    _ parallelism: Parallelism,
    workers: Int = 1,
    act: @escaping @Sendable () -> Void = {}
  ) -> Research {
    Research("test", iterations: 4, seed: 2, workers: .count(workers), parallel: parallelism) {
      Domain("x" <- 0..<8)
      Unit("before", saving: "before") { run in run.random.uniform() }
      Unit("act", when: .at(1)) { run in if try run["x"] == 3 { act() } }
      Unit("after", saving: "after") { run in run.iteration }
      Unit("last", when: .last, saving: "last") { run in run.random.uniform() }
    }
  }

  /// Runs the research in a task that is cancelled from within it.
  private func runAndCancel(
    _ store: any ResultStore,
    _ parallelism: Parallelism,
    workers: Int
  ) async throws -> RunSummary {
    let task = Shared<Task<RunSummary, any Error>?>(nil)
    let isSet = DispatchSemaphore(value: 0)
    let research = research(parallelism, workers: workers) {
      isSet.wait()
      task.value?.cancel()
    }
    let running = Task { try await ResearchRunner(research, store: store).run() }
    task.change { $0 = running }
    isSet.signal()
    return try await running.value
  }

  func testCancellingEndsTheIterationAndKeepsWhatWasSaved() async throws {
    let undisturbed = try await research(.serial).run()
    for (parallelism, workers) in [(Parallelism.serial, 1), (.threads, 1), (.threads, 3)] {
      let store = try DatabaseStore.inMemory()
      let summary = try await runAndCancel(store, parallelism, workers: workers)
      XCTAssertTrue(summary.isCancelled)
      XCTAssertEqual(summary.failed, 0)
      let results = try store.contents()
      XCTAssertEqual(summary.done + summary.interrupted, results.experiments.count)
      XCTAssertGreaterThanOrEqual(summary.interrupted, 1)
      let cancelled = try XCTUnwrap(
        results.experiments.first { $0.config[alias: "x"]?.name == "3" }
      )
      XCTAssertEqual(cancelled.state, .interrupted)
      XCTAssertEqual(cancelled.ending, .interrupted)
      XCTAssertEqual(cancelled.iterations, 2)
      XCTAssertEqual(
        results.values(of: "after", in: cancelled.id).map(\.value),
        [0, 1],
        "the running iteration ends, and its values are stored"
      )
      XCTAssertEqual(results.values(of: "last", in: cancelled.id).count, 0)
      if workers == 1 {
        XCTAssertEqual(results.experiments.count, 4, "no experiment is begun")
        XCTAssertEqual([summary.done, summary.interrupted], [3, 1])
      }
      let done = results.experiments.filter { $0.state == .done }.count
      // Again: the rest, and the same table as without the interruption.
      let rest = try await ResearchRunner(research(parallelism, workers: workers), store: store)
        .run()
      XCTAssertFalse(rest.isCancelled)
      XCTAssertEqual([rest.skipped, rest.done], [done, 8 - done])
      XCTAssertEqual(everything(try store.contents()), everything(undisturbed))
    }
  }

  /// An interrupted update is no error of the playbook, and comes again in the next run.
  func testCancellingADomainUpdate() async throws {
    let task = Shared<Task<RunSummary, any Error>?>(nil)
    let isSet = DispatchSemaphore(value: 0)
    let times = Shared(0)
    let research = Research("test", seed: 1, workers: 2) {
      Domain("x" <- [1, 2])
      UpdateDomain(when: .at(1)) { _ in
        if times.change({
          $0 += 1; return $0
        }) == 1 {
          isSet.wait()
          task.value?.cancel()
          try Task.checkCancellation()
        }
        return Domain("x" <- [3])
      }
      Unit("x", saving: "y") { run in try run["x", as: Int.self] }
    }
    let store = try DatabaseStore.inMemory()
    let running = Task { try await ResearchRunner(research, store: store).run() }
    task.change { $0 = running }
    isSet.signal()
    let summary = try await running.value
    XCTAssertTrue(summary.isCancelled)
    XCTAssertEqual(summary.done, 2)
    let rest = try await ResearchRunner(research, store: store).run()
    XCTAssertEqual([rest.skipped, rest.done, times.value], [2, 1, 2])
    XCTAssertEqual(try store.contents().lastValues(of: "y"), [1, 2, 3])
  }

  func testATaskThatIsCancelledBeforehandRunsNothing() async throws {
    let store = try DatabaseStore.inMemory()
    let research = research(.threads, workers: 2)
    let gate = DispatchSemaphore(value: 0)
    let task = Task {
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          gate.wait()
          continuation.resume()
        }
      }
      return try await ResearchRunner(research, store: store).run()
    }
    task.cancel()
    gate.signal()
    let summary = try await task.value
    XCTAssertTrue(summary.isCancelled)
    XCTAssertTrue(try store.contents().experiments.isEmpty)
  }

  func testAUnitThatWatchesForCancellationIsInterrupted() async throws {
    let store = try DatabaseStore.inMemory()
    let (events, begun) = AsyncStream<Void>.makeStream()
    let research = Research("test", iterations: 2, seed: 2, workers: 1) {
      Unit("early", saving: "early") { run in run.iteration }
      Unit("wait") { _ in
        begun.yield()
        let never = AsyncStream<Void> { _ in }
        for await _ in never {}
        try Task.checkCancellation()
      }
      Unit("after", saving: "after") { run in run.iteration }
    }
    let task = Task { try await ResearchRunner(research, store: store).run() }
    for await _ in events { break }
    task.cancel()
    let summary = try await task.value
    XCTAssertEqual([summary.interrupted, summary.failed, summary.done], [1, 0, 0])
    let results = try store.contents()
    XCTAssertEqual(results.experiments[0].state, .interrupted)
    XCTAssertEqual(results.experiments[0].failures, [])
    XCTAssertEqual(saved("early", results), [0: 0])
  }

  func testARunThatIsThroughIsNotCancelled() async throws {
    let task = Shared<Task<RunSummary, any Error>?>(nil)
    let isSet = DispatchSemaphore(value: 0)
    let research = Research("test", seed: 1, parallel: .serial) {
      Unit("u", saving: "u") { _ in
        isSet.wait()
        task.value?.cancel()
        return 1
      }
    }
    let store = try DatabaseStore.inMemory()
    let running = Task { try await ResearchRunner(research, store: store).run() }
    task.change { $0 = running }
    isSet.signal()
    let summary = try await running.value
    XCTAssertEqual(summary.done, 1)
    XCTAssertFalse(summary.isCancelled, "the plan was through")
  }
}
