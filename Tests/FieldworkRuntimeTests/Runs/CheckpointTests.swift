import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

/// Goes at random; what it is at is all that it saves.
private final class Walker: Checkpointable {
  private let random: RandomStream
  private let noise: RandomStream
  private var position = 0.0
  private let canRestore: Bool

  init(_ random: RandomStream, canRestore: Bool) {
    self.random = random
    self.canRestore = canRestore
    noise = random.split("noise")
    position = random.uniform()
  }

  func step() { position += random.normal() + 0.1 * noise.uniform() }
  func place(_ drift: Double?) -> Double { position + (drift ?? 0) }
  func checkpoint() throws -> [UInt8] { try CheckpointCoder.encode(position) }

  func restore(from checkpoint: [UInt8]) throws {
    guard canRestore else { throw TestError("no way back") }
    position = try CheckpointCoder.decode(checkpoint)
  }
}

private struct Settings: Codable, Checkpointable { var factor = 1.0 }

final class CheckpointTests: RuntimeTestCase {
  private struct Way {
    let parallelism: Parallelism
    let workers: Int
    let branches: Int
  }

  private static let ways = [
    Way(parallelism: .serial, workers: 1, branches: 1),
    Way(parallelism: .threads, workers: 2, branches: 1),
    Way(parallelism: .threads, workers: 1, branches: 2),
  ]

  /// Three walks of some iterations.
  /// - Parameter act: is called in each iteration, with the experiment's number and the iteration.
  private func research(
    _ way: Way = ways[0],
    iterations: Int = 9,
    checkpoint: When? = .every(3),
    name: Saving = "place",
    canRestore: Bool = true,
    act: @escaping @Sendable (Int, Int) throws -> Void = { _, _ in }
  ) -> Research {
    Research(
      "test",
      iterations: iterations,
      seed: 2,
      workers: .count(way.workers),
      branches: .count(way.branches),
      parallel: way.parallelism,
      checkpoint: checkpoint
    ) {
      Domain("x" <- 0..<3)
      Unit("first", when: .at(0), saving: "first") { run in run.random.uniform() }
      let walker = Instance("walker") { run in
        run.save("built", run.random.uniform())
        return Walker(run.random, canRestore: canRestore)
      }
      walker
      let numbers = Instance("numbers") { run in [run.random.uniform()] }
      numbers
      Instance("settings") { _ in Settings() }
      Unit("step", on: walker, Walker.step)
      Unit("act") { run in try act(try run["x"], run.iteration) }
      Unit("drift", when: .every(2), saving: "drift") { run in run.random.split("drift").uniform() }
      Unit("place", saving: name, on: walker, Walker.place, O("drift"))
      Unit(
        "sum",
        when: .every(5) | .last,
        saving: "sum",
        { $0[0] + $1 },
        numbers,
        O<Double>("place")
      )
      Unit("history", saving: "history") { run in
        try run.saved("place", as: Double.self).reduce(0, +)
      }
      Unit("shared", saving: "shared") { run in run.repetitionRandom.uniform() }
      Unit("count", when: .every(4), saving: "count") { run in
        (try run.output(of: "count", as: Int?.self) ?? 0) + 1
      }
    }
  }

  private func run(
    _ research: Research,
    _ store: any ResultStore,
    changes: ResearchRunner.ChangePolicy = .refuse,
    faults: FaultPolicy = FaultPolicy(),
    _ observers: [any RunObserver] = []
  ) async throws -> RunSummary {
    try await ResearchRunner(
      research,
      store: store,
      changes: changes,
      faults: faults,
      observers: observers
    ).run()
  }

  /// How often which iteration of an experiment began.
  private func counts(_ turns: Shared<[[Int]]>, of experiment: Int) -> [Int] {
    let iterations = turns.value.filter { $0[0] == experiment }.map { $0[1] }
    return (0...(iterations.max() ?? 0)).map { iteration in
      iterations.count { $0 == iteration }
    }
  }

  // MARK: Interruptions

