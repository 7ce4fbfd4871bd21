import Dispatch
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

final class StopSignalTests: XCTestCase {
  private let failure = Failure(unit: "f", iteration: 0, kind: "K", message: "m", place: nil)

  func testTheFirstReasonCounts() {
    let signal = StopSignal()
    XCTAssertFalse(signal.isGiven)
    XCTAssertNil(signal.reason)
    signal.give(.failedFast(failure))
    signal.give(.unwritable)
    signal.give(nil)
    XCTAssertTrue(signal.isGiven)
    guard case .failedFast = signal.reason else { return XCTFail("\(signal.reason as Any)") }
    XCTAssertEqual(
      signal.reason?.explanation,
      "The run was ended by its first failure: m"
    )
  }

  func testACancellationHasNoReason() {
    let signal = StopSignal()
    signal.give(nil)
    signal.give(.unwritable)
    XCTAssertTrue(signal.isGiven)
    XCTAssertNil(signal.reason)
  }

  func testActionsAreDoneOnce() {
    let (signal, done) = (StopSignal(), Shared<[Int]>([]))
    for index in 0..<3 { signal.whenGiven { done.change { $0.append(index) } } }
    XCTAssertEqual(done.value, [])
    signal.give(nil)
    XCTAssertEqual(done.value, [0, 1, 2])
    signal.give(.unwritable)
    XCTAssertEqual(done.value, [0, 1, 2])
    signal.whenGiven { done.change { $0.append(3) } }
    XCTAssertEqual(done.value, [0, 1, 2, 3], "at once, when it is late")
  }

  func testManyAtOnce() {
    for _ in 0..<50 {
      let (signal, done) = (StopSignal(), Shared(0))
      DispatchQueue.concurrentPerform(iterations: 20) { index in
        if index % 4 == 0 { signal.give(nil) } else { signal.whenGiven { done.change { $0 += 1 } } }
      }
      XCTAssertEqual(done.value, 15)
    }
  }
}
