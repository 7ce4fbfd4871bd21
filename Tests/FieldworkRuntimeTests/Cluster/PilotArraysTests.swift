import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

/// A batch system without machines, in which tests say what happens.
private final class FakeScheduler: BatchScheduler {
  struct State {
    var tasks: [BatchTask] = []
    var submissions: [PilotArray] = []
    var cancelled: [String] = []
    /// The errors of the next submissions; nil for one that is taken.
    var errors: [BatchError?] = []
    /// True if an array is taken although the answer is an error.
    var takesInSpite = false
    var isAway = false
  }

  let state = Protected(State())
  let limit: Int
  let name = "Fake"
  let resources = ""

  init(limit: Int = 1000) { self.limit = limit }

  func arrayLimit() async -> Int { limit }
  func script(_ array: PilotArray) -> String { "script of \(array.name)\n" }

  func submit(_ array: PilotArray) async throws -> String {
    try state.withLock { state in
      let error = state.errors.isEmpty ? nil : state.errors.removeFirst()
      if let error, !state.takesInSpite { throw error }
      state.submissions.append(array)
      let job = "\(state.submissions.count)"
      for index in 0..<array.count {
        state.tasks.append(
          BatchTask(
            id: "\(job)_\(index)",
            array: array.name,
            state: .waiting("Priority"),
            timeLeft: nil
          )
        )
      }
      if let error { throw error }
      return job
    }
  }

  func tasks(ofArrays names: [String]) async throws -> [BatchTask] {
    try state.withLock { state in
      if state.isAway { throw BatchError.unreachable("away") }
      return state.tasks.filter { names.contains($0.array) }
    }
  }

  func cancel(_ names: [String], waitingOnly: Bool) async -> Bool {
    state.withLock { state in
      guard !state.isAway else { return false }
      state.cancelled += names
      state.tasks = state.tasks.map { task in
        names.contains(task.array) && !task.state.isOver
          ? BatchTask(id: task.id, array: task.array, state: .cancelled, timeLeft: nil) : task
      }
      return true
    }
  }

  func releaseRemedy(_ task: String) -> String { "release \(task)" }

  func set(_ id: String, _ new: BatchTask.State) {
    state.withLock { state in
      state.tasks = state.tasks.map { task in
        task.id == id
          ? BatchTask(id: id, array: task.array, state: new, timeLeft: nil) : task
      }
    }
  }
}

/// The arrays of jobs that a run submits.
final class PilotArraysTests: XCTestCase {
  private var root = ""

