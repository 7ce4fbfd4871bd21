import Foundation
import XCTest

/// Checkpoints where experiments run in processes that die.
final class CommandLineCheckpointTests: CommandLineTestCase {
  private func results() throws -> String {
    try runPlaybook("results", "--format", "csv", research: "checkpointed").output
  }

  /// Removes the results, and the files in which the units count.
  private func remove() throws {
    _ = try runPlaybook("remove", "--yes", research: "checkpointed")
    try FileManager.default.removeItem(at: directory.appendingPathComponent("checkpointed"))
  }

  private func steps() throws -> [[Int]] {
    let folder = directory.appendingPathComponent("checkpointed")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(" steps") }.sorted()
    return try names.map { name in
      let file = folder.appendingPathComponent(name)
      return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap {
        Int($0)
      }
    }
  }

  /// The steps of an experiment that goes on from its last checkpoint whenever it has died.
  private func expected(_ deaths: [Int]) -> [Int] {
    var steps: [Int] = []
    var start = 0
    for death in deaths {
      steps += start...death
      // After iterations 3, 7, 11, 15, and before the last one.
      start = max(start, death == 19 ? 19 : death / 4 * 4)
    }
    return steps + (start..<20)
  }

  func testAKilledWorkersExperimentsGoOnFromTheirCheckpoints() throws {
    let undisturbed = try runPlaybook("run", "--parallel", "serial", research: "checkpointed")
    XCTAssertEqual(undisturbed.status, 0, undisturbed.error)
    let table = try results()
    XCTAssertEqual(try steps(), Array(repeating: Array(0..<20), count: 4))
    for deaths in [[0], [3], [4], [19], [2, 6, 17], [7, 8, 18, 19]] {
      let text = deaths.map(String.init).joined(separator: ",")
      try remove()
      let run = try runPlaybook(
        "run",
        "--workers",
        "2",
        "--retry-deaths",
        "9",
        research: "checkpointed",
        environment: ["TEST_DEATHS": text]
      )
      XCTAssertEqual(run.status, 0, "\(text): \(run.error)")
      XCTAssertEqual(try results(), table, text)
      XCTAssertEqual(try steps(), Array(repeating: expected(deaths), count: 4), text)
    }
  }

  /// Without retries each death is a failure, and the next run goes on.
  func testTheNextRunGoesOn() throws {
    _ = try runPlaybook("run", "--parallel", "serial", research: "checkpointed")
    let table = try results()
    try remove()
    let deaths = [5, 13]
    for status in [1, 1, 0] {
      let run = try runPlaybook(
        "run",
        "--workers",
        "2",
        research: "checkpointed",
        environment: ["TEST_DEATHS": deaths.map(String.init).joined(separator: ",")]
      )
      XCTAssertEqual(Int(run.status), status, run.error)
    }
    XCTAssertEqual(try results(), table)
    XCTAssertEqual(try steps(), Array(repeating: expected(deaths), count: 4))
  }

  func testWhatWouldGoOnIsTold() throws {
    _ = try runPlaybook(
      "run",
      research: "checkpointed",
      environment: ["TEST_DEATHS": "5"]
    )
    let failed = try runPlaybook("configs", "--why", research: "checkpointed").output
    XCTAssertEqual(failed.components(separatedBy: "failed, from iteration 4 ").count, 5, failed)
    _ = try runPlaybook("run", research: "checkpointed", environment: ["TEST_DEATHS": "5"])
    let done = try runPlaybook("configs", "--why", research: "checkpointed").output
    XCTAssertTrue(done.hasSuffix("4 done\n"), done)
    let longer = try runPlaybook(
      "configs",
      "--why",
      "--iterations",
      "30",
      research: "checkpointed"
    ).output
    XCTAssertEqual(longer.components(separatedBy: "to go on, from iteration 19 ").count, 5, longer)
    func run(_ option: String) throws -> String {
      try runPlaybook(
        "run",
        "--continue",
        "--iterations",
        "30",
        option,
        research: "checkpointed"
      ).output
    }
    let dry = try run("--dry-run")
    XCTAssertTrue(dry.contains("  4 done with fewer iterations: go on\n"), dry)
    let made = try run("--json")
    XCTAssertTrue(made.contains("\"done\":4,"), made)
  }
}
