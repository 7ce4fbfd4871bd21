import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// Domain updates wait for all that was planned, however many workers there are and however long they
/// take.
final class UpdateWorkersTests: RuntimeTestCase {
  /// Delays that no seed repeats, so that each run has another timing.
  private static func pause() {
    block(Double.random(in: 0...0.002))
  }

  /// Each update makes a domain of what the experiments so far have saved.
  private func research(
    seed: UInt64 = 5,
    branches: Int,
    workers: Slots,
    rules: [When] = [.every(4), .last]
  ) -> Research {
    Research(
      "test",
      iterations: 2,
      seed: seed,
      workers: workers,
      branches: .count(branches)
    ) {
      Domain("n" <- 0..<6)
      Unit("work", saving: "value") { run in
        Self.pause()
        let n: Int = try run["n"]
        if n % 5 == 4 && run.iteration == 1 { throw TestError("\(n)") }
        return n + run.random.integer(0...3)
      }
      for rule in rules {
        UpdateDomain(when: rule) { update in
          let results = try update.results
          // All have ended, and nothing else has begun.
          XCTAssertEqual(results.experiments.count, update.produced)
          XCTAssertTrue(results.experiments.allSatisfy { $0.state == .done || $0.state == .failed })
          Self.pause()
          guard update.updates <= 4 else { return update.produced < 40 ? nil : Domain() }
          let last = results.lastValues(of: "value").suffix(3)
          let sum = last.reduce(0) { $0 + Int($1?.number ?? 0) }
          return Domain("n" <- sum..<(sum + 3 + update.random.integer(0...4)))
        }
      }
    }
  }

  func testTheTableIsTheSameForAnyTiming() async throws {
    let expected = everything(try await research(branches: 1, workers: 1).run())
    XCTAssertTrue(expected.contains(",4,"), "the test needs updates")
    for _ in 0..<8 {
      for branches in [1, 3] {
        for workers in [1, 2, 8] {
          let found = try await research(branches: branches, workers: .count(workers)).run()
          XCTAssertEqual(everything(found), expected, "\(branches) branches, \(workers) workers")
        }
      }
    }
  }

  func testItIsTheSameWithConfigsOfWorkers() async throws {
    let configs: Slots = [["w": "a"], ["w": "b"], ["w": "c"]]
    for branches in [1, 3] {
      var serial = research(branches: branches, workers: configs)
      serial.settings.parallelism = .serial
      let expected = everything(try await serial.run())
      for _ in 0..<10 {
        let found = try await research(branches: branches, workers: configs).run()
        XCTAssertEqual(everything(found), expected, "\(branches) branches")
      }
    }
  }

  /// Many workers wait; all have to wake up, also at the end and after errors.
  func testNobodyWaitsForEver() async throws {
    enum Act: CaseIterable { case keep, replace, end, fail }
    for round in 0..<40 {
      for act in Act.allCases {
        let research = Research(
          "test",
          seed: 1,
          workers: .count([2, 5, 16][round % 3]),
          branches: .count(1 + round % 2)
        ) {
          Domain("n" <- 0..<(3 + round % 5))
          Unit("u") { _ in Self.pause() }
          UpdateDomain(when: .every(1 + round % 3) | .last) { update in
            Self.pause()
            guard update.produced < 20 else { return Domain() }
            switch act {
            case .keep: return nil
            case .replace: return Domain("n" <- 0..<(1 + round % 4))
            case .end: return Domain()
            case .fail: throw TestError("at \(update.produced)")
            }
          }
        }
        do {
          _ = try await research.run()
          XCTAssertNotEqual(act, .fail)
        } catch {
          XCTAssertEqual(act, .fail, "\(error)")
        }
      }
    }
  }

  // MARK: Cancellation

  /// How an update behaves when it is cancelled.
  private enum Habit: CaseIterable {
    /// It throws what the cancellation throws.
    case throwing
    /// It throws an error of its own.
    case failing
    /// It notices nothing and gives a domain.
    case deaf
    /// It notices, and gives nil.
    case giving
  }

  func testCancellingWhileWaitingForAnUpdate() async throws {
    for habit in Habit.allCases {
      for workers in [1, 2, 8] {
        let store = try DatabaseStore.inMemory()
        let (events, begun) = AsyncStream<Void>.makeStream()
        let cancelled = DispatchSemaphore(value: 0)
        let isFirst = Shared(true)
        func research() -> Research {
          Research("test", seed: 1, workers: .count(workers)) {
            Domain("n" <- 0..<5)
            Unit("u", saving: "u") { run in run.random.uniform() }
            UpdateDomain(when: .at(2)) { _ in
              guard
                isFirst.change({ first in
                  defer { first = false }; return first
                })
              else {
                return Domain("n" <- 10..<14)
              }
              begun.yield()
              switch habit {
              case .throwing: try await Task.sleep(for: .seconds(99))
              case .failing:
                try? await Task.sleep(for: .seconds(99))
                throw TestError("no connection")
              case .deaf:
                await withTaskCancellationHandler {
                  await withCheckedContinuation { continuation in
                    DispatchQueue.global().async {
                      cancelled.wait()
                      continuation.resume()
                    }
                  }
                } onCancel: {
                }
              case .giving:
                try? await Task.sleep(for: .seconds(99))
                return nil
              }
              return Domain("n" <- 10..<14)
            }
          }
        }
        let task = Task { try await ResearchRunner(research(), store: store).run() }
        for await _ in events { break }
        task.cancel()
        cancelled.signal()
        let summary = try await task.value
        let name = "\(habit), \(workers) workers"
        XCTAssertTrue(summary.isCancelled, name)
        XCTAssertEqual([summary.done, summary.interrupted, summary.failed], [3, 0, 0], name)
        let rest = try await ResearchRunner(research(), store: store).run()
        XCTAssertEqual([rest.done, rest.skipped], [4, 3], name)
        let undisturbed = try await research().run()
        XCTAssertEqual(everything(try store.contents()), everything(undisturbed), name)
      }
    }
  }

  /// A store that can no longer be written ends the run before the update.
  func testAStoreThatFailsBeforeAnUpdate() async throws {
    final class Full: ResultStore {
      let store: DatabaseStore
      init() throws { store = try DatabaseStore.inMemory() }
      var folder: ResearchFolder? { nil }
      func write(_ records: [RunRecord]) throws {
        for case .ended in records { throw FieldworkError(.store, "the disk is full") }
        try store.write(records)
      }
      func contents() throws -> ResearchResults { try store.contents() }
      func states() throws -> [String: ExperimentState] { try store.states() }
      func notes() throws -> [String: Value] { try store.notes() }
      func directory(of experiment: String) throws -> String { try store.directory(of: experiment) }
    }
    for workers in [1, 4] {
      let calls = Shared(0)
      let research = Research("test", seed: 1, workers: .count(workers)) {
        Domain("n" <- 0..<4)
        Unit("u") { _ in }
        UpdateDomain(when: .every(2)) { _ in
          calls.change { $0 += 1 }
          return nil
        }
      }
      let store = try Full()
      await assertThrows(.store, "full") { try await research.run(store: store) }
      XCTAssertEqual(calls.value, 0)
    }
  }
}