  /// A run that is cancelled saves where its experiments are, so nothing at all runs twice.
  func testARunThatIsCancelledInAnyIterationGoesOnWhereItWas() async throws {
    let undisturbed = everything(try await research(checkpoint: nil).run())
    for way in Self.ways {
      for stop in 0..<9 {
        for checkpoint in [When.every(1), .every(100)] {
          let store = try DatabaseStore.inMemory()
          let turns = Shared<[[Int]]>([])
          let task = Shared<Task<RunSummary, any Error>?>(nil)
          let isSet = DispatchSemaphore(value: 0)
          let disturbed = research(way, checkpoint: checkpoint) { x, iteration in
            let isFirst = turns.change { turns in
              defer { turns.append([x, iteration]) }
              return x == 1 && iteration == stop && !turns.contains([x, iteration])
            }
            guard isFirst else { return }
            isSet.wait()
            task.value?.cancel()
          }
          let running = Task { try await ResearchRunner(disturbed, store: store).run() }
          task.change { $0 = running }
          isSet.signal()
          _ = try await running.value
          let text = "\(way), stop \(stop), \(checkpoint)"
          let rest = try await run(disturbed, store)
          XCTAssertFalse(rest.isCancelled, text)
          XCTAssertEqual(everything(try store.contents()), undisturbed, text)
          for x in 0..<3 {
            XCTAssertEqual(counts(turns, of: x), Array(repeating: 1, count: 9), "\(text), \(x)")
          }
        }
      }
    }
  }

  /// A failed experiment goes on from its last checkpoint, whether it is tried again at once or by the next
  /// run; other branches do not hold it up.
  func testAFailedExperimentGoesOnFromItsLastCheckpoint() async throws {
    let undisturbed = everything(try await research(checkpoint: nil).run())
    for way in Self.ways {
      for (first, second) in [(0, 1), (2, 8), (3, 5), (8, 4), (6, 6)] {
        for retries in [0, 3] {
          let store = try DatabaseStore.inMemory()
          let (turns, failures) = (
            Shared<[[Int]]>([]), Shared<[[Int]]>([[0, first], [2, second]])
          )
          let research = research(way) { x, iteration in
            turns.change { $0.append([x, iteration]) }
            let fails = failures.change { failures in
              defer { failures.removeAll { $0 == [x, iteration] } }
              return failures.contains([x, iteration])
            }
            if fails { throw TestError("bad") }
          }
          var faults = FaultPolicy()
          faults.retries.errors = retries
          let text = "\(way), \(first), \(second), \(retries) retries"
          let summary = try await run(research, store, faults: faults)
          XCTAssertEqual(summary.failed, retries == 0 ? 2 : 0, text)
          if retries == 0 { _ = try await run(research, store) }
          XCTAssertEqual(everything(try store.contents()), undisturbed, text)
          for (x, iteration) in [(0, first), (2, second)] {
            // Before the last iteration there is a checkpoint too.
            let start = iteration == 8 ? 8 : iteration / 3 * 3
            let twice = (0..<9).map { $0 >= start && $0 <= iteration ? 2 : 1 }
            XCTAssertEqual(counts(turns, of: x), twice, "\(text), \(x)")
          }
          XCTAssertEqual(counts(turns, of: 1), Array(repeating: 1, count: 9), text)
        }
      }
    }
  }

  /// What was saved after the checkpoint is removed, what was saved before it is kept as it is.
  func testWhatIsKept() async throws {
    let store = try DatabaseStore.inMemory()
    let fails = Shared(true)
    let research = research { x, iteration in
      if fails.value, x == 1, iteration == 7 { throw TestError("bad") }
    }
    _ = try await run(research, store)
    fails.change { $0 = false }
    let failed = try XCTUnwrap(try store.contents().experiments.first { $0.state == .failed })
    XCTAssertEqual(try store.checkpoint(of: failed.key)?.iteration, 6)
    try store.write([
      .saved(
        experiment: failed.key,
        [
          SavedValue(name: "place", iteration: 5, value: 77),
          SavedValue(name: "other", iteration: 5, value: 1),
          SavedValue(name: "other", iteration: 6, value: 2),
        ]
      )
    ])
    _ = try await run(research, store)
    let results = try store.contents()
    let places = results.values(of: "place", in: failed.id)
    XCTAssertEqual(places.map(\.iteration), Array(0..<9))
    XCTAssertEqual(places[5].value, 77)
    XCTAssertEqual(results.values(of: "other", in: failed.id).map(\.value), [1])
    XCTAssertEqual(results.experiments.map(\.state), [.done, .done, .done])
    XCTAssertEqual(results.experiments[1].failures, [])
    XCTAssertEqual(results.experiments[1].iterations, 9)
  }

