import Fieldwork
import XCTest

/// Rows 141 to 146: when units run, and how experiments end.
final class AcceptanceScheduleTests: AcceptanceRunCase {
  /// The iterations of so many at which a unit runs.
  private func iterations(_ when: When, of count: Int = 6) async throws -> [Int] {
    let ran = Journal<Int>()
    _ = try await Research("when", iterations: count, seed: 1) {
      Unit("f", when: when) { run in ran.add(run.iteration) }
    }.run()
    return ran.entries
  }

  private func assertRuns(
    _ when: When,
    of count: Int = 6,
    _ expected: [Int],
    file: StaticString = #filePath,
    line: UInt = #line
  ) async throws {
    let found = try await iterations(when, of: count)
    XCTAssertEqual(found, expected, "\(when)", file: file, line: line)
  }

  func testRow141_everySoMany() async throws {
    try await assertRuns(.every(1), [0, 1, 2, 3, 4, 5])
    try await assertRuns(.every(2), [1, 3, 5])
    try await assertRuns(.every(3), [2, 5])
    try await assertRuns(.every(5), [4])
    try await assertRuns(.every(7), [])
    try await assertRuns(.every(0), [])
    try await assertRuns(.every(-1), [])
    let never = Research("never", iterations: 6) { Unit("f", when: .every(7)) { _ in 1 } }
    XCTAssertEqual(
      never.preflight().map(\.message),
      ["unit 'f' never runs: .every(7) in 6 iterations"],
      "it is told before anything runs"
    )
  }

  func testRow142_atOneIteration() async throws {
    try await assertRuns(.at(0), [0])
    try await assertRuns(.at(3), [3])
    try await assertRuns(.at(6), [])
    try await assertRuns(.at(4, 1), [1, 4])
  }

  // MARK: The end

  /// What ends an experiment of five iterations.
  private enum End: String, CaseIterable {
    case allIterations, stop, failure, exhaustion
  }

  private struct Ended {
    let lasts: [String: [Int]]
    let iterations: Int?
  }

  /// Runs `.last` units before, after, and beside the unit that ends the experiment.
  private func end(_ end: End, finalize: Bool) async throws -> Ended {
    let ran = Journal<(String, Int)>()
    let results = try await Research("last", iterations: 5, seed: 1, finalize: finalize) {
      Unit("first", when: .last) { run in ran.add(("first", run.iteration)) }
      if end == .exhaustion {
        Generator("end") { _ in 0..<2 }
      } else {
        Unit("end") { run in
          guard run.iteration == 2, end != .allIterations else { return }
          if end == .stop { try run.stop() }
          throw Mishap("as asked")
        }
      }
      Unit("joined", when: .every(3) | .last) { run in ran.add(("joined", run.iteration)) }
      Unit("last", when: .last) { run in ran.add(("last", run.iteration)) }
    }.run()
    return Ended(
      lasts: Dictionary(grouping: ran.entries, by: \.0).mapValues { $0.map(\.1) },
      iterations: results.experiments[0].iterations
    )
  }

  func testRow143_lastRunsOnceWhateverEndsItAndWhereverItStands() async throws {
    for finalize in [true, false] {
      let all = try await end(.allIterations, finalize: finalize)
      XCTAssertEqual(all.lasts, ["first": [4], "joined": [2, 4], "last": [4]])
    }
    for reason in [End.stop, .failure, .exhaustion] {
      let ended = try await end(reason, finalize: true)
      XCTAssertEqual(
        ended.lasts,
        ["first": [2], "joined": [2], "last": [2]],
        "\(reason): also the one that stands before, and none twice"
      )
      let broken = try await end(reason, finalize: false)
      XCTAssertEqual(broken.lasts, [:], "\(reason)")
      XCTAssertEqual([ended.iterations, broken.iterations], [3, 3])
    }
  }

  func testRow144_joinedSchedules() async throws {
    try await assertRuns(.every(2) | .at(0), [0, 1, 3, 5])
    try await assertRuns(.every(100) | .last, [5])
    try await assertRuns(.last | .every(2), of: 5, [1, 3, 4])
    try await assertRuns(.at(2) | .at(2) | .every(3), [2, 5])
    XCTAssertEqual(When.every(2) | .last, When.every(2).union(.last))
  }

  /// The iteration of an end has a row, with the older outputs that were used in it; it is marked, and can
  /// be left out.
  func testRow145_rowsTellHowTheirIterationEnded() async throws {
    let results = try await Research("rows", iterations: 4, seed: 1) {
      Domain("end" <- ["none", "stop", "failure"])
      Unit("before", saving: "before") { run in run.iteration }
      Unit("f", saving: "f") { run in
        if run.iteration == 1 {
          switch try run["end", as: String.self] {
          case "stop": try run.stop()
          case "failure": throw Mishap("as asked")
          default: break
          }
        }
        return run.iteration * 10
      }
      Save("copy", O<Int>("f"))
    }.run()
    let table = results.table(TableOptions(includesAuxiliary: true))
    let shown = try table.select(["end", "iteration", "before", "f", "copy", "ended"])
    XCTAssertEqual(
      shown.formatted(.csv),
      """
      end,iteration,before,f,copy,ended
      none,0,0,0,0,complete
      none,1,1,10,10,complete
      none,2,2,20,20,complete
      none,3,3,30,30,complete
      stop,0,0,0,0,complete
      stop,1,1,,0,stopped
      failure,0,0,0,0,complete
      failure,1,1,,0,failed
      """
    )
    XCTAssertEqual(results.table(TableOptions(completeIterationsOnly: true)).count, 6)
    XCTAssertEqual(results.failures.count, 1, "a stop is none")
  }

  // MARK: Branches

  func testRow146_oneBranchsEndNeverChangesAnother() async throws {
    /// The values of four branches, of which one fails in its second of four iterations.
    func values(failing: Int?, _ execution: BranchExecution) async throws -> [[Int: Value]] {
      let results = try await Research(
        "isolation",
        iterations: 4,
        seed: 1,
        branches: 4,
        branchExecution: execution
      ) {
        Domain("x" <- 0..<4)
        Unit("base", root: true) { run in run.iteration * 100 }
        Unit("f", saving: "y") { run in
          if try run["x"] == failing && run.iteration == 1 { throw Mishap("as asked") }
          return [Double(try run.output(of: "base", as: Int.self)), run.random.uniform()]
        }
      }.run()
      let states = results.experiments.map(\.state)
      XCTAssertEqual(states, (0..<4).map { $0 == failing ? .failed : .done })
      return saved("y", results)
    }
    let undisturbed = try await values(failing: nil, .sequential)
    for execution in BranchExecution.allCases {
      for failing in 0..<4 {
        let disturbed = try await values(failing: failing, execution)
        XCTAssertEqual(Array(disturbed[failing].keys), [0])
        for branch in 0..<4 where branch != failing {
          XCTAssertEqual(disturbed[branch], undisturbed[branch])
          XCTAssertEqual(disturbed[branch].count, 4)
        }
      }
    }
  }
}
