import Fieldwork
import Foundation
import XCTest

/// Output beside results: causes of failures, and notes on mistakes that are no errors.
final class CommandLineNoteTests: CommandLineTestCase {
  // MARK: Failures

  func testFailuresThatDifferInValuesOfConfigsAreOneGroup() throws {
    let run = try runPlaybook("run", "--no-progress", research: "programs")
    XCTAssertEqual(run.status, 1)
    XCTAssertEqual(run.output.components(separatedBy: "cannot solve").count - 1, 1, run.output)
    XCTAssertTrue(run.output.contains("6 failed"), run.output)
    let stored = try runPlaybook("run", "--no-progress", "--keep-failed", research: "programs")
    XCTAssertTrue(stored.output.contains("  6 × unit 'solve'"), stored.output)
    XCTAssertEqual(stored.output.components(separatedBy: "cannot solve").count - 1, 1)
  }

  /// Also where one experiment directly follows another one that has written, too.
  func testAThrownErrorKeepsWhatAProgramHasWritten() throws {
    let run = try runPlaybook("run", "--no-progress", research: "programs")
    XCTAssertEqual(run.status, 1)
    let failures = try runPlaybook("results", "--failures", "--json", research: "programs")
    let lines = failures.output.split(separator: "\n").filter { $0.contains("\"id\"") }
    XCTAssertEqual(lines.count, 6)
    for line in lines {
      let kernel = try XCTUnwrap(["rbf", "linear", "poly"].first(where: line.contains))
      let size = try XCTUnwrap(["small", "large"].first(where: line.contains))
      let written =
        "\"stderr\":\"solver: {kernel: \(kernel), size: \(size)}\""
      XCTAssertTrue(line.contains(written), String(line))
    }
  }

  // MARK: Functions

  func testFunctionsThatASamplerDrawsReachWorkers() throws {
    for parallel in ["processes", "threads", "serial"] {
      let run = try runPlaybook(
        "run",
        "--no-progress",
        "--parallel",
        parallel,
        "--name",
        parallel,
        research: "functions"
      )
      XCTAssertEqual(run.status, 0, run.output + run.error)
      let table = try runPlaybook(
        "results",
        "--format",
        "csv",
        "--select",
        "f,y",
        "--name",
        parallel,
        research: "functions"
      )
      let rows = Set(rows(table.output).map { $0.joined(separator: " ") })
      XCTAssertTrue(rows.isSubset(of: ["square 9.0", "relu 3.0"]), table.output)
      XCTAssertFalse(rows.isEmpty, table.output)
    }
  }

  // MARK: Hints

  /// A hint can be pasted into a shell.
  func testHintsQuoteWhatAShellWouldSplit() throws {
    let folder = directory.appendingPathComponent("it's my results")
    let run = try runPlaybook(
      "run",
      "--no-progress",
      "--directory",
      folder.path,
      "--name",
      "a b"
    )
    XCTAssertEqual(run.status, 0, run.error)
    let hint = try XCTUnwrap(
      run.output.firstMatch(of: /see them with: swift run TestPlaybook (results .*) \(or/)
    )
    let shell = try ProcessRun(
      URL(fileURLWithPath: "/bin/sh"),
      ["-c", "\(Self.executable("TestPlaybook").path) \(hint.1) --format csv"],
      environment: ["TEST_PLAYBOOK": "small"]
    )
    XCTAssertEqual(shell.status, 0, shell.error)
    XCTAssertEqual(rows(shell.output).count, 8)
    XCTAssertTrue(hint.1.hasSuffix("--name 'a b'"), "\(hint.1)")
  }

  // MARK: Notes

  func testANoteSaysThatAPlaybookIsNotOptimised() throws {
    let note = "note: this playbook was built without optimisation"
    for (arguments, isSaid) in [
      (["run", "--no-progress"], true), (["run", "--json"], false), (["run", "--dry-run"], false),
      (["results"], false),
    ] {
      let run = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(arguments),
        environment: ["TEST_PLAYBOOK": "conditions", "TEST_UNOPTIMIZED": "1"]
      )
      XCTAssertEqual(run.error.contains(note), isSaid, "\(arguments): \(run.error)")
      XCTAssertFalse(run.output.contains(note), "\(arguments)")
    }
    let optimized = try runPlaybook("run", "--no-progress", "--fresh", "--yes", research: "small")
    XCTAssertFalse(optimized.error.contains("optimisation"), optimized.error)
  }

  func testNamesThatNothingHasAreWarnedOf() throws {
    let dumped = try runPlaybook("run", "--no-progress", research: "misdumped")
    XCTAssertEqual(dumped.status, 0, dumped.error)
    XCTAssertTrue(dumped.error.contains("a Dump names 'z', which no unit saves"), dumped.error)
    let run = try runPlaybook("run", "--no-progress", research: "misread")
    XCTAssertEqual(run.status, 0, run.error)
    let warnings = run.error.components(separatedBy: "has read the parameter 'rat'").count - 1
    XCTAssertEqual(warnings, 1, "once for all experiments: \(run.error)")
    XCTAssertTrue(run.error.contains("the domain has rate"), run.error)
  }
}
