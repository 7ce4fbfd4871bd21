import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

@Sendable private func double(_ x: Int) -> Int { 2 * x }

@Sendable private func numbers(_ count: Int) -> [Int] { Array(0..<count) }

private struct Broken: NamedExpression {
  func evaluate(in run: RunContext) throws -> Int { throw TestError("no value") }
}

private final class Counter {
  private var count = 0

  init(_ start: Int) { count = start }

  func next(_ step: Int) -> Int {
    count += step
    return count
  }

  func show() -> Int { count }
}

/// What is measured of units. How long something takes is not checked, but what is measured and where it
/// stands.
final class ProfilingTests: RuntimeTestCase {
  private func profile(
    _ profiling: Profiling,
    iterations: Int? = nil,
    finalize: Bool = true,
    @ResearchBuilder _ content: () -> [ResearchPart]
  ) async throws -> Profile {
    try await Research(
      "test",
      iterations: iterations,
      seed: 1,
      finalize: finalize,
      parallel: .serial,
      profile: profiling,
      content
    ).run().profile()
  }

  /// The turns as `unit iteration`.
  private func places(_ profile: Profile) -> [String] {
    profile.calls.map { "\($0.timing.unit) \($0.timing.iteration)" }
  }

  func testEveryTurnIsMeasuredOnce() async throws {
    for profiling in [Profiling.simple, .detailed] {
      let profile = try await profile(profiling, iterations: 3) {
        Unit("a", saving: "a") { run in run.iteration }
        Unit("b", when: .every(2) | .last) { _ in 1 }
        Save("c", O<Int>("a"), when: .at(1))
        Dump(when: .last)
      }
      XCTAssertEqual(
        places(profile),
        ["a 0", "a 1", "b 1", "save c 1", "a 2", "b 2", "dump 2"],
        "\(profiling)"
      )
      XCTAssertEqual(profile.isDetailed, profiling == .detailed)
    }
  }

  func testWhatIsMeasured() async throws {
    for profiling in [Profiling.simple, .detailed] {
      let profile = try await profile(profiling, iterations: 2) {
        let counter = Instance("counter", Counter.init, Constant(1))
        counter
        Unit("closure") { run in run.iteration }
        Unit("arguments", double, O<Int>("closure"))
        Unit("method", on: counter, Counter.next, Constant(2))
        Unit("without arguments", on: counter, Counter.show)
        Unit("instance in a closure", on: counter) { counter, _ in counter.show() }
        Generator("generator", numbers, Constant(5))
        Generator("closed generator") { _ in [1, 2, 3] }
        Save("y", O<Int>("arguments"))
      }
      var evaluated = Set<String>()
      for turn in profile.calls.map(\.timing) {
        let place = "\(profiling): \(turn.unit) \(turn.iteration)"
        XCTAssertGreaterThanOrEqual(turn.call, 0, place)
        XCTAssertLessThanOrEqual(turn.call, turn.total, place)
        XCTAssertEqual(turn.memory != nil, profiling == .detailed, place)
        if let evaluation = turn.evaluation {
          evaluated.insert("\(turn.unit) \(turn.iteration)")
          XCTAssertGreaterThanOrEqual(evaluation, 0, place)
          XCTAssertEqual(evaluation + turn.call, turn.total, accuracy: 1e-9, place)
        } else if profiling == .detailed {
          XCTAssertEqual(turn.call, turn.total, place)
        }
        if let cpu = turn.cpu {
          XCTAssertEqual(profiling, .detailed)
          XCTAssertGreaterThanOrEqual(cpu, 0, place)
          XCTAssertLessThanOrEqual(cpu, turn.total, place)
        }
      }
      let expected: Set<String> = [
        "counter 0", "arguments 0", "arguments 1", "method 0", "method 1", "without arguments 0",
        "without arguments 1", "generator 0",
      ]
      XCTAssertEqual(evaluated, profiling == .detailed ? expected : [])
    }
  }

