import Fieldwork
import FieldworkRuntime
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What worker processes are given, and what comes back from several of them at once.
final class CommandLineWorkerTests: FaultTestCase {
  // MARK: What they are given

  /// The processes in which experiments ran that have saved theirs.
  private func processes(_ results: ResearchResults) -> Set<Value> {
    Set(results.experiments.flatMap { saved("process", results, $0.id).values })
  }

  /// Row 25: what a worker sees of the devices, and what its branches are given of these.
  func testEachWorkerSeesItsOwnDevices() throws {
    let standIn = try DeviceStandIn(in: directory, free: Array(repeating: 1000, count: 8))
    let run = try run(
      "devices",
      "--devices",
      "3,5,6,7",
      workers: nil,
      environment: standIn.environment
    )
    XCTAssertEqual(run.status, 0, run.error)
    let results = try results("devices")
    XCTAssertEqual(
      results.lastValues(of: "visible"),
      ["3,5", "3,5", "6,7", "6,7", "3,5", "3,5", "6,7", "6,7"]
    )
    XCTAssertEqual(results.lastValues(of: "given"), ["0", "1", "0", "1", "0", "1", "0", "1"])
    // Stored are the names by which the system knows them.
    XCTAssertEqual(results.experiments.map(\.device), ["3", "5", "6", "7", "3", "5", "6", "7"])
    XCTAssertEqual(processes(results).count, 2)
  }

  func testTheTableHasTheSystemsNamesOfDevices() throws {
    let standIn = try DeviceStandIn(in: directory, free: Array(repeating: 1000, count: 8))
    func devices(_ way: String) throws -> [Value?] {
      let run = try run(
        "devices",
        "--devices",
        "3,5,6,7",
        "--parallel",
        way,
        workers: nil,
        environment: standIn.environment
      )
      XCTAssertEqual(run.status, 0, run.error)
      let column = try results("devices").table(TableOptions(includesAuxiliary: true))["device"]
      try FileManager.default.removeItem(atPath: folder("devices").path)
      return column
    }
    XCTAssertEqual(try devices("processes"), try devices("threads"))
  }

  /// A value that is not plain crosses by its parameter and its name.
  func testValuesThatAreNotPlain() throws {
    XCTAssertEqual(try run("aliases").status, 0)
    let results = try results("aliases")
    XCTAssertEqual(results.lastValues(of: "y"), [0.0, 0.0, -1.0, -1.0])
    XCTAssertEqual(
      results.experiments.map { $0.config[alias: "activation"]?.name },
      ["relu", "relu", "half", "half"]
    )
  }

  func testAValueThatNoProcessKnows() throws {
    let run = try run("unlisted", workers: nil)
    XCTAssertEqual(run.status, 2, run.output)
    XCTAssertTrue(
      run.error.contains(
        "error: the value 'relu' of 'f' cannot be handed to a worker process: it is not plain, and "
          + "the domain of the research does not list it; list it there, or run with --parallel threads"
      ),
      run.error
    )
    let threads = try self.run("unlisted", "--parallel", "threads", workers: nil)
    XCTAssertEqual(threads.status, 0, threads.error)
    XCTAssertEqual(try results("unlisted").lastValues(of: "y"), [-1.0, 0.0])
  }

  // MARK: Which are refused

  func testAWorkerOfOtherCode() async throws {
    let store = try DatabaseStore.open(folder("quickstart"))
    defer { try? store.close() }
    let research = Research("quickstart", seed: 1, workers: 2) {
      Domain("x" <- [1, 2, 3])
      Unit("f", saving: "y") { _ in 1 }
    }
    let runner = ResearchRunner(
      research,
      store: store,
      workerCommand: WorkerCommand(
        executable: Self.executable("Quickstart").path,
        arguments: ["run", "--as-worker"]
      )
    )
    do {
      _ = try await runner.run()
      XCTFail("nothing was thrown")
    } catch let error as FieldworkError {
      XCTAssertEqual(error.code, .invalidDefinition)
      XCTAssertEqual(
        error.message,
        "a worker process cannot be used, since it was built from other code; build once more, and "
          + "run again"
      )
    }
    XCTAssertEqual(try store.states(), [:], "nothing has run")
  }

