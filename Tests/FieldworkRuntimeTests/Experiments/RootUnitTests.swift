import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

final class RootUnitTests: RuntimeTestCase {
  private static let executions = BranchExecution.allCases

  private func research(
    _ n: Int,
    iterations: Int? = nil,
    finalize: Bool = true,
    branches: Int = 3,
    _ execution: BranchExecution = .concurrent,
    @ResearchBuilder _ content: () -> [ResearchPart]
  ) -> Research {
    Research(
      "test",
      iterations: iterations,
      seed: 1,
      finalize: finalize,
      workers: 1,
      branches: .count(branches),
      branchExecution: execution
    ) {
      Domain("n" <- 0..<n)
      content().map(Part.init)
    }
  }

  /// A part as an element.
  private struct Part: ResearchElement {
    let part: ResearchPart
    var parts: [ResearchPart] { [part] }
  }

  func testItRunsOnceForATaskAndReadsTheFirstConfig() async throws {
    for execution in Self.executions {
      let log = CallLog()
      let results = try await research(7, iterations: 3, execution) {
        Unit("root", when: .every(2) | .at(0), saving: "r", root: true) { run in
          try log.note(run, "root")
          return try 100 * run["n"] + run.iteration
        }
        Unit("sum", saving: "sum", { $0 + $1 }, EC<Int>("n"), O<Int>("root"))
      }.run()
      XCTAssertEqual(log.turns.map(\.n), [0, 0, 3, 3, 6, 6])
      XCTAssertEqual(log.turns.map(\.iteration), [0, 1, 0, 1, 0, 1])
      for (n, experiment) in results.experiments.enumerated() {
        let first = 100 * (n / 3 * 3)
        let saved = results.values(of: "r", in: experiment.id)
        XCTAssertEqual(saved.map(\.iteration), [0, 1])
        XCTAssertEqual(saved.map(\.value), [.int(first), .int(first + 1)])
        XCTAssertEqual(
          results.values(of: "sum", in: experiment.id).map(\.value),
          [first, first + 1, first + 1].map { .int($0 + n) }
        )
      }
    }
  }

  func testAllBranchesGetAllThatItSaves() async throws {
    let results = try await research(3, iterations: 1) {
      Unit("pair", saving: ["a", nil, "b"], root: true) { _ in (1, 2, 3) }
      Unit("keys", saving: .keys, root: true) { _ in ["c": 4, "d": 5] }
      Unit("inside", root: true) { run in run.save("e", 6) }
      Unit("storage", root: true, { $0.save("f", 7) }, S())
      Generator("g", when: .at(0), saving: "g", root: true) { _ in [8] }
      Unit("bad", root: true) { run in
        run.save("h", 9)
        throw TestError("after saving")
      }
    }.run()
    for (name, value) in zip("abcdefgh", [1, 3, 4, 5, 6, 7, 8, 9]) {
      XCTAssertEqual(
        results.lastValues(of: String(name)),
        Array(repeating: .int(value), count: 3),
        "\(name)"
      )
    }
  }

  func testItsFailureIsThatOfAllWhoAreThere() async throws {
    for execution in Self.executions {
      for finalize in [true, false] {
        let log = CallLog()
        let line = #line + 6
        let results = try await research(4, iterations: 3, finalize: finalize, execution) {
          Unit("own") { run in
            if try run["n"] == 1 { throw TestError("own") }
            if try run["n"] == 2 && run.iteration == 1 { try run.stop() }
          }
          Unit("bad", when: .at(1), root: true) { _ in throw TestError("root") }
          Unit("after") { run in try log.note(run, "after") }
        }.run()
        let failures = results.experiments.map { $0.failures.map(\.message) }
        // With finalize, the stopped one takes part to the end of its iteration.
        XCTAssertEqual(failures, [["root"], ["own"], finalize ? ["root"] : [], ["root"]])
        XCTAssertEqual(
          results.experiments.map(\.ending),
          [.failed, .failed, finalize ? .failed : .stopped, .failed]
        )
        XCTAssertEqual(results.experiments.map(\.iterations), [2, 1, 2, 2])
        let failure = results.experiments[0].failures[0]
        XCTAssertEqual(failure.unit, "bad")
        XCTAssertEqual(failure.iteration, 1)
        XCTAssertEqual(failure.place?.line, line)
        let iterations = finalize ? [[0, 1], [0], [0, 1], [0, 1]] : [[0], [], [0], [0]]
        XCTAssertEqual((0..<4).map { log.iterations(of: "after", $0) }, iterations)
      }
    }
  }

  func testEventsTellOfItsFailureInEveryBranch() async throws {
    let log = EventLog()
    _ = try await research(3) {
      Unit("bad", root: true) { _ in throw TestError("root") }
    }.run(observers: [log])
    var failed: [Int] = []
    for case .failed(let key, let failure) in log.events {
      failed.append(try XCTUnwrap(log.ordinal(of: key)))
      XCTAssertEqual(failure.unit, "bad")
    }
    XCTAssertEqual(failed, [0, 1, 2])
  }

