import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

@testable import Fieldwork

final class RunProgressTests: ProgressTestCase {
  private func progress(_ events: [RunRecord]) -> RunProgress {
    var progress = RunProgress()
    for (second, event) in events.enumerated() {
      _ = progress.apply(event, now: Double(second))
    }
    return progress
  }

  func testEventsAreCounted() throws {
    let all = try planned(5)
    let progress = progress([
      start(5, iterations: 3), .skipped(all[0]), .experimentStarted(all[1], worker: 0),
      .experimentStarted(all[2], worker: 1),
      .iterationEnded(all[1], iteration: 0),
      .unitFailed(all[1], failure("a")), ended(all[1], .failed),
      .experimentStarted(all[3], worker: 0), ended(all[3], .interrupted),
      .experimentStarted(all[4], worker: 0),
      .iterationEnded(all[2], iteration: 1), ended(all[4]),
    ])
    XCTAssertEqual(progress.counters.skipped, 1)
    XCTAssertEqual(
      [progress.counters.done, progress.counters.failed, progress.counters.interrupted],
      [1, 1, 1]
    )
    XCTAssertEqual(progress.counters.iterations, 2)
    XCTAssertEqual(progress.finished, 3)
    XCTAssertEqual(progress.workers.map(\.running), [0, 1])
    XCTAssertEqual(progress.workers.map(\.iteration), [0, 2])
    XCTAssertEqual(progress.began, 2, "when the first experiment began")
    XCTAssertEqual(progress.work(at: 20), 2 + 1.0 / 3, accuracy: 1e-9)
  }

  /// Experiments that failed or were pruned, and numbers that are not finite, do not count.
  func testTheBestSoFar() throws {
    let all = try planned(5)
    let values: [(Double, Ending)] = [
      (3, .complete), (1, .pruned), (2, .stopped), (.nan, .complete), (0, .failed),
    ]
    for (objective, texts) in [
      (
        Objective.minimize("y"),
        [nil, "best y 3.0", "best y 3.0", "best y 2.0", "best y 2.0", "best y 2.0"]
      ),
      (
        .maximize("y"), [nil, "best y 3.0", "best y 3.0", "best y 3.0", "best y 3.0", "best y 3.0"]
      ),
      (.maximize("z"), [nil, nil, nil, nil, nil, nil]),
    ] {
      var progress = RunProgress(objective)
      var found = [progress.bestText]
      for (experiment, (value, ending)) in zip(all, values) {
        _ = progress.apply(.experimentStarted(experiment, worker: 0), now: 0)
        let saved = [9, value].enumerated().map {
          SavedValue(name: "y", iteration: $0, value: .double($1))
        }
        _ = progress.apply(.saved(experiment: experiment.key, saved), now: 0)
        _ = progress.apply(.experimentEnded(experiment, ending, iterations: 2), now: 0)
        found.append(progress.bestText)
      }
      XCTAssertEqual(found, texts)
    }
  }

  /// Ends are told once they are stored, when the worker may have begun many others.
  func testEndsThatAreToldLate() throws {
    let all = try planned(4)
    let progress = progress(
      [start(4, iterations: 2)]
        + all.flatMap { experiment in
          [.experimentStarted(experiment, worker: 0)]
            + (0..<2).map { .iterationEnded(experiment, iteration: $0) }
        } + all.prefix(2).map { .experimentEnded($0, .complete, iterations: 2) }
    )
    XCTAssertEqual(progress.ended, 2)
    XCTAssertEqual(progress.workers[0].running, 2)
    XCTAssertEqual(progress.work(at: 99), 4, "all iterations have been made")
  }

  func testTheBranchesOfATask() throws {
    let all = try planned(4, branches: 2)
    var progress = progress(
      [start(4, iterations: 2)] + all.prefix(2).map { .experimentStarted($0, worker: 0) }
        + all.prefix(2).map { .iterationEnded($0, iteration: 0) }
    )
    XCTAssertEqual(progress.workers[0].branches, 2)
    XCTAssertEqual(progress.workers[0].iteration, 1)
    XCTAssertEqual(progress.work(at: 9), 1)
    _ = progress.apply(ended(all[1], .stopped), now: 10)
    XCTAssertEqual(progress.work(at: 10), 1.5)
  }