  func testAResearchThatComesOutDifferently() throws {
    let run = try run("uncertain")
    XCTAssertEqual(run.status, 2)
    XCTAssertTrue(
      run.error.contains(
        "error: a worker process cannot be used, since the research differs in it"
      ),
      run.error
    )
    XCTAssertEqual(try results("uncertain").experiments.count, 0)
  }

  func testAWorkerIsNotStartedByHand() throws {
    try assertRefused(
      "run",
      "--as-worker",
      saying: "error: a worker is started by the run that it works for, not by hand"
    )
  }

  // MARK: What comes back

  private func line(_ k: Int) -> String { "\(k):" + String(repeating: "abcdefghij", count: 30) }

  /// In two processes at once, what each experiment prints is told apart.
  func testOutputOfTwoWorkersIsToldApart() throws {
    let run = try run("talking", "--stdout", "experiment", "--stderr", "both")
    XCTAssertEqual(run.status, 0, run.error)
    let results = try results("talking")
    XCTAssertEqual(processes(results).count, 2)
    for (k, experiment) in results.experiments.enumerated() {
      let path = folder("talking").experimentPath(experiment.id)
      let own = Array(repeating: line(k), count: 5)
      XCTAssertEqual(
        try text(path + "/stdout.txt").split(separator: "\n").map(String.init),
        own,
        "\(k)"
      )
      XCTAssertEqual(
        try text(path + "/stderr.txt").split(separator: "\n").map(String.init),
        own.map { "error " + $0 },
        "\(k)"
      )
    }
    let all = try text(folder("talking").path + "/stderr.txt").split(separator: "\n")
    XCTAssertEqual(all.count, 200)
    XCTAssertEqual(Set(all.map(String.init)), Set((0..<40).map { "error " + line($0) }))
    let hidden = try FileManager.default.contentsOfDirectory(atPath: folder("talking").path)
    XCTAssertEqual(hidden.filter { $0.hasPrefix(".") }, [])
  }

  /// In one file lines stay whole, whoever writes them.
  func testLinesOfOneFile() throws {
    XCTAssertEqual(try run("talking").status, 0)
    let all = try text(folder("talking").path + "/stdout.txt").split(separator: "\n")
    XCTAssertEqual(all.count, 200)
    XCTAssertEqual(Set(all.map(String.init)), Set((0..<40).map(line)))
  }

  func testLinesOfErrorsOnTheTerminal() throws {
    let run = try run("talking", "--no-progress")
    XCTAssertEqual(run.status, 0)
    let all = run.error.split(separator: "\n")
    XCTAssertEqual(all.count, 200)
    XCTAssertEqual(Set(all.map(String.init)), Set((0..<40).map { "error " + line($0) }))
  }

  func testLogLinesStayInOnePiece() throws {
    XCTAssertEqual(try run("talking", "--log-level", "info").status, 0)
    let lines = try text(folder("talking").path + "/research.log").split(separator: "\n")
    for line in lines where line.contains("abcdefghij") {
      XCTAssertEqual(line.components(separatedBy: "abcdefghij").count - 1, 30)
    }
    let ends = lines.filter { $0.contains("experiment ended") }
    XCTAssertEqual(ends.count, 40)
    for experiment in try results("talking").experiments {
      let own = try text(folder("talking").experimentPath(experiment.id) + "/experiment.log")
      XCTAssertEqual(own.components(separatedBy: "abcdefghij").count - 1, 150)
      XCTAssertEqual(own.split(separator: "\n").count, 7, own)
    }
  }

  // MARK: Deaths among branches

