import Fieldwork
import FieldworkCore
import FieldworkSearch
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// Chooses each value of a parameter near the best one so far.
///
/// The source is an example of docs/extending.md.
struct NarrowingSource: ExperimentSource {
  private let parameter: String
  private let range: ClosedRange<Double>
  /// The saved value that is minimized.
  private let name: String
  private let count: Int
  private let window: Int
  private let seed: UInt64
  private let place: SourceLocation
  private var numbering: ExperimentNumbering
  /// The number of decisions that were made, and not replayed.
  private let decisions: Shared<Int>
  /// The config that was decided, and has not become a task.
  private var decided: Config?

  init(
    _ parameter: String,
    in range: ClosedRange<Double>,
    minimizing name: String,
    count: Int,
    _ research: Research,
    seed: UInt64,
    decisions: Shared<Int>
  ) throws {
    self.decisions = decisions
    (self.parameter, self.range, self.count) = (parameter, range, count)
    (self.name, self.seed) = (name, seed)
    (window, place) = (research.settings.window ?? 1, research.place)
    numbering = try ExperimentNumbering(research)
  }

  mutating func next(_ history: RunHistory) throws -> SourceStep {
    if let config = decided {
      decided = nil
      let experiment = numbering.next(config, repetition: 0)
      if let task = numbering.task([experiment]) { return .task(task) }
    }
    guard produced < count else { return .end }
    let needed = max(0, produced - (window - 1))
    guard history.ended >= needed else { return .needs(ended: needed) }
    return .decision(
      Decision(
        number: produced + 1,
        produced: produced,
        ended: needed,
        domain: nil,
        history: numbering.order,
        isAtEnd: false,
        when: .every(1),
        arguments: [
          "narrowing", .string(parameter), .double(range.lowerBound), .double(range.upperBound),
          .string(name), .int(window), .string("\(seed)"),
        ],
        configs: nil,
        place: place
      ) { [self, earlier = history.experiments.prefix(needed)] _ in
        Domain(parameter <- [try choice(after: earlier)])
      }
    )
  }

  mutating func resolve(_ decision: Decision, with domain: Domain?) throws {
    decided = try domain?.configs().first
  }

  private func choice(after experiments: ArraySlice<EndedExperiment>) throws -> Double {
    decisions.change { $0 += 1 }
    let random = RandomStream(seed: seed).split("\(produced)")
    let width = (range.upperBound - range.lowerBound) * 5 / Double(5 + produced)
    let best = experiments.filter { $0.last(name) != nil }.min { first, second in
      first.last(name) ?? 0 < second.last(name) ?? 0
    }
    let middle = (range.lowerBound + range.upperBound) / 2
    let center = try best?.config[parameter, as: Double.self] ?? middle
    let drawn = center + width * (random.uniform() - 0.5)
    return min(max(drawn, range.lowerBound), range.upperBound)
  }

  /// Nothing is known without results.
  mutating func nextTask() throws -> PlannedTask? { nil }

  var isOpen: Bool { produced < count }
  var decidesAll: Bool { true }
  var produced: Int { numbering.produced }
  var size: Int? { count }
  var decides: Bool { true }
  var watched: Set<String> { [name] }
}

final class SourceExampleTests: RuntimeTestCase {
  private func research(_ window: Int, _ workers: Int, branches: Int = 1) -> Research {
    Research(
      "test",
      configs: 30,
      iterations: 3,
      seed: 4,
      objective: .minimize("loss"),
      window: window,
      workers: .count(workers),
      branches: .count(branches),
      parallel: workers == 1 ? .serial : .threads
    ) {
      Domain("x" <- .uniform(0...10))
      Unit("f", saving: "loss") { run in
        let x: Double = try run["x"]
        if run.iteration == 0, x < 2 { throw TestError("small") }
        return (x - 7) * (x - 7) / Double(run.iteration + 1)
      }
      Prune(.median(startup: 3, warmup: 1), by: "loss")
    }
  }

  private func runner(
    _ research: Research,
    _ store: DatabaseStore,
    budget: Duration? = nil,
    decisions: Shared<Int> = Shared(0)
  ) -> ResearchRunner {
    var runner = ResearchRunner(research, store: store, budget: budget)
    runner.makeSource = { research, seed in
      PrunedSource(
        try NarrowingSource(
          "x",
          in: 0...10,
          minimizing: "loss",
          count: 30,
          research,
          seed: seed,
          decisions: decisions
        ),
        research
      )
    }
    return runner
  }

  private func table(_ research: Research) async throws -> String {
    let store = try DatabaseStore.inMemory()
    let summary = try await runner(research, store).run()
    XCTAssertEqual(summary.done + summary.pruned + summary.failed, 30)
    XCTAssertGreaterThan(summary.pruned, 0)
    return everything(try store.contents())
  }

  func testASourceThatLearnsGivesTheSameTableAtAnyWidth() async throws {
    for (window, branches) in [(1, 1), (3, 1), (8, 1), (3, 2)] {
      let expected = try await table(research(window, 1, branches: branches))
      for workers in [2, 8] {
        let found = try await table(research(window, workers, branches: branches))
        XCTAssertEqual(found, expected, "window \(window), \(branches), \(workers) workers")
      }
    }
  }

  func testTheLastConfigsAreNearTheBest() async throws {
    let store = try DatabaseStore.inMemory()
    try await runner(research(3, 2), store).run()
    let best = try XCTUnwrap(store.contents().best(by: .minimize("loss"), count: 1).first)
    XCTAssertEqual(try best.config["x", as: Double.self], 7, accuracy: 0.5)
  }

  /// Decisions of earlier runs are replayed, and no experiment runs twice.
  func testAnInterruptedRunResumes() async throws {
    let expected = try await table(research(3, 1))
    let store = try DatabaseStore.inMemory()
    let decisions = Shared(0)
    for rounds in 1...60 {
      let budget = Duration.milliseconds(1 + rounds * rounds / 4)
      let runner = runner(
        research(3, 1 + rounds % 4),
        store,
        budget: budget,
        decisions: decisions
      )
      let summary = try await runner.run()
      XCTAssertEqual(summary.unplanned, [])
      if summary.stopExplanation == nil { break }
    }
    XCTAssertEqual(everything(try store.contents()), expected)
    XCTAssertEqual(decisions.value, 30)
    let last = try await runner(research(3, 1), store, decisions: decisions).run()
    XCTAssertEqual([last.done, last.pruned], [0, 0])
    XCTAssertEqual(last.unplanned, [])
    XCTAssertEqual(decisions.value, 30)
  }
}
