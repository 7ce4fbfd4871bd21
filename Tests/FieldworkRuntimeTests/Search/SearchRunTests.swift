import Fieldwork
import FieldworkCore
import FieldworkSearch
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// Researches whose configs an algorithm chooses.
final class SearchRunTests: RuntimeTestCase {
  private func research(
    _ algorithm: some SearchAlgorithm = .tpe(startup: 5),
    configs: Int = 30,
    window: Int? = 8,
    workers: Int = 1,
    branches: Int = 1,
    repetitions: Int = 1,
    range: ClosedRange<Double> = 0...10,
    calls: Shared<Int> = Shared(0)
  ) -> Research {
    Research(
      "test",
      repetitions: repetitions,
      iterations: 3,
      seed: 4,
      objective: .minimize("loss"),
      window: window,
      workers: .count(workers),
      branches: .count(branches),
      parallel: workers == 1 ? .serial : .threads
    ) {
      Domain("x" <- .uniform(range), "kind" <- ["a", "b"])
        .given("kind", "b", Domain("n" <- 1...5))
      Search(algorithm, configs: configs)
      Unit("f", saving: "loss") { run in
        if run.iteration == 0 { calls.change { $0 += 1 } }
        let x: Double = try run["x"]
        if run.iteration == 0, x < 1 { throw TestError("small") }
        let n = run.config.contains("n") ? try run["n", as: Int.self] : 2
        return (x - 7) * (x - 7) / Double(run.iteration + 1) + Double(abs(n - 3))
          + 0.01 * run.random.uniform()
      }
      Prune(.median(startup: 3, warmup: 1), by: "loss")
    }
  }

