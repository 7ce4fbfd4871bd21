import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

/// The table is the same for any number of branches, in any way of running them, as long as root units
/// read no config and nothing crosses from one branch to another.
final class BranchLawTests: RuntimeTestCase {
  private static let iterations = 3
  private static let fates = Fate.all(before: iterations)

  private struct Program: CustomStringConvertible {
    let root: Fate
    let isRootFirst: Bool
    let finalize: Bool

    var description: String {
      "the root \(root), \(isRootFirst ? "before" : "after") the branches, finalize \(finalize)"
    }
  }

  private var programs: [Program] {
    Fate.all(before: Self.iterations).flatMap { root in
      [true, false].flatMap { isRootFirst in
        [true, false].map { finalize in
          Program(root: root, isRootFirst: isRootFirst, finalize: finalize)
        }
      }
    }
  }

  /// Experiments of all fates, with random root units at three places.
  private func research(_ program: Program) -> Research {
    let fates = Self.fates
    return Research("test", iterations: Self.iterations, seed: 3, finalize: program.finalize) {
      Domain("n" <- fates.indices)
      Unit("early", when: .last, saving: "early") { run in run.iteration }
      Unit("shared", saving: "shared", root: true) { run in run.random.integer(0...1000) }
      if program.isRootFirst { Fate.root(program.root) }
      Fate.units { run in fates[try run["n"]] }
      Unit("own", saving: "own") { run in
        let shared: Int = try run.output(of: "shared")
        return shared + run.random.integer(0...1000)
      }
      if !program.isRootFirst { Fate.root(program.root) }
      Unit("late", when: .every(2) | .at(0), saving: "late", root: true) { run in
        run.save("inside", run.iteration)
        return run.random.uniform()
      }
      Save("kept", O<Int>("shared"))
      Save("seen", O<Double?>("late"))
      Unit("last", when: .last, saving: "last") { run in run.random.uniform() }
    }
  }

  func testTheTableDoesNotDependOnTheBranches() async throws {
    let count = Self.fates.count
    let widths = [
      Width(2, .sequential), Width(2, .concurrent, workers: 3), Width(3, .concurrent),
      Width(3, .sequential, workers: 2), Width(count, .sequential), Width(count, .concurrent),
      Width(count + 1, .concurrent, workers: 2),
    ]
    for program in programs {
      let research = research(program)
      let expected = everything(try await research.at(Width(1, .sequential)).run())
      for width in widths {
        let found = everything(try await research.at(width).run())
        XCTAssertEqual(found, expected, "\(program); \(width)")
      }
    }
  }

  /// Without root units too, and with repetitions that tasks do not respect.
  func testRepetitionsMayShareTasks() async throws {
    let fates = Self.fates
    let research = Research("test", repetitions: 3, repeatEach: 4, seed: 3) {
      Domain("n" <- fates.indices)
      Fate.units { run in fates[try run["n"]] }
      Unit("own", saving: "own") { run in run.random.integer(0...1000) }
    }
    let expected = everything(try await research.at(Width(1, .sequential)).run())
    for branches in [2, 5, 7, 30] {
      for execution in BranchExecution.allCases {
        let width = Width(branches, execution, workers: 2)
        let found = everything(try await research.at(width).run())
        XCTAssertEqual(found, expected, "\(width)")
      }
    }
  }

  func testConcurrentBranchesRunAtOnce() async throws {
    for branches in [2, 5] {
      // Every branch has to be in the unit for any to go on.
      let barriers = (0..<3).map { _ in Barrier(branches) }
      let results = try await Research(
        "test",
        iterations: 3,
        seed: 1,
        workers: 1,
        branches: .count(branches)
      ) {
        Domain("n" <- 0..<branches)
        Unit("u", saving: "u") { run in
          barriers[run.iteration].wait()
          return run.branch
        }
      }.run()
      XCTAssertEqual(results.lastValues(of: "u"), (0..<branches).map { .int($0) })
    }
  }

  func testSequentialBranchesRunInOrderUnitByUnit() async throws {
    let log = CallLog()
    _ = try await Research(
      "test",
      iterations: 2,
      seed: 1,
      workers: 1,
      branches: 3,
      branchExecution: .sequential
    ) {
      Domain("n" <- 0..<3)
      Unit("a") { run in try log.note(run, "a") }
      Unit("root", root: true) { run in try log.note(run, "root") }
      Unit("b", when: .at(1)) { run in try log.note(run, "b") }
    }.run()
    XCTAssertEqual(
      log.turns.map { "\($0.unit)\($0.n)" },
      ["a0", "a1", "a2", "root0", "a0", "a1", "a2", "root0", "b0", "b1", "b2"]
    )
  }

  func testWhatABranchSeesOfItself() async throws {
    let results = try await Research("test", seed: 1, branches: 3) {
      Domain("n" <- 0..<7)
      Unit("u", saving: "branch") { run in run.branch }
      Unit("r", saving: [nil, "first"], root: true) { run in
        [run.id, "\(try run["n", as: Int.self])"]
      }
      Save("own", E().id)
    }.run()
    XCTAssertEqual(results.lastValues(of: "branch"), [0, 1, 2, 0, 1, 2, 0])
    XCTAssertEqual(results.lastValues(of: "first"), ["0", "0", "0", "3", "3", "3", "6"])
    let ids = results.experiments.map { Value.string($0.id) }
    XCTAssertEqual(results.lastValues(of: "own"), ids)
  }
}