  /// Whether or not the end of the failed attempt was told.
  func testARetryTakesTheFailureBack() throws {
    let experiment = try planned(1)[0]
    let attempt: [RunRecord] = [
      .experimentStarted(experiment, worker: 0), .unitFailed(experiment, failure("loss is 1")),
    ]
    for isRecorded in [false, true] {
      let end = isRecorded ? [ended(experiment, .failed)] : []
      let retry = RunRecord.retrying(experiment, replaces: isRecorded ? .failed : nil)
      let events = [start(1)] + attempt + end + [retry]
      var progress = progress(events)
      XCTAssertEqual(progress.counters.failed, 0)
      XCTAssertEqual(progress.counters.retries, 1)
      XCTAssertEqual(progress.workers[0].running, 0)
      XCTAssertEqual(progress.failures.groups.map(\.count), [0])
      var news = 0
      for event in attempt where progress.apply(event, now: 9) != nil { news += 1 }
      XCTAssertEqual(news, 0, "of its kind one has been shown")
      XCTAssertEqual(progress.failures.groups.map(\.count), [1])
      XCTAssertEqual(progress.workers[0].running, 1)
      _ = progress.apply(ended(experiment), now: 10)
      XCTAssertEqual(
        [progress.counters.done, progress.counters.failed, progress.ended],
        [1, 0, 1]
      )
    }
  }

  /// The same numbers as a monitor has.
  func testAMonitorCountsTheSame() throws {
    let all = try planned(3)
    for isRecorded in [false, true] {
      let end = isRecorded ? [ended(all[0], .failed)] : []
      let events: [RunRecord] =
        [
          start(3), .experimentStarted(all[0], worker: 0), .experimentStarted(all[1], worker: 1),
          .unitFailed(all[0], failure("a")),
        ] + end + [
          .workerDied(worker: 0, reason: "signal 9"),
          .retrying(all[0], replaces: isRecorded ? .failed : nil),
          .printed(worker: 0, text: "x\n"), .experimentStarted(all[0], worker: 0),
          .unitFailed(all[1], failure("b")), ended(all[1], .failed), ended(all[0]),
        ]
      let (monitor, progress) = (Monitor(), progress(events))
      for event in events { monitor.observe(event) }
      let counts = monitor.counts
      XCTAssertEqual([counts.done, counts.failed, counts.running], [1, 1, 0])
      XCTAssertEqual([progress.counters.done, progress.counters.failed], [1, 1])
      XCTAssertEqual(progress.workers.map(\.running), [0, 0])
      XCTAssertEqual(monitor.failures.map(\.experiment.id), [all[1].id])
    }
  }

  func testFailuresOfOneKindAreOne() throws {
    let all = try planned(6)
    var progress = progress([start(6)])
    let failures = [
      failure("loss is 0.5 at 1"), failure("loss is -2e3 at 17"), failure("loss is nan at 1"),
      failure("loss is 1 at 1", unit: "test"), failure("loss is 1 at 1", kind: "F"),
    ]
    var shown: [String] = []
    for (experiment, failure) in zip(all, failures) {
      _ = progress.apply(.experimentStarted(experiment, worker: 0), now: 0)
      // Only the first failure of an experiment counts.
      for message in [failure, self.failure("another")] {
        if let group = progress.apply(.unitFailed(experiment, message), now: 0) {
          shown.append(group.message)
        }
      }
    }
    XCTAssertEqual(
      shown,
      ["loss is 0.5 at 1", "loss is nan at 1", "loss is 1 at 1", "loss is 1 at 1"]
    )
    XCTAssertEqual(progress.failures.groups.map(\.count), [2, 1, 1, 1])
    let deaths = (0..<3).map { number in
      progress.apply(.workerDied(worker: number, reason: "killed, process \(number)"), now: 0)
    }
    XCTAssertEqual(deaths.map { $0?.title }, ["worker 1 died", nil, nil])
    XCTAssertEqual(progress.failures.groups.last?.count, 3)
  }

  /// Stored ones are left out of what is to be done, also before they have been met.
  func testWhatIsExpected() throws {
    let all = try planned(10)
    XCTAssertEqual(progress([start(10)]).expected, 10)
    XCTAssertEqual(progress([start(10, stored: 4)]).expected, 6)
    let met = [start(10, stored: 4)] + all.prefix(3).map { .skipped($0) }
    XCTAssertEqual(progress(met).expected, 6)
    // More is stored than there is room for: some belongs to experiments that are no longer planned.
    let run = [start(10, stored: 40)] + all.prefix(2).map { .skipped($0) }
    XCTAssertEqual(progress(run + all[2...3].map { ended($0) }).expected, 5, "half of the rest")
    XCTAssertNil(progress([start(nil)]).expected)
  }
}
