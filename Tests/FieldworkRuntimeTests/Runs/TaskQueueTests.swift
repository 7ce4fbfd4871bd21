import Fieldwork
import FieldworkCore
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

final class TaskQueueTests: XCTestCase {
  /// A queue that deals tasks out to two workers.
  private func queue(
    _ research: Research,
    shouldStop: @escaping @Sendable () -> Bool = { false },
    update: @escaping @Sendable () -> Domain? = { nil }
  ) throws -> TaskQueue {
    TaskQueue(
      try ExperimentPlan(research, seed: 1),
      research,
      finished: [],
      selection: nil,
      sendsAhead: false,
      lanes: 2,
      hooks: TaskQueue.Hooks(
        skipped: { _ in },
        shouldStop: shouldStop,
        update: { _, _ in update() },
        starved: { _ in },
        settled: {},
        updated: { _, _, _ in }
      )
    )
  }

  private func research(_ count: Int, updates: Bool = false) -> Research {
    Research("test", seed: 1, workers: [["w": 0], ["w": 1]]) {
      Domain("x" <- 0..<count)
      if updates { UpdateDomain(when: .last) { _ in nil } }
      Unit("one", saving: "one") { _ in 1 }
    }
  }

  /// A worker has drawn as much for another one as it may, and waits; then the run is stopped, and the
  /// other one takes nothing any more.
  func testAWorkerThatWaitsForRoomEndsWithTheOthers() async throws {
    let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
    let taken = Shared(0)
    let isStopping = Shared(false)
    let looks = Shared(0)
    let queue = try queue(
      research(1000),
      shouldStop: {
        // With the first look it draws the last one for the other worker, with the second one it waits.
        guard taken.value == 64,
          looks.change({
            $0 += 1; return $0
          }) == 2
        else {
          return isStopping.value
        }
        arrival.yield()
        return false
      }
    )
    let ended = expectation(description: "ended")
    Task {
      while await queue.next(for: 0) != nil {
        taken.change { $0 += 1 }
        queue.taskEnded()
      }
      ended.fulfill()
    }
    for await _ in arrivals { break }
    isStopping.change { $0 = true }
    let task = await queue.next(for: 1)
    XCTAssertNil(task)
    await fulfillment(of: [ended], timeout: 60)
    XCTAssertEqual(taken.value, 64)
  }

  /// A domain that was made without the results of tasks that nobody could run would depend on who had
  /// devices when.
  func testAnUpdateDoesNotPassOverTasksThatWereGivenUp() async throws {
    let updates = Shared(0)
    let queue = try queue(
      research(4, updates: true),
      update: {
        updates.change { $0 += 1 }
        return nil
      }
    )
    let first = await queue.next(for: 0)
    let second = await queue.next(for: 1)
    queue.leave(1, givingBack: [try XCTUnwrap(second)])
    queue.taskEnded()
    let third = await queue.next(for: 0)
    queue.taskEnded()
    XCTAssertEqual([first?.number, second?.number, third?.number], [0, 1, 2])
    let end = await queue.next(for: 0)
    XCTAssertNil(end)
    XCTAssertEqual(updates.value, 0)
    XCTAssertTrue(queue.hasMore)
  }
}
