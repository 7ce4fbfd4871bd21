import Fieldwork
import Foundation
import XCTest

@testable import FieldworkRuntime
@testable import FieldworkStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Units, users and signals that do what they should not.
final class CommandLineAttackTests: FaultTestCase {
  private func states(_ research: String) throws -> [String] {
    try results(research).experiments.map(\.state.rawValue)
  }

  /// The number of values that were saved under a name.
  private func rowCount(_ research: String, _ name: String) throws -> Int {
    let results = try results(research)
    return results.experiments.reduce(0) { $0 + results.values(of: name, in: $1.id).count }
  }

  private func playbook(
    _ arguments: [String],
    research: String,
    environment: [String: String] = [:]
  ) throws -> ProcessRun {
    try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(arguments),
      environment: ["TEST_PLAYBOOK": research].merging(environment) { $1 }
    )
  }

  private func names(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  // MARK: Values

  func testAValueOfTooManyLevelsFailsAlone() throws {
    for way in ["processes", "threads", "serial"] {
      let run = try run("deep", "--parallel", way, workers: nil)
      XCTAssertEqual(run.status, 1, run.error)
      let results = try results("deep")
      XCTAssertEqual(
        results.experiments.map { $0.state == .done },
        [true, false, true, true, true, true, true, true],
        way
      )
      let message = try XCTUnwrap(results.failures.first?.failure.message)
      XCTAssertTrue(message.contains("'tree' cannot be stored"), message)
      XCTAssertTrue(message.contains("more than 200 levels"), message)
      try folder("deep").remove()
    }
    XCTAssertEqual(try run("deep", environment: ["TEST_DEPTH": "199"]).status, 0)
    XCTAssertEqual(try rowCount("deep", "tree"), 8)
  }

  func testNumbersThatAreNoJSONComeBack() throws {
    XCTAssertEqual(try run("dates").status, 1)
    let results = try results("dates")
    let list = try XCTUnwrap(results.lastValues(of: "list").first ?? nil)
    XCTAssertEqual(list.exactText, "[inf,-0.0,-inf,nan]")
    let failure = try XCTUnwrap(results.failures.first?.failure)
    XCTAssertTrue(failure.message.contains("timeIntervalSince1970"), failure.message)
    let csv = try runPlaybook("results", "--format", "csv", research: "dates").output
    XCTAssertTrue(csv.contains("[Infinity,0.0,-Infinity,NaN]"), csv)
  }

  func testAnIntegerThatOverflowsIsAnError() throws {
    let run = try runPlaybook("configs", research: "overflow")
    XCTAssertEqual(run.status, 2, run.output)
    XCTAssertTrue(run.error.contains("is out of the range of Int"), run.error)
  }

  // MARK: Folders

  func testAUnitThatChangesTheWorkingDirectory() throws {
    for way in ["processes", "threads", "serial"] {
      let ended = try ProcessRun(
        URL(fileURLWithPath: "/bin/sh"),
        [
          "-c", "cd \"$1\" && exec \"$0\" run --no-progress --parallel \(way)",
          Self.executable("TestPlaybook").path, directory.path,
        ],
        environment: ["TEST_PLAYBOOK": "chdir"].merging(mark.environment) { $1 }
      )
      XCTAssertEqual(ended.status, 0, ended.error)
      let folder = ResearchFolder(directory: directory.path + "/research", name: "chdir")
      let results = try ResearchResults.load(folder.path)
      for (place, experiment) in results.experiments.enumerated() {
        XCTAssertEqual(try text(folder.experimentPath(experiment.id) + "/out.txt"), "\(place + 1)")
      }
      XCTAssertEqual(try names(folder.path + "/experiments").count, 3, way)
      if way != "threads" {
        // Each begins where the run was started.
        XCTAssertEqual(Set(results.lastValues(of: "y")), [.string(directory.path)])
      }
      let printed = try text(folder.path + "/stdout.txt")
      XCTAssertEqual(printed.split(separator: "\n").count, 3, printed)
      try folder.remove()
    }
  }

  func testAnAttemptBeginsWithAnEmptyFolder() throws {
    for options in [["--retry-errors", "2"], []] {
      let fails = options.isEmpty ? 1 : 2
      let first = try playbook(
        ["run"] + options,
        research: "leftovers",
        environment: ["TEST_FAILS": "\(fails)"]
      )
      XCTAssertEqual(first.status, options.isEmpty ? 1 : 0, first.error)
      if options.isEmpty {
        XCTAssertEqual(
          try runPlaybook("run", research: "leftovers", environment: ["TEST_FAILS": "1"]).status,
          0
        )
      }
      let results = try results("leftovers")
      XCTAssertEqual(results.lastValues(of: "found"), [0, 0])
      let path = folder("leftovers").experimentPath(results.experiments[1].id)
      let attempts = (1...fails).map { "attempt-\($0)" }
      XCTAssertEqual(try names(path), attempts + ["experiment.log", "log.csv", "sub"])
      XCTAssertEqual(try names(path + "/attempt-1"), ["log.csv", "sub"])
      XCTAssertEqual(try names(path + "/attempt-1/sub"), ["inner.csv"])
      // Files of earlier attempts are no artifacts of the experiment.
      XCTAssertEqual(
        try results.artifacts().map(\.name).filter { $0.hasPrefix("attempt") },
        []
      )
      try FileManager.default.removeItem(atPath: folder("leftovers").path)
    }
  }

  func testRemovingLeavesWhatNoRunHasMade() throws {
    XCTAssertEqual(try run("leftovers").status, 0)
    let path = folder("leftovers").path
    let own = ["experiments/notes.txt", "experiments/mine/data.csv", "README.txt"]
    try FileManager.default.createDirectory(
      atPath: path + "/experiments/mine",
      withIntermediateDirectories: true
    )
    for name in own {
      try "mine".write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
    XCTAssertEqual(try run("leftovers", "--name", "leftovers/experiments").status, 0)
    for arguments in [["run", "--fresh", "--yes"], ["remove", "--yes"]] {
      let ended = try playbook(arguments, research: "leftovers")
      XCTAssertEqual(ended.status, 0, ended.error)
      for name in own { XCTAssertEqual(try text(path + "/" + name), "mine", "\(arguments)") }
      XCTAssertEqual(
        try results("leftovers/experiments").experiments.count,
        2,
        "\(arguments): the research in the folder"
      )
    }
    try assertRefused(
      "--fresh",
      "--where",
      "x == 1",
      "--yes",
      research: "leftovers",
      saying:
        "error: --fresh deletes all results, and --where runs only some experiments: leave out one of them"
    )
  }

  func testIdsAfterADomainHasGrown() throws {
    XCTAssertEqual(
      try run("grown", environment: ["TEST_VALUES": "a,b,c", "TEST_FAIL": "c"]).status,
      1
    )
    XCTAssertEqual(try run("grown", environment: ["TEST_VALUES": "z,a,b,c"]).status, 0)
    let results = try results("grown")
    XCTAssertEqual(
      results.experiments.map { String($0.id.prefix(6)) },
      ["00_00_", "01_00_", "02_00_", "03_00_"]
    )
    for (experiment, value) in zip(results.experiments, ["z", "a", "b", "c"]) {
      XCTAssertEqual(try text(folder("grown").experimentPath(experiment.id) + "/a.txt"), value)
    }
    XCTAssertEqual(results.damaged, [])
    XCTAssertEqual(try names(folder("grown").path + "/experiments").count, 4)
    let configs = try runPlaybook(
      "configs",
      "--json",
      research: "grown",
      environment: ["TEST_VALUES": "z,a,b,c"]
    ).output
    for experiment in results.experiments { XCTAssertTrue(configs.contains(experiment.id)) }
  }

  func testADamagedExperimentIsNamedAndRunsAgain() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1").status, 0)
    let before = try runPlaybook("results", "--format", "csv").output
    let database = folder("small").databasePath
    let change = try ProcessRun(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["sqlite3", database, "UPDATE value SET content = content + 1 WHERE experiment = 2"]
    )
    try XCTSkipIf(change.status != 0, "sqlite3 is not installed")
    let results = try runPlaybook("results", "--format", "csv")
    XCTAssertEqual(results.status, 0)
    XCTAssertTrue(
      results.error.contains("what is stored of 1 experiment has changed"),
      results.error
    )
    XCTAssertTrue(results.error.contains("retry --damaged"), results.error)
    let verified = try runPlaybook("verify")
    XCTAssertEqual(verified.status, 1)
    XCTAssertTrue(verified.output.contains("has changed since it ended"), verified.output)
    let retried = try runPlaybook("retry", "--damaged")
    XCTAssertEqual(retried.status, 0, retried.error)
    XCTAssertTrue(retried.output.contains("1 experiment done"), retried.output)
    XCTAssertEqual(try runPlaybook("verify").status, 0)
    let after = try runPlaybook("results", "--format", "csv")
    XCTAssertEqual(after.output, before)
    XCTAssertEqual(after.error, "")
    XCTAssertEqual(
      try runPlaybook("retry", "--damaged").output,
      "nothing to retry: no experiment is damaged\n"
    )
  }

  // MARK: Ends

  func testAWorkerThatDoesNotEnd() throws {
    let run = try run("atexit", "--silence-limit", "2s", workers: nil)
    XCTAssertEqual(run.status, 0, run.error)
    XCTAssertTrue(run.error.contains("did not end within 2s"), run.error)
    XCTAssertEqual(try states("atexit"), ["done", "done"])
  }

  /// Schedulers send SIGTERM to all processes of a run at once.
  func testSignalsToTheRunAndItsWorkers() throws {
    for signal in [SIGTERM, SIGINT] {
      let running = try begin("iterating", ["--no-progress"])
      let stored = folder("iterating")
      XCTAssertTrue(
        wait { ((try? self.rowCount("iterating", "y")) ?? 0) > 4 },
        "it does not run"
      )
      let workers = mark.children(of: running.process.id)
      XCTAssertEqual(workers.count, 2)
      for process in workers + [running.process.id] { kill(process, signal) }
      let ended = try running.finish()
      XCTAssertEqual(ended.status, 130, ended.error)
      XCTAssertEqual(try states("iterating"), ["interrupted", "interrupted"])
      let checkpoints = try DatabaseStore.openForReading(stored).checkpoints()
      XCTAssertEqual(checkpoints.count, 2)
      let again = try run(
        "iterating",
        workers: nil,
        environment: ["TEST_PAUSE": "0"]
      )
      XCTAssertEqual(again.status, 0, again.error)
      XCTAssertEqual(try rowCount("iterating", "y"), 120)
      try stored.remove()
    }
  }

  /// The handlers stay to the end of the process.
  func testASecondSignalOfAnotherKindWhileARunCloses() throws {
    for _ in 0..<5 {
      let running = try begin("iterating", ["--no-progress"], environment: ["TEST_PAUSE": "30000"])
      XCTAssertTrue(wait { ((try? self.rowCount("iterating", "y")) ?? 0) > 2 })
      running.interrupt()
      // Until it is over.
      for _ in 0..<2000 {
        usleep(UInt32.random(in: 0...5000))
        guard running.process.wait(for: .zero) == nil else { break }
        running.signal(SIGTERM)
      }
      let ended = try running.finish()
      XCTAssertFalse(ended.wasKilled)
      XCTAssertEqual(ended.status, 130)
      try folder("iterating").remove()
    }
  }

  func testASignalToAWorkerAloneEndsIt() throws {
    let running = try begin(
      "iterating",
      ["--no-progress"],
      environment: ["TEST_PAUSE": "200000"]
    )
    // Both workers run an experiment.
    XCTAssertTrue(wait { (try? self.states("iterating").count) == 2 })
    let worker = try XCTUnwrap(mark.children(of: running.process.id).first)
    kill(worker, SIGTERM)
    let ended = try running.finish()
    XCTAssertEqual(ended.status, 1, ended.error)
    XCTAssertEqual(try states("iterating").sorted(), ["done", "failed"])
    XCTAssertEqual(try results("iterating").failures.first?.failure.death?.signal, Int(SIGTERM))
  }

  /// Time in which everything stood still does not count.
  func testATimeLimitDoesNotCountWhatWasFrozen() throws {
    for transport in ["sockets", "files"] {
      let running = try begin(
        "iterating",
        ["--no-progress", "--timeout", "6s", "--transport", transport],
        environment: ["TEST_PAUSE": "30000"]
      )
      let stored = folder("iterating")
      XCTAssertTrue(wait { (try? ResearchResults.load(stored.path).experiments.count) ?? 0 == 2 })
      let workers = mark.children(of: running.process.id)
      XCTAssertEqual(workers.count, 2, transport)
      let all = [running.process.id] + workers
      for process in all { kill(process, SIGSTOP) }
      sleep(7)
      for process in all.reversed() { kill(process, SIGCONT) }
      let ended = try running.finish()
      XCTAssertEqual(ended.status, 0, ended.error)
      XCTAssertEqual(try states("iterating"), ["done", "done"], transport)
      try FileManager.default.removeItem(atPath: stored.path)
    }
  }

  func testAStoppedWorkerEndsWithItsSupervisor() throws {
    let running = try begin("iterating", ["--no-progress"])
    XCTAssertTrue(wait { self.mark.children(of: running.process.id).count == 2 })
    usleep(300_000)
    let workers = mark.children(of: running.process.id)
    for worker in workers { kill(worker, SIGSTOP) }
    usleep(100_000)
    running.signal(SIGKILL)
    _ = try running.finish()
    XCTAssertEqual(mark.waitUntilGone(), [])
  }

  func testAProgramInASessionOfItsOwnEndsWithItsWorker() throws {
    for way in ["die", "return"] {
      let seconds = "98\(Int.random(in: 100...999))"
      let ended = try run(
        "daemon",
        workers: nil,
        environment: ["TEST_WAY": way, "TEST_SECONDS": seconds]
      )
      XCTAssertEqual(ended.status, way == "die" ? 1 : 0, ended.error)
      XCTAssertFalse(isRunning("sleep", seconds), way)
      try folder("daemon").remove()
    }
    let seconds = "97\(Int.random(in: 100...999))"
    let running = try begin(
      "daemon",
      [],
      environment: ["TEST_WAY": "wait", "TEST_SECONDS": seconds]
    )
    XCTAssertTrue(wait { self.isRunning("sleep", seconds) })
    running.signal(SIGKILL)
    _ = try running.finish()
    XCTAssertTrue(wait { !self.isRunning("sleep", seconds) }, "after the supervisor was killed")
  }

  private func isRunning(_ program: String, _ argument: String) -> Bool {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).contains { name in
      guard let words = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
        return false
      }
      let text = String(decoding: words, as: UTF8.self)
      return text.contains(program) && text.contains(argument)
    }
  }

  private func wait(_ condition: () -> Bool) -> Bool {
    for _ in 0..<600 {
      if condition() { return true }
      usleep(50_000)
    }
    return false
  }

  // MARK: Processes and descriptors

  func testAForkedProcessThatGoesOnIsEnded() throws {
    for way in ["return", "throw"] {
      for parallel in ["processes", "serial"] {
        let ended = try run(
          "forking",
          "--parallel",
          parallel,
          workers: nil,
          environment: ["TEST_WAY": way]
        )
        XCTAssertEqual(ended.status, 0, ended.error)
        XCTAssertEqual(try results("forking").lastValues(of: "y"), [1, 2, 3, 4])
        XCTAssertEqual(try results("forking").experiments.map(\.attempts), [1, 1, 1, 1])
        try folder("forking").remove()
      }
    }
  }

  func testDescriptorsThatUnitsLeaveOpenOrClose() throws {
    for way in ["files", "streams"] {
      let ended = try ProcessRun(
        URL(fileURLWithPath: "/bin/sh"),
        ["-c", "ulimit -n 256; exec \"$0\" \"$@\"", Self.executable("TestPlaybook").path]
          + complete(["run", "--no-progress"]),
        environment: ["TEST_PLAYBOOK": "leaky", "TEST_WAY": way].merging(mark.environment) { $1 }
      )
      XCTAssertEqual(ended.status, 0, ended.error)
      XCTAssertTrue(
        ended.error.contains("another process replaces that of a worker: "),
        ended.error
      )
      XCTAssertEqual(try states("leaky"), Array(repeating: "done", count: 12), way)
      XCTAssertEqual(try results("leaky").experiments.compactMap(\.attempts).max(), 1)
      try folder("leaky").remove()
    }
  }

  func testTooFewDescriptorsAreNoLackOfDevices() throws {
    let ended = try ProcessRun(
      URL(fileURLWithPath: "/bin/sh"),
      ["-c", "ulimit -n 24; exec \"$0\" \"$@\"", Self.executable("TestPlaybook").path]
        + complete(["run", "--no-progress", "--workers", "8"]),
      environment: ["TEST_PLAYBOOK": "known-answer"].merging(mark.environment) { $1 }
    )
    XCTAssertFalse(ended.error.contains("devices"), ended.error)
    if ended.status == 2 { XCTAssertTrue(ended.error.contains("ulimit -n"), ended.error) }
  }

  func testTooFewProcesses() throws {
    let group = "/sys/fs/cgroup/pids/fieldwork-\(getpid())"
    let unified = "/sys/fs/cgroup/fieldwork-\(getpid())"
    let path = FileManager.default.fileExists(atPath: "/sys/fs/cgroup/pids") ? group : unified
    guard mkdir(path, 0o755) == 0 else { throw XCTSkip("no control group can be made here") }
    defer { rmdir(path) }
    for limit in [2, 3, 5, 8, 12] {
      guard
        (try? "\(limit)".write(toFile: path + "/pids.max", atomically: false, encoding: .utf8))
          != nil
      else { throw XCTSkip("the number of processes cannot be limited here") }
      let ended = try ProcessRun(
        URL(fileURLWithPath: "/bin/sh"),
        [
          "-c", "echo $$ > \(path)/cgroup.procs; exec timeout -s KILL 60 \"$0\" \"$@\"",
          Self.executable("TestPlaybook").path,
        ]
          + complete(["run", "--no-progress", "--workers", "2", "--name", "pids\(limit)"]),
        environment: ["TEST_PLAYBOOK": "known-answer"].merging(mark.environment) { $1 }
      )
      XCTAssertNotEqual(ended.status, 137, "\(limit): it hangs")
      XCTAssertFalse(ended.wasKilled, "\(limit): it hangs")
      if ended.status != 0 {
        XCTAssertTrue(ended.error.contains("error: "), "\(limit): \(ended.error)")
      }
    }
  }

  func testDevicesAreNumberedWithinTheMask() throws {
    let standIn = try DeviceStandIn(in: directory, free: Array(repeating: 1000, count: 8))
    func visible(_ mask: [String: String], _ devices: String) throws -> [Value?] {
      let ended = try run(
        "masked",
        "--devices",
        devices,
        workers: nil,
        environment: standIn.environment.merging(mask) { $1 }
      )
      XCTAssertEqual(ended.status, 0, ended.error)
      let name = mask["CUDA_VISIBLE_DEVICES"] == nil && !mask.isEmpty ? "hip" : "visible"
      defer { try? folder("masked").remove() }
      return try results("masked").lastValues(of: name)
    }
    XCTAssertEqual(try Set(visible(["CUDA_VISIBLE_DEVICES": "2,3"], "0,1")), ["2", "3"])
    XCTAssertEqual(try Set(visible(["CUDA_VISIBLE_DEVICES": "GPU-a, GPU-b"], "1")), ["GPU-b"])
    XCTAssertEqual(try Set(visible(["HIP_VISIBLE_DEVICES": "4,6"], "1,0")), ["4", "6"])
    XCTAssertEqual(try Set(visible(["ROCR_VISIBLE_DEVICES": "4,6"], "1,0")), ["0", "1"])
    for (mask, words) in [
      ("", "hides all devices"), ("-1", "hides all devices"), ("2,3", "there is no device 2"),
    ] {
      let ended = try run(
        "masked",
        "--devices",
        "0,2",
        workers: nil,
        environment: standIn.environment.merging(["CUDA_VISIBLE_DEVICES": mask]) { $1 }
      )
      XCTAssertEqual(ended.status, 2)
      XCTAssertTrue(ended.error.contains(words), ended.error)
    }
  }

  // MARK: Output

  func testOutputBeyondTheLimitIsLeftOut() throws {
    let bytes = 12_000_000
    for (mode, way) in [
      ("common", "processes"), ("experiment", "processes"), ("both", "processes"),
      ("common", "threads"), ("experiment", "serial"),
    ] {
      let ended = try run(
        "noisy",
        "--stdout",
        mode,
        "--stderr",
        mode,
        "--output-limit",
        "2MB",
        "--parallel",
        way,
        "--no-progress",
        workers: nil,
        environment: ["TEST_BYTES": "\(bytes)"]
      )
      XCTAssertEqual(ended.status, 0, ended.error)
      let results = try results("noisy")
      var paths = [folder("noisy").path + "/stdout.txt", folder("noisy").path + "/stderr.txt"]
      let own = results.experiments.map { folder("noisy").experimentPath($0.id) }
      if mode == "experiment" { paths = [own[1] + "/stdout.txt", own[1] + "/stderr.txt"] }
      if mode == "both" { paths += [own[1] + "/stdout.txt"] }
      for path in paths {
        let printed = try text(path)
        XCTAssertLessThan(printed.utf8.count, 6_000_000, "\(mode) \(way) \(path)")
        XCTAssertGreaterThan(printed.utf8.count, 1_500_000, "\(mode) \(way) \(path)")
        XCTAssertTrue(printed.contains("of output left out"), "\(mode) \(way) \(path)")
        XCTAssertTrue(printed.contains("begin 2\n"), "\(mode) \(way) \(path)")
        XCTAssertTrue(printed.contains("end 2\n"), "\(mode) \(way) \(path)")
        XCTAssertFalse(printed.utf8.contains(0), "\(mode) \(way) \(path)")
        if mode == "common" {
          for x in [1, 3] { XCTAssertTrue(printed.contains("begin \(x)\n"), "\(mode) \(way)") }
        }
      }
      try folder("noisy").remove()
    }
    let whole = try run(
      "noisy",
      "--output-limit",
      "0",
      workers: nil,
      environment: ["TEST_BYTES": "\(bytes)"]
    )
    XCTAssertEqual(whole.status, 0, whole.error)
    XCTAssertGreaterThan(try text(folder("noisy").path + "/stdout.txt").utf8.count, bytes)
  }

  /// Output that a killed run has left is put in its place by the next one, which captures nothing itself.
  func testOutputOfAKilledRunIsPutInItsPlace() async throws {
    let research = Research("plain", seed: 1, workers: 1) {
      Domain("x" <- [1])
      Unit("f", saving: "y") { 1 }
    }
    let store = try DatabaseStore.open(folder("plain"))
    for name in [".stdout.txt.999999", ".e1.stderr.txt.999998"] {
      try "printed\n".write(
        toFile: folder("plain").path + "/" + name,
        atomically: true,
        encoding: .utf8
      )
    }
    _ = try await research.run(store: store)
    try store.close()
    XCTAssertEqual(try text(folder("plain").path + "/stdout.txt"), "printed\n")
    XCTAssertEqual(try text(folder("plain").path + "/experiments/e1/stderr.txt"), "printed\n")
    XCTAssertEqual(try names(folder("plain").path).filter { $0.hasPrefix(".") }, [])
  }

  /// The limit leaves alone what earlier runs have written.
  func testOutputOfEarlierRunsStays() throws {
    for count in 1...2 {
      let ended = try run(
        "noisy",
        "--output-limit",
        count == 1 ? "0" : "2MB",
        "--no-progress",
        workers: nil,
        environment: ["TEST_BYTES": "8000000"]
      )
      XCTAssertEqual(ended.status, 0, ended.error)
      let printed = try text(folder("noisy").path + "/stdout.txt")
      XCTAssertEqual(printed.contains("of output left out"), count == 2)
      XCTAssertGreaterThan(printed.utf8.count, count == 1 ? 8_000_000 : 9_500_000)
      XCTAssertLessThan(printed.utf8.count, count == 1 ? 8_100_000 : 13_000_000)
      XCTAssertFalse(printed.utf8.contains(0))
      try FileManager.default.removeItem(atPath: folder("noisy").databasePath)
    }
  }

  func testErrorsOfWritingAreTold() throws {
    XCTAssertEqual(try runPlaybook().status, 0)
    func shell(_ command: String) throws -> ProcessRun {
      try ProcessRun(
        URL(fileURLWithPath: "/bin/sh"),
        ["-c", "\"$0\" \(command)", Self.executable("TestPlaybook").path],
        environment: ["TEST_PLAYBOOK": "small"]
      )
    }
    let place = "--directory '\(directory.path)'"
    for command in ["results --format csv", "configs --json", "best", "verify", "status", "--help"]
    {
      let full = try shell("\(command) \(command == "--help" ? "" : place) > /dev/full")
      XCTAssertEqual(full.status, 2, command)
      XCTAssertTrue(full.error.contains("cannot write to the standard output"), full.error)
      XCTAssertTrue(full.error.contains("No space left"), full.error)
    }
    let closed = try shell("results \(place) >&-")
    XCTAssertEqual(closed.status, 2, closed.error)
    XCTAssertTrue(closed.error.contains("it is closed"), closed.error)
    // A reader that has gone is no error.
    XCTAssertEqual(try shell("results \(place) | true").status, 0)
  }

  func testARunWithoutStandardStreams() throws {
    let ended = try ProcessRun(
      URL(fileURLWithPath: "/bin/sh"),
      ["-c", "\"$0\" \"$@\" <&- >&- 2>&-", Self.executable("TestPlaybook").path]
        + complete(["run", "--no-progress"]),
      environment: ["TEST_PLAYBOOK": "noisy"].merging(mark.environment) { $1 }
    )
    XCTAssertEqual(ended.status, 0)
    let printed = try text(folder("noisy").path + "/stdout.txt")
    XCTAssertEqual(printed, "begin 1\nend 1\nbegin 2\nend 2\nbegin 3\nend 3\n")
  }

  func testControlCharactersDoNotReachATerminal() throws {
    XCTAssertEqual(try run("controls", workers: nil).status, 0)
    let script = "/usr/bin/script"
    guard FileManager.default.isExecutableFile(atPath: script) else {
      throw XCTSkip("there is no program that makes a terminal")
    }
    let program = Self.executable("TestPlaybook").path
    for (command, isFailing) in [
      ("results", false), ("results --format csv", false), ("configs --json --limit 0", false),
      ("results --where 'x == [\u{1B}[2J'", false), ("run --debug --store memory", true),
      ("run --no-progress --fresh --yes", false), ("run --no-progress --fresh --yes", true),
      ("run --fresh --yes", true), ("best --by '\u{1B}[2J'", false), ("\u{1B}[2J", false),
      ("results --experiments --json", false), ("results --failures", false),
    ] {
      let ended = try ProcessRun(
        URL(fileURLWithPath: script),
        ["-qec", "'\(program)' \(command) --directory '\(directory.path)'", "/dev/null"],
        environment: [
          "TEST_PLAYBOOK": "controls", "TERM": "xterm", "TEST_FAIL": isFailing ? "1" : "",
        ].filter { !$0.value.isEmpty }.merging(mark.environment) { $1 }
      )
      let text = ended.output
      XCTAssertFalse(text.contains("\u{1B}[2Jclear"), command)
      XCTAssertFalse(text.unicodeScalars.contains("\u{9B}"), command)
      XCTAssertFalse(text.unicodeScalars.contains("\u{202E}"), command)
    }
    XCTAssertEqual(try run("controls", workers: nil).status, 0)
    // Files get everything as it is.
    let csv = try runPlaybook("results", "--format", "csv", research: "controls").output
    XCTAssertTrue(csv.contains("\u{1B}[2Jclear"))
  }

  // MARK: Arguments

  func testLongArgumentsAreNotRepeated() throws {
    let long = String(repeating: "x y", count: 30_000)
    for arguments in [
      ["results", "--where", "a == [\(long)"], ["--set", "lr=\(long)"], ["--workers", long],
      ["results", "--select", long], [long], ["configs", "--where=\(long) =="],
      ["--name", "/\(long)"],
    ] {
      let ended = try playbook(arguments, research: "small")
      XCTAssertEqual(ended.status, 2, "\(arguments[0])")
      XCTAssertLessThan(ended.error.utf8.count, 2000, String(ended.error.prefix(300)))
    }
  }

  func testConditionsAreReadInLinearTime() throws {
    let bracket = Array(repeating: "lr == [", count: 20_000).joined(separator: " and ")
    XCTAssertThrowsError(try Condition(bracket))
    let long = Array(repeating: "lr == 0.5", count: 20_000).joined(separator: " or ")
    XCTAssertNoThrow(try Condition(long))
    let lists = Array(repeating: "lr in [1, 2]", count: 10_000).joined(separator: " or ")
    XCTAssertNoThrow(try Condition(lists))
  }

  func testNumbersWithoutUseAreRefused() throws {
    for (option, number) in [
      ("--branches", "9223372036854775807"), ("--branches", "1000000000"),
      ("--workers", "9223372036854775807"), ("--id-prefix", "9223372036854775807"),
    ] {
      let ended = try runPlaybook("run", option, number)
      XCTAssertEqual(ended.status, 2, "\(option) \(number)")
      XCTAssertTrue(ended.error.contains("give at most"), ended.error)
    }
    for text in ["0x10", "1e3", "-5", "inf", "nan", "5 s", ""] {
      XCTAssertEqual(try runPlaybook("run", "--timeout=\(text)").status, 2, text)
    }
    for text in ["x", "-1", "1e9", "5 MB", "MB"] {
      XCTAssertEqual(try runPlaybook("run", "--output-limit=\(text)").status, 2, text)
    }
    let why = try runPlaybook(
      "configs",
      "--repetitions",
      "9223372036854775807",
      "--why",
      "--limit",
      "2"
    )
    XCTAssertEqual(why.status, 0, why.error)
    XCTAssertTrue(why.output.contains("only the first"), why.output)
    let huge = try runPlaybook("configs", "--why", "--limit", "3", research: "huge")
    XCTAssertEqual(huge.status, 0, huge.error)
    XCTAssertTrue(huge.output.contains("of 1000000000000 experiments"), huge.output)
  }

  func testASearchWithoutResultsCanBeInterrupted() throws {
    let running = try begin("huge", ["--where", "a == -1", "--no-progress"])
    sleep(3)
    running.interrupt()
    let ended = try running.finish()
    XCTAssertFalse(ended.wasKilled)
    XCTAssertTrue([2, 130].contains(ended.status), "\(ended.status): \(ended.error)")
  }

  func testNamesThatWouldControlATerminalAreRefused() throws {
    for (unit, saved, parameter) in [
      ("a\nb", "y", "x"), ("f", "y\u{1B}[2J", "x"), ("f", "y", "x\u{202E}"), ("f", "y", "x\u{9B}"),
    ] {
      let research = Research("r", seed: 1) {
        Domain(ParameterName(parameter) <- [1, 2])
        Unit(unit, saving: Saving(saved)) { 1 }
      }
      XCTAssertTrue(
        research.preflight().contains { $0.message.contains("control characters") },
        "\(unit) \(saved) \(parameter)"
      )
    }
  }
}
