import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

/// How branches end beside each other, for all ways of three of them to end.
final class BranchEndTests: RuntimeTestCase {
  private static let iterations = 3
  private static let fates: [Fate] = [.none, .fails(0), .stops(1), .runsOut(1), .fails(2)]

  /// The fates of the three branches of each task.
  private static let tasks = fates.flatMap { first in
    fates.flatMap { second in fates.map { [first, second, $0] } }
  }

  private static let all = tasks.flatMap(\.self)

  private func research(
    _ log: CallLog,
    finalize: Bool,
    _ execution: BranchExecution
  ) -> Research {
    func note(_ unit: String) -> @Sendable (RunContext) throws -> Int {
      { run in
        try log.note(run, unit)
        return run.iteration
      }
    }
    return Research(
      "test",
      iterations: Self.iterations,
      seed: 1,
      finalize: finalize,
      workers: 2,
      branches: 3,
      branchExecution: execution
    ) {
      Domain("n" <- Self.all.indices)
      Unit("root early", when: .last, saving: "root early", root: true, note("root early"))
      Unit("early", when: .last, saving: "early", note("early"))
      Save("early save", E().iteration, when: .last)
      Unit("often", when: .every(2) | .last, saving: "often", note("often"))
      Fate.units { run in Self.all[try run["n"]] }
      Unit("root", saving: "root", root: true, note("root"))
      Unit("late", when: .last, saving: "late", note("late"))
      Unit("root late", when: .last, saving: "root late", root: true, note("root late"))
      Save("late save", E().iteration, when: .last)
    }
  }

  private func check(finalize: Bool, _ execution: BranchExecution) async throws {
    let log = CallLog()
    let results = try await research(log, finalize: finalize, execution).run()
    for (task, fates) in Self.tasks.enumerated() {
      let name = "\(fates), finalize \(finalize), \(execution)"
      let ends = fates.map { $0.end(of: Self.iterations) }
      for (branch, fate) in fates.enumerated() {
        let experiment = results.experiments[3 * task + branch]
        let saved = { (name: String) in
          results.values(of: name, in: experiment.id).map(\.iteration)
        }
        XCTAssertEqual(experiment.iterations, ends[branch] + 1, name)
        let isCut = fate != .none && !finalize
        // Units before the end have their turn if it is the last iteration anyway.
        let isLimit = ends[branch] == Self.iterations - 1
        let last = [ends[branch]]
        for unit in ["early", "late"] {
          let runs = !isCut || isLimit && unit == "early"
          XCTAssertEqual(log.iterations(of: unit, 3 * task + branch), runs ? last : [], name)
          XCTAssertEqual(saved(unit), runs ? last : [], name)
        }
        for unit in ["early save", "late save"] { XCTAssertEqual(saved(unit), last, name) }
        let often = (0...ends[branch]).filter {
          $0 % 2 == 1 || $0 == ends[branch] && (!isCut || isLimit)
        }
        XCTAssertEqual(log.iterations(of: "often", 3 * task + branch), often, name)
        XCTAssertEqual(saved("root"), Array(0...ends[branch]).dropLast(isCut ? 1 : 0), name)
        // A root unit of the end belongs to those who are there at the end of the task.
        let isThere = ends[branch] == ends.max()
        XCTAssertEqual(saved("root late"), isThere && !isCut ? last : [], name)
      }
      try checkRoot(log, task, fates, finalize: finalize, name)
    }
  }

  /// Root units run once for the task.
  private func checkRoot(
    _ log: CallLog,
    _ task: Int,
    _ fates: [Fate],
    finalize: Bool,
    _ name: String
  ) throws {
    let ends = fates.map { $0.end(of: Self.iterations) }
    let end = try XCTUnwrap(ends.max())
    // Whether somebody takes part to the very end.
    let isWhole = finalize || zip(fates, ends).contains { $0 == .none && $1 == end }
    XCTAssertEqual(log.iterations(of: "root late", 3 * task), isWhole ? [end] : [], name)
    let isLimit = end == Self.iterations - 1
    XCTAssertEqual(
      log.iterations(of: "root early", 3 * task),
      finalize || isLimit ? [end] : [],
      name
    )
    XCTAssertEqual(
      log.iterations(of: "root", 3 * task),
      Array((0...end).dropLast(isWhole ? 0 : 1)),
      name
    )
  }

  func testLastUnitsRunOnceForEachBranchAndOnceForTheRoot() async throws {
    for execution in BranchExecution.allCases {
      try await check(finalize: true, execution)
    }
  }

