import Fieldwork
import Foundation
import XCTest

/// Faults of a cluster that take long to notice. `make faults-slurm` runs them.
final class SlurmFaultTests: SlurmTestCase {
  private func run(
    _ options: [String] = [],
    size: Int = 30,
    pause: Double = 0.4,
    iterations: Int = 3,
    environment more: [String: String] = [:],
    _ body: () throws -> Void
  ) throws -> ProcessRun {
    let run = try begin(
      options,
      size: size,
      pause: pause,
      iterations: iterations,
      environment: more
    )
    try body()
    return try run.finish()
  }

  func testANodeThatCannotBeReachedGoesOn() throws {
    var before: Set<String> = []
    let end = try run(["--slurm-tasks", "8"], size: 100, pause: 1) {
      try waitForDone(4)
      before = try done()
      try node("orphan", "n2")
    }
    try node("start", "n2")
    XCTAssertEqual(end.status, 0, end.error)
    try assertComplete(size: 100, storedBefore: before)
    XCTAssertEqual(lines("begin").count, 100, "Pilots that give signs of life go on.")
  }

  func testANodeThatStopsComesBack() throws {
    var before: Set<String> = []
    let end = try run(["--slurm-tasks", "8"], size: 100, pause: 1) {
      try waitForDone(4)
      before = try done()
      try node("freeze", "n2")
      sleep(35)
      // Others run its experiments now; what it goes on with is ignored.
      try node("thaw", "n2")
    }
    try node("start", "n2")
    XCTAssertEqual(end.status, 0, end.error)
    XCTAssertTrue(end.error.contains("its job was put back into the queue"), end.error)
    try assertComplete(size: 100, storedBefore: before)
    XCTAssertGreaterThan(lines("begin").count, 100)
  }

  func testTheControllerIsAway() throws {
    var before: Set<String> = []
    let end = try run(["--slurm-tasks", "4"], size: 60) {
      try waitForDone(4)
      before = try done()
      try node("kill", "controller")
      sleep(15)
      try node("start", "controller")
    }
    XCTAssertEqual(end.status, 0, end.error)
    try assertComplete(size: 60, storedBefore: before)
  }

  func testTheControllerIsAwayAtTheBeginning() throws {
    try node("kill", "controller")
    let end = try run(["--slurm-tasks", "2"], size: 8) {
      sleep(20)
      XCTAssertEqual(lines("begin"), [])
      try node("start", "controller")
    }
    XCTAssertEqual(end.status, 0, end.error)
    XCTAssertTrue(end.error.contains("Slurm does not answer"), end.error)
    try assertComplete(size: 8)
    XCTAssertEqual(lines("begin").count, 8)
  }

  func testATaskIsQueuedAgain() throws {
    var before: Set<String> = []
    let end = try run(["--slurm-tasks", "4"], size: 40) {
      try waitForDone(4)
      before = try done()
      let job = try XCTUnwrap(try jobs().last)
      try slurm("scontrol", "requeue", String(job.prefix { $0 != " " }))
    }
    XCTAssertEqual(end.status, 0, end.error)
    try assertComplete(size: 40, storedBefore: before)
  }

  func testTasksArePreempted() throws {
    var before: Set<String> = []
    let end = try run(["--slurm-tasks", "8"], size: 60) {
      try waitForDone(8)
      before = try done()
      let script = directory.appendingPathComponent("urgent.sh")
      try Data("#!/bin/bash\nsleep 8\n".utf8).write(to: script)
      try slurm(
        "sbatch",
        "--partition=urgent",
        "--array=0-3",
        "--output=/dev/null",
        script.path
      )
      XCTAssertTrue(
        try waitUntil(20) { try self.jobs().filter { $0.contains("PENDING") }.count >= 2 },
        "Tasks of the run wait again."
      )
    }
    XCTAssertEqual(end.status, 0, end.error)
    try assertComplete(size: 60, storedBefore: before)
  }

  func testTheTimeLimitIsReached() throws {
    let end = try run(
      ["--slurm-tasks", "2", "--time", "2:00"],
      size: 6,
      pause: 1,
      iterations: 50,
      environment: ["CLUSTER_CHECKPOINT": "1"]
    ) {}
    XCTAssertEqual(end.status, 0, end.error)
    XCTAssertTrue(end.error.contains("its job has reached its time limit"), end.error)
    XCTAssertEqual(try done().count, 6)
    XCTAssertEqual(lines("iteration").count, 300, "No iteration has run twice.")
    XCTAssertEqual(lines("begin").count, 6)
  }

