import Fieldwork
import XCTest

/// Rows 32 to 35, 51 to 53, and 61 to 63: what can be seen of a run, and what can be done with it.
final class AcceptanceWatchingTests: AcceptanceRunCase {
  /// Three experiments one after another; the second waits in its first of two iterations.
  private func waiting(_ gate: Gate, _ name: String = "waiting") -> Research {
    Research(name, iterations: 2, seed: 1, workers: 1) {
      Domain("x" <- 1...3)
      Unit("f", saving: "y") { run in
        let x: Int = try run["x"]
        if x == 2 && run.iteration == 0 { try gate.wait() }
        return x * 10
      }
    }
  }

  // MARK: Logs and progress

  func testRow032_theLevelOfLogs() async throws {
    /// The levels that stand in the log, and how many experiments have one of their own.
    func levels(_ level: Logger.Level) async throws -> (research: Set<String>, experiments: Int) {
      let name = level.rawValue
      try await runInFolder(
        Research(name, seed: 1, logLevel: level) {
          Domain("x" <- 1...3)
          Unit("f") { run in
            run.logger.info("hello")
            if try run["x"] == 2 { throw Mishap("as asked") }
          }
        }
      )
      let lines = try text(folder(name).path + "/research.log").split(separator: "\n")
      let folders = try FileManager.default.contentsOfDirectory(
        atPath: folder(name).path + "/experiments"
      )
      let own = folders.filter {
        exists("\(folder(name).experimentPath($0))/experiment.log")
      }
      return (Set(lines.map { String($0.split(separator: " ")[2]) }), own.count)
    }
    let debug = try await levels(.debug)
    XCTAssertEqual(debug.research, ["DEBUG", "INFO", "NOTICE", "ERROR"])
    XCTAssertEqual(debug.experiments, 3)
    let info = try await levels(.info)
    XCTAssertEqual(info.research, ["INFO", "NOTICE", "ERROR"])
    XCTAssertEqual(info.experiments, 3)
    let notice = try await levels(.notice)
    XCTAssertEqual(notice.research, ["NOTICE", "ERROR"])
    XCTAssertEqual(notice.experiments, 1, "the one that failed")
    let error = try await levels(.error)
    XCTAssertEqual(error.research, ["ERROR"])
  }

  /// A progress display of one's own.
  private final class Display: RunObserver {
    let lines = Journal<String>()

    func observe(_ event: RunRecord) {
      switch event {
      case .runStarted(let start): lines.add("total \(start.experiments ?? 0)")
      case .iterations(_, let last, let count): lines.add("\(count) iterations up to \(last)")
      case .ended(_, let ending, _, _): lines.add(ending.rawValue)
      case .runEnded(let summary): lines.add("\(summary.done) done")
      default: break
      }
    }
  }

  func testRow033_progressOfOnesOwnOrNone() async throws {
    let display = Display()
    _ = try await Research("progress", iterations: 2, seed: 1) {
      Unit("f") { run in run.iteration }
    }.run(observers: [display])
    XCTAssertEqual(
      display.lines.entries,
      ["total 1", "2 iterations up to 1", "complete", "1 done"]
    )
    let silent = try runPlaybook("--no-progress")
    XCTAssertEqual(silent.status, 0)
    XCTAssertEqual(silent.error, "")
  }

  // MARK: Runs that one watches

  func testRow034_aRunThatGoesOnMeanwhile() async throws {
    let (gate, stream) = (Gate(), EventStream())
    let store = try DatabaseStore.open(folder("waiting"))
    defer { try? store.close() }
    let run = try waiting(gate).start(store: store, observers: [stream])
    await stream.waitForAnEnd()
    XCTAssertFalse(run.monitor.isFinished)
    XCTAssertNil(run.monitor.summary)
    XCTAssertEqual(run.monitor.counts.planned, 3)
    XCTAssertEqual(run.monitor.counts.done, 1)
    XCTAssertEqual(try run.results.lastValues(of: "y").first, 10)
    gate.open()
    let summary = try await run.summary()
    XCTAssertEqual(summary.done, 3)
    XCTAssertTrue(run.monitor.isFinished)
    XCTAssertEqual(try run.results.lastValues(of: "y"), [10, 20, 30])
  }

  func testRow035_debugNeedsOrderAndThrows() async throws {
    let failing = Research("debug", seed: 1, workers: 2) {
      Domain("x" <- 1...3)
      Unit("f") { run in if try run["x"] == 2 { throw Mishap("x is 2") } }
    }
    let store = try DatabaseStore.inMemory()
    await assertFails(.invalidDefinition, "debug needs one experiment after the other") {
      try await ResearchRunner(failing, store: store, debug: true).run()
    }
    do {
      _ = try await failing.run(debug: true)
      XCTFail("nothing was thrown")
    } catch {
      XCTAssertEqual("\(error)", "x is 2", "the unit's own error, \(type(of: error))")
    }
    let results = try await failing.run()
    XCTAssertEqual(results.failures.map(\.failure.message), ["x is 2"], "not thrown otherwise")
  }