  /// The units never wait, so that each stays in its thread.
  func testProcessorTimeIsMeasured() async throws {
    let profile = try await profile(.detailed) {
      Unit("work") { _ in (0..<100_000).reduce(0, &+) }
    }
    XCTAssertGreaterThan(try XCTUnwrap(profile.calls.first?.timing.cpu), 0)
  }

  func testTheMemoryIsThatOfTheProcess() async throws {
    let size = 64 << 20
    let profile = try await profile(.detailed, iterations: 2) {
      Unit("before") { _ in 0 }
      Unit("hold", when: .at(1)) { _ in [UInt8](repeating: 1, count: size) }
      Unit("after") { _ in 0 }
    }
    let memory = profile.calls.compactMap(\.timing.memory)
    XCTAssertEqual(memory.count, 5)
    for bytes in memory {
      XCTAssertGreaterThan(bytes, 1 << 20)
      XCTAssertLessThan(bytes, Int(ProcessInfo.processInfo.physicalMemory))
    }
    // The output of a unit is kept until its next one.
    XCTAssertGreaterThan(memory[4], memory[2] + size / 2)
  }

  func testFailuresAndStops() async throws {
    for finalize in [true, false] {
      let failing = try await profile(.detailed, iterations: 3, finalize: finalize) {
        Unit("a") { _ in 1 }
        Unit("fails") { run in
          if run.iteration == 1 { throw TestError("failed") }
        }
        Unit("b") { _ in 2 }
        Unit("end", when: .last) { _ in 3 }
      }
      let begun = ["a 0", "fails 0", "b 0", "a 1", "fails 1"]
      XCTAssertEqual(places(failing), begun + (finalize ? ["b 1", "end 1"] : []))
      let stopping = try await profile(.simple, finalize: finalize) {
        Generator("g") { _ in [1] }
        Unit("b") { _ in 2 }
      }
      XCTAssertEqual(places(stopping), ["g 0", "b 0", "g 1"] + (finalize ? ["b 1"] : []))
    }
  }

  /// A function that is not called takes no time.
  func testArgumentsThatCannotBeEvaluated() async throws {
    for profiling in [Profiling.simple, .detailed] {
      let profile = try await profile(profiling) { Unit("u", double, Broken()) }
      let turn = try XCTUnwrap(profile.calls.first?.timing)
      XCTAssertEqual(profile.calls.count, 1)
      XCTAssertEqual(turn.call, 0)
      XCTAssertEqual(turn.evaluation, profiling == .detailed ? turn.total : nil)
    }
  }

  /// A body that fails before it has arguments is not one that has failed to get them.
  func testFailuresWithoutArguments() async throws {
    let pipeline = Pipeline(over: [1, 2]).map { number -> Int in
      if number == 2 { throw TestError("two") }
      return number
    }
    let profile = try await profile(.detailed) {
      Unit("pipeline", running: pipeline)
      Unit("closure") { _ in throw TestError("failed") }
      Save("y", Broken())
      Unit("evaluated", { _ in throw TestError("failed") }, Constant(1))
    }
    XCTAssertEqual(
      profile.calls.map(\.timing.unit),
      ["pipeline", "closure", "save y", "evaluated"]
    )
    for turn in profile.calls.map(\.timing).prefix(3) {
      XCTAssertNil(turn.evaluation, turn.unit)
      XCTAssertEqual(turn.call, turn.total, turn.unit)
    }
    XCTAssertNotNil(profile.calls.last?.timing.evaluation)
    XCTAssertGreaterThan(try XCTUnwrap(profile.calls.last?.timing.call), 0)
  }

  /// Nothing that reads a clock is there.
  func testOffMeasuresNothing() async throws {
    let store = try DatabaseStore.inMemory()
    let results = try await Research("test", iterations: 3, parallel: .serial) {
      Unit("a", saving: "has stopwatch") { run in run.stopwatch != nil }
      Unit("root", root: true) { _ in 1 }
    }.run(store: store)
    XCTAssertEqual(results.lastValues(of: "has stopwatch"), [false])
    XCTAssertEqual(try store.profile(), [])
    await assertThrows(.store, "--profile simple") { try results.profile() }
  }

