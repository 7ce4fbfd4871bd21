import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// Units that run when an experiment is over, whatever ended it.
final class CommandLineCleanupTests: CommandLineTestCase {
  private var file: URL { directory.appendingPathComponent("file") }

  private func environment(_ kinds: String, _ more: [String: String] = [:]) -> [String: String] {
    ["CLEANUP_FILE": file.path, "CLEANUP_KINDS": kinds].merging(more) { $1 }
  }

  private func cleanupRun(
    _ kinds: String,
    _ arguments: String...,
    environment more: [String: String] = [:]
  ) throws -> ProcessRun {
    try runPlaybook(
      ["run", "--no-progress"] + arguments,
      research: "cleanup",
      environment: environment(kinds, more)
    )
  }

  private var lines: [String] {
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  private var cleaned: [String] { lines.filter { $0.hasPrefix("clean") } }

  private func states() throws -> [String: ExperimentState] {
    let results = try ResearchResults.load(directory.path + "/cleanup")
    return Dictionary(
      try results.experiments.map { (try $0.config["kind", as: String.self], $0.state) },
      uniquingKeysWith: { $1 }
    )
  }

  func testEveryEndIsFollowedByItsCleanup() throws {
    let run = try cleanupRun("done,fail,stop,prune,crash,last")
    XCTAssertEqual(run.status, 1, run.error)
    // What a worker has not reported before it dies runs again.
    XCTAssertEqual(
      cleaned.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
      [
        "clean done complete true", "clean fail failed true", "clean stop stopped true",
        "clean prune pruned true", "clean crash unknown true", "clean last complete true",
      ]
    )
    XCTAssertEqual(
      try states(),
      [
        "done": .done, "fail": .failed, "stop": .done, "prune": .pruned, "crash": .failed,
        "last": .done,
      ]
    )
  }

  /// No task is left for a worker, but one is started to clean up.
  func testTheLastExperimentDies() throws {
    let run = try cleanupRun("crash")
    XCTAssertEqual(run.status, 1, run.error)
    XCTAssertEqual(cleaned, ["clean crash unknown true"])
    XCTAssertEqual(try states(), ["crash": .failed])
  }

  func testEachAttemptIsCleanedUp() throws {
    let run = try cleanupRun("crash", "--retries", "2")
    XCTAssertEqual(run.status, 1, run.error)
    XCTAssertEqual(
      lines,
      Array(repeating: ["begin crash", "clean crash unknown true"], count: 3).flatMap(\.self)
    )
  }

  /// The worker that cleans up after a death runs the other experiment of the task again.
  func testAnotherBranchIsRetriedAfterACleanup() throws {
    let run = try cleanupRun("fail,late crash", "--branches", "2", "--retry-errors", "1")
    XCTAssertEqual(run.status, 1, run.error)
    XCTAssertEqual(lines.filter { $0 == "begin fail" }.count, 2, "\(lines)")
    XCTAssertEqual(lines.filter { $0 == "begin late crash" }.count, 2, "\(lines)")
    XCTAssertEqual(cleaned.filter { $0.hasPrefix("clean late") }.count, 1, "\(lines)")
    XCTAssertEqual(try states(), ["fail": .failed, "late crash": .failed])
  }

  func testATimeLimit() throws {
    let run = try cleanupRun("hang,block,done", "--timeout", "0.5")
    XCTAssertEqual(run.status, 1, run.error)
    // One ends when it is cancelled, and the process of the other one is killed.
    XCTAssertEqual(
      cleaned,
      ["clean hang interrupted true", "clean block unknown true", "clean done complete true"]
    )
    XCTAssertEqual(try states(), ["hang": .failed, "block": .failed, "done": .done])
  }

  func testAnInterruptAndAKilledRun() throws {
    func begin() throws -> RunningProcess {
      let run = try start(
        "run",
        "--no-progress",
        research: "cleanup",
        environment: environment("hang,done")
      )
      let count = lines.count
      for _ in 0..<1000 where lines.count == count { usleep(10_000) }
      return run
    }
    let interrupted = try begin()
    interrupted.interrupt()
    XCTAssertEqual(try interrupted.finish().status, 130)
    XCTAssertEqual(cleaned, ["clean hang interrupted true"])
    let killed = try begin()
    // Its beginning is stored.
    usleep(500_000)
    killed.signal(SIGKILL)
    _ = try killed.finish()
    XCTAssertEqual(cleaned.count, 1)
    // The next run cleans up before the experiment begins again.
    let next = try begin()
    for _ in 0..<1000 where lines.count < 5 { usleep(10_000) }
    XCTAssertEqual(
      lines.suffix(3),
      ["begin hang", "clean hang unknown true", "begin hang"]
    )
    next.interrupt()
    _ = try next.finish()
  }

  func testAFailingCleanup() throws {
    let run = try cleanupRun("done,crash", environment: ["CLEANUP_FAILS": "1"])
    XCTAssertEqual(run.status, 1)
    XCTAssertEqual(try states(), ["done": .failed, "crash": .failed])
    XCTAssertTrue(
      run.error.contains("unit 'clean' has failed to clean up after the experiment"),
      run.error
    )
  }

  func testACleanupThatKillsItsWorkerRunsOnce() throws {
    let run = try cleanupRun("done", environment: ["CLEANUP_FAILS": "crash"])
    XCTAssertEqual(run.status, 1, run.error)
    XCTAssertEqual(lines, ["begin done", "begin done", "clean done complete true"])
    XCTAssertEqual(try states(), ["done": .failed])
  }

  func testACleanupAfterADeathHasTheTimeLimit() throws {
    let run = try cleanupRun(
      "crash,done",
      "--timeout",
      "1",
      environment: ["CLEANUP_FAILS": "block"]
    )
    XCTAssertEqual(run.status, 1, run.error)
    XCTAssertEqual(try states(), ["crash": .failed, "done": .done])
    XCTAssertTrue(run.error.contains("while it cleaned up"), run.error)
  }

  func testWithoutProcesses() throws {
    for parallel in ["serial", "threads"] {
      try? FileManager.default.removeItem(at: file)
      let run = try cleanupRun("done,fail,stop", "--parallel", parallel, "--fresh", "--yes")
      XCTAssertEqual(run.status, 1, run.error)
      XCTAssertEqual(
        cleaned,
        ["clean done complete true", "clean fail failed true", "clean stop stopped true"]
      )
    }
  }
}
