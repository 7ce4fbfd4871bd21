import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

/// No annotations, as in a user's file.
private final class Counter {
  var value: Int

  init(start: Int) { value = start }

  func increase(by step: Int) -> Int {
    value += step
    return value
  }

  func increment() async -> Int {
    await Task.yield()
    value += 1
    return value
  }

  func check(_ limit: Int) throws -> Int {
    guard value <= limit else { throw TestError("\(value) is above \(limit)") }
    return value
  }

  func countdown(_ steps: Int) -> [Int] { (0..<steps).map { value - $0 } }
}

final class InstanceTests: RuntimeTestCase {
  func testUnitsOnAnInstance() async throws {
    let results = try await Research("test", iterations: 3, parallel: .serial) {
      Domain("start" <- [100])
      let counter = Instance("counter", Counter.init, EC<Int>("start"))
      counter
      Unit("closure", saving: "closure", on: counter) { counter, run in
        counter.increase(by: run.iteration)
      }
      Unit("method", saving: "method", on: counter, Counter.increase, E().iteration * 10)
      Unit("async", saving: "async", on: counter, Counter.increment)
      Unit("throwing", saving: "throwing", on: counter, Counter.check, Constant(112))
      Unit("argument", saving: "argument", { (counter: Counter) in counter.value }, counter)
      Save("member", counter.value)
    }.run()
    XCTAssertEqual(saved("closure", results), [0: 100, 1: 102])
    XCTAssertEqual(saved("method", results), [0: 100, 1: 112])
    XCTAssertEqual(saved("async", results), [0: 101, 1: 113])
    XCTAssertEqual(saved("throwing", results), [0: 101])
    XCTAssertEqual(saved("argument", results), [0: 101, 1: 113], "113 is above 112")
    XCTAssertEqual(saved("member", results), [0: 101, 1: 113])
    XCTAssertEqual(results.experiments[0].failures.map(\.message), ["113 is above 112"])
    XCTAssertEqual(results.experiments[0].failures.map(\.kind), ["TestError"])
  }

  func testAnInstanceIsBuiltOncePerExperiment() async throws {
    let built = Shared<[Int]>([])
    let results = try await Research("test", repetitions: 3, iterations: 4, workers: 3) {
      let counter = Instance("counter") { run in
        built.change { $0.append(run.repetition) }
        return Counter(start: 0)
      }
      counter
      Unit("u", saving: "u", on: counter, Counter.increase, Constant(1))
    }.run()
    XCTAssertEqual(built.value.sorted(), [0, 1, 2])
    XCTAssertEqual(results.lastValues(of: "u"), [4, 4, 4])
  }

  func testAnInstanceThatCannotBeBuiltFailsItsExperiment() async throws {
    let results = try await Research("test", seed: 1, finalize: false) {
      Domain("x" <- [1, 2])
      let counter = Instance("counter") { run -> Counter in
        let x: Int = try run["x"]
        if x == 1 { throw TestError("no memory") }
        return Counter(start: x)
      }
      counter
      Unit("u", saving: "u", on: counter, Counter.increase, Constant(1))
    }.run()
    XCTAssertEqual(results.experiments.map(\.state), [.failed, .done])
    XCTAssertEqual(results.experiments[0].failures.map(\.unit), ["counter"])
    XCTAssertEqual(results.lastValues(of: "u"), [nil, 3])
  }

  func testAGeneratorOnAnInstance() async throws {
    let results = try await run {
      let counter = Instance("counter") { _ in Counter(start: 7) }
      counter
      Generator("method", saving: "method", on: counter, Counter.countdown, Constant(4))
      Generator("closure", saving: "closure", on: counter) { counter, run in
        counter.countdown(3)
      }
      Unit("change", on: counter, Counter.increase, Constant(100))
    }
    XCTAssertEqual(saved("method", results), [0: 7, 1: 6, 2: 5, 3: 4])
    XCTAssertEqual(saved("closure", results), [0: 7, 1: 6, 2: 5])
    XCTAssertEqual(results.experiments[0].ending, .stopped)
    XCTAssertEqual(results.experiments[0].iterations, 4)
  }
}