  private func table(_ research: Research) async throws -> String {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research, store: store).run()
    return everything(try store.contents())
  }

  func testTheTableIsTheSameAtAnyWidth() async throws {
    for (window, branches, repetitions) in [(1, 1, 1), (8, 1, 1), (3, 2, 1), (4, 3, 2), (8, 1, 3)] {
      func make(_ workers: Int) -> Research {
        research(
          configs: 20,
          window: window,
          workers: workers,
          branches: branches,
          repetitions: repetitions
        )
      }
      let expected = try await table(make(1))
      XCTAssertEqual(expected.split(separator: "\n").count > 20, true)
      for workers in [2, 8] {
        let found = try await table(make(workers))
        XCTAssertEqual(found, expected, "\(window), \(branches), \(repetitions), \(workers)")
      }
    }
  }

  func testTheLossGetsSmaller() async throws {
    let store = try DatabaseStore.inMemory()
    let summary = try await ResearchRunner(research(configs: 60, window: 1), store: store).run()
    XCTAssertEqual(summary.done + summary.pruned + summary.failed, 60)
    XCTAssertGreaterThan(summary.pruned, 0)
    let best = try XCTUnwrap(store.contents().best(by: .minimize("loss"), count: 1).first)
    XCTAssertEqual(try best.config["x", as: Double.self], 7, accuracy: 0.7)
  }

  func testAnInterruptedSearchResumes() async throws {
    let expected = try await table(research())
    let store = try DatabaseStore.inMemory()
    for round in 1...60 {
      let runner = ResearchRunner(
        research(workers: 1 + round % 4),
        store: store,
        budget: .milliseconds(1 + round * round / 4)
      )
      let summary = try await runner.run()
      XCTAssertEqual(summary.unplanned, [])
      if summary.stopExplanation == nil { break }
    }
    XCTAssertEqual(everything(try store.contents()), expected)
    let last = try await ResearchRunner(research(), store: store).run()
    XCTAssertEqual([last.done, last.pruned, last.unplanned.count], [0, 0, 0])
  }

  func testAGrownSearchGoesOn() async throws {
    let expected = try await table(research(configs: 40))
    let store = try DatabaseStore.inMemory()
    let calls = Shared(0)
    try await ResearchRunner(research(configs: 20, calls: calls), store: store).run()
    try await ResearchRunner(research(configs: 40, workers: 3, calls: calls), store: store).run()
    XCTAssertEqual(everything(try store.contents()), expected)
    XCTAssertEqual(
      calls.value,
      40 + (try store.contents().experiments.count { $0.state == .failed })
    )
  }

  /// Results that lie in the changed domain are kept, and others are replaced.
  func testAChangedDomainKeepsItsResults() async throws {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research(configs: 20), store: store).run()
    let before = try store.contents().experiments
    let kept = try before.filter { try $0.config["x", as: Double.self] >= 5 }
    let calls = Shared(0)
    let changed = research(configs: 20, range: 5...10, calls: calls)
    let summary = try await ResearchRunner(changed, store: store).run()
    XCTAssertEqual(calls.value, 20 - kept.count)
    XCTAssertEqual(summary.unplanned.count, 20 - kept.count)
    XCTAssertEqual(try store.contents().experiments.count, 40 - kept.count)
  }

  /// A search begins from the results of another research, and keeps what it has taken.
  func testResultsOfAnotherResearch() async throws {
    let directory = NSTemporaryDirectory() + "fieldwork-search-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    func run(_ research: Research) async throws -> ResearchResults {
      let store = try DatabaseStore.open(ResearchFolder(directory: directory, name: research.name))
      defer { try? store.close() }
      try await ResearchRunner(research, store: store).run()
      return try store.contents()
    }
    func research(_ name: String, _ range: ClosedRange<Double>, from sources: [String]) -> Research
    {
      Research(name, seed: 1, objective: .maximize("y"), window: 1, parallel: .serial) {
        Domain("x" <- .uniform(range), "kind" <- [Alias("one", 1), Alias("two", 2)])
        Search(.tpe(startup: 10), configs: 12, from: sources)
        Unit("f", saving: "y") { run in
          let x: Double = try run["x"]
          return -abs(x - 0.3) - (try run["kind", as: Int.self] == 2 ? 0 : 1)
        }
      }
    }
    let alone = try await run(research("alone", 0...1, from: []))
    do {
      _ = try await run(research("deep/later", 0...1, from: ["earlier"]))
      XCTFail("there are no earlier results")
    } catch let error as FieldworkError {
      XCTAssertTrue(error.message.contains("'earlier'"), error.message)
    }
    _ = try await run(research("earlier", 0...2, from: []))
    let later = try await run(research("deep/later", 0...1, from: ["earlier"]))
    XCTAssertNotEqual(later.experiments.map(\.key), alone.experiments.map(\.key))
    XCTAssertEqual(later.experiments.count, 12)
    // Another run needs the other research no more.
    try FileManager.default.removeItem(atPath: directory + "/earlier")
    let again = try await run(research("deep/later", 0...1, from: ["earlier"]))
    XCTAssertEqual(again.experiments.map(\.key), later.experiments.map(\.key))
  }

  private func listed(_ values: [Int], configs: Int) -> Research {
    Research("test", seed: 2, objective: .minimize("y"), window: 1, parallel: .serial) {
      Domain("a" <- values.map { AnyAlias($0) })
      Search(.tpe(startup: 3), configs: configs)
      Unit("f", saving: "y") { run in abs(try run["a", as: Int.self] - 5) }
    }
  }

  /// A recorded config is not replayed if another one that the search has made in its place is the same.
  func testAChangedListRunsNoConfigTwice() async throws {
    for removed in 0..<10 {
      let store = try DatabaseStore.inMemory()
      try await ResearchRunner(listed(Array(0..<10), configs: 6), store: store).run()
      let changed = listed((0..<10).filter { $0 != removed }, configs: 9)
      try await ResearchRunner(changed, store: store).run()
      let values = try store.contents().experiments.map { try $0.config["a", as: Int.self] }
      XCTAssertEqual(Set(values).count, values.count, "without \(removed): \(values)")
      XCTAssertEqual(Set(values).subtracting([removed]).count, 9)
    }
  }

  /// An added config that the search has chosen before counts once, with its result.
  func testAddedConfigsThatWereChosen() async throws {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(listed(Array(0..<20), configs: 6), store: store).run()
    let first = try store.contents().experiments.map { try $0.config["a", as: Int.self] }
    let runner = ResearchRunner(
      listed(Array(0..<20), configs: 12),
      store: store,
      additions: ["a=\(first[0])", "a=\(first[3])"]
    )
    let summary = try await runner.run()
    XCTAssertEqual(summary.failed, 0)
    let values = try store.contents().experiments.map { try $0.config["a", as: Int.self] }
    XCTAssertEqual(Set(values).count, values.count)
    XCTAssertEqual(values.count, 12)
  }

  /// With a value for each branch, results count under the merged config.
  func testValuesOfBranches() async throws {
    for window in [4, nil] {
      let store = try DatabaseStore.inMemory()
      let research = Research(
        "test",
        seed: 2,
        objective: .minimize("y"),
        window: window,
        workers: 1,
        branches: .configs([["b": 1], ["b": 2]]),
        parallel: .serial
      ) {
        Domain("x" <- .uniform(0...1))
        Search(.tpe(startup: 4), configs: 40)
        Unit("f", saving: "y") { run in abs(try run["x", as: Double.self] - 0.3) }
      }
      let summary = try await ResearchRunner(research, store: store).run()
      XCTAssertEqual(summary.done, 40)
      let last = try store.contents().experiments.suffix(20)
        .map { abs(try $0.config["x", as: Double.self] - 0.3) }.sorted()
      XCTAssertLessThan(last[10], 0.15, "window \(window.map(String.init) ?? "nil")")
    }
  }

  func testWithoutASearchAllConfigsRun() {
    let research = listed(Array(0..<20), configs: 6).searching(nil)
    XCTAssertNil(research.settings.configs)
    XCTAssertNil(research.search)
    XCTAssertEqual(listed([1, 2, 3], configs: 2).searching(.random).settings.configs, 2)
  }

  func testAFiniteDomainIsSearchedOnce() async throws {
    let store = try DatabaseStore.inMemory()
    let research = Research("test", seed: 1, objective: .maximize("y"), parallel: .serial) {
      Domain("a" <- 1...4, "b" <- ["x", "y", "z"]).where { config in
        try config["a", as: Int.self] != 2 || config["b", as: String.self] == "x"
      }
      Search(.tpe(startup: 3), configs: 50)
      Unit("f", saving: "y") { run in try run["a", as: Int.self] }
    }
    let summary = try await ResearchRunner(research, store: store).run()
    XCTAssertEqual(summary.done, 10)
    let configs = try store.contents().experiments.map(\.config.description)
    XCTAssertEqual(Set(configs).count, 10)
  }

  func testASearchEndsAtTheSameConfigAtAnyWidth() async throws {
    func research(_ end: SearchEnd, workers: Int) -> Research {
      Research(
        "test",
        seed: 3,
        objective: .maximize("y"),
        window: 4,
        workers: .count(workers),
        parallel: workers == 1 ? .serial : .threads
      ) {
        Domain("x" <- .uniform(0...1))
        Search(.tpe(startup: 4), until: end)
        Unit("f", saving: "y") { run in 1 - abs(try run["x", as: Double.self] - 0.3) }
      }
    }
    for (end, reason) in [
      (SearchEnd.value(above: 0.98), "a config has reached y 0.9"),
      (.noImprovement(for: 6), "y has not improved on 0.9"),
      (.converged(0.02, for: 5), "y has improved by no more than 0.02 of itself, to 0.9"),
    ] {
      var keys: [[String]] = []
      for workers in [1, 4] {
        let store = try DatabaseStore.inMemory()
        let runner = ResearchRunner(research(end, workers: workers), store: store)
        let summary = try await runner.run()
        let found = try XCTUnwrap(summary.searchEnd)
        XCTAssertTrue(found.hasPrefix(reason), found)
        keys.append(try store.contents().experiments.map(\.key).sorted())
        // A search that has ended stays so.
        let again = try await ResearchRunner(research(end, workers: 1), store: store).run()
        XCTAssertEqual(again.done, 0)
        XCTAssertEqual(again.searchEnd, found)
      }
      XCTAssertEqual(keys[0], keys[1])
      XCTAssertLessThan(keys[0].count, 200)
    }
  }

  func testAddedConfigsComeFirst() async throws {
    let store = try DatabaseStore.inMemory()
    let runner = ResearchRunner(
      research(configs: 6),
      store: store,
      additions: ["x=7.5 kind=a", "x=0.5 kind=a"]
    )
    let summary = try await runner.run()
    XCTAssertEqual(summary.done + summary.pruned + summary.failed, 8)
    let xs = try store.contents().experiments.map { try $0.config["x", as: Double.self] }
    XCTAssertEqual(Array(xs.prefix(2)), [7.5, 0.5])
  }

  func testProblemsAreFoundBeforeTheRun() throws {
    func problems(_ research: Research) -> [String] {
      research.preflight().filter { $0.severity == .error }.map(\.message)
    }
    let unit = Unit("f", saving: "y") { 1.0 }
    let x = Domain("x" <- .uniform(0...1))
    XCTAssertEqual(
      problems(
        Research("t") {
          x; Search(.random, configs: 3); unit
        }
      ),
      ["a search needs to know which configs are better"]
    )
    XCTAssertEqual(
      problems(
        Research("t", objective: .minimize("z")) {
          x; Search(.random, configs: 3); unit
        }
      ),
      ["no unit saves 'z', the objective of the search"]
    )
    XCTAssertEqual(
      problems(
        Research("t", objective: .minimize("y")) {
          x; Search(.random); unit
        }
      ),
      ["the search has no end"]
    )
    XCTAssertEqual(
      problems(
        Research("t", objective: .minimize("y")) {
          Search(.random, configs: 3); unit
        }
      ),
      ["there is no domain to take configs from"]
    )
    XCTAssertEqual(
      problems(
        Research("t", objective: .minimize("y")) {
          x
          Search(.random, configs: 3)
          Search(.quasiRandom, configs: 3)
          unit
        }
      ),
      ["the research has 2 searches"]
    )
  }

  private func trade(
    _ algorithm: some SearchAlgorithm,
    workers: Int = 1,
    name: String = "trade",
    from sources: [String] = []
  ) -> Research {
    Research(
      name,
      seed: 3,
      objective: [.minimize("loss"), .maximize("gain")],
      window: 4,
      workers: .count(workers),
      parallel: workers == 1 ? .serial : .threads
    ) {
      Domain("x" <- .uniform(0...1), "y" <- .uniform(0...1))
      Search(algorithm, configs: 25, from: sources)
      Unit("f", saving: ["loss", "gain"]) { run in
        let (x, y): (Double, Double) = (try run["x"], try run["y"])
        if x > 0.95 { throw TestError("large") }
        return (x + y * y, (x - 1) * (x - 1) + y)
      }
    }
  }

  func testSeveralObjectivesGiveTheSameTableAtAnyWidth() async throws {
    for algorithm: any SearchAlgorithm in [.nsga2(population: 6), .auto] {
      func make(_ workers: Int) -> Research { trade(algorithm, workers: workers) }
      let expected = try await table(make(1))
      for workers in [2, 8] {
        let found = try await table(make(workers))
        XCTAssertEqual(found, expected, "\(algorithm.text), \(workers)")
      }
    }
  }

  func testSeveralObjectivesAreTakenFromAnotherResearch() async throws {
    let directory = directory
    func run(_ research: Research) async throws -> ResearchResults {
      let store = try DatabaseStore.open(
        ResearchFolder(directory: directory, name: research.name)
      )
      defer { try? store.close() }
      try await ResearchRunner(research, store: store).run()
      return try store.contents()
    }
    _ = try await run(trade(.random, name: "first"))
    let alone = try await run(trade(.tpe(startup: 5), name: "alone"))
    let warm = try await run(trade(.tpe(startup: 5), name: "warm", from: ["first"]))
    XCTAssertEqual(warm.experiments.count, 25)
    XCTAssertNotEqual(warm.experiments[0].config, alone.experiments[0].config)
    let front = warm.paretoFront(by: [.minimize("loss"), .maximize("gain")])
    XCTAssertGreaterThan(front.count, 1)
    XCTAssertTrue(zip(front, front.dropFirst()).allSatisfy { $0.means[1] < $1.means[1] })
  }

  func testAnAlgorithmOfOneObjectiveIsRefused() {
    let unit = Unit("f", saving: ["y", "z"]) { (1.0, 2.0) }
    let problems = Research("t", objective: [.minimize("y"), .minimize("z"), .minimize("y")]) {
      Domain("x" <- .uniform(0...1))
      Search(.cmaEs(), configs: 3, until: .value(below: 1))
      unit
    }.preflight().filter { $0.severity == .error }.map(\.message)
    XCTAssertEqual(
      problems.sorted(),
      [
        "'y' is given as an objective twice",
        "the algorithm cmaes(deviation: 0.25) searches one objective, and the research has 3",
        "until: compares the values of one objective, and the research has 3",
      ]
    )
  }

  func testTheRepetitionsOfAPrunedConfigEndAtOnce() async throws {
    func make(_ whole: Bool, workers: Int = 1, window: Int = 2) -> Research {
      Research(
        "test",
        repetitions: 3,
        iterations: 8,
        seed: 1,
        objective: .minimize("loss"),
        window: window,
        workers: .count(workers),
        parallel: workers == 1 ? .serial : .threads
      ) {
        Domain("x" <- Array(1...12).reversed())
        Unit("f", saving: "loss") { run in
          Double((try run["x", as: Int.self] * 7) % 13) / Double(run.iteration + 1)
        }
        Prune(.median(startup: 2, warmup: 3), by: "loss", wholeConfigs: whole)
      }
    }
    func results(_ research: Research) async throws -> ResearchResults {
      let store = try DatabaseStore.inMemory()
      try await ResearchRunner(research, store: store).run()
      return try store.contents()
    }
    let alone = try await results(make(false))
    let whole = try await results(make(true))
    func counts(_ results: ResearchResults) -> [Int?] {
      results.experiments.filter { $0.state == .pruned }.map(\.iterations)
    }
    XCTAssertFalse(counts(alone).contains(1))
    XCTAssertTrue(counts(whole).contains(1))
    var pruned: Set<String> = []
    for experiment in whole.experiments where experiment.state == .pruned {
      // The first repetition is pruned by its curve, the others at once.
      let isFirst = pruned.insert(experiment.config.description).inserted
      XCTAssertEqual(experiment.iterations, isFirst ? 4 : 1, "\(experiment.config)")
    }
    let expected = try await table(make(true, window: 4))
    for workers in [2, 8] {
      let found = try await table(make(true, workers: workers, window: 4))
      XCTAssertEqual(found, expected, "\(workers)")
    }
  }
}