  func testNothingIsBegunThatWouldNotEnd() throws {
    let end = try run(["--slurm-tasks", "2", "--time", "4:00"], size: 14, pause: 1, iterations: 20)
    {}
    XCTAssertEqual(end.status, 0, end.error)
    XCTAssertTrue(end.error.contains("too little time is left before its time limit"), end.error)
    XCTAssertEqual(lines("begin").count, 14, "No experiment was begun twice.")
  }

  func testTheSharedFolderIsFull() throws {
    let disk = directory.appendingPathComponent("disk").path
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    let mount = try ProcessRun(
      URL(fileURLWithPath: "/bin/mount"),
      ["-t", "tmpfs", "-o", "size=200m", "tmpfs", disk]
    )
    try XCTSkipIf(mount.status != 0, "no file system can be mounted here")
    defer { _ = try? ProcessRun(URL(fileURLWithPath: "/bin/umount"), ["-l", disk]) }
    let results = disk + "/results"
    func again(_ body: () throws -> Void) throws -> ProcessRun {
      try run(["--slurm-tasks", "2", "--directory", results], size: 40, body)
    }
    let filler = disk + "/filler"
    let full = try again {
      XCTAssertTrue(try waitUntil(60) { lines("end").count >= 4 })
      _ = try ProcessRun(
        URL(fileURLWithPath: "/bin/dd"),
        ["if=/dev/zero", "of=\(filler)", "bs=64k"]
      )
    }
    XCTAssertEqual(full.status, 2, full.error)
    XCTAssertTrue(full.error.contains("disk is full"), full.error)
    try FileManager.default.removeItem(atPath: filler)
    let research = ResearchFolder(directory: results, name: "cluster")
    let stored = try ResearchResults.load(research.path).experiments.filter { $0.state == .done }
    XCTAssertGreaterThan(stored.count, 0)
    let end = try again {}
    XCTAssertEqual(end.status, 0, end.error)
    XCTAssertEqual(Set(lines("end")).count, 40)
    let begun = lines("begin")
    for experiment in stored {
      let x = try XCTUnwrap(experiment.config[alias: "x"]?.name)
      XCTAssertEqual(begun.filter { $0 == x }.count, 1)
    }
  }

  func testATaskIsHeld() throws {
    let end = try run(["--slurm-tasks", "2", "--slurm-option", "hold"], size: 6, pause: 0.05) {
      sleep(8)
      let job = try XCTUnwrap(try jobs().first)
      try slurm("scontrol", "release", String(job.prefix { $0 != "_" && $0 != " " }))
    }
    XCTAssertEqual(end.status, 0, end.error)
    XCTAssertTrue(end.error.contains("scontrol release"), end.error)
  }

  func testSlurmRefusesTheJobs() throws {
    let end = try run(["--slurm-tasks", "2", "--partition", "nowhere"], size: 6) {}
    XCTAssertEqual(end.status, 2, end.error)
    XCTAssertTrue(end.error.contains("Slurm refuses the jobs"), end.error)
    XCTAssertTrue(end.error.contains("invalid partition"), end.error)
  }

  func testTheMachineOfAWorkerDies() throws {
    let run = try begin(["--slurm-tasks", "4"], size: 30, pause: 0.4)
    try waitForDone(4)
    let before = try done()
    try node("kill", "n1")
    let end = try run.finish()
    try node("start", "n1")
    XCTAssertEqual(end.status, 0, end.error)
    XCTAssertTrue(end.error.contains("its job was put back"), end.error)
    try assertComplete(size: 30, storedBefore: before)
  }

  func testWorkersAreAddedAndDrained() throws {
    let run = try begin(["--slurm-tasks", "1", "--idle-time", "1"], size: 40, pause: 0.3)
    try waitForDone(1)
    let added = try runPlaybook("workers", "add", "3", research: "cluster")
    XCTAssertEqual(added.output, "3 added; the run has 4 workers\n", added.error)
    XCTAssertTrue(try waitUntil(60) { try jobs().count == 4 })
    let drained = try runPlaybook("workers", "drain", "2", research: "cluster")
    XCTAssertTrue(drained.output.hasPrefix("2 workers end after"), drained.output)
    XCTAssertTrue(try waitUntil(60) { try jobs().count <= 2 }, "Idle tasks give machines back.")
    XCTAssertEqual(try run.finish().status, 0)
    try assertComplete(size: 40)
    XCTAssertEqual(lines("begin").count, 40)
  }
}