  // MARK: Other definitions

  func testMoreIterationsGoOn() async throws {
    for way in Self.ways {
      let undisturbed = everything(try await research(iterations: 9, checkpoint: nil).run())
      let store = try DatabaseStore.inMemory()
      let turns = Shared<[[Int]]>([])
      let act = { @Sendable (x: Int, iteration: Int) in
        turns.change { $0.append([x, iteration]) }
      }
      for iterations in [4, 6, 9] {
        let research = research(way, iterations: iterations, act: act)
        let summary = try await run(research, store, changes: .accept)
        XCTAssertEqual([summary.done, summary.skipped], [3, 0])
      }
      XCTAssertEqual(everything(try store.contents()), undisturbed)
      // The last iteration of each runs again, as one of many.
      for x in 0..<3 { XCTAssertEqual(counts(turns, of: x), [1, 1, 1, 2, 1, 2, 1, 1, 1]) }
      let again = try await run(research(way, act: act), store)
      XCTAssertEqual(again.skipped, 3)
    }
  }

  func testFewerIterationsOrOtherUnitsBeginAnew() async throws {
    for (iterations, name) in [(5, "place"), (9, "location")] {
      let store = try DatabaseStore.inMemory()
      let fails = research { _, iteration in if iteration == 7 { throw TestError("bad") } }
      _ = try await run(fails, store)
      XCTAssertEqual(try store.checkpoints().map(\.iteration), [6, 6, 6])
      let began = Shared(0)
      let other = research(iterations: iterations, name: Saving(name)) { _, iteration in
        if iteration == 0 { began.change { $0 += 1 } }
      }
      _ = try await run(other, store, changes: .accept)
      XCTAssertEqual(began.value, 3)
      let undisturbed = try await research(iterations: iterations, name: Saving(name)).run()
      XCTAssertEqual(
        try store.contents().lastValues(of: name),
        undisturbed.lastValues(of: name)
      )
    }
  }

  /// The iterations before a checkpoint were run with the value that the name had then.
  func testACheckpointOfAnotherValueOfTheSameNameIsNotUsed() async throws {
    func research(_ size: Int, fails: Bool, version: String? = nil) -> Research {
      Research("test", iterations: 6, seed: 1, workers: 1, checkpoint: .every(2)) {
        Domain("size" <- [Alias("big", version: version, size)])
        Unit("f", saving: "y") { run in
          if fails, run.iteration == 3 { throw TestError("bad") }
          return try run["size", as: Int.self]
        }
      }
    }
    for (first, second) in [
      (research(1, fails: true), research(2, fails: false)),
      (research(2, fails: true), research(2, fails: false, version: "b")),
    ] {
      let store = try DatabaseStore.inMemory()
      _ = try await run(first, store)
      XCTAssertEqual(try store.checkpoints().map(\.iteration), [2])
      let summary = try await run(second, store)
      XCTAssertEqual(summary.done, 1)
      let results = try store.contents()
      let values = results.values(of: "y", in: results.experiments[0].id).map(\.value)
      XCTAssertEqual(values, Array(repeating: 2, count: 6))
      let again = try await run(second, store)
      XCTAssertEqual(again.done, 0, "it is not outdated")
    }
  }

  func testACheckpointThatCannotBeUsed() async throws {
    let undisturbed = everything(try await research(checkpoint: nil).run())
    let store = try DatabaseStore.inMemory()
    let fails = Shared(true)
    let research = research(canRestore: false) { x, iteration in
      if fails.value, x == 1, iteration == 7 { throw TestError("bad") }
    }
    _ = try await run(research, store)
    fails.change { $0 = false }
    let log = EventLog()
    let summary = try await run(research, store, [log])
    XCTAssertEqual([summary.done, summary.failed], [1, 0])
    XCTAssertEqual(everything(try store.contents()), undisturbed)
    let warnings = log.events.compactMap { if case .warning(let text) = $0 { text } else { nil } }
    XCTAssertEqual(warnings.count, 1)
    XCTAssertTrue(warnings.allSatisfy { $0.contains("no way back") && $0.contains("iteration 6") })
  }

