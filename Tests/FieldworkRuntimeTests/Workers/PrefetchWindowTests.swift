import Foundation
import XCTest

@testable import FieldworkRuntime

/// How many tasks a worker is sent ahead.
final class PrefetchWindowTests: XCTestCase {
  private func limit(_ seconds: Double, times: Int = 50) -> Int {
    var room = PrefetchWindow()
    for _ in 0..<times { room.add(seconds) }
    return room.limit
  }

  /// Nobody knows yet how long it takes.
  func testAtFirstNoneIsSentAhead() { XCTAssertEqual(PrefetchWindow().limit, 1) }

  func testLongTasksAreNotSentAhead() {
    XCTAssertEqual(limit(0.11), 1)
    XCTAssertEqual(limit(1e9), 1)
  }

  func testShortTasks() {
    XCTAssertEqual(limit(0.09), 2)
    XCTAssertEqual(limit(0.02), 2)
    XCTAssertEqual(limit(0.005), 5)
    XCTAssertEqual(limit(1e-9), 257)
    XCTAssertEqual(limit(0), 257)
  }

  func testTheShorterTheMore() {
    let limits = (0..<100).map { limit(1e-6 * pow(1.2, Double($0))) }
    XCTAssertEqual(limits, limits.sorted(by: >))
    XCTAssertEqual(limits.first, 257)
    XCTAssertEqual(limits.last, 1)
    XCTAssertGreaterThan(limits.min() ?? 0, 0)
  }

  /// Tasks that get longer are noticed within a few.
  func testChanges() {
    var room = PrefetchWindow()
    for _ in 0..<100 { room.add(0.001) }
    for _ in 0..<4 { room.add(1) }
    XCTAssertEqual(room.limit, 1)
    for _ in 0..<40 { room.add(0.001) }
    XCTAssertGreaterThan(room.limit, 10)
  }
}
