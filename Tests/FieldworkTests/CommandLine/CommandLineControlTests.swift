import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs that are looked at, ended and left alone from other processes.
///
/// An experiment of `slow`, and the second one of `waiting`, opens a FIFO and reads a byte from it: opening
/// the other end waits until it does.
final class CommandLineControlTests: CommandLineTestCase {
  private static let interruption = "Interrupted: running iterations end first"

  private func makeGate() throws -> String {
    let path = directory.appendingPathComponent("gate").path
    guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    return path
  }

  /// Waits until an experiment runs.
  private func openGate(_ path: String) throws -> FileHandle {
    try XCTUnwrap(FileHandle(forWritingAtPath: path))
  }

  private func json(_ text: String) throws -> [String: Value] {
    guard case .dictionary(let values) = try Value(parsing: text) else {
      XCTFail(text)
      return [:]
    }
    return values
  }

  private func status(_ research: String) throws -> [String: Value] {
    let result = try runPlaybook("status", "--json", research: research)
    XCTAssertEqual(result.status, 0, result.error)
    return try json(result.output)
  }

  // MARK: status

  func testStatusTellsWhatRuns() throws {
    let gate = try makeGate()
    let nothing = try runPlaybook("status", research: "waiting")
    XCTAssertEqual(nothing.status, 0)
    XCTAssertTrue(nothing.output.contains("nothing is stored"), nothing.output)
    let run = try start(research: "waiting", gate: gate)
    let handle = try openGate(gate)
    let process = run.process.id
    // What was recorded before the gate was opened may be on its way to the store.
    try waitForRecord("waiting") { values in
      values["failed"] == 1 && values["experiments"] != .list([])
    }
    let values = try status("waiting")
    XCTAssertEqual(values["running"], true)
    XCTAssertEqual(values["process"], .int(Int(process)))
    XCTAssertEqual(values["planned"], 2)
    XCTAssertEqual(values["failed"], 1)
    XCTAssertEqual(values["done"], 0)
    XCTAssertEqual(values["left"], 0)
    guard case .list(let experiments)? = values["experiments"],
      case .dictionary(let experiment)? = experiments.first
    else { return XCTFail("\(values)") }
    XCTAssertEqual(experiments.count, 1)
    XCTAssertEqual(experiment["config"], ["size": 2])
    XCTAssertEqual(experiment["worker"], 0)
    let text = try runPlaybook("status", research: "waiting").output
    XCTAssertTrue(text.contains("waiting is run by process \(process) since "), text)
    XCTAssertTrue(text.contains("1/2: 0 done, 1 failed; 1 running, 0 left"), text)
    try handle.write(contentsOf: Data([1]))
    XCTAssertEqual(try run.finish().status, 1)
    let after = try status("waiting")
    XCTAssertEqual(after["running"], false)
    XCTAssertEqual(after["experiments"], [])
    XCTAssertEqual(after["done"], 1)
    XCTAssertEqual(
      after["stored"],
      ["done": 1, "failed": 1, "interrupted": 0, "pruned": 0, "running": 0]
    )
    let rest = try runPlaybook("status", research: "waiting").output
    XCTAssertTrue(rest.contains("2 experiments stored: 1 done, 1 failed"), rest)
    XCTAssertTrue(rest.contains("failed ones again: swift run TestPlaybook retry"), rest)
  }

  /// Follows a run until something that must come is stored.
  private func waitForRecord(
    _ research: String,
    _ isThere: ([String: Value]) -> Bool
  ) throws {
    let pipe = Pipe()
    let watch = try start(
      "status",
      "--watch",
      "--json",
      research: research,
      standardOutput: pipe.fileHandleForWriting
    )
    try pipe.fileHandleForWriting.close()
    var text = ""
    while true {
      let data = pipe.fileHandleForReading.availableData
      if data.isEmpty { return XCTFail("the run has ended: \(text)") }
      text += String(decoding: data, as: UTF8.self)
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      if let last = lines.last, isThere(try json(String(last))) { break }
    }
    watch.interrupt()
    _ = try watch.finish()
  }

