import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import Logging
import XCTest

final class LogObserverTests: LogTestCase {
  /// Three experiments, of which the second fails.
  private func runResearch(_ threshold: Logger.Level, _ store: DatabaseStore) async throws {
    let research = Research("test", iterations: 2, seed: 7, parallel: .serial) {
      Domain("x" <- [1, 2, 3])
      Unit("check") { run in
        let x = try run["x", as: Int.self]
        guard x != 2 else { throw TestError("x is even\nand that is odd") }
        return x
      }
    }
    try await ResearchRunner(research, store: store, observers: [LogObserver(makeBook(threshold))])
      .run()
  }

  /// The lines with what differs from run to run left out.
  private func steady(_ lines: [String]?) -> [String]? {
    lines?.map {
      $0.replacing(/seconds=\d+\.\d{3}/, with: "seconds=S")
        .replacing(/place=\S+LogObserverTests.swift:\d+/, with: "place=P")
        .replacing(/test\.[0-9a-f]{16}/, with: "test.ID")
    }
  }

  private let failure = [
    "ERROR test.ID unit 'check' failed: x is even config=\"{x: 2, repetition: 0}\" iteration=0 "
      + "kind=TestError place=P",
    "    and that is odd",
  ]

  func testAtNotice() async throws {
    let store = try DatabaseStore.inMemory()
    try await runResearch(.notice, store)
    XCTAssertEqual(
      steady(lines("research.log")),
      ["NOTICE test run started experiments=3 iterations=2 seed=7 stored=0 workers=1"]
        + failure
        + [
          "NOTICE test run ended cancelled=false done=2 failed=1 interrupted=0 seconds=S skipped=0"
        ]
    )
    let failed = try XCTUnwrap(try store.contents().experiments.first { $0.state == .failed })
    XCTAssertEqual(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/experiments"),
      [failed.id]
    )
    XCTAssertEqual(steady(experimentLines(failed.id)), failure)
  }

  func testAtInfo() async throws {
    let store = try DatabaseStore.inMemory()
    try await runResearch(.info, store)
    let experiments = try store.contents().experiments
    let started = "INFO test.ID experiment started config=\"{x: X, repetition: 0}\" worker=0"
    for (x, experiment) in experiments.enumerated() {
      let start = started.replacingOccurrences(of: "X", with: "\(x + 1)")
      let expected =
        x == 1
        ? [start] + failure + ["INFO test.ID experiment ended ending=failed iterations=1 worker=0"]
        : [start, "INFO test.ID experiment ended ending=complete iterations=2 worker=0"]
      XCTAssertEqual(steady(experimentLines(experiment.id)), expected)
    }
    XCTAssertEqual(lines("research.log")?.count, 2 + 2 + 4 + 2)
    // Once more: two are left out.
    try await runResearch(.info, store)
    let again = try XCTUnwrap(steady(lines("research.log"))).dropFirst(10)
    let leftOut = "INFO test.ID experiment left out, its results are stored"
    XCTAssertEqual(again.filter { $0 == leftOut }.count, 2)
    XCTAssertTrue(again.first?.hasSuffix("stored=2 workers=1") ?? false, "\(again)")
  }

  func testAtErrorAWellEndedRunHasNoLog() async throws {
    let research = Research("test", parallel: .serial) { Unit("one") { _ in 1 } }
    try await ResearchRunner(
      research,
      store: try DatabaseStore.inMemory(),
      observers: [LogObserver(makeBook(.error))]
    ).run()
    XCTAssertEqual(FileManager.default.subpaths(atPath: folder.path), [])
  }

  func testWhatHappensToWorkers() throws {
    var plan = try ExperimentPlan(Research("test") { Domain("x" <- [1]) }, seed: 1)
    let experiment = try XCTUnwrap(plan.next())
    let consumer = LogObserver(makeBook(.notice))
    consumer.observe(.workerDied(worker: 3, reason: "signal 9"))
    consumer.observe(
      .started(experiment, ExperimentStart(at: 0, worker: 0, device: nil))
    )
    consumer.observe(
      .retrying(experiment: experiment.key, RunRecord.Retry(attempt: 2))
    )
    consumer.observe(.printed(worker: 3, text: "not for the log\n"))
    let retry = "NOTICE test.\(experiment.id) experiment is tried again attempt=2"
    XCTAssertEqual(lines("research.log"), ["WARNING test worker 3 has died: signal 9", retry])
    XCTAssertEqual(experimentLines(experiment.id), [retry])
  }
}
