import Fieldwork
import Foundation
import XCTest

/// Experiments that are tried again, and runs that end before their plan is through.
final class CommandLineAttemptTests: FaultTestCase {
  /// By what goes wrong: the state and the number of attempts of each experiment of `flaky`.
  private func attempts(_ arguments: String...) throws -> [String: [String]] {
    let run = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["run", "--workers", "2"] + arguments),
      environment: mark.environment.merging(["TEST_PLAYBOOK": "flaky"]) { $1 }
    )
    let results = try results("flaky")
    let isDone = results.experiments.allSatisfy { $0.state == .done }
    XCTAssertEqual(run.status, isDone ? 0 : 1, run.error)
    var found: [String: [String]] = [:]
    for experiment in results.experiments {
      let tries = saved("tries", results, experiment.id)[0].map { " with \($0)" } ?? ""
      found[experiment.config[alias: "way"]?.name ?? "", default: []]
        .append("\(experiment.state.rawValue) after \(experiment.attempts ?? 0)\(tries)")
    }
    XCTAssertEqual(
      results.failures.count,
      results.experiments.count { $0.state == .failed },
      "what an earlier attempt met is gone"
    )
    try FileManager.default.removeItem(atPath: folder("flaky").path)
    return found
  }

  func testTriesAgain() throws {
    XCTAssertEqual(try attempts(), ["die": ["failed after 1"], "throw": ["failed after 1"]])
    XCTAssertEqual(
      try attempts("--retries", "1"),
      ["die": ["failed after 2"], "throw": ["failed after 2"]]
    )
    XCTAssertEqual(
      try attempts("--retries", "2"),
      ["die": ["done after 3 with 3"], "throw": ["done after 3 with 3"]]
    )
    XCTAssertEqual(
      try attempts("--retries", "5"),
      ["die": ["done after 3 with 3"], "throw": ["done after 3 with 3"]]
    )
  }

  func testDeathsAndErrorsApart() throws {
    XCTAssertEqual(
      try attempts("--retry-deaths", "2"),
      ["die": ["done after 3 with 3"], "throw": ["failed after 1"]]
    )
    XCTAssertEqual(
      try attempts("--retry-errors", "2"),
      ["die": ["failed after 1"], "throw": ["done after 3 with 3"]]
    )
    XCTAssertEqual(
      try attempts("--retries", "2", "--retry-deaths", "1"),
      ["die": ["failed after 2"], "throw": ["done after 3 with 3"]]
    )
  }

  func testErrorsAreTriedAgainInOneProcessToo() throws {
    for way in ["threads", "serial"] {
      let run = try run(
        "all-failing",
        "--parallel",
        way,
        "--configs",
        "2",
        "--retry-errors",
        "2",
        workers: nil
      )
      XCTAssertEqual(run.status, 1, run.error)
      let experiments = try results("all-failing").experiments
      XCTAssertEqual(experiments.map(\.state), [.failed, .failed], way)
      XCTAssertEqual(experiments.map(\.attempts), [3, 3], way)
      XCTAssertEqual(try results("all-failing").failures.count, 2, way)
      try FileManager.default.removeItem(atPath: folder("all-failing").path)
    }
  }

  func testAttemptsStandInTheTable() throws {
    XCTAssertEqual(try run("flaky", "--retry-deaths", "2").status, 1)
    let table = try runPlaybook("results", "--experiments", "--format", "csv", research: "flaky")
    let lines = table.output.split(separator: "\n").map(String.init)
    XCTAssertEqual(lines.first, "id,way,state,iterations,seconds,attempts")
    XCTAssertEqual(lines.dropFirst().map { $0.split(separator: ",").last }, ["3", "1"])
  }

  /// What cannot be done is said before anything is deleted.
  func testWhatNeedsProcesses() throws {
    XCTAssertEqual(try run("small").status, 0)
    for (option, reason) in [
      ("--timeout", "--timeout needs worker processes, which can be ended"),
      ("--retry-deaths", "--retry-deaths needs worker processes, whose death ends nothing else"),
    ] {
      try assertRefused(
        "--fresh",
        "--yes",
        "--parallel",
        "threads",
        option,
        "1",
        saying: "error: \(reason): leave out --parallel threads"
      )
    }
    XCTAssertEqual(try results("small").experiments.count, 4, "nothing was deleted")
  }

  // MARK: Early ends

  func testTheFirstFailureEndsTheRun() throws {
    let run = try run("all-failing", "--fail-fast", workers: nil)
    XCTAssertEqual(run.status, 1)
    XCTAssertTrue(
      run.output.contains("The run was ended by its first failure: no such file\n"),
      run.output
    )
    XCTAssertTrue(run.output.contains("What has not run is left for the next run."), run.output)
    let experiments = try results("all-failing").experiments
    XCTAssertGreaterThanOrEqual(experiments.count, 1)
    // Some have been sent ahead.
    XCTAssertLessThan(experiments.count, 50)
  }

  func testEqualFailuresEndTheRun() throws {
    let run = try run("all-failing", workers: nil)
    XCTAssertEqual(run.status, 1)
    XCTAssertTrue(
      run.output.contains(
        "The run was ended, since the first 10 experiments all failed in the same way "
          + "(--keep-going goes on all the same): no such file\n"
      ),
      run.output
    )
    let count = try results("all-failing").experiments.count
    XCTAssertGreaterThanOrEqual(count, 10)
    XCTAssertLessThan(count, 50)
    // Once is enough for them all.
    XCTAssertTrue(run.output.contains("  \(count) × unit 'fail'"), run.output)
    let message = run.output.components(separatedBy: ": no such file").count - 1
    XCTAssertEqual(message, 2, run.output)
    let json = try self.run("all-failing", "--json", workers: nil)
    XCTAssertTrue(json.output.contains("\"explanation\":\"The run was ended"), json.output)
    let all = try self.run("all-failing", "--keep-going", workers: nil)
    XCTAssertEqual(all.status, 1)
    XCTAssertTrue(all.output.contains("all-failing: 0 experiments done, 50 failed in"), all.output)
    XCTAssertFalse(all.output.contains("The run was ended"), all.output)
  }

  /// Traps leave a trace, of which there are only a few; yet all of them are the same.
  func testEqualDeathsEndTheRun() throws {
    let run = try run("crashing", environment: ["TEST_COUNT": "40"])
    XCTAssertEqual(run.status, 1)
    XCTAssertTrue(
      run.output.contains(
        "The run was ended, since the first 10 experiments all failed in the same way "
          + "(--keep-going goes on all the same): the process ended with exit(9)"
      ),
      run.output
    )
    XCTAssertLessThan(try results("crashing").experiments.count, 20)
  }

  /// `FIELDWORK_FAULTS` gives the number: `make faults` asks for more than there is time for otherwise.
  func testExperimentsThatEachCrash() throws {
    let asked = ProcessInfo.processInfo.environment["FIELDWORK_FAULTS"].flatMap { Int($0) }
    let count = asked.map { 5 * $0 } ?? 100
    let run = try run("crashing", "--keep-going", environment: ["TEST_COUNT": "\(count)"])
    XCTAssertEqual(run.status, 1)
    XCTAssertTrue(
      run.output.contains("crashing: 0 experiments done, \(count) failed in"),
      run.output
    )
    XCTAssertTrue(run.output.contains("  \(count) × unit 'crash'"), run.output)
    let results = try results("crashing")
    XCTAssertEqual(results.experiments.map(\.state), Array(repeating: .failed, count: count))
    XCTAssertEqual(results.failures.count, count)
    for (_, failure) in results.failures {
      XCTAssertEqual(failure.death, Death(.exit, code: 9))
      XCTAssertEqual(failure.unit, "crash")
      XCTAssertEqual(failure.iteration, 0)
    }
    XCTAssertEqual(Set(results.failures.map(\.experiment.id)).count, count)
    // Each line stands for itself.
    let progress = run.error.components(separatedBy: "exit(9)").count - 1
    XCTAssertLessThan(progress, 50, "shown once with a count")
  }
}
