import Fieldwork
import XCTest

/// Rows 107 to 122: experiments and their units.
final class AcceptanceUnitTests: AcceptanceRunCase {
  /// Parts that belong together, for several researches.
  private struct Counting: ResearchElement {
    private let counter = Instance("counter") { _ in Counter() }

    var parts: [ResearchPart] {
      counter.parts + Unit("count", saving: "count", on: counter, Counter.increment).parts
    }
  }

  func testRow107_preparedParts() async throws {
    let results = try await Research("prepared", iterations: 2, seed: 1) {
      Counting()
      Save("double", O<Int>("count") * 2)
    }.run()
    XCTAssertEqual(saved("double", results), [[0: 2, 1: 4]])
  }

  /// Notes after each iteration whether all branches have ended.
  private struct Watching: BranchExecutor {
    let finished = Journal<Bool>()

    func execute(_ task: any BranchTask) async throws {
      while !task.isFinished {
        await task.runIteration()
        finished.add(task.isFinished)
      }
    }
  }

  func testRow108_anExperimentLivesUntilAStopOrFailure() async throws {
    for isFailure in [false, true] {
      let executor = Watching()
      let results = try await Research("alive", iterations: 9, seed: 1, executor: executor) {
        Unit("f") { run in
          guard run.iteration == 2 else { return }
          if isFailure { throw Mishap("as asked") } else { try run.stop() }
        }
      }.run()
      XCTAssertEqual(executor.finished.entries, [false, false, true])
      XCTAssertEqual(results.experiments.map(\.iterations), [3])
    }
  }

  func testRow109_failuresAreToldFromStops() async throws {
    let results = try await Research("ends", iterations: 2, seed: 1) {
      Domain("x" <- ["complete", "stopped", "failed"])
      Unit("f") { run in
        switch try run["x", as: String.self] {
        case "stopped": try run.stop()
        case "failed": throw Mishap("as asked")
        default: break
        }
      }
    }.run()
    XCTAssertEqual(results.experiments.map(\.ending), [.complete, .stopped, .failed])
    XCTAssertEqual(results.experiments.map(\.state), [.done, .done, .failed])
    XCTAssertEqual(results.failures.count, 1)
  }

  // MARK: Units

  @Sendable private static func firstNumbers(_ count: Int) -> [Int] { Array(0..<count) }

  func testRow110_oneFunctionAsUnitAndAsGenerator() async throws {
    let results = try await Research("modes", iterations: 2, seed: 1) {
      Domain("n" <- [3])
      Unit("whole", saving: "whole", Self.firstNumbers, EC("n"))
      Generator("each", saving: "each", Self.firstNumbers, EC("n"))
    }.run()
    XCTAssertEqual(saved("whole", results), [[0: [0, 1, 2], 1: [0, 1, 2]]])
    XCTAssertEqual(saved("each", results), [[0: 0, 1: 1]])
  }