  func testARunThatWasCutOffIsToldAsSuch() throws {
    let gate = try makeGate()
    let run = try start(research: "waiting", gate: gate)
    let handle = try openGate(gate)
    try waitForRecord("waiting") { $0["failed"] == 1 && $0["experiments"] != .list([]) }
    kill(run.process.id, SIGKILL)
    XCTAssertTrue(try run.finish().wasKilled)
    try handle.close()
    let text = try runPlaybook("status", research: "waiting").output
    XCTAssertTrue(text.contains("waiting: nothing runs"), text)
    XCTAssertTrue(text.contains("1 failed, 1 interrupted"), text)
    let configs = try runPlaybook("configs", "--json", research: "waiting").output
    XCTAssertTrue(configs.contains(#""state":"interrupted""#), configs)
    XCTAssertFalse(configs.contains("running"), configs)
    let why = try runPlaybook("configs", "--why", research: "waiting").output
    XCTAssertTrue(why.contains("1 interrupted"), why)
    let results = try runPlaybook("results", "--experiments", research: "waiting").output
    XCTAssertTrue(results.contains("interrupted"), results)
    XCTAssertFalse(results.contains("running"), results)
    XCTAssertTrue(text.contains("was cut off: its process died"), text)
    XCTAssertEqual(try status("waiting")["running"], false)
  }

  func testWatchingEndsWithTheRun() throws {
    let gate = try makeGate()
    let run = try start(research: "waiting", gate: gate)
    let handle = try openGate(gate)
    let terminal = try PseudoTerminal()
    let watch = try start(
      "status",
      "--watch",
      research: "waiting",
      standardError: terminal.writer
    )
    try terminal.writer.close()
    let text = terminal.read(until: "worker 1:")
    XCTAssertTrue(text.contains("is run by process \(run.process.id)"), text)
    try handle.write(contentsOf: Data([1]))
    XCTAssertEqual(try run.finish().status, 1)
    _ = terminal.read(until: nil)
    let ended = try watch.finish()
    XCTAssertEqual(ended.status, 0)
    XCTAssertTrue(ended.output.contains("waiting: nothing runs"), ended.output)
  }

  // MARK: attach

  func testAttachingShowsTheBarAndEndsAsTheRun() throws {
    let gate = try makeGate()
    let none = try runPlaybook("attach", research: "waiting")
    XCTAssertEqual(none.status, 1)
    XCTAssertTrue(none.error.contains("nothing runs"), none.error)
    let run = try start(research: "waiting", gate: gate)
    let handle = try openGate(gate)
    let terminal = try PseudoTerminal()
    let attached = try start("attach", research: "waiting", standardError: terminal.writer)
    try terminal.writer.close()
    _ = terminal.read(until: "1/2")
    let text = terminal.read(until: "worker 1:")
    XCTAssertTrue(text.contains("█"), text)
    // Another one is ended, which the run does not notice.
    let other = try start("attach", research: "waiting")
    XCTAssertTrue(other.waitForError(containing: "leaves it alone"))
    other.interrupt()
    _ = try other.finish()
    try handle.write(contentsOf: Data([1]))
    let summary = try run.finish()
    XCTAssertEqual(summary.status, 1)
    XCTAssertFalse(summary.output.contains("Interrupted"), summary.output)
    _ = terminal.read(until: nil)
    let ended = try attached.finish()
    XCTAssertEqual(ended.status, 1, "as the run")
    XCTAssertTrue(
      ended.output.contains("waiting has ended: 1 experiment done, 1 failed"),
      ended.output
    )
  }

  // MARK: stop

  func testStoppingWaitsForTheEnd() throws {
    let gate = try makeGate()
    let none = try runPlaybook("stop", research: "slow")
    XCTAssertEqual(none.status, 1)
    XCTAssertTrue(none.error.contains("nothing runs"), none.error)
    let run = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    let stop = try start("stop", research: "slow")
    XCTAssertTrue(stop.waitForError(containing: "asked process \(run.process.id)"))
    XCTAssertTrue(run.waitForError(containing: Self.interruption))
    XCTAssertTrue(kill(stop.process.id, 0) == 0, "the iteration goes on")
    try handle.write(contentsOf: Data([1]))
    XCTAssertEqual(try run.finish().status, 130)
    let stopped = try stop.finish()
    XCTAssertEqual(stopped.status, 0)
    XCTAssertTrue(
      stopped.output.contains("slow has ended: 1 experiment done, 3 left"),
      stopped.output
    )
    XCTAssertTrue(
      try runPlaybook(research: "slow").output.contains("3 experiments done, 1 already stored")
    )
  }

  func testStoppingAtOnce() throws {
    let gate = try makeGate()
    let run = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    let stopped = try runPlaybook("stop", "--now", research: "slow")
    XCTAssertEqual(stopped.status, 0, stopped.error)
    XCTAssertTrue(stopped.output.contains("go on with: swift run TestPlaybook"), stopped.output)
    let ended = try run.finish()
    XCTAssertEqual(ended.status, 130)
    XCTAssertFalse(ended.wasKilled, "it had the time to end by itself")
    try handle.close()
  }

  func testAProcessThatDoesNotListenIsKilled() throws {
    let gate = try makeGate()
    let run = try start(research: "slow", gate: gate)
    let handle = try openGate(gate)
    kill(run.process.id, SIGSTOP)
    let stopped = try runPlaybook("stop", "--now", research: "slow")
    XCTAssertEqual(stopped.status, 0, stopped.error)
    XCTAssertTrue(try run.finish().wasKilled)
    try handle.close()
  }

  // MARK: Two at once

  func testWhoHoldsTheResearchIsTold() throws {
    let gate = try makeGate()
    let run = try start("--workers", "1", research: "slow", gate: gate)
    let handle = try openGate(gate)
    for arguments in [["run"], ["run", "--detach"], ["retry"], ["remove"], ["run", "--fresh"]] {
      let refused = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(arguments),
        environment: ["TEST_PLAYBOOK": "slow"]
      )
      XCTAssertEqual(refused.status, 2, "\(arguments)")
      let process = run.process.id
      let pattern = try Regex(
        #"being written by process \#(process) on \S+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(.*TestPlaybook --workers 1 "#
      )
      XCTAssertNotNil(try pattern.firstMatch(in: refused.error), refused.error)
    }
    XCTAssertEqual(try runPlaybook("configs", "--why", research: "slow").status, 0)
    // Two interruptions in one moment may count as one, and the gate is not to be opened.
    run.signal(SIGKILL)
    _ = try run.finish()
    try handle.close()
  }

  /// What a run records of its machine is stored while it runs, so a killed run has it.
  func testAKilledRunHasItsMeta() throws {
    let gate = try makeGate()
    let run = try start("--workers", "1", "--provenance", "packages", research: "slow", gate: gate)
    let handle = try openGate(gate)
    func topics() throws -> Set<String> {
      Set(try Research.load(directory.path + "/slow").provenance().map(\.topic))
    }
    // The run waits at the gate, so only the collection itself can end this.
    for _ in 0..<600 where try topics().isEmpty { usleep(100_000) }
    run.signal(SIGKILL)
    _ = try run.finish()
    try handle.close()
    XCTAssertEqual(try topics(), ["packages"])
  }

  // MARK: --budget

  func testABudgetEndsTheRunInOrder() throws {
    // Nothing else ends it.
    let ended = try runPlaybook(
      "--budget",
      "0.5s",
      research: "known-answer",
      environment: ["TEST_COUNT": "1000000"]
    )
    XCTAssertEqual(ended.status, 0, "nothing has failed")
    XCTAssertTrue(
      ended.output.contains("The budget of 0.5s is used up: run again to go on."),
      ended.output
    )
    let text = try runPlaybook("status", research: "known-answer").output
    XCTAssertTrue(text.contains("ended early"), text)
    let enough = try runPlaybook("--budget", "1h", "--json")
    let values = try json(enough.output)
    XCTAssertEqual(values["done"], 4)
    XCTAssertEqual(values["explanation"], .null, "there was time enough")
    try assertRefused(
      "--budget",
      "soon",
      saying:
        "error: The value 'soon' is invalid for '--budget <time>': 'soon' is no time: write 90s, 10m, 2h or 1d"
    )
  }
}
