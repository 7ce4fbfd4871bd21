import Fieldwork
import FieldworkCore
import FieldworkStore
import Foundation
import XCTest

@testable import FieldworkRuntime

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The life of a worker process, with scripts of the shell in its place.
final class ProcessLinkTests: WorkerTestCase {
  private func listen(
    _ script: String,
    _ listener: ErrorListener = ErrorListener(),
    variables: [String: String] = [:]
  ) throws -> LinkEnd {
    try ProcessLink(
      WorkerCommand(executable: "/bin/sh", arguments: ["-c", script]),
      branches: 1,
      variables: variables
    ).listen(listener)
  }

  func testEnds() throws {
    for (script, ending) in [
      ("exit 0", ChildProcess.Termination.exited(0)), ("exit 3", .exited(3)),
      ("kill -9 $$", .signalled(SIGKILL)),
    ] {
      let end = try listen(script)
      XCTAssertEqual(end.termination, ending, script)
      XCTAssertFalse(end.hasDisconnected, script)
      XCTAssertNil(end.error, script)
      XCTAssertEqual(end.lastErrors, "", script)
    }
  }

  func testErrorsAreHandedOnAndTheLastOnesKept() throws {
    let listener = ErrorListener()
    let end = try listen(
      "i=0; while [ $i -lt 300 ]; do echo $VALUE $i >&2; i=$((i+1)); done",
      listener,
      variables: ["VALUE": "a b"]
    )
    XCTAssertEqual(listener.errors, (0..<300).map { "a b \($0)\n" }.joined())
    XCTAssertEqual(end.lastErrors, (280..<300).map { "a b \($0)" }.joined(separator: "\n"))
  }

  func testAProcessThatClosesItsConnectionIsEnded() throws {
    let end = try listen("exec 3>&-; sleep 981")
    XCTAssertEqual(end.termination, .signalled(SIGKILL))
    XCTAssertTrue(end.hasDisconnected)
    XCTAssertNil(end.error)
  }

  func testAProcessThatCannotBeUnderstoodIsEnded() throws {
    let end = try listen("echo 'this is none of the messages of a worker' >&3; sleep 982")
    XCTAssertEqual(end.termination, .signalled(SIGKILL))
    XCTAssertEqual(end.error?.code, .store)
  }

  /// A program that the process has left behind holds up nobody, though it can write to the same places.
  func testAProgramThatIsLeftBehind() throws {
    let end = try listen("sleep 983 3>&- & exit 5")
    XCTAssertEqual(end.termination, .exited(5))
    XCTAssertFalse(end.hasDisconnected)
  }

  func testDeadlines() throws {
    let listener = ErrorListener()
    listener.deadline = .now + .milliseconds(50)
    let link = try ProcessLink(
      WorkerCommand(executable: "/bin/sh", arguments: ["-c", "sleep 984"]),
      branches: 1,
      variables: [:]
    )
    listener.atDeadline = {
      if listener.calls == 3 { link.kill() }
      listener.deadline = listener.calls < 3 ? .now : nil
    }
    XCTAssertEqual(link.listen(listener).termination, .signalled(SIGKILL))
    XCTAssertEqual(listener.calls, 3)
  }

  func testSendingToTheDeadIsNoError() throws {
    let session = try ProcessLink(
      WorkerCommand(executable: "/bin/sh", arguments: ["-c", "exit 0"]),
      branches: 1,
      variables: [:]
    )
    _ = session.listen(ErrorListener())
    for _ in 0..<10 { session.send(.ping) }
  }

  func testNothingIsLeft() async throws {
    let scripts = [
      "exit 0", "exit 1", "kill -9 $$", "sleep 985 3>&- & exit 0", "echo x >&2; kill -11 $$",
      "echo garbage and more of it than a header >&3; sleep 986",
    ]
    try await assertLeavesNothing {
      for index in 0..<60 { _ = try self.listen(scripts[index % scripts.count]) }
      for _ in 0..<10 {
        XCTAssertThrowsError(
          try ProcessLink(
            WorkerCommand(executable: self.directory + "/none", arguments: []),
            branches: 1,
            variables: [:]
          )
        )
      }
    }
  }

  // MARK: Runs

  private func research(_ count: Int = 8, workers: Int = 4) -> Research {
    Research("test", seed: 1, workers: .count(workers)) {
      Domain("x" <- 0..<count)
      Unit("f", saving: "y") { _ in 1 }
    }
  }

  /// Processes that end before they have run anything are not started for ever.
  func testWorkersThatDoNotWork() async throws {
    let starts = directory + "/starts"
    let cases = [
      ("echo x >> \(starts); echo the reason >&2; exit 3", "worker processes end before they run"),
      ("echo x >> \(starts); kill -9 $$", "worker processes end before they run"),
    ]
    for (script, message) in cases {
      try? FileManager.default.removeItem(atPath: starts)
      try await assertLeavesNothing {
        let store = try DatabaseStore.inMemory()
        await self.assertThrows(.invalidDefinition, message) {
          try await ResearchRunner(
            self.research(),
            store: store,
            workerCommand: WorkerCommand(executable: "/bin/sh", arguments: ["-c", script])
          ).run()
        }
        XCTAssertEqual(try store.states(), [:], "no experiment is to blame")
      }
      let count = try String(contentsOfFile: starts, encoding: .utf8).split(separator: "\n").count
      XCTAssertLessThanOrEqual(count, 4 * 3)
    }
  }

  func testAProgramThatCannotBeStarted() async throws {
    try await assertLeavesNothing {
      await self.assertThrows(
        .invalidDefinition,
        "worker processes cannot be started; run with --parallel threads",
        "No such file"
      ) {
        try await ResearchRunner(
          self.research(),
          store: DatabaseStore.inMemory(),
          workerCommand: WorkerCommand(executable: self.directory + "/none", arguments: [])
        ).run()
      }
    }
  }
}