  @Sendable private static func sum(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> Int {
    a + b + c + d
  }

  func testRow111_doublesGetFreeNames() async throws {
    let research = Research("names", seed: 1) {
      for name in ["f", "f_2", "f", "f"] { Unit(name) { _ in 1 } }
      Unit("sum", saving: "sum", Self.sum, O("f"), O("f_1"), O("f_2"), O("f_3"))
    }
    XCTAssertEqual(research.units.map(\.name), ["f", "f_2", "f_1", "f_3", "sum"])
    let results = try await research.run()
    XCTAssertEqual(results.lastValues(of: "sum"), [4], "all of them run")
  }

  func testRow112_methodsOfAnInstance() async throws {
    let results = try await Research("methods", iterations: 3, seed: 1) {
      Domain("by" <- [10])
      let counter = Instance("counter") { _ in Counter(start: 5) }
      counter
      Unit("increment", saving: "one", on: counter, Counter.increment)
      Unit("increase", when: .at(2), saving: "ten", on: counter, Counter.increase, EC("by"))
      Generator("elements", saving: "element", on: counter, Counter.elements, Constant(9))
      Save("value", counter.value)
    }.run()
    XCTAssertEqual(saved("one", results), [[0: 6, 1: 7, 2: 8]])
    XCTAssertEqual(saved("ten", results), [[2: 18]])
    XCTAssertEqual(saved("element", results), [[0: 6, 1: 7, 2: 8]])
    XCTAssertEqual(saved("value", results), [[0: 6, 1: 7, 2: 18]])
  }

  @Sendable private static func scaled(value: Int, by factor: Int, plus offset: Int) -> Int {
    value * factor + offset
  }

  func testRow113_aFunctionIsCalledAtItsIterations() async throws {
    let calls = Journal<[Int]>()
    _ = try await Research("calls", iterations: 6, seed: 1) {
      Domain("x" <- [7])
      Unit("f", when: .every(2), { calls.add([$0, $1]) }, EC<Int>("x"), E().iteration)
    }.run()
    XCTAssertEqual(calls.entries, [[7, 1], [7, 3], [7, 5]])
  }

  func testRow114_argumentsByPosition() async throws {
    let results = try await Research("arguments", seed: 1) {
      Domain("a" <- [1], "b" <- ["two"], "c" <- [[3, 3]])
      Unit(
        "f",
        saving: "y",
        { (a: Int, b: String, c: [Int], d: Double) in "\(a) \(b) \(c) \(d)" },
        EC("a"),
        EC("b"),
        EC("c"),
        Constant(4.5)
      )
    }.run()
    XCTAssertEqual(results.lastValues(of: "y"), ["1 two [3, 3] 4.5"])
  }

  /// Swift's functions have their labels in their name; arguments are evaluated anew each time.
  func testRow115_labelledArgumentsAreEvaluatedEachTime() async throws {
    let results = try await Research("labels", iterations: 3, seed: 1) {
      Domain("x" <- [10])
      Unit("f", saving: "y", Self.scaled(value:by:plus:), EC("x"), E().iteration, Constant(1))
    }.run()
    XCTAssertEqual(saved("y", results), [[0: 1, 1: 11, 2: 21]])
  }

  func testRow116_schedules() async throws {
    let results = try await Research("schedules", iterations: 6, seed: 1) {
      for (name, when) in [
        ("always", When.every(1)), ("third", .every(3)), ("first", .at(0)), ("last", .last),
        ("joined", .every(4) | .at(1) | .last), ("never", .never),
      ] {
        Unit(name, when: when, saving: Saving(name)) { _ in true }
      }
    }.run()
    func iterations(_ name: String) -> [Int] { saved(name, results)[0].keys.sorted() }
    XCTAssertEqual(iterations("always"), [0, 1, 2, 3, 4, 5])
    XCTAssertEqual(iterations("third"), [2, 5])
    XCTAssertEqual(iterations("first"), [0])
    XCTAssertEqual(iterations("last"), [5])
    XCTAssertEqual(iterations("joined"), [1, 3, 5])
    XCTAssertEqual(iterations("never"), [])
  }

  func testRow117_outputsAreSavedByNameAndIteration() async throws {
    let results = try await Research("saving", iterations: 2, seed: 1) {
      Unit("f", saving: "whole") { run in run.iteration * 10 }
      Unit("g", saving: ["a", nil, "c"]) { run in
        (run.iteration, "left out", Double(run.iteration) + 0.5)
      }
      Unit("h", when: .at(1), saving: ["d", "e"]) { _ in [1, 2, 3] }
    }.run()
    XCTAssertEqual(saved("whole", results), [[0: 0, 1: 10]])
    XCTAssertEqual(saved("a", results), [[0: 0, 1: 1]])
    XCTAssertEqual(saved("c", results), [[0: 0.5, 1: 1.5]])
    XCTAssertEqual(results.variables, ["whole", "a", "c", "d", "e"])
    XCTAssertEqual(
      results.failures.map(\.failure.message),
      ["2 names are to save 3 elements"],
      "a wrong length is a failure of the unit"
    )
    let tuple = Research("tuple") { Unit("f", saving: ["a", "b"]) { _ in (1, 2, 3) } }
    XCTAssertEqual(
      tuple.preflight().map(\.message),
      ["unit 'f': 2 names would save the 3 elements of a (Int, Int, Int)"],
      "of a tuple it shows beforehand"
    )
  }

  /// A line of its own, after the unit.
  func testRow118_aUnitsValuesAreHandedOn() async throws {
    let executor = Collecting("y")
    _ = try await Research("dump", iterations: 4, seed: 1, executor: executor) {
      Unit("f", saving: "y") { run in run.iteration }
      Dump("y", when: .every(2))
    }.run()
    XCTAssertEqual(
      executor.held.entries,
      [0, nil, 2, nil],
      "what has been handed on is held no longer"
    )
  }

  func testRow119_aRootUnitRunsOnceForAllBranches() async throws {
    let runs = Journal<Int>()
    let results = try await Research("root", iterations: 2, seed: 1, workers: 1, branches: 3) {
      Domain("x" <- 1...5)
      Unit("base", saving: "base", root: true) { run in
        runs.add(run.iteration)
        return try run["x", as: Int.self] * 100 + run.iteration
      }
      Save("sum", EC<Int>("x") + O<Int>("base"))
    }.run()
    XCTAssertEqual(runs.entries, [0, 1, 0, 1], "once for each iteration of each task")
    XCTAssertEqual(
      saved("sum", results).map { [$0[0], $0[1]] },
      [[101, 102], [102, 103], [103, 104], [404, 405], [405, 406]]
    )
    XCTAssertEqual(
      saved("base", results).map { $0[1] },
      [101, 101, 101, 401, 401],
      "saved for every branch"
    )
  }

  func testRow120_anElementAtEachScheduledIteration() async throws {
    let results = try await Research("generator", seed: 1) {
      Generator("g", when: .every(2), saving: "g") { _ in ["a", "b", "c"] }
      Unit("f", saving: "f", { (element: String?) in element ?? "none" }, O("g"))
    }.run()
    XCTAssertEqual(saved("g", results), [[1: "a", 3: "b", 5: "c"]])
    XCTAssertEqual(results.experiments.map(\.ending), [.stopped])
    XCTAssertEqual(results.experiments.map(\.iterations), [8], "the eighth finds the end")
    XCTAssertEqual(saved("f", results)[0][0], "none")
    XCTAssertEqual(saved("f", results)[0][4], "b", "the last one")
  }

  // MARK: Instances

  func testRow121_anInstanceIsBuiltOnceFromItsArguments() async throws {
    let built = Journal<[Int]>()
    let results = try await Research("instance", iterations: 3, seed: 1) {
      Domain("start" <- [10, 20])
      Unit("before") { run in run.iteration + 1 }
      let counter = Instance(
        "counter",
        { (start: Int, before: Int) in
          built.add([start, before])
          return Counter(start: start, step: before)
        },
        EC("start"),
        O("before")
      )
      counter
      Unit("count", saving: "n", on: counter, Counter.increment)
    }.run()
    XCTAssertEqual(built.entries.sorted { $0[0] < $1[0] }, [[10, 1], [20, 1]])
    XCTAssertEqual(saved("n", results), [[0: 11, 1: 12, 2: 13], [0: 21, 1: 22, 2: 23]])
  }

  func testRow122_aRootInstanceIsSharedByBranches() async throws {
    func run(root: Bool) async throws -> [[Int: Value]] {
      let results = try await Research("shared", iterations: 2, seed: 1, branches: 2) {
        Domain("x" <- [1, 2])
        let counter = Instance("counter", root: root) { run in Counter(start: try run["x"] * 100) }
        counter
        Unit("count", saving: "n", on: counter, Counter.increment)
      }.run()
      return saved("n", results)
    }
    let shared = try await run(root: true)
    XCTAssertEqual(shared, [[0: 101, 1: 103], [0: 102, 1: 104]], "of the first branch's config")
    let own = try await run(root: false)
    XCTAssertEqual(own, [[0: 101, 1: 102], [0: 201, 1: 202]])
  }
}

/// An executor that looks after each iteration at what the first branch has saved and still holds.
struct Collecting: BranchExecutor {
  let held = Journal<Value?>()
  private let name: String

  init(_ name: String) { self.name = name }

  func execute(_ task: any BranchTask) async throws {
    while !task.isFinished {
      await task.runIteration()
      held.add(task.lastSaved(name, branch: 0))
    }
  }
}
