import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

private final class Walker {
  var position = 0.0
  let random: RandomStream

  init(_ random: RandomStream) { self.random = random }

  func step(_ scale: Double) -> Double {
    position += scale * random.normal()
    return position
  }
}

final class WidthTests: RuntimeTestCase {
  /// Random numbers everywhere, weights, samplers, generators, failures and stops.
  private func research(seed: UInt64?) -> Research {
    Research("test", configs: 24, repetitions: 2, seed: seed) {
      0.5 * Domain("a" <- .uniform(0...1)) + 1.5 * Domain("a" <- .normal(mean: 5), "k" <- [1, 2])
        + 1.0 * Domain("a" <- [7.5], "k" <- 1...4)
      let walker = Instance("walker") { run in Walker(run.random) }
      walker
      Unit("step", saving: "step", on: walker, Walker.step, EC<Double>("a"))
      Generator("noise", saving: ["i", "noise"]) { run in
        let random = run.random.split("noise")
        let count = Int.random(in: 3...6, using: &run.random)
        return (0..<count).map { ($0, random.uniform()) }
      }
      Unit("sometimes", saving: "sometimes") { run -> Double in
        let number = run.random.uniform()
        if number < 0.05 { throw TestError("\(number) is too small") }
        if number > 0.98 { try run.stop() }
        return number
      }
      Unit("last", when: .last, saving: "last") { run in run.random.integer(0...1000) }
      Dump("step", when: .every(2))
    }
  }

  private func table(_ parallelism: Parallelism, workers: Int, seed: UInt64 = 11) async throws
    -> String
  {
    var research = research(seed: seed)
    research.settings.parallelism = parallelism
    research.settings.workers = .count(workers)
    let results = try await research.run()
    XCTAssertEqual(results.experiments.count, 48)
    return everything(results)
  }

  func testTheTableIsTheSameAtAnyWidth() async throws {
    let serial = try await table(.serial, workers: 1)
    XCTAssertTrue(serial.contains("is too small"), "the test needs failing experiments")
    XCTAssertTrue(serial.contains("stopped"), "the test needs stopped experiments")
    for workers in [1, 2, 7] {
      let threads = try await table(.threads, workers: workers)
      XCTAssertEqual(threads, serial, "\(workers) workers")
    }
    let other = try await table(.serial, workers: 1, seed: 12)
    XCTAssertNotEqual(other, serial)
  }

  func testWithoutASeedOneIsDrawnAndNoted() async throws {
    let first = try DatabaseStore.inMemory()
    let unseeded = research(seed: nil)
    let results = try await unseeded.run(store: first)
    guard case .string(let text) = results.notes["seed"], let seed = UInt64(text) else {
      return XCTFail("no seed in \(results.notes)")
    }
    let again = try await research(seed: seed).run()
    XCTAssertEqual(everything(again), everything(results))
  }

  func testExperimentsDoNotShareRandomNumbers() async throws {
    let results = try await Research("test", repetitions: 20, seed: 1) {
      Domain("x" <- 0..<10)
      Unit("u", saving: "u") { run in run.random.uniform() }
    }.run()
    XCTAssertEqual(Set(results.lastValues(of: "u")).count, 200)
  }

  func testUnitsThatBlockRunAtOnce() async throws {
    for workers in [2, 16] {
      // Every worker has to be in the first experiments for any to go on.
      let barriers = (0..<3).map { _ in Barrier(workers) }
      let waves = Research("waves", repetitions: 3 * workers, seed: 1, workers: .count(workers)) {
        Unit("u", saving: "u") { run in
          barriers[run.repetition / workers].wait()
          return run.repetition
        }
      }
      let results = try await waves.run()
      XCTAssertEqual(
        results.lastValues(of: "u"),
        (0..<3 * workers).map { Value.int($0) }
      )
    }
  }