  func testATurnOfARootCountsOnce() async throws {
    for (execution, workers) in [(BranchExecution.sequential, 1), (.concurrent, 2)] {
      let research = Research(
        "test",
        iterations: 3,
        seed: 1,
        workers: .count(workers),
        branches: 3,
        branchExecution: execution,
        profile: .detailed
      ) {
        Domain("x" <- [0, 1, 2, 3, 4, 5])
        Unit("root", root: true) { run in run.iteration }
        Unit("own", double, O<Int>("root"))
        // The first branch of each task ends early; the turns of the root go on.
        Unit("ends") { run in
          if run.branch == 0 && run.iteration == 1 { try run.stop() }
        }
        Unit("end", when: .last, root: true) { _ in 0 }
      }
      let profile = try await research.run().profile()
      let ids = profile.experiments.map(\.id)
      XCTAssertEqual(ids.count, 6)
      let roots = profile.calls.filter { $0.timing.unit == "root" }.map { turn in
        "\(ids.firstIndex(of: turn.experiment) ?? -1) \(turn.timing.iteration)"
      }
      XCTAssertEqual(roots, ["0 0", "0 1", "1 2", "3 0", "3 1", "4 2"], "\(execution)")
      XCTAssertEqual(profile.calls.count { $0.timing.unit == "own" }, 2 * (2 + 3 + 3))
      XCTAssertEqual(profile.calls.count { $0.timing.unit == "end" }, 2)
      XCTAssertTrue(profile.calls.allSatisfy { $0.timing.call <= $0.timing.total })
    }
  }

  /// Whatever was measured, a research can be loaded, and running it again measures what is added.
  func testLoadingWithAnySetting() async throws {
    for profiling in Profiling.allCases {
      let folder = ResearchFolder(directory: directory, name: profiling.rawValue)
      func run(_ values: [Int], _ profiling: Profiling) async throws {
        let store = try DatabaseStore.open(folder)
        defer { try? store.close() }
        let research = Research("test", seed: 1, profile: profiling) {
          Domain("x" <- values)
          Unit("u", saving: "y", double, EC("x"))
        }
        _ = try await research.run(store: store)
      }
      try await run([1, 2], profiling)
      XCTAssertEqual(try ResearchResults.load(folder.path).lastValues(of: "y"), [2, 4])
      let stored = try Research.load(folder.path)
      if profiling == .off {
        await assertThrows(.store, "--profile simple", folder.path) { try stored.profile() }
      } else {
        XCTAssertEqual(places(try stored.profile()), ["u 0", "u 0"])
      }
      try await run([1, 2, 3], .detailed)
      let profile = try Profile.load(folder.path)
      XCTAssertEqual(profile.calls.count, profiling == .off ? 1 : 3)
      XCTAssertEqual(profile.calls.last?.timing.memory != nil, true)
      XCTAssertEqual(profile.calls.first?.timing.memory != nil, profiling != .simple)
    }
  }

  func testTheSummaryOfARun() async throws {
    let results = try await Research("test", repetitions: 2, iterations: 4, profile: .simple) {
      Domain("x" <- [1, 2])
      Unit("u", double, EC("x"))
      Unit("v", when: .every(2)) { _ in 0 }
    }.run()
    let table = try results.profile().summary(
      ProfileOptions(per: [.experiment], groupedBy: ["x"], sortedBy: "unit")
    )
    XCTAssertEqual(table.count, 8)
    XCTAssertEqual(try table["calls", as: Int.self], [4, 4, 4, 4, 2, 2, 2, 2])
    for row in 0..<table.count {
      let (duration, outside) = (table.row(row)["duration"], table.row(row)["outside"])
      XCTAssertLessThanOrEqual(outside?.number ?? .infinity, duration?.number ?? 0)
    }
    let some = try results.filtered(config: ["x": 2]).profile()
    XCTAssertEqual(some.calls.count, 12)
  }
}
