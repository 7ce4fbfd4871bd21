import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

/// An executor that is a closure.
private struct Executor: BranchExecutor {
  let body: @Sendable (any BranchTask) async throws -> Void

  func execute(_ task: any BranchTask) async throws { try await body(task) }
}

final class BranchExecutorTests: RuntimeTestCase {
  private func research(
    _ log: CallLog = CallLog(),
    finalize: Bool = true,
    _ body: @escaping @Sendable (any BranchTask) async throws -> Void
  ) -> Research {
    func note(_ unit: String) -> @Sendable (RunContext) throws -> Int {
      { run in
        try log.note(run, unit)
        return run.iteration
      }
    }
    return Research(
      "test",
      iterations: 4,
      seed: 1,
      finalize: finalize,
      branches: 2,
      executor: Executor(body: body)
    ) {
      Domain("n" <- 0..<3)
      Unit("early", when: .last, saving: "early", note("early"))
      Unit("u", saving: "u") { run in
        if try run["n"] == 1 && run.iteration == 1 { throw TestError("bad") }
        return run.iteration
      }
      Unit("often", when: .every(1) | .last, note("often"))
      Unit("late", when: .last, saving: "late", note("late"))
      Unit("root", when: .last, saving: "root", root: true, note("root"))
    }
  }

  func testAnExecutorThatDoesWhatTheStandardOneDoes() async throws {
    let own = try await research { task in
      while !task.isFinished { await task.runIteration() }
    }.run()
    let standard = try await Research("test", iterations: 4, seed: 1, branches: 2) {
      Domain("n" <- 0..<3)
      Unit("early", when: .last, saving: "early") { run in run.iteration }
      Unit("u", saving: "u") { run in
        if try run["n"] == 1 && run.iteration == 1 { throw TestError("bad") }
        return run.iteration
      }
      Unit("often", when: .every(1) | .last) { _ in }
      Unit("late", when: .last, saving: "late") { run in run.iteration }
      Unit("root", when: .last, saving: "root", root: true) { run in run.iteration }
    }.run()
    XCTAssertEqual(own.table(), standard.table())
    XCTAssertEqual(own.experiments.map(\.ending), [.complete, .failed, .complete])
  }

  func testWhatItSees() async throws {
    let seen = Shared<[String]>([])
    _ = try await research { task in
      var ns: [Int] = []
      for experiment in task.experiments { ns.append(try experiment.config["n", as: Int.self]) }
      while !task.isFinished {
        await task.runIteration()
        let saved = task.experiments.indices.map { branch in
          task.lastSaved("u", branch: branch).map(String.init(describing:)) ?? "none"
        }
        let line = "\(ns) \(task.iteration): \(saved.joined(separator: " "))"
        seen.change { $0.append(line) }
      }
      // Nothing is left to do.
      let before = task.iteration
      await task.runIteration()
      XCTAssertEqual(task.iteration, before)
    }.at(Width(2, .concurrent)).run()
    XCTAssertEqual(
      seen.value,
      [
        "[0, 1] 1: 0 0", "[0, 1] 2: 1 none", "[0, 1] 3: 2 none", "[0, 1] 4: none none",
        "[2] 1: 0", "[2] 2: 1", "[2] 3: 2", "[2] 4: none",
      ],
      "what an ended experiment saved is no longer at hand"
    )
  }

  func testOneThatEndsEarlyStopsTheBranches() async throws {
    for count in 0...5 {
      for finalize in [true, false] {
        let log = CallLog()
        let results = try await research(log, finalize: finalize) { task in
          while task.iteration < count && !task.isFinished { await task.runIteration() }
        }.run()
        let name = "after \(count), finalize \(finalize)"
        let end: Ending = count >= 4 ? .complete : .stopped
        let second: Ending = count >= 2 ? .failed : .stopped
        XCTAssertEqual(results.experiments.map(\.ending), [end, second, end], name)
        let iterations = min(count, 4)
        XCTAssertEqual(
          results.experiments.map(\.iterations),
          [iterations, min(count, 2), iterations],
          name
        )
        for n in [0, 2] {
          let runs = count > 0 && (finalize || count >= 4)
          XCTAssertEqual(log.iterations(of: "early", n), runs ? [iterations - 1] : [], name)
          XCTAssertEqual(log.iterations(of: "late", n), runs ? [iterations - 1] : [], name)
          XCTAssertEqual(log.iterations(of: "root", n), runs ? [iterations - 1] : [], name)
          XCTAssertEqual(log.iterations(of: "often", n), Array(0..<iterations), name)
        }
      }
    }
  }

