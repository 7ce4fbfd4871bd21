import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

@testable import Fieldwork

/// The time left is compared with the time that simulated runs take, on a clock of their own.
final class PaceTests: ProgressTestCase {
  /// What is shown at a moment of a run.
  private struct Moment {
    let time: Double
    let left: Double?
    let trueLeft: Double
  }

  /// Simulates a run in which every experiment takes a given time, and asks ten times a second.
  private func simulate(
    _ durations: [Double],
    iterations: Int?,
    workers: Int,
    stored: Int = 0
  ) throws -> [Moment] {
    let all = try planned(durations.count + stored)
    var (progress, pace) = (RunProgress(), Pace())
    _ = progress.apply(start(all.count, iterations: iterations, stored: stored), now: 0)
    for experiment in all.prefix(stored) {
      _ = progress.apply(.skipped(experiment), now: 0)
    }
    var running: [(index: Int, began: Double, made: Int)?] = Array(repeating: nil, count: workers)
    var (next, time) = (0, 0.0)
    var moments: [(Double, Double?)] = []
    while next < durations.count || running.contains(where: { $0 != nil }) {
      for worker in 0..<workers {
        if running[worker] == nil, next < durations.count {
          running[worker] = (next, time, 0)
          let event = RunRecord.experimentStarted(all[stored + next], worker: worker)
          _ = progress.apply(event, now: time)
          next += 1
        }
        guard let task = running[worker] else { continue }
        let experiment = all[stored + task.index]
        let part = min((time - task.began) / durations[task.index], 1)
        for iteration in task.made..<max(task.made, Int(part * Double(iterations ?? 1))) {
          _ = progress.apply(
            .iterationEnded(experiment, iteration: iteration),
            now: time
          )
          running[worker]?.made += 1
        }
        if part == 1 {
          let ending = RunRecord.experimentEnded(
            experiment,
            .complete,
            iterations: iterations ?? 1
          )
          _ = progress.apply(ending, now: time)
          running[worker] = nil
        }
      }
      pace.update(progress, at: time)
      moments.append((time, pace.left))
      time += 0.1
    }
    return moments.map { Moment(time: $0.0, left: $0.1, trueLeft: time - $0.0) }
  }

  private func durations(_ count: Int, _ make: (Int) -> Double) -> [Double] {
    (0..<count).map(make)
  }

  /// - Parameter tolerance: how far the estimate may be from the truth, as a part of the run's duration.
  private func check(
    _ moments: [Moment],
    after first: Double,
    within tolerance: Double,
    _ text: String
  ) {
    let whole = moments.last?.time ?? 0
    for moment in moments where moment.time >= first {
      guard let left = moment.left else {
        XCTFail("\(text): nothing at \(moment.time)")
        continue
      }
      let error = abs(left - moment.trueLeft)
      XCTAssertLessThan(error, tolerance * whole + 1, "\(text) at \(moment.time) of \(whole)")
    }
    for (one, other) in zip(moments, moments.dropFirst()) where one.time >= first {
      guard let before = one.left, let after = other.left else { continue }
      let jump = abs(after - before + 0.1)
      XCTAssertLessThan(jump, max(1, before * 0.05), "\(text): a jump at \(other.time)")
    }
  }

  func testEqualDurations() throws {
    for workers in [1, 3, 8] {
      for iterations in [1, 20, nil] {
        let moments = try simulate(
          durations(60) { _ in 4 },
          iterations: iterations,
          workers: workers
        )
        check(moments, after: 12, within: 0.05, "\(workers) workers, \(iterations ?? 0) iterations")
      }
    }
  }

  func testUnequalDurations() throws {
    for iterations in [1, 20, nil] {
      let moments = try simulate(
        durations(100) { Double($0 * 37 % 11) + 0.5 },
        iterations: iterations,
        workers: 4
      )
      check(moments, after: 30, within: 0.15, "\(iterations ?? 0) iterations")
    }
  }

  /// Later experiments take three times as long as the first ones; at the latest when they have become
  /// the rule the estimate is near.
  func testExperimentsGetLonger() throws {
    let moments = try simulate(
      durations(90) { $0 < 30 ? 2 : 6 },
      iterations: 10,
      workers: 2
    )
    check(moments, after: 90, within: 0.1, "longer")
  }

  /// In the end a single worker has something to do, and the others do not count.
  func testOneLongExperimentAtTheEnd() throws {
    let moments = try simulate(
      durations(41) { $0 < 40 ? 1 : 60 },
      iterations: 100,
      workers: 8
    )
    check(moments, after: 25, within: 0.15, "one at the end")
  }

  func testStoredExperimentsSayNothingAboutTheRate() throws {
    let with = try simulate(durations(20) { _ in 3 }, iterations: 5, workers: 2, stored: 500)
    let without = try simulate(durations(20) { _ in 3 }, iterations: 5, workers: 2)
    XCTAssertEqual(with.map(\.left), without.map(\.left))
  }

  func testNothingIsSaidBeforeThereIsSomethingToGoBy() throws {
    let moments = try simulate(durations(4) { _ in 10 }, iterations: 1, workers: 2)
    XCTAssertTrue(moments.prefix { $0.time < 9.9 }.allSatisfy { $0.left == nil })
    XCTAssertNotNil(moments.last?.left)
    let iterated = try simulate(durations(4) { _ in 10 }, iterations: 100, workers: 2)
    XCTAssertTrue(iterated.prefix { $0.time < 0.9 }.allSatisfy { $0.left == nil })
    XCTAssertNotNil(iterated.first { $0.time > 1.1 }?.left)
  }
}
