import Fieldwork
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Rows 25, 27, 29, 61 and 188 to 191, as far as only processes can show them. The end of each test checks
/// that no process is left.
final class AcceptanceProcessTests: FaultTestCase {
  private func processes(_ results: ResearchResults) -> Set<Value> {
    Set(results.experiments.flatMap { saved("process", results, $0.id).values })
  }

  func testRow025_aWorkersProcessSeesItsDevicesAlone() throws {
    let standIn = try DeviceStandIn(in: directory, free: [1000, 1000, 1000, 1000])
    let run = try run(
      "devices",
      "--devices",
      "0,1,2,3",
      workers: nil,
      environment: standIn.environment
    )
    XCTAssertEqual(run.status, 0, run.error)
    let results = try results("devices")
    XCTAssertEqual(results.lastValues(of: "visible").prefix(4), ["0,1", "0,1", "2,3", "2,3"])
    XCTAssertEqual(results.lastValues(of: "given").prefix(4), ["0", "1", "0", "1"])
    XCTAssertEqual(results.experiments.prefix(4).map(\.device), ["0", "1", "2", "3"])
  }

  func testRow027_whatAProcessHasStoredAnotherOneReads() throws {
    XCTAssertEqual(try run("small").status, 0)
    let table = try runPlaybook("results", "--format", "csv")
    XCTAssertEqual(rows(table.output).count, 8)
    XCTAssertEqual(try results("small").experiments.map(\.state), [.done, .done, .done, .done])
  }

  func testRow029_experimentsRunInProcessesOfTheirOwn() throws {
    XCTAssertEqual(try run("talking").status, 0)
    let separate = processes(try results("talking"))
    XCTAssertEqual(separate.count, 2)
    XCTAssertEqual(try run("talking", "--parallel", "threads", "--fresh", "--yes").status, 0)
    XCTAssertEqual(processes(try results("talking")).count, 1)
  }

  func testRow029_aCrashDoesNotAffectOthers() throws {
    let faults = ["TEST_FAULTS": "none,segv,nothing,kill,no fault"]
    XCTAssertEqual(try run("faulty", environment: faults).status, 1)
    let results = try results("faulty")
    XCTAssertEqual(
      results.experiments.map(\.state),
      [.done, .failed, .done, .failed, .done]
    )
    for experiment in results.experiments where experiment.state == .done {
      XCTAssertEqual(saved("y", results, experiment.id), [0: 0, 1: 10, 2: 20])
    }
  }

  /// Starts a long run, and waits until some experiments have ended.
  private func begun(_ journal: String) throws -> RunningProcess {
    let running = try begin(
      "known-answer",
      ["--workers", "2", "--no-progress", "--provenance", "none"],
      environment: environment(journal)
    )
    while (try? text(journal))?.contains("ends") != true { usleep(5_000) }
    return running
  }

  private func environment(_ journal: String) -> [String: String] {
    ["TEST_PAUSE": "10000", "TEST_COUNT": "20", "TEST_JOURNAL": journal]
  }

  func testRow061_terminationLeavesNoOrphans() throws {
    let running = try begun(directory.path + "/journal")
    XCTAssertEqual(mark.children(of: running.process.id).count, 2)
    running.signal(SIGTERM)
    XCTAssertEqual(try running.finish().status, 130)
    XCTAssertEqual(mark.waitUntilGone(), [])
  }

  /// Rows 188 and 189: what a run that was killed had stored as done stays, and does not run again.
  func testRow188_aKilledRunGoesOn() throws {
    let journal = directory.path + "/journal"
    let running = try begun(journal)
    running.signal(SIGKILL)
    XCTAssertTrue(try running.finish().wasKilled)
    XCTAssertEqual(mark.waitUntilGone(), [])
    let done = try results("known-answer").experiments.filter { $0.state == .done }.map(\.id)
    let lines = try text(journal).split(separator: "\n").count
    let again = try run("known-answer", environment: environment(journal))
    XCTAssertEqual(again.status, 0, again.error)
    let begun = try text(journal).split(separator: "\n").dropFirst(lines)
      .filter { $0.hasPrefix("begins") }.map { String($0.dropFirst(7)) }
    XCTAssertEqual(Set(begun).intersection(done), [])
    XCTAssertEqual(begun.count, 40 - done.count)
    XCTAssertTrue(try results("known-answer").experiments.allSatisfy { $0.state == .done })
  }

  func testRow190_deathsAreListedAndKept() throws {
    XCTAssertEqual(try run("faulty", environment: ["TEST_FAULTS": "exit,kill"]).status, 1)
    let table = try runPlaybook(
      "results",
      "--name",
      "faulty",
      "--failures",
      "--select",
      "fault,iteration,unit,cause,code,signal",
      "--format",
      "csv"
    )
    XCTAssertEqual(
      table.output,
      """
      fault,iteration,unit,cause,code,signal
      exit,1,fault,exit,3,
      kill,1,fault,signal,,9

      """
    )
  }

  func testRow191_aDeadWorkerIsReplacedAndNothingIsAsked() throws {
    let run = try run("crashing", "--keep-going", environment: ["TEST_COUNT": "12"])
    XCTAssertEqual(run.status, 1)
    XCTAssertTrue(run.output.contains("crashing: 0 experiments done, 12 failed"), run.output)
    XCTAssertEqual(try results("crashing").failures.count, 12)
  }
}