  func testWithoutFinalizeSavesAreStillDoneOnce() async throws {
    for execution in BranchExecution.allCases {
      try await check(finalize: false, execution)
    }
  }

  /// The failure of a branch, wherever it is, leaves the rows of the others as they would be without it.
  func testAFailureLeavesTheOtherBranchesAlone() async throws {
    func research(failing: (branch: Int, iteration: Int)?, finalize: Bool) -> Research {
      Research("test", iterations: 3, seed: 1, finalize: finalize, branches: 3) {
        Domain("n" <- 0..<3)
        Unit("before", saving: "before", root: true) { run in run.random.uniform() }
        Unit("a", saving: "a") { run in run.random.uniform() }
        Unit("bad", saving: "bad") { run in
          if let failing, try run["n"] == failing.branch, run.iteration == failing.iteration {
            throw TestError("bad")
          }
          return run.iteration
        }
        Unit("after", saving: "after", root: true) { run in run.random.uniform() }
        Unit("b", when: .every(2) | .last, saving: "b") { run in run.random.uniform() }
      }
    }
    let untouched = try await research(failing: nil, finalize: true).run()
    for finalize in [true, false] {
      for branch in 0..<3 {
        for iteration in 0..<3 {
          let name = "branch \(branch) in \(iteration), finalize \(finalize)"
          let results = try await research(failing: (branch, iteration), finalize: finalize).run()
          for other in 0..<3 where other != branch {
            XCTAssertEqual(
              everything(results.filtered { $0.ordinal == other }),
              everything(untouched.filtered { $0.ordinal == other }),
              name
            )
          }
          let failed = results.experiments[branch]
          XCTAssertEqual(failed.state, .failed, name)
          XCTAssertEqual(failed.iterations, iteration + 1, name)
          XCTAssertEqual(failed.failures.map(\.unit), ["bad"], name)
          XCTAssertEqual(failed.failures.map(\.iteration), [iteration], name)
        }
      }
    }
  }

  func testADebuggedRunEndsWithTheFirstErrorOfABranch() async throws {
    let store = try DatabaseStore.inMemory()
    let log = EventLog()
    let research = Research("test", iterations: 3, seed: 1, branches: 3) {
      Domain("n" <- 0..<5)
      Unit("u", saving: "u") { run in
        if run.iteration == 1, try run["n"] == 1 { throw TestError("bad") }
        return run.iteration
      }
    }
    do {
      _ = try await research.run(store: store, debug: true, observers: [log])
      XCTFail("nothing was thrown")
    } catch let error as TestError {
      XCTAssertEqual(error.description, "bad")
    }
    let results = try store.contents()
    XCTAssertEqual(results.experiments.map(\.state), [.interrupted, .failed, .interrupted])
    XCTAssertEqual(results.lastValues(of: "u"), [1, 0, 0])
    let ended = log.events.filter { if case .ended = $0 { true } else { false } }
    XCTAssertEqual(ended.count, 3)
  }

  /// A unit that notices the cancellation interrupts its branch; the others end with their iteration.
  func testACancelledTaskIsInterruptedInAllBranches() async throws {
    for execution in BranchExecution.allCases {
      let (events, begun) = AsyncStream<Void>.makeStream()
      let log = CallLog()
      let research = Research(
        "test",
        iterations: 3,
        seed: 1,
        workers: 1,
        branches: 3,
        branchExecution: execution
      ) {
        Domain("n" <- 0..<6)
        Unit("early", when: .last) { run in try log.note(run, "early") }
        Unit("wait") { run in
          guard try run["n"] == 1, run.iteration == 1 else { return }
          begun.yield()
          try await Task.sleep(for: .seconds(99))
        }
        Unit("after", saving: "after") { run in run.iteration }
        Unit("late", when: .last) { run in try log.note(run, "late") }
        Unit("root", when: .last, root: true) { run in try log.note(run, "root") }
      }
      let store = try DatabaseStore.inMemory()
      let task = Task { try await ResearchRunner(research, store: store).run() }
      for await _ in events { break }
      task.cancel()
      let summary = try await task.value
      XCTAssertEqual([summary.interrupted, summary.done, summary.failed], [3, 0, 0])
      let results = try store.contents()
      XCTAssertEqual(results.lastValues(of: "after"), [1, 1, 1])
      XCTAssertEqual(log.turns, [], "the end of an interrupted experiment is still to come")
    }
  }
}
