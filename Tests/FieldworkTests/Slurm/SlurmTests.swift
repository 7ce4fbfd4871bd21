import Fieldwork
import Foundation
import XCTest

/// Workers in jobs of a real Slurm. Slower faults are in ``SlurmFaultTests``.
final class SlurmTests: SlurmTestCase {
  func testTablesAreThoseOfOneMachine() throws {
    for (playbook, options) in [
      ("Digits", ["--configs", "6", "--repetitions", "1"]),
      ("Ising", ["--configs", "8", "--repetitions", "1"]),
      ("Zoom", []),
    ] {
      var tables: [String] = []
      for engine in [["--engine", "slurm", "--slurm-tasks", "4"], ["--workers", "2"]] {
        let directory = "\(directory.path)/\(playbook)-\(tables.count)"
        let run = try ProcessRun(
          Self.executable(playbook),
          ["run", "--directory", directory, "--seed", "7"] + options + engine
        )
        XCTAssertEqual(run.status, 0, run.error)
        tables.append(try table(directory, playbook))
      }
      XCTAssertEqual(tables[0], tables[1], playbook)
      XCTAssertGreaterThan(tables[0].count, 100)
    }
  }

  func testHalfOfTheTasksAreCancelled() throws {
    let run = try begin(["--slurm-tasks", "4"], size: 24, pause: 0.3)
    try waitForDone(4)
    let before = try done()
    for job in try jobs().suffix(2) {
      try slurm("scancel", String(job.prefix { $0 != " " }))
    }
    let end = try run.finish()
    XCTAssertEqual(end.status, 0, end.error)
    XCTAssertTrue(
      end.error.contains("was cancelled; the run goes on with fewer workers"),
      end.error
    )
    try assertComplete(size: 24, storedBefore: before)
    XCTAssertEqual(lines("end").count, 24, "Iterations end first, and no experiment fails.")
  }

  func testAllTasksAreCancelled() throws {
    let run = try begin(["--slurm-tasks", "2"], size: 24, pause: 0.3)
    try waitForDone(2)
    try slurm("scancel", "--user=root")
    let end = try run.finish()
    XCTAssertEqual(end.status, 2, end.error)
    XCTAssertTrue(
      end.error.contains(
        "experiments are left that no worker could run: Slurm tasks were cancelled; run again"
      ),
      end.error
    )
  }

  func testTheRunIsKilledAndStartedAgain() throws {
    let run = try begin(["--slurm-tasks", "4"], size: 30, pause: 0.3)
    try waitForDone(4)
    run.signal(SIGKILL)
    _ = try run.finish()
    let before = try done()
    let jobsBefore = try jobs().count
    // What workers were running they finish, and nobody has stored it yet.
    XCTAssertTrue(try waitUntil(60) { lines("end").count >= before.count + 4 })
    let finished = Set(lines("end"))
    let again = try runPlaybook(
      "run",
      "--engine",
      "slurm",
      "--slurm-tasks",
      "4",
      research: "cluster",
      environment: settings(size: 30, pause: 0.3)
    )
    XCTAssertEqual(again.status, 0, again.error)
    XCTAssertEqual(jobsBefore, 4)
    XCTAssertFalse(again.error.contains("submitted"), "The jobs that are there serve this run.")
    try assertComplete(size: 30, storedBefore: before.union(finished))
  }

  func testTheProgramIsBuiltAgainMeanwhile() throws {
    let program = directory.appendingPathComponent("TestPlaybook")
    try FileManager.default.copyItem(at: Self.executable("TestPlaybook"), to: program)
    let run = try begin(["--slurm-tasks", "2"], size: 16, pause: 0.3, program: program)
    try waitForDone(2)
    try FileManager.default.removeItem(at: program)
    try FileManager.default.copyItem(at: URL(fileURLWithPath: "/bin/true"), to: program)
    let before = try done()
    // Its worker is started once more.
    let worker = try slurm("pgrep", "-f", "as-worker").split(separator: "\n").first
    kill(try XCTUnwrap(worker.flatMap { Int32($0) }), SIGKILL)
    let end = try run.finish()
    // The experiment of the worker that was killed has failed, unless the worker was between two experiments.
    let count = try done().count
    XCTAssertTrue(end.status == 1 && count == 15 || end.status == 0 && count == 16, end.error)
    XCTAssertTrue(before.isSubset(of: try done()))
  }

  func testAnExperimentThatCrashesCostsNoJob() throws {
    let run = try runPlaybook(
      "run",
      "--engine",
      "slurm",
      "--slurm-tasks",
      "1",
      "--workers-per-task",
      "2",
      research: "cluster",
      environment: settings(size: 12, pause: 0.05).merging(["CLUSTER_CRASH": "1"]) { $1 }
    )
    XCTAssertEqual(run.status, 1, run.error)
    XCTAssertEqual(run.error.components(separatedBy: "submitted").count, 2, run.error)
    XCTAssertEqual(try done().count, 11)
    let failures = try ResearchResults.load(folder.path).experiments.flatMap(\.failures)
    XCTAssertEqual(failures.map(\.kind), ["signal"])
    XCTAssertTrue(failures.first?.message.contains("a crash on purpose") ?? false)
  }

  func testARunGoesOnOnOtherEngines() throws {
    for (size, engine) in [
      (8, ["--workers", "2"]), (16, ["--engine", "slurm", "--slurm-tasks", "2"]),
      (24, ["--parallel", "threads", "--workers", "2"]),
    ] {
      let run = try runPlaybook(
        ["run"] + engine,
        research: "cluster",
        environment: settings(size: size, pause: 0.02)
      )
      XCTAssertEqual(run.status, 0, run.error)
      XCTAssertTrue(run.output.contains("cluster: 8 experiments done"), run.output)
    }
    try assertComplete(size: 24)
    XCTAssertEqual(lines("begin").count, 24)
  }

  func testARunAsAJobIsStopped() throws {
    let options = ["run", "--engine", "slurm", "--slurm-tasks", "2", "--detach"]
    let variables = settings(size: 200, pause: 0.1)
    let begun = try runPlaybook(options, research: "cluster", environment: variables)
    XCTAssertEqual(begun.status, 0, begun.error)
    XCTAssertTrue(begun.output.hasPrefix("Slurm job "), begun.output)
    let second = try runPlaybook(options, research: "cluster", environment: variables)
    XCTAssertEqual(second.status, 2)
    try waitForDone(2)
    let stopped = try runPlaybook("stop", research: "cluster")
    XCTAssertEqual(stopped.status, 0, stopped.error)
    XCTAssertTrue(stopped.output.contains("interrupted"), stopped.output)
    XCTAssertTrue(try waitUntil(60) { try jobs().isEmpty })
  }
}
