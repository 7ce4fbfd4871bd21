import FieldworkRuntime
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Two runs at once, and runs that are interrupted.
///
/// An experiment of the research `slow` opens a FIFO and reads a byte. Opening its other end waits for
/// that, so a test knows that an experiment runs, and the experiment waits for the test.
final class CommandLineInterruptTests: CommandLineTestCase {
  private func makeGate() throws -> String {
    let path = directory.appendingPathComponent("gate").path
    guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    return path
  }

  /// Waits until an experiment runs.
  private func openGate(_ path: String) throws -> FileHandle {
    try XCTUnwrap(FileHandle(forWritingAtPath: path))
  }

  private static let interruption =
    "Interrupted: running iterations end first; once more ends them at once."

  func testASecondRunIsRefusedWhileOneRuns() throws {
    let gate = try makeGate()
    let first = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    let process = first.process.id
    try assertRefused(
      research: "slow",
      saying:
        "error: DIR/slow is being written by process \(process); wait for it, or end it with 'stop'"
    )
    try assertRefused(
      "remove",
      "--yes",
      research: "slow",
      saying:
        "error: DIR/slow is being written by process \(process); wait for it, or end it with 'stop'"
    )
    XCTAssertEqual(try runPlaybook("results", research: "slow").status, 0, "reading is allowed")
    XCTAssertEqual(
      try runPlaybook("--name", "other", "--configs", "1", research: "small").status,
      0
    )
    first.interrupt()
    XCTAssertTrue(first.waitForError(containing: Self.interruption))
    try handle.write(contentsOf: Data([1]))
    XCTAssertEqual(try first.finish().status, 130)
  }

  func testAnInterruptedRunGoesOn() throws {
    let gate = try makeGate()
    let first = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    first.interrupt()
    XCTAssertTrue(first.waitForError(containing: Self.interruption))
    try handle.write(contentsOf: Data([1]))
    let interrupted = try first.finish()
    XCTAssertEqual(interrupted.status, 130)
    XCTAssertTrue(
      interrupted.output.contains("Interrupted. slow: 1 experiment done, 3 left in"),
      interrupted.output
    )
    XCTAssertTrue(
      interrupted.output.contains("Go on with the same command: finished experiments are kept."),
      interrupted.output
    )
    let second = try runPlaybook(research: "slow")
    XCTAssertEqual(second.status, 0)
    XCTAssertTrue(
      second.output.contains("slow: 3 experiments done, 1 already stored"),
      second.output
    )
    XCTAssertEqual(
      rows(try runPlaybook("results", "--format", "csv", research: "slow").output).count,
      4
    )
  }

  func testASecondInterruptEndsTheRunAtOnce() throws {
    let gate = try makeGate()
    let first = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    first.interrupt()
    XCTAssertTrue(first.waitForError(containing: Self.interruption))
    first.interrupt()
    let ended = try first.finish()
    XCTAssertEqual(ended.status, 130)
    XCTAssertFalse(ended.wasKilled)
    try handle.close()
    let second = try runPlaybook(research: "slow")
    XCTAssertEqual(second.status, 0)
    XCTAssertTrue(second.output.contains("slow: 4 experiments done in"), second.output)
  }

  func testATerminationIsAnInterrupt() throws {
    let gate = try makeGate()
    let first = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    first.signal(SIGTERM)
    XCTAssertTrue(first.waitForError(containing: Self.interruption))
    try handle.write(contentsOf: Data([1]))
    XCTAssertEqual(try first.finish().status, 130)
  }

  /// A terminal that is closed often says so more than once.
  func testAClosedTerminalIsOneInterrupt() throws {
    let gate = try makeGate()
    let first = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    for _ in 0..<3 { kill(first.process.id, SIGHUP) }
    XCTAssertTrue(first.waitForError(containing: Self.interruption))
    kill(first.process.id, SIGHUP)
    try handle.write(contentsOf: Data([1]))
    let ended = try first.finish()
    XCTAssertEqual(ended.status, 130)
    XCTAssertTrue(ended.output.contains("Interrupted. slow: 1 experiment done"), ended.output)
  }

  func testAKilledRunLeavesNoLock() throws {
    let gate = try makeGate()
    let first = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    kill(first.process.id, SIGKILL)
    XCTAssertTrue(try first.finish().wasKilled)
    try handle.close()
    XCTAssertTrue(try runPlaybook(research: "slow").output.contains("slow: 4 experiments done in"))
  }

  func testAClosedOutputIsNoCrash() throws {
    XCTAssertEqual(try runPlaybook().status, 0)
    for command in ["run", "results", "configs"] {
      let pipe = Pipe()
      try pipe.fileHandleForReading.close()
      let running = try start(
        command,
        research: "small",
        standardOutput: pipe.fileHandleForWriting
      )
      let result = try running.finish()
      XCTAssertFalse(result.wasKilled, command)
      XCTAssertEqual(result.status, 0, command)
    }
  }
}