  /// Branches that read one another run again together; each counts once.
  func testATaskRunsAgainAsAWhole() throws {
    let run = try run("crossing", "--retry-deaths", "3", workers: nil)
    XCTAssertEqual(run.status, 0, run.error)
    XCTAssertTrue(run.output.contains("crossing: 4 experiments done in"), run.output)
    let results = try results("crossing")
    XCTAssertEqual(results.experiments.map(\.attempts), [2, 2, 2, 2])
    XCTAssertEqual(
      results.experiments.map { saved("both", results, $0.id) },
      [[0: [0, 1]], [0: [0, 1]], [0: [2, 3]], [0: [2, 3]]]
    )
    XCTAssertEqual(
      results.experiments.map { saved("step", results, $0.id) },
      [[:], [0: 0, 1: 1], [:], [0: 0, 1: 1]]
    )
    XCTAssertEqual(results.failures.count, 0)
  }

  func testABranchThatHasEndedDoesNotSuffer() throws {
    let run = try run("crossing", workers: nil)
    XCTAssertEqual(run.status, 1, run.error)
    XCTAssertTrue(run.output.contains("crossing: 2 experiments done, 2 failed in"), run.output)
    let results = try results("crossing")
    XCTAssertEqual(results.experiments.map(\.state), [.done, .failed, .done, .failed])
    // And then what depends on one another runs again.
    let again = try self.run("crossing", workers: nil)
    XCTAssertTrue(again.output.contains("crossing: 4 experiments done in"), again.output)
  }

  // MARK: The end of a run

  /// Rows 29, 61 and 191: whatever ends a run, no process is left; the test's end checks it.
  func testNoProcessIsLeft() throws {
    for signals in [[SIGKILL], [SIGINT, SIGINT], [SIGTERM, SIGINT], [SIGALRM]] {
      let running = try begin(
        "faulty",
        ["--workers", "3"],
        environment: ["TEST_FAULTS": "hang,stop,child forever"]
      )
      XCTAssertTrue(waitForWorkers(running, 3))
      running.signal(signals[0])
      if signals.count > 1 {
        // Two at once would be one.
        XCTAssertTrue(running.waitForError(containing: "Interrupted"))
        running.signal(signals[1])
      }
      let ended = try running.finish()
      XCTAssertNotEqual(ended.status, 0)
      XCTAssertEqual(mark.waitUntilGone(), [], "after \(signals)")
      try FileManager.default.removeItem(atPath: folder("faulty").path)
    }
  }

  /// Waits until so many experiments of a research have begun.
  private func waitForWorkers(_ running: RunningProcess, _ count: Int) -> Bool {
    for _ in 0..<6_000 {
      if let results = try? results("faulty"), results.experiments.count == count { return true }
      usleep(10_000)
    }
    return false
  }

  /// Ctrl-C comes to the run alone, which lets its workers end their iterations.
  func testAnInterruptReachesWorkersInOrder() throws {
    let journal = directory.path + "/journal"
    let running = try begin(
      "known-answer",
      ["--workers", "2"],
      environment: ["TEST_PAUSE": "20000", "TEST_JOURNAL": journal]
    )
    while (try? text(journal))?.contains("ends") != true { usleep(5_000) }
    running.interrupt()
    let ended = try running.finish()
    XCTAssertEqual(ended.status, 130, ended.error)
    XCTAssertTrue(ended.output.hasPrefix("Interrupted. known-answer:"), ended.output)
    let results = try results("known-answer")
    XCTAssertEqual(
      results.experiments.filter { $0.state == .failed || $0.state == .running }.count,
      0
    )
    XCTAssertGreaterThan(results.experiments.count { $0.state == .done }, 0)
    for experiment in results.experiments where experiment.state == .interrupted {
      // Whole iterations, each with both of its values.
      XCTAssertEqual(
        saved("draw", results, experiment.id).keys.sorted(),
        Array(0..<(experiment.iterations ?? 0))
      )
      XCTAssertEqual(
        saved("square", results, experiment.id).keys.sorted(),
        Array(0..<(experiment.iterations ?? 0))
      )
    }
  }
}