  func testWithoutCheckpointsNothingIsStored() async throws {
    let store = try DatabaseStore.inMemory()
    _ = try await run(research(checkpoint: nil), store)
    XCTAssertEqual(try store.checkpoints(), [])
  }

  // MARK: What cannot be kept

  func testAnInstanceThatCannotBeSavedIsAFailure() async throws {
    final class Bad: Checkpointable {
      func checkpoint() throws -> [UInt8] { throw TestError("not now") }
      func restore(from checkpoint: [UInt8]) throws {}
    }
    let results = try await Research("test", iterations: 5, seed: 1, checkpoint: .every(2)) {
      Instance("bad") { _ in Bad() }
      Unit("u", saving: "u") { run in run.iteration }
    }.run()
    let experiment = try XCTUnwrap(results.experiments.first)
    XCTAssertEqual([experiment.failures.count, experiment.iterations], [1, 2])
    XCTAssertEqual(experiment.failures.first?.unit, "checkpoint")
    XCTAssertEqual(experiment.failures.first?.message, "not now")
    XCTAssertEqual(results.lastValues(of: "u"), [1])
  }

  /// What a checkpoint would lose fails without an interruption too.
  func testAnOutputThatIsNotPlainIsReadInItsOwnIteration() async throws {
    struct Point { let x: Int }
    func failures(_ body: @escaping @Sendable (RunContext) throws -> Int) async throws -> [String] {
      try await Research("test", iterations: 4, seed: 1, checkpoint: .every(1)) {
        Unit("point", when: .every(2)) { run in Point(x: run.iteration) }
        Unit("read", when: .at(1, 2), saving: "x") { run in try body(run) }
      }.run().experiments.flatMap { $0.failures.map(\.message) }
    }
    let old = try await failures { run in try run.output(of: "point", as: Point.self).x }
    XCTAssertEqual(old.count, 1)
    XCTAssertTrue(old.allSatisfy { $0.contains("'point'") && $0.contains("earlier iteration") })
    let own = try await failures { run in
      run.iteration == 1 ? try run.output(of: "point", as: Point.self).x : 0
    }
    XCTAssertEqual(own, [])
  }

  func testPreflight() {
    final class Plain {}
    struct Patient: BranchExecutor { func execute(_ task: any BranchTask) async throws {} }
    let research = Research(
      "test",
      iterations: 4,
      branches: 2,
      checkpoint: .every(2),
      executor: Patient()
    ) {
      Domain("x" <- [1, 2])
      Generator("numbers") { _ in 0..<9 }
      Unit("pass", running: Pipeline(over: [1, 2]))
      Unit("object", when: .every(2)) { _ in Plain() }
      Instance("plain") { _ in Plain() }
      Instance("made", { (x: Int) in [x] }, O<Int>("pass"))
      Unit("shared", root: true) { _ in 1 }
      Unit("old", { (_: Plain?) in 1 }, O("object"))
      Unit("own", when: .every(2), { (_: Plain) in 1 }, O("object"))
      Unit("all", { $0.count }, O<Int>("shared").all)
    }
    let texts = research.preflight().filter { $0.severity == .error }.map(\.description)
    let parts = [
      "'numbers'", "'pass' is", "executor Patient", "'plain': Plain", "'made' is built",
      "'shared' is shared", "'old' reads in iteration 2", "'all' reads other branches",
    ]
    for part in parts {
      XCTAssertEqual(texts.filter { $0.contains(part) }.count, 1, "\(part) in \(texts)")
    }
    XCTAssertTrue(texts.allSatisfy { $0.contains("CheckpointTests.swift:") })
    XCTAssertEqual(texts.count, parts.count, "\(texts)")
    XCTAssertEqual(self.research().preflight(), [])
  }
}
