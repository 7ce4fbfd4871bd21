import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

/// The number of workers of a run that goes on.
final class WorkerCrewTests: RuntimeTestCase {
  /// Runs a crew whose workers end when a test lets them.
  private func run(
    _ crew: WorkerCrew,
    _ body: @escaping @Sendable (_ release: @escaping @Sendable () -> Void) async throws -> Void
  ) async throws -> [Int] {
    let begun = Protected<[Int]>([])
    let isReleased = Protected(false)
    async let running: Void = crew.run { worker in
      begun.withLock { $0.append(worker) }
      while !isReleased.withLock({ $0 }), !crew.isLeaving(worker) {
        try? await Task.sleep(for: .milliseconds(2))
      }
    }
    try await body { isReleased.withLock { $0 = true } }
    await running
    return begun.withLock { $0 }
  }

  func testWorkersAreAddedUntilTheEnd() async throws {
    let crew = WorkerCrew(2)
    let begun = try await run(crew) { release in
      XCTAssertEqual(crew.add(3), 3)
      XCTAssertEqual(crew.count, 5)
      release()
    }
    XCTAssertEqual(begun.sorted(), [0, 1, 2, 3, 4])
    XCTAssertEqual(crew.add(1), 0, "The run has ended.")
  }

  func testTheLastWorkersLeaveAndOneStays() async throws {
    let crew = WorkerCrew(4)
    let begun = try await run(crew) { release in
      XCTAssertEqual(crew.drain(2), [2, 3])
      XCTAssertEqual(crew.count, 2)
      XCTAssertEqual(crew.drain(9), [1])
      XCTAssertEqual(crew.drain(1), [])
      XCTAssertEqual(crew.count, 1)
      release()
    }
    XCTAssertEqual(begun.sorted(), [0, 1, 2, 3])
  }

  func testANumberThatIsFreeIsUsedAgain() async throws {
    let crew = WorkerCrew(3)
    let begun = try await run(crew) { release in
      _ = crew.drain(1)
      while crew.isLeaving(2) { try await Task.sleep(for: .milliseconds(2)) }
      XCTAssertEqual(crew.add(1), 1)
      release()
    }
    XCTAssertEqual(begun.sorted(), [0, 1, 2, 2])
  }

  func testARunAnswersRequests() async throws {
    let folder = ResearchFolder(directory: directory, name: "test")
    try folder.make()
    let requests = RunRequests(folder)
    XCTAssertNil(try requests.send(.stop(now: true), waiting: .milliseconds(50)), "Nothing runs.")
    let (isOver, done) = (Protected(false), Protected<[RunRequest]>([]))
    defer { isOver.withLock { $0 = true } }
    requests.clear()
    requests.serve(until: { isOver.withLock { $0 } }) { request in
      RunAnswer(text: "\(request)") { done.withLock { $0.append(request) } }
    }
    for request: RunRequest in [.workers(change: 3), .stop(now: false)] {
      XCTAssertEqual(try requests.send(request, waiting: .seconds(30)), "\(request)")
    }
    while done.withLock({ $0.count }) < 2 { try await Task.sleep(for: .milliseconds(2)) }
    XCTAssertEqual(done.withLock { $0 }, [.workers(change: 3), .stop(now: false)])
  }
}