  func testAUnitThatBlocksDoesNotHoldUpAsynchronousOnes() async throws {
    let semaphore = DispatchSemaphore(value: 0)
    let results = try await Research("test", repetitions: 2, seed: 1, workers: 2) {
      Unit("u", saving: "u") { run in
        if run.repetition == 0 {
          semaphore.wait()
        } else {
          await Task.yield()
          await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume() }
          }
          semaphore.signal()
        }
        return run.repetition
      }
    }.run()
    XCTAssertEqual(results.lastValues(of: "u"), [0, 1])
  }

  func testEventsTellOfEveryExperiment() async throws {
    let log = EventLog()
    let results = try await Research("test", repetitions: 2, iterations: 3, seed: 5, workers: 3) {
      Domain("x" <- 0..<4)
      Unit("u") { run in if try run["x"] == 2 { throw TestError("bad") } }
    }.run(observers: [log])
    var started: [String] = []
    var ended: [String: Ending] = [:]
    var iterations: [String: Int] = [:]
    var failures = 0
    for event in log.events {
      switch event {
      case .started(let experiment, _): started.append(experiment.key)
      case .iterations(let key, let last, let count):
        XCTAssertEqual(last, iterations[key, default: 0] + count - 1)
        iterations[key, default: 0] += count
      case .failed(_, let failure):
        failures += 1
        XCTAssertEqual(failure.message, "bad")
      case .ended(let key, let ending, let count, _):
        XCTAssertNil(ended[key])
        ended[key] = ending
        XCTAssertEqual(count, iterations[key])
      case .runStarted(let start):
        XCTAssertEqual(start.experiments, 8)
        XCTAssertEqual(start.iterations, 3)
        XCTAssertEqual(start.workers, 3)
        XCTAssertEqual(start.seed, 5)
      case .runEnded(let summary):
        XCTAssertEqual([summary.done, summary.failed, summary.skipped], [6, 2, 0])
        XCTAssertFalse(summary.isCancelled)
      case .note, .variables, .workerStarted: break
      default: XCTFail("\(event)")
      }
    }
    XCTAssertEqual(Set(started), Set(results.experiments.map(\.id)))
    XCTAssertEqual(started.count, 8)
    XCTAssertEqual(results.experiments.map { ended[$0.id] }, results.experiments.map(\.ending))
    XCTAssertEqual(failures, 2)
    guard case .runStarted = log.events.first, case .runEnded = log.events.last else {
      return XCTFail("the run's start and end are its first and last events")
    }
  }

  func testADefinitionWithProblemsDoesNotRun() async throws {
    let log = EventLog()
    let research = Research("test") {
      Domain("x" <- [1])
      Unit("a", { (_: Int) in }, EC("y"))
      Unit("b", { (_: Int) in }, O("c"))
    }
    await assertThrows(.invalidDefinition, "2 problems", "'y'", "'c'") {
      try await research.run(observers: [log])
    }
    XCTAssertTrue(log.events.isEmpty)
  }

  func testDebuggingNeedsOneAfterTheOther() async throws {
    let research = Research("test") { Unit("u") { _ in } }
    await assertThrows(.invalidDefinition, "debug") {
      try await ResearchRunner(research, store: try DatabaseStore.inMemory(), debug: true).run()
    }
  }

  func testASelectionLeavesOthersAsTheyAre() async throws {
    let research = Research("test", seed: 3) {
      Domain("x" <- 0..<6) * Domain("s" <- .uniform(0...1))
      Unit("u", saving: "u") { run in run.random.uniform() }
    }
    let whole = try await research.run().table()
    let store = try DatabaseStore.inMemory()
    let selection = Selection(try Condition("x >= 4"))
    let summary = try await ResearchRunner(research, store: store, selection: selection).run()
    XCTAssertEqual(summary.done, 2)
    XCTAssertEqual(try store.contents().table(), whole.rows([4, 5]))
    let rest = try await ResearchRunner(research, store: store).run()
    XCTAssertEqual([rest.done, rest.skipped], [4, 2])
    XCTAssertEqual(try store.contents().table(), whole)
  }
}
