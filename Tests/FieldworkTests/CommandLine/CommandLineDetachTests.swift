import FieldworkCore
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs that go on without a terminal.
final class CommandLineDetachTests: CommandLineTestCase {
  private func log(_ research: String) throws -> String {
    let url = directory.appendingPathComponent("\(research)/run.log")
    return try String(contentsOf: url, encoding: .utf8)
  }

  func testADetachedRunGoesOnWhenItsTerminalIsClosed() throws {
    let gate = directory.appendingPathComponent("gate").path
    XCTAssertEqual(mkfifo(gate, 0o600), 0)
    let detached = try start("--detach", "--json", research: "waiting", gate: gate).finish()
    XCTAssertEqual(detached.status, 0, detached.error)
    guard case .dictionary(let values) = try Value(parsing: detached.output),
      case .int(let process)? = values["process"]
    else { return XCTFail(detached.output) }
    let handle = try XCTUnwrap(FileHandle(forWritingAtPath: gate))
    XCTAssertEqual(getsid(pid_t(process)), pid_t(process), "it has a session of its own")
    XCTAssertEqual(kill(pid_t(process), SIGHUP), 0)
    let attached = try start("attach", research: "waiting")
    XCTAssertTrue(attached.waitForError(containing: "is run by process \(process)"))
    XCTAssertEqual(kill(pid_t(process), SIGHUP), 0)
    try handle.write(contentsOf: Data([1]))
    let ended = try attached.finish()
    XCTAssertEqual(ended.status, 1)
    XCTAssertTrue(
      ended.output.contains("waiting has ended: 1 experiment done, 1 failed"),
      ended.output
    )
    let log = try log("waiting")
    XCTAssertTrue(log.contains(#""cancelled":false"#), log)
  }

  func testADetachedRunIsStopped() throws {
    let gate = directory.appendingPathComponent("gate").path
    XCTAssertEqual(mkfifo(gate, 0o600), 0)
    let detached = try start("--detach", research: "slow", gate: gate).finish()
    XCTAssertEqual(detached.status, 0, detached.error)
    XCTAssertTrue(detached.output.contains("swift run TestPlaybook stop"), detached.output)
    let handle = try XCTUnwrap(FileHandle(forWritingAtPath: gate))
    let stopped = try runPlaybook("stop", "--now", research: "slow")
    XCTAssertEqual(stopped.status, 0, stopped.error)
    try handle.close()
    XCTAssertTrue(try runPlaybook(research: "slow").output.contains("slow: 4 experiments done"))
  }

  /// A run that is over before anybody can look.
  func testAShortDetachedRun() throws {
    let detached = try runPlaybook("--detach", "--fresh", "--yes")
    XCTAssertEqual(detached.status, 0, detached.error)
    // Whether it still runs or not, this waits for its end.
    _ = try runPlaybook("status", "--watch")
    let table = try runPlaybook("results", "--last", "--format", "csv")
    XCTAssertEqual(rows(table.output).count, 4)
    XCTAssertTrue(try log("small").contains("small: 4 experiments done"))
  }

  func testWhatDoesNotBeginIsShownWithItsExitCode() throws {
    XCTAssertEqual(try runPlaybook().status, 0)
    let changed = try runPlaybook("--detach", research: "other-units")
    XCTAssertEqual(changed.status, 2)
    XCTAssertEqual(changed.output, "")
    XCTAssertTrue(changed.error.contains("has changed since its results were begun"), changed.error)
    let broken = try runPlaybook("--detach", research: "broken")
    XCTAssertEqual(broken.status, 2)
    XCTAssertTrue(broken.error.contains("'traim'"), broken.error)
    XCTAssertFalse(
      FileManager.default.fileExists(atPath: directory.appendingPathComponent("broken").path),
      "nothing is made of what cannot begin"
    )
    try assertRefused(
      "--detach",
      "--store",
      "memory",
      saying: "error: --store memory ends with the process: leave out --detach"
    )
    try assertRefused(
      "--as-detached",
      saying: "error: a detached run is started with 'run --detach', not by hand"
    )
  }

  func testRemovingTakesTheLogToo() throws {
    XCTAssertEqual(try runPlaybook("--detach").status, 0)
    _ = try runPlaybook("status", "--watch")
    XCTAssertEqual(try runPlaybook("remove", "--yes").status, 0)
    XCTAssertFalse(
      FileManager.default.fileExists(atPath: directory.appendingPathComponent("small").path)
    )
  }
}
