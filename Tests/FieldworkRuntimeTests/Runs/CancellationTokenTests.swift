import Dispatch
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

final class CancellationTokenTests: XCTestCase {
  private let failure = Failure(unit: "f", iteration: 0, kind: "K", message: "m", place: nil)

  func testTheFirstReasonCounts() {
    let token = CancellationToken()
    XCTAssertFalse(token.isRequested)
    XCTAssertNil(token.reason)
    token.request(.failedFast(failure))
    token.request(.unwritable)
    token.request(nil)
    XCTAssertTrue(token.isRequested)
    guard case .failedFast = token.reason else { return XCTFail("\(token.reason as Any)") }
    XCTAssertEqual(
      token.reason?.explanation,
      "The run was ended by its first failure: m"
    )
  }

  func testACancellationHasNoReason() {
    let token = CancellationToken()
    token.request(nil)
    token.request(.unwritable)
    XCTAssertTrue(token.isRequested)
    XCTAssertNil(token.reason)
  }

  func testActionsAreDoneOnce() {
    let (token, done) = (CancellationToken(), Shared<[Int]>([]))
    for index in 0..<3 { token.whenRequested { done.change { $0.append(index) } } }
    XCTAssertEqual(done.value, [])
    token.request(nil)
    XCTAssertEqual(done.value, [0, 1, 2])
    token.request(.unwritable)
    XCTAssertEqual(done.value, [0, 1, 2])
    token.whenRequested { done.change { $0.append(3) } }
    XCTAssertEqual(done.value, [0, 1, 2, 3], "at once, when it is late")
  }

  func testManyAtOnce() {
    for _ in 0..<50 {
      let (token, done) = (CancellationToken(), Shared(0))
      DispatchQueue.concurrentPerform(iterations: 20) { index in
        if index % 4 == 0 {
          token.request(nil)
        } else {
          token.whenRequested { done.change { $0 += 1 } }
        }
      }
      XCTAssertEqual(done.value, 15)
    }
  }
}