  func testRow051_resultsDuringAndAfterARun() async throws {
    let (gate, stream) = (Gate(), EventStream())
    let store = try DatabaseStore.open(folder("waiting"))
    let run = try waiting(gate).start(store: store, observers: [stream])
    await stream.waitForAnEnd()
    // By somebody else too.
    let during = try ResearchResults.load(folder("waiting").path, ResultFilter(states: [.done]))
    XCTAssertEqual(saved("y", during), [[0: 10, 1: 10]])
    gate.open()
    _ = try await run.summary()
    let after = try run.results
    XCTAssertEqual(saved("y", after), [[0: 10, 1: 10], [0: 20, 1: 20], [0: 30, 1: 30]])
    try store.close()
    XCTAssertEqual(everything(try ResearchResults.load(folder("waiting").path)), everything(after))
  }

  func testRow052_theProfileInBothStores() async throws {
    let research = Research("profiled", iterations: 3, seed: 1, profile: .simple) {
      Domain("x" <- 1...2)
      Unit("f", saving: "y") { run in run.iteration }
    }
    let inMemory = try await research.run().profile()
    try await runInFolder(research)
    let inFolder = try Research.load(folder("profiled").path).profile()
    XCTAssertEqual(inMemory.calls.map(\.timing.iteration), [0, 1, 2, 0, 1, 2])
    for name in ["unit", "iteration", "experiment"] {
      XCTAssertEqual(try inMemory.frame[name], try inFolder.frame[name])
    }
  }

  func testRow053_finishedExactlyAtTheEnd() async throws {
    let (gate, stream) = (Gate(), EventStream())
    let run = try waiting(gate).start(observers: [stream])
    await stream.waitForAnEnd()
    XCTAssertFalse(run.monitor.isFinished, "one runs, and one is queued")
    gate.open()
    _ = try await run.summary()
    XCTAssertTrue(run.monitor.isFinished)
    XCTAssertEqual(run.monitor.counts.running, 0)
    XCTAssertEqual(run.monitor.counts.queued, 0)
  }

  func testRow061_termination() async throws {
    let (gate, stream) = (Gate(), EventStream())
    let store = try DatabaseStore.open(folder("waiting"))
    defer { try? store.close() }
    let run = try waiting(gate).start(store: store, observers: [stream])
    await stream.waitForAnEnd()
    await gate.arrived()
    run.terminate()
    gate.open()
    let summary = try await run.summary()
    XCTAssertTrue(summary.isCancelled)
    XCTAssertEqual(try run.results.experiments.map(\.state), [.done, .interrupted])
    XCTAssertEqual(saved("y", try run.results), [[0: 10, 1: 10], [0: 20]], "what was saved stays")
    let rest = try await ResearchRunner(waiting(gate), store: store).run()
    XCTAssertEqual([rest.skipped, rest.done], [1, 2])
  }

  // MARK: What is known of it

  func testRow062_theResearchAsText() {
    let research = Research("shown", iterations: 5) {
      Domain("x" <- [1, 2])
      UpdateDomain(when: .at(1)) { _ in nil }
      Generator("batch", when: .every(2)) { _ in 1...9 }
      Unit("f", saving: "y", { (x: Int) in x }, EC("x"))
      Save("z", O<Int>("f"), when: .last)
    }
    XCTAssertEqual(
      research.description,
      """
      Research "shown"
        domain: Domain("x" <- [1, 2])
        iterations: 5
        generator 'batch', .every(2)
        function 'f', .every(1), saving y
        save 'save z', .last, saving z
        update .at(1)
      """
    )
  }

  func testRow063_countersOfRunsAtOnce() async throws {
    let research = Research("counters", repetitions: 3, iterations: 3, seed: 1, workers: 8) {
      Domain("x" <- 0..<20)
      Unit("f") { run in
        if run.repetition == 1 && run.iteration == 1 { throw Mishap("as asked") }
      }
    }
    let store = try DatabaseStore.inMemory()
    let run = try research.start(store: store)
    let summary = try await run.summary()
    let counts = run.monitor.counts
    XCTAssertEqual(counts.planned, 60)
    XCTAssertEqual([counts.done, counts.failed, counts.interrupted], [40, 20, 0])
    XCTAssertEqual([counts.running, counts.queued], [0, 0])
    XCTAssertEqual(counts.iterations, 40 * 3 + 20 * 2)
    XCTAssertEqual([summary.done, summary.failed], [40, 20])
    XCTAssertEqual(run.monitor.failures.count, 20)
    let again = try research.start(store: store)
    _ = try await again.summary()
    XCTAssertEqual([again.monitor.counts.skipped, again.monitor.counts.failed], [40, 20])
  }
}
