import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// When failures end a run.
final class FailureWatchTests: XCTestCase {
  /// How an experiment goes.
  private enum Way: CaseIterable {
    case done, stopped, interrupted, one, number, other, elsewhere

    var ending: Ending {
      switch self {
      case .done: .complete
      case .stopped: .stopped
      case .interrupted: .interrupted
      default: .failed
      }
    }

    var failure: Failure? {
      func failure(_ unit: String, _ message: String) -> Failure {
        Failure(unit: unit, iteration: 0, kind: "K", message: message, place: nil)
      }
      switch self {
      case .one: return failure("f", "bad at 1")
      case .number: return failure("f", "bad at 20.5")
      case .other: return failure("f", "worse at 1")
      case .elsewhere: return failure("g", "bad at 1")
      default: return nil
      }
    }

    /// The same for failures of one kind.
    var kind: String { failure.map { $0.unit + $0.pattern } ?? "" }
  }

  private let start = ExperimentStart(at: 0, worker: 0, device: nil)

  private func experiment(_ ordinal: Int) -> PlannedExperiment {
    PlannedExperiment(
      ordinal: ordinal,
      id: "e\(ordinal)",
      key: "e\(ordinal)",
      config: Config(),
      repetition: 0,
      updates: 0,
      task: ordinal,
      branch: 0
    )
  }

  /// The number of experiments after which there is a reason to stop; nil for none.
  private func end(_ ways: [Way], _ change: (inout FaultPolicy) -> Void) -> (Int, StopReason)? {
    var faults = FaultPolicy()
    change(&faults)
    let watch = FailureWatch(faults)
    for (index, way) in ways.enumerated() {
      let experiment = experiment(index)
      var records: [RunRecord] = [.started(experiment, start)]
      if let failure = way.failure { records.append(.failed(experiment: experiment.key, failure)) }
      records.append(.ended(experiment: experiment.key, way.ending, iterations: 1, at: 0))
      for record in records {
        if let reason = watch.reason(toStopAfter: record) { return (index, reason) }
      }
    }
    return nil
  }

  /// All ways in which three experiments can go.
  private var triples: [[Way]] {
    Way.allCases.flatMap { a in
      Way.allCases.flatMap { b in Way.allCases.map { [a, b, $0] } }
    }
  }

  func testEqualFailures() {
    for ways in triples {
      let found = end(ways) { $0.equalFailureLimit = 2 }
      // The interrupted ones say nothing; the first two others count.
      let told = ways.enumerated().filter { $0.element != .interrupted }
      let first = told.prefix(2).map(\.element)
      let isReason =
        first.count == 2 && first.allSatisfy { $0.ending == .failed }
        && Set(first.map(\.kind)).count == 1
      XCTAssertEqual(found?.0, isReason ? told[1].offset : nil, "\(ways)")
      if case .equalFailures(let count, let failure)? = found?.1 {
        XCTAssertEqual(count, 2)
        XCTAssertEqual(failure, first[0].failure)
      } else {
        XCTAssertNil(found, "\(ways)")
      }
    }
  }

  func testTheFirstFailure() {
    for ways in triples {
      let found = end(ways) {
        $0.failsFast = true
        $0.equalFailureLimit = 2
      }
      XCTAssertEqual(found?.0, ways.firstIndex { $0.ending == .failed }, "\(ways)")
      if let found, case .failedFast(let failure) = found.1 {
        XCTAssertEqual(failure, ways[found.0].failure)
      } else {
        XCTAssertNil(found)
      }
    }
  }

  func testNothingIsWatchedByDefault() {
    for ways in triples { XCTAssertNil(end(ways) { _ in }) }
  }

  /// An attempt that failed counts no more once the experiment is tried again.
  func testAttempts() {
    var faults = FaultPolicy()
    faults.failsFast = true
    let (watch, experiment) = (FailureWatch(faults), experiment(0))
    let (first, second) = (Way.one.failure, Way.other.failure)
    func take(_ records: [RunRecord]) -> StopReason? {
      records.compactMap { watch.reason(toStopAfter: $0) }.first
    }
    XCTAssertNil(
      take([
        .started(experiment, start), .failed(experiment: experiment.key, first!),
        .started(experiment, start),
      ])
    )
    let reason = take([
      .failed(experiment: experiment.key, second!),
      .ended(experiment: experiment.key, .failed, iterations: 1, at: 0),
    ])
    guard case .failedFast(let failure)? = reason else { return XCTFail("\(reason as Any)") }
    XCTAssertEqual(failure, second)
  }

  func testItIsOpenUntilAnExperimentEndsOtherwise() {
    var faults = FaultPolicy()
    XCTAssertFalse(FailureWatch(faults).isOpen)
    faults.equalFailureLimit = 10
    let watch = FailureWatch(faults)
    XCTAssertTrue(watch.isOpen)
    _ = watch.reason(toStopAfter: .ended(experiment: "e", .complete, iterations: 1, at: 0))
    XCTAssertFalse(watch.isOpen)
  }
}
