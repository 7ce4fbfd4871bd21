import Foundation
import XCTest

/// Failed experiments, run again alone.
final class CommandLineRetryTests: CommandLineTestCase {
  private func ids(_ research: String) throws -> [String] {
    let table = try runPlaybook("results", "--failures", "--format", "csv", research: research)
    return rows(table.output).map { $0[0] }
  }

  func testOnlyWhatHasFailedRuns() throws {
    XCTAssertEqual(try runPlaybook("--where", "lr == 0.1", research: "throwing").status, 1)
    let retried = try runPlaybook("retry", research: "throwing")
    XCTAssertEqual(retried.status, 1)
    XCTAssertTrue(
      retried.output.contains("throwing: 0 experiments done, 1 failed in"),
      retried.output
    )
    let whole = try runPlaybook("--json", research: "throwing")
    XCTAssertTrue(
      whole.output.contains(#""stored":1"#),
      "the others were left alone: \(whole.output)"
    )
  }

  func testGivenIds() throws {
    XCTAssertEqual(try runPlaybook(research: "flaky").status, 1)
    let failed = try ids("flaky")
    XCTAssertEqual(failed.count, 2)
    let first = String(failed[0].prefix(6))
    // The second try of one, then the second and the third of both.
    let one = try runPlaybook("retry", first, research: "flaky")
    XCTAssertTrue(one.output.contains("flaky: 0 experiments done, 1 failed"), one.output)
    let third = try runPlaybook("retry", research: "flaky")
    XCTAssertEqual(third.status, 1)
    XCTAssertTrue(third.output.contains("flaky: 1 experiment done, 1 failed"), third.output)
    try assertRefused(
      "retry",
      first,
      research: "flaky",
      saying:
        "error: the experiment \(failed[0]) has not failed, it is done; see 'results --failures'"
    )
    try assertRefused(
      "retry",
      "nothing",
      research: "flaky",
      saying:
        "error: no experiment in DIR/flaky has an id that begins with 'nothing'; see 'results --failures'"
    )
    let last = try runPlaybook("retry", failed[1], research: "flaky")
    XCTAssertEqual(last.status, 0, last.error)
    XCTAssertTrue(last.output.contains("flaky: 1 experiment done"), last.output)
    let none = try runPlaybook("retry", research: "flaky")
    XCTAssertEqual(none.status, 0)
    XCTAssertTrue(none.output.contains("nothing to retry: no experiment has failed"), none.output)
  }

  func testTheSizesOfTheLastRunAreKept() throws {
    XCTAssertEqual(try runPlaybook("--repetitions", "2", research: "throwing").status, 1)
    let retried = try runPlaybook("retry", research: "throwing")
    XCTAssertTrue(retried.output.contains("0 experiments done, 4 failed"), retried.output)
    let table = try runPlaybook("results", "--experiments", "--format", "csv", research: "throwing")
    XCTAssertEqual(rows(table.output).count, 8, table.error)
    XCTAssertEqual(table.error, "")
  }

  func testOptionsForWhatIsDoneAreRefused() throws {
    for option in [["--accept"], ["--rerun", "other-build"]] {
      let refused = try ProcessRun(Self.executable("TestPlaybook"), complete(["retry"] + option))
      XCTAssertEqual(refused.status, 2, "\(option)")
      XCTAssertTrue(refused.error.contains("give --rerun and --accept to run"), refused.error)
    }
  }

  func testNothingToRetry() throws {
    let none = try runPlaybook("retry")
    XCTAssertEqual(none.status, 0)
    XCTAssertTrue(none.output.contains("nothing to retry: there are no results"), none.output)
    XCTAssertEqual(try runPlaybook(research: "throwing").status, 1)
    let others = try runPlaybook("retry", "--where", "size == 8", research: "throwing")
    XCTAssertEqual(others.status, 0)
    XCTAssertTrue(
      others.output.contains("nothing to retry: 2 failed experiments are not"),
      others.output
    )
    try assertRefused(
      "retry",
      "--fresh",
      saying: "error: retry goes on from the stored results: leave out --fresh"
    )
  }

  func testADryRetryWritesNothing() throws {
    XCTAssertEqual(try runPlaybook(research: "throwing").status, 1)
    let dry = try runPlaybook("retry", "--dry-run", research: "throwing")
    XCTAssertEqual(dry.status, 0, dry.error)
    XCTAssertTrue(dry.output.contains("2 failed: run again"), dry.output)
  }
}