  func testOneThatThrowsFailsTheBranches() async throws {
    for count in 0...5 {
      let log = CallLog()
      let results = try await research(log) { task in
        while task.iteration < count && !task.isFinished { await task.runIteration() }
        throw TestError("the executor")
      }.run()
      // After the end there is nothing left to fail.
      let hasEnded = count >= 4
      XCTAssertEqual(
        results.experiments.map(\.ending),
        [hasEnded ? .complete : .failed, .failed, hasEnded ? .complete : .failed]
      )
      let failures = results.experiments.map { $0.failures.map { "\($0.unit) \($0.iteration)" } }
      let own = "executor \(max(0, count - 1))"
      XCTAssertEqual(
        failures,
        [hasEnded ? [] : [own], count >= 2 ? ["u 1"] : [own], hasEnded ? [] : [own]]
      )
      let runs = count > 0
      for n in 0..<3 {
        XCTAssertEqual(log.iterations(of: "late", n).count, runs ? 1 : 0, "after \(count)")
      }
    }
  }

  func testDebuggingThrowsItsError() async throws {
    do {
      _ = try await research { task in
        await task.runIteration()
        throw TestError("the executor")
      }.run(debug: true)
      XCTFail("nothing was thrown")
    } catch let error as TestError {
      XCTAssertEqual(error.description, "the executor")
    }
  }

  /// Halving: after each round the worse branch is given up.
  func testOneMayEndEarlierByWhatWasSaved() async throws {
    struct Patience: BranchExecutor {
      func execute(_ task: any BranchTask) async throws {
        while !task.isFinished {
          await task.runIteration()
          let best = task.experiments.indices
            .compactMap { task.lastSaved("u", branch: $0)?.number }.min()
          if let best, best < 2 { return }
        }
      }
    }
    let results = try await Research(
      "test",
      iterations: 9,
      seed: 1,
      branches: 3,
      executor: Patience()
    ) {
      Domain("n" <- 0..<6)
      Unit("u", saving: "u") { run in try 3 * run["n"] + 5 - run.iteration }
    }.run()
    XCTAssertEqual(results.experiments.map(\.iterations), [5, 5, 5, 9, 9, 9])
    XCTAssertEqual(results.experiments[0].ending, .stopped)
  }

  /// An executor may notice a cancellation by itself, by an error or by returning: what it leaves is
  /// interrupted and runs again.
  func testCancellingIsAnInterruption() async throws {
    for throwsError in [true, false] {
      let (events, begun) = AsyncStream<Void>.makeStream()
      let log = CallLog()
      let store = try DatabaseStore.inMemory()
      let research = research(log) { task in
        await task.runIteration()
        begun.yield()
        do {
          try await Task.sleep(for: .seconds(99))
        } catch {
          if throwsError { throw error }
        }
      }
      let task = Task { try await ResearchRunner(research, store: store).run() }
      for await _ in events { break }
      task.cancel()
      let summary = try await task.value
      XCTAssertTrue(summary.isCancelled)
      XCTAssertEqual([summary.done, summary.failed], [0, 0], "throws \(throwsError)")
      let results = try store.contents()
      XCTAssertTrue(results.experiments.allSatisfy { $0.state == .interrupted })
      XCTAssertEqual(results.failures.count, 0)
      XCTAssertEqual(log.turns.filter { $0.unit != "often" }, [])
    }
  }
}
