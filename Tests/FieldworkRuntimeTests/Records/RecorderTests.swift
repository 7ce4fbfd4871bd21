import Fieldwork
import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

/// A store that keeps the records it is given, and fails from a certain write on.
final class ListStore: ResultStore {
  private let groups = Shared<[[RunRecord]]>([])
  private let good: Int
  private let error: any Error

  init(failingAfter good: Int = .max, with error: any Error = TestError("the disk is gone")) {
    self.good = good
    self.error = error
  }

  var written: [[RunRecord]] { groups.value }

  /// The notes in the order in which they were written.
  var noted: [(String, Value)] {
    written.flatMap { $0 }.compactMap { record in
      if case .note(let key, let value) = record { (key, value) } else { nil }
    }
  }

  func write(_ records: [RunRecord]) throws {
    let isGood = groups.change { groups in
      guard groups.count < good else { return false }
      groups.append(records)
      return true
    }
    if !isGood { throw error }
  }

  func contents() throws -> ResearchResults { try DatabaseStore.inMemory().contents() }
  func states() throws -> [String: ExperimentState] { [:] }
  func notes() throws -> [String: Value] { [:] }
  func directory(of experiment: String) throws -> String { throw TestError("no folders") }
}

private final class CountingObserver: RunObserver {
  private let number = Shared(0)
  private let action: @Sendable (RunRecord) -> Void
  var count: Int { number.value }

  init(_ action: @escaping @Sendable (RunRecord) -> Void) { self.action = action }

  func observe(_ record: RunRecord) {
    number.change { $0 += 1 }
    action(record)
  }
}

final class RecorderTests: RuntimeTestCase {
  func testRecordsAreWrittenInGroupsAndInOrder() async throws {
    let store = ListStore()
    let recorder = Recorder(store) { XCTFail("nothing fails") }
    for number in 0..<1000 { await recorder.record([.note("n", .int(number))]) }
    try await recorder.flushed()
    XCTAssertEqual(store.noted.map(\.1), (0..<1000).map { Value.int($0) })
    XCTAssertLessThan(store.written.count, 1000)
  }

  func testManyWorkersWaitForASlowStoreAndAllGoOn() async throws {
    let store = ListStore()
    let recorder = Recorder(store) { XCTFail("nothing fails") }
    let workers = 12
    let each = 300
    let actions = Shared(0)
    await withTaskGroup { group in
      for worker in 0..<workers {
        group.addTask(executorPreference: WorkerExecutor(worker)) {
          for number in 0..<each {
            // Hundreds at once, so that the limit is met again and again.
            let records = (0..<100).map { RunRecord.note("\(worker)", .int(100 * number + $0)) }
            await recorder.record(records)
            actions.change { $0 += 1 }
          }
        }
      }
    }
    try await recorder.flushed()
    XCTAssertEqual(actions.value, workers * each)
    let byWorker = Dictionary(grouping: store.noted, by: \.0)
    XCTAssertEqual(byWorker.count, workers)
    for (worker, notes) in byWorker {
      XCTAssertEqual(notes.map(\.1), (0..<100 * each).map { Value.int($0) }, "worker \(worker)")
    }
  }

  func testAnObserverGetsARecordAfterItIsStored() async throws {
    let store = ListStore()
    let seen = Shared<[Int]>([])
    let observer = CountingObserver { record in
      let count = store.noted.count
      if case .note = record { seen.change { $0.append(count) } }
    }
    let recorder = Recorder(store, observers: [observer]) { XCTFail("nothing fails") }
    for number in 0..<10 {
      await recorder.record([.note("n", .int(number)), .warning("w")])
    }
    try await recorder.flushed()
    XCTAssertEqual(seen.value.count, 10)
    for (number, count) in seen.value.enumerated() { XCTAssertGreaterThan(count, number) }
    XCTAssertEqual(observer.count, 20)
  }

  /// What is not stored is not observed; warnings and the end of the run are.
  func testObserversOfAStoreThatFails() async throws {
    let observer = CountingObserver { record in
      if record.isStored { XCTFail("\(record)") }
    }
    let recorder = Recorder(ListStore(failingAfter: 0), observers: [observer]) {}
    for _ in 0..<3 {
      await recorder.record([.note("a", 1), .warning("w"), .runEnded(RunSummary())])
      await assertThrows(.store) { try await recorder.flushed() }
    }
    XCTAssertEqual(observer.count, 6)
  }

  func testTheFirstErrorIsThrownAtTheEnd() async throws {
    let store = ListStore(failingAfter: 0)
    let failures = Shared(0)
    let recorder = Recorder(store) { failures.change { $0 += 1 } }
    await recorder.record([.note("a", 1)])
    await assertThrows(.store, "cannot be stored", "the disk is gone") {
      try await recorder.flushed()
    }
    await recorder.record([.note("b", 2)])
    await assertThrows(.store, "the disk is gone") { try await recorder.flushed() }
    XCTAssertEqual(failures.value, 1)
  }

  func testAFailingStoreDoesNotHoldUpThoseWhoWait() async throws {
    let recorder = Recorder(ListStore(failingAfter: 0)) {}
    let many = (0..<25_000).map { RunRecord.note("n", .int($0)) }
    for _ in 0..<3 { await recorder.record(many) }
    await assertThrows(.store) { try await recorder.flushed() }
  }

  // MARK: A whole run on a store that fails

  /// Experiments that end one after another until the store has failed, and then no more.
  func testAStoreThatFailsEndsTheRun() async throws {
    let own = FieldworkError(.store, "the store is full")
    for parallelism in Parallelism.allCases {
      for good in 0..<4 {
        let store = ListStore(failingAfter: good, with: own)
        let log = EventLog()
        var research = Research("test", iterations: 200, workers: 2) {
          Domain("x" <- 0..<100_000_000)
          Unit("u", saving: "u") { run in run.iteration }
        }
        research.settings.parallelism = parallelism
        let runner = ResearchRunner(research, store: store, observers: [log])
        await assertThrows(.store, "the store is full") { try await runner.run() }
        XCTAssertEqual(store.written.count, good)
        let ended = log.events.filter { if case .ended = $0 { true } else { false } }
        let stored = store.written.flatMap { $0 }.filter {
          if case .ended = $0 { true } else { false }
        }
        XCTAssertEqual(ended.count, stored.count, "what was told as ended is stored")
      }
    }
  }
}