final class GeneratorTests: RuntimeTestCase {
  private struct Countdown: IteratorProtocol {
    var rest: Int

    mutating func next() -> Int? {
      rest -= 1
      return rest < 0 ? nil : rest
    }
  }

  private static func stream(_ count: Int) -> AsyncStream<Int> {
    AsyncStream { continuation in
      for number in 0..<count { continuation.yield(number * number) }
      continuation.finish()
    }
  }

  private static func throwing(_ count: Int) -> AsyncThrowingStream<Int, any Error> {
    AsyncThrowingStream { continuation in
      for number in 0..<count { continuation.yield(number) }
      continuation.finish(throwing: TestError("the source is broken"))
    }
  }

  func testSequencesIteratorsAndAsynchronousSequences() async throws {
    let results = try await run {
      Generator("sequence", saving: "sequence") { _ in stride(from: 0, to: 6, by: 2) }
      Generator("iterator", saving: "iterator") { _ in Countdown(rest: 9) }
      Generator("async", saving: "async") { _ in Self.stream(9) }
      Generator("function", saving: "function", { (0..<$0).map { $0 + 1 } }, Constant(9))
      Generator("asyncFunction", saving: "asyncFunction", Self.stream, Constant(9))
    }
    XCTAssertEqual(saved("sequence", results), [0: 0, 1: 2, 2: 4])
    XCTAssertEqual(saved("iterator", results), [0: 8, 1: 7, 2: 6, 3: 5])
    XCTAssertEqual(saved("async", results), [0: 0, 1: 1, 2: 4, 3: 9])
    XCTAssertEqual(saved("function", results), [0: 1, 1: 2, 2: 3, 3: 4])
    XCTAssertEqual(saved("asyncFunction", results), [0: 0, 1: 1, 2: 4, 3: 9])
    let experiment = results.experiments[0]
    XCTAssertEqual(experiment.ending, .stopped)
    XCTAssertEqual(experiment.state, .done)
    XCTAssertEqual(experiment.iterations, 4)
    XCTAssertEqual(experiment.failures, [])
  }

  func testTheSourceIsOpenedOnceWithTheArgumentsOfThen() async throws {
    let opened = Shared<[Int]>([])
    @Sendable func open(_ iteration: Int) -> [Int] {
      opened.change { $0.append(iteration) }
      return [1, 2, 3]
    }
    let results = try await run {
      Generator("g", when: .every(2), saving: "g", open, E().iteration)
    }
    XCTAssertEqual(opened.value, [1])
    XCTAssertEqual(saved("g", results), [1: 1, 3: 2, 5: 3])
    XCTAssertEqual(results.experiments[0].iterations, 8, "it ends where it asks for a fourth")
  }

  func testIterationsLimitAGenerator() async throws {
    let results = try await run(iterations: 2) { Generator("g", saving: "g") { _ in 0... } }
    XCTAssertEqual(saved("g", results), [0: 0, 1: 1])
    XCTAssertEqual(results.experiments[0].ending, .complete)
  }

  func testAnErrorOfTheSourceIsAFailure() async throws {
    let results = try await run {
      Generator("g", saving: "g") { _ in Self.throwing(2) }
      Unit("after", saving: "after") { run in run.iteration }
    }
    XCTAssertEqual(saved("g", results), [0: 0, 1: 1])
    XCTAssertEqual(saved("after", results), [0: 0, 1: 1, 2: 2])
    XCTAssertEqual(results.experiments[0].ending, .failed)
    XCTAssertEqual(results.experiments[0].failures.map(\.message), ["the source is broken"])
    XCTAssertEqual(results.experiments[0].failures.map(\.iteration), [2])
  }

  func testAnEmptySource() async throws {
    let results = try await run {
      Unit("before", saving: "before") { run in run.iteration }
      Generator("g", saving: "g") { _ in [Int]() }
    }
    XCTAssertEqual(saved("before", results), [0: 0])
    XCTAssertEqual(results.experiments[0].ending, .stopped)
    XCTAssertEqual(results.experiments[0].iterations, 1)
  }
}
