import XCTest

@testable import FieldworkRuntime

/// What one process writes on a board another one reads.
final class WorkerPositionTests: XCTestCase {
  /// The two ends of a board: as the worker has it, and as its supervisor.
  private func boards(_ branches: Int) throws -> (writing: WorkerPosition, reading: WorkerPosition)
  {
    let own = try WorkerPosition(branches: branches)
    return (try WorkerPosition(descriptor: own.descriptor, branches: branches), own)
  }

  func testAtFirstNothingRuns() throws {
    let (writing, reading) = try boards(3)
    for board in [writing, reading] {
      XCTAssertNil(board.task)
      XCTAssertFalse(board.hasLostConnection)
      XCTAssertEqual(board.lastBranch, 0)
      XCTAssertEqual((0..<3).map { board.place(ofBranch: $0) }, [nil, nil, nil])
    }
  }

  func testTasks() throws {
    let (writing, reading) = try boards(1)
    for task in [0, 1, 41, nil, 1 << 50, 0, nil] {
      writing.task = task
      XCTAssertEqual(reading.task, task)
    }
  }

  /// All places of a small task.
  func testTurns() throws {
    let (writing, reading) = try boards(2)
    writing.task = 0
    for branch in 0..<2 {
      for iteration in [0, 1, 1 << 40] {
        for unit in 0..<3 {
          let other = reading.place(ofBranch: 1 - branch)
          writing.begin(unit, iteration: iteration, branch: branch)
          XCTAssertEqual(reading.lastBranch, branch)
          XCTAssertEqual(
            reading.place(ofBranch: branch),
            WorkerPosition.Place(unit: unit, iteration: iteration)
          )
          XCTAssertEqual(reading.place(ofBranch: 1 - branch), other)
          writing.end(branch: branch)
          XCTAssertEqual(
            reading.place(ofBranch: branch),
            WorkerPosition.Place(unit: nil, iteration: iteration),
            "between two turns"
          )
          XCTAssertEqual(reading.lastBranch, branch)
        }
      }
    }
  }

  func testATaskBeginsAnew() throws {
    let (writing, reading) = try boards(2)
    writing.task = 5
    writing.begin(3, iteration: 7, branch: 1)
    writing.task = 6
    XCTAssertEqual(reading.task, 6)
    XCTAssertNil(reading.place(ofBranch: 1))
    XCTAssertEqual(reading.lastBranch, 0)
  }

  func testALostConnection() throws {
    let (writing, reading) = try boards(1)
    writing.loseConnection()
    XCTAssertTrue(reading.hasLostConnection)
    writing.task = 1
    XCTAssertTrue(reading.hasLostConnection, "it stays lost")
  }

  /// A run that ends lets a worker stop from whichever thread sees it, and from the worker's own.
  func testAStopFromManyThreads() throws {
    let (supervisor, worker) = try boards(1)
    XCTAssertFalse(worker.isStopping)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in supervisor.stop() }
    XCTAssertTrue(worker.isStopping)
  }

  func testADescriptorOfSomethingElse() throws {
    XCTAssertThrowsError(try WorkerPosition(descriptor: -1, branches: 1))
  }
}