  override func setUpWithError() throws {
    root = NSTemporaryDirectory() + "fieldwork-arrays-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  override func tearDown() { try? FileManager.default.removeItem(atPath: root) }

  private func arrays(_ scheduler: FakeScheduler, key: String = "key") -> PilotArrays {
    let root = root
    return PilotArrays(scheduler, root: root, prefix: "test", key: key) { name, count in
      PilotArray(
        name: name,
        count: count,
        slots: 1,
        key: key,
        program: "program",
        path: "\(root)/\(name)",
        command: ["program"],
        environment: [:],
        workingDirectory: "/"
      )
    }
  }

  private func texts(_ arrays: PilotArrays) -> [String] {
    arrays.takeNotes().map { record in
      switch record {
      case .warning(let text): "warning: \(text)"
      case .notice(let text): text
      default: "\(record)"
      }
    }
  }

  func testOneArrayServesAllThatWait() async throws {
    let scheduler = FakeScheduler()
    let arrays = arrays(scheduler)
    try await arrays.submit(4, registered: [], atMost: 4)
    // Those on their way count, before and after the batch system shows them.
    try await arrays.submit(4, registered: [], atMost: 4)
    _ = try await arrays.look()
    try await arrays.submit(4, registered: [], atMost: 4)
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.map(\.count) }, [4])
    let array = scheduler.state.withLock { $0.submissions[0] }
    XCTAssertEqual(
      try String(contentsOfFile: array.script, encoding: .utf8),
      "script of \(array.name)\n"
    )
  }

  func testArraysAreSplitAtTheLimitOfTheSite() async throws {
    let scheduler = FakeScheduler(limit: 3)
    try await arrays(scheduler).submit(8, registered: [], atMost: 8)
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.map(\.count) }, [3, 3, 2])
  }

  func testAnAnswerThatIsLostMakesNoSecondArray() async throws {
    let scheduler = FakeScheduler()
    scheduler.state.withLock { state in
      state.errors = [.unreachable("timed out")]
      state.takesInSpite = true
    }
    let arrays = arrays(scheduler)
    for round in 1...3 {
      do {
        try await arrays.submit(2, registered: [], atMost: 2)
        XCTAssertGreaterThan(round, 1)
      } catch BatchError.unreachable {
        XCTAssertEqual(round, 1)
      }
    }
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.count }, 1)
    XCTAssertTrue(texts(arrays)[0].hasPrefix("Fake job 1 submitted: 2 tasks"))
  }

  func testASubmissionIsTriedAgainWithTheSameArray() async throws {
    let scheduler = FakeScheduler()
    scheduler.state.withLock { $0.errors = [.unreachable("away"), nil] }
    let arrays = arrays(scheduler)
    try? await arrays.submit(2, registered: [], atMost: 2)
    let folders = try FileManager.default.contentsOfDirectory(atPath: root)
    try await arrays.submit(2, registered: [], atMost: 2)
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.map(\.name) }, folders)
  }

  func testTheEndCancelsWhatHadNoAnswer() async throws {
    let scheduler = FakeScheduler()
    scheduler.state.withLock { state in
      state.errors = [.unreachable("timed out")]
      state.takesInSpite = true
    }
    let arrays = arrays(scheduler)
    try? await arrays.submit(2, registered: [], atMost: 2)
    await arrays.end(pilots: [])
    let cancelled = Set(scheduler.state.withLock { $0.cancelled })
    XCTAssertEqual(cancelled, Set(scheduler.state.withLock { $0.submissions.map(\.name) }))
  }

  func testArraysThatCannotBeCancelledAreLeftToTheNextRun() async throws {
    let scheduler = FakeScheduler()
    let first = arrays(scheduler)
    try await first.submit(2, registered: [], atMost: 2)
    scheduler.state.withLock { $0.isAway = true }
    await first.end(pilots: [])
    let next = arrays(scheduler)
    do {
      try await next.adopt()
      XCTFail("Nobody knows whether there are tasks.")
    } catch BatchError.unreachable {}
    scheduler.state.withLock { $0.isAway = false }
    try await next.adopt()
    try await next.submit(2, registered: [], atMost: 2)
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.count }, 1)
  }

  func testARefusalLeavesNothing() async throws {
    let scheduler = FakeScheduler()
    scheduler.state.withLock { $0.errors = [.refused("invalid partition")] }
    do {
      try await arrays(scheduler).submit(2, registered: [], atMost: 2)
      XCTFail("It was refused.")
    } catch let error as BatchError {
      XCTAssertEqual(error, .refused("invalid partition"))
    }
    let later = arrays(FakeScheduler())
    try await later.adopt()
    XCTAssertNil(later.hopelessReason(atMost: 2), "No array is known of.")
  }

  func testTheNextRunUsesTheTasksThatAreLeft() async throws {
    let scheduler = FakeScheduler()
    try await arrays(scheduler).submit(3, registered: [], atMost: 3)
    scheduler.set("1_0", .running)
    let next = arrays(scheduler)
    try await next.adopt()
    try await next.submit(4, registered: ["1_0"], atMost: 4)
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.map(\.count) }, [3, 1])
    XCTAssertEqual(scheduler.state.withLock { $0.cancelled }, [])
  }

  func testTasksOfAnotherProgramAreCancelled() async throws {
    let scheduler = FakeScheduler()
    try await arrays(scheduler, key: "old").submit(3, registered: [], atMost: 3)
    let old = scheduler.state.withLock { $0.submissions[0].name }
    let next = arrays(scheduler, key: "new")
    try await next.adopt()
    XCTAssertEqual(scheduler.state.withLock { $0.cancelled }, [old])
    try await next.submit(3, registered: [], atMost: 3)
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.map(\.key) }, ["old", "new"])
  }

  func testTasksThatWereCancelledAreNotReplaced() async throws {
    let scheduler = FakeScheduler()
    let arrays = arrays(scheduler)
    try await arrays.submit(2, registered: [], atMost: 2)
    _ = try await arrays.look()
    _ = arrays.takeNotes()
    scheduler.set("1_0", .cancelled)
    _ = try await arrays.look()
    XCTAssertEqual(
      texts(arrays).filter { $0.hasPrefix("warning") },
      ["warning: Fake task 1_0 was cancelled; the run goes on with fewer workers"]
    )
    try await arrays.submit(2, registered: [], atMost: 2)
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.count }, 1)
    XCTAssertNil(arrays.hopelessReason(atMost: 2))
    scheduler.set("1_1", .cancelled)
    _ = try await arrays.look()
    XCTAssertEqual(arrays.hopelessReason(atMost: 2), "Fake tasks were cancelled")
  }

  func testTasksThatEndedOtherwiseAreReplaced() async throws {
    let scheduler = FakeScheduler()
    let arrays = arrays(scheduler)
    try await arrays.submit(2, registered: [], atMost: 2)
    _ = try await arrays.look()
    arrays.noteReached(["1_0", "1_1"])
    scheduler.set("1_0", .ended("TIMEOUT"))
    scheduler.set("1_1", .ended("NODE_FAIL"))
    _ = try await arrays.look()
    try await arrays.submit(2, registered: [], atMost: 2)
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.count }, 2)
  }

  func testTasksThatReachedTheRunAreNotInVain() async throws {
    let scheduler = FakeScheduler()
    let arrays = arrays(scheduler)
    for round in 1...5 {
      try await arrays.submit(1, registered: [], atMost: 1)
      _ = try await arrays.look()
      // Its pilot has ended before anybody waited for a place again.
      arrays.noteReached(["\(round)_0"])
      scheduler.set("\(round)_0", .ended("COMPLETED"))
      _ = try await arrays.look()
    }
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.count }, 5)
    XCTAssertNil(arrays.hopelessReason(atMost: 1))
  }

  func testTasksThatNeverReachTheRunEndTheWaiting() async throws {
    let scheduler = FakeScheduler()
    let arrays = arrays(scheduler)
    for round in 1...5 {
      try await arrays.submit(1, registered: [], atMost: 1)
      _ = try await arrays.look()
      scheduler.set("\(round)_0", .ended("COMPLETED"))
      _ = try await arrays.look()
    }
    XCTAssertEqual(scheduler.state.withLock { $0.submissions.count }, 3)
    XCTAssertEqual(
      arrays.hopelessReason(atMost: 1),
      "Fake tasks end before their pilots reach the run; see their output in \(root)"
    )
  }

  func testAHeldTaskIsShownWithTheRemedy() async throws {
    let scheduler = FakeScheduler()
    let arrays = arrays(scheduler)
    try await arrays.submit(1, registered: [], atMost: 1)
    scheduler.set("1_0", .held("JobHeldUser"))
    _ = try await arrays.look()
    _ = try await arrays.look()
    XCTAssertEqual(
      texts(arrays).filter { $0.hasPrefix("warning") },
      [
        "warning: Fake holds task 1_0 (JobHeldUser). To let it run: release 1_0"
      ]
    )
  }

  func testTasksThatTheBatchSystemForgetsHaveEnded() async throws {
    let scheduler = FakeScheduler()
    let arrays = arrays(scheduler)
    try await arrays.submit(1, registered: [], atMost: 1)
    _ = try await arrays.look()
    scheduler.state.withLock { $0.tasks = [] }
    let tasks = try await arrays.look()
    XCTAssertEqual(tasks["1_0"]?.state, .ended("Fake does not list it any more"))
  }
}