  /// Its turn is told of in a branch that runs, though the first one may have ended.
  func testEventsTellOfItsTurnsInTheFirstBranchThatRuns() async throws {
    final class Turns: RunObserver {
      let log = Shared<[String]>([])
      var wantsUnits: Bool { true }

      func observe(_ event: RunRecord) {
        guard case .unitStarted(let id, "root", let iteration) = event else { return }
        log.change { $0.append("\(id) \(iteration)") }
      }
    }
    let turns = Turns()
    let results = try await research(3, iterations: 3) {
      Unit("own") { run in if try run["n"] == run.iteration { try run.stop() } }
      Unit("root", root: true) { _ in }
    }.run(observers: [turns])
    let ids = results.experiments.map(\.id)
    XCTAssertEqual(turns.log.value, ["\(ids[0]) 0", "\(ids[1]) 1", "\(ids[2]) 2"])
  }

  func testItsTimesAreInTheProfile() async throws {
    let store = try DatabaseStore.inMemory()
    var research = research(6, iterations: 4) {
      Unit("root", root: true) { _ in }
      Unit("own") { _ in }
    }
    research.settings.profiling = .simple
    _ = try await research.run(store: store)
    let profile = try store.profile()
    XCTAssertEqual(profile.filter { $0.timing.unit == "own" }.count, 24)
    let root = profile.filter { $0.timing.unit == "root" }
    XCTAssertEqual(root.map(\.timing.iteration), [0, 1, 2, 3, 0, 1, 2, 3])
  }

  func testAGeneratorThatRunsOutEndsAll() async throws {
    for execution in Self.executions {
      let log = CallLog()
      let results = try await research(4, execution) {
        Unit("early", when: .last) { run in try log.note(run, "early") }
        Generator("batch", saving: "batch", root: true) { run -> [Int] in
          let n: Int = try run["n"]
          return [10 + n, 20 + n]
        }
        Unit("use", saving: "use", { $0 + $1 }, O<Int>("batch"), EC<Int>("n"))
        Unit("late", when: .last) { run in try log.note(run, "late") }
      }.run()
      XCTAssertEqual(results.experiments.map(\.ending), Array(repeating: .stopped, count: 4))
      XCTAssertEqual(results.experiments.map(\.iterations), [3, 3, 3, 3])
      for (n, experiment) in results.experiments.enumerated() {
        let first = n / 3 * 3
        XCTAssertEqual(
          results.values(of: "batch", in: experiment.id).map(\.value),
          [.int(10 + first), .int(20 + first)]
        )
        for unit in ["early", "late"] { XCTAssertEqual(log.iterations(of: unit, n), [2]) }
      }
    }
  }

  func testListsOverAllBranches() async throws {
    for execution in Self.executions {
      let results = try await research(5, iterations: 3, execution) {
        Unit("own") { run in
          if try run["n"] == 1 && run.iteration == 1 { throw TestError("bad") }
          return try 10 * run["n"] + run.iteration
        }
        Unit("root", saving: "root", root: true, { $0 }, O<Int>("own").all)
        Unit("each", saving: "each", { $0 + [$1] }, O<Int>("own").all, EC<Int>("n"))
        Unit("configs", saving: "configs", { $0 }, EC<Int>("n").all)
        Unit("ids", saving: "ids", { $0 }, E().iteration.all)
        Unit("late", when: .at(1)) { run in run.branch }
        Unit("some", saving: "some", { $0.map { $0 ?? -1 } }, O<Int?>("late").all)
      }.run()
      func values(_ name: String, _ n: Int) -> [Value] {
        results.values(of: name, in: results.experiments[n].id).map(\.value)
      }
      // Branch 1 fails in iteration 1, before it has an output; it still counts, with what it had.
      let lists: [Value] = [[0, 10, 20], [1, 10, 21], [2, 10, 22]]
      for n in [0, 2] {
        XCTAssertEqual(values("root", n), lists, "\(execution)")
        XCTAssertEqual(
          values("each", n),
          [[0, 10, 20, .int(n)], [1, 10, 21, .int(n)], [2, 10, 22, .int(n)]]
        )
        XCTAssertEqual(values("configs", n), Array(repeating: [0, 1, 2], count: 3))
        XCTAssertEqual(values("ids", n), [[0, 0, 0], [1, 1, 1], [2, 1, 2]])
        XCTAssertEqual(values("some", n), [[-1, -1, -1], [0, 1, 2], [0, 1, 2]])
      }
      XCTAssertEqual(values("root", 1), Array(lists[..<2]))
      // The last task is shorter.
      XCTAssertEqual(values("root", 3), [[30, 40], [31, 41], [32, 42]])
      XCTAssertEqual(values("configs", 4), Array(repeating: [3, 4], count: 3))
    }
  }

  func testAloneAListHasOneElement() async throws {
    let results = try await research(2, branches: 1) {
      Unit("own") { run in try run["n", as: Int.self] }
      Unit("all", saving: "all", { $0 }, O<Int>("own").all)
      Unit("root", saving: "root", root: true, { $0 }, EC<Int>("n").all)
    }.run()
    XCTAssertEqual(results.lastValues(of: "all"), [[0], [1]])
    XCTAssertEqual(results.lastValues(of: "root"), [[0], [1]])
  }

  func testItMayReadTheFirstBranch() async throws {
    let results = try await research(5, iterations: 2) {
      Unit("own") { run in try 10 * run["n"] + run.iteration }
      Unit("root", saving: "root", root: true, { $0 }, O<Int>("own"))
    }.run()
    XCTAssertEqual(results.lastValues(of: "root"), [1, 1, 1, 31, 31])
  }
}
