import Fieldwork
import FieldworkCore
import FieldworkSearch
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

/// Experiments that another program runs.
final class ExternalTests: RuntimeTestCase {
  private func research(
    _ algorithm: some SearchAlgorithm = .tpe(startup: 3),
    configs: Int = 12,
    repetitions: Int = 1
  ) -> Research {
    Research(
      "test",
      repetitions: repetitions,
      seed: 2,
      objective: .minimize("loss"),
      parallel: .serial
    ) {
      Domain("x" <- .uniform(0...10))
      Search(algorithm, configs: configs)
      Unit("f", saving: "loss") { run in try run["x", as: Double.self] }
    }
  }

  private func tell(
    _ experiment: PlannedExperiment,
    _ loss: Double?,
    replaces: Bool = false,
    to store: DatabaseStore
  ) async throws {
    _ = try await ResearchRunner.tell(
      experiment.id,
      loss.map { [("loss", .double($0))] } ?? [],
      failure: loss == nil ? "no" : nil,
      replaces: replaces,
      to: store
    )
  }

  func testAskAndTell() async throws {
    let store = try DatabaseStore.inMemory()
    let runner = ResearchRunner(research(), store: store)
    var xs: [Double] = []
    for number in 0..<12 {
      let (asked, _) = try await runner.ask(1)
      let experiment = try XCTUnwrap(asked.first)
      let x = try experiment.identity.config["x", as: Double.self]
      xs.append(x)
      try await tell(experiment, number == 3 ? nil : (x - 7) * (x - 7), to: store)
    }
    let (none, _) = try await runner.ask(1)
    XCTAssertEqual(none.count, 0)
    let results = try store.contents()
    XCTAssertEqual(results.experiments.map(\.state), xs.indices.map { $0 == 3 ? .failed : .done })
    XCTAssertEqual(results.failures.map(\.failure.message), ["no"])
    XCTAssertEqual(results.experiments.map(\.ordinal), Array(0..<12))
    let best = try XCTUnwrap(results.best(by: .minimize("loss")).first)
    XCTAssertLessThan(best.mean, 1)
  }

  func testConfigsWithoutAResultCountAsRunning() async throws {
    let store = try DatabaseStore.inMemory()
    let runner = ResearchRunner(research(), store: store)
    let (first, _) = try await runner.ask(5)
    XCTAssertEqual(Set(first.map(\.key)).count, 5)
    // Results come in another order.
    for experiment in first.reversed().dropLast() { try await tell(experiment, 1, to: store) }
    let (second, _) = try await runner.ask(20)
    XCTAssertEqual(second.count, 7)
    XCTAssertEqual(Set((first + second).map(\.key)).count, 12)
    let states = try store.contents().experiments.map(\.state)
    XCTAssertEqual(states.count { $0 == .running }, 8)
    XCTAssertEqual(states[0], .running)
  }

  func testARepetitionIsAnExperiment() async throws {
    let store = try DatabaseStore.inMemory()
    let runner = ResearchRunner(research(configs: 2, repetitions: 2), store: store)
    let (all, _) = try await runner.ask(10)
    XCTAssertEqual(all.map(\.identity.repetition), [0, 1, 0, 1])
    XCTAssertEqual(all[0].identity.config, all[1].identity.config)
  }

  func testAResultIsReplacedOnRequest() async throws {
    let store = try DatabaseStore.inMemory()
    let runner = ResearchRunner(research(configs: 1), store: store)
    let asked = try await runner.ask(1).experiments[0]
    try await tell(asked, nil, to: store)
    do {
      try await tell(asked, 3, to: store)
      XCTFail("a result is replaced")
    } catch {
      XCTAssertTrue("\(error)".contains("add --replace"), "\(error)")
    }
    XCTAssertEqual(try store.contents().experiments.map(\.state), [.failed])
    try await tell(asked, 3, replaces: true, to: store)
    try await tell(asked, 4, replaces: true, to: store)
    let results = try store.contents()
    XCTAssertEqual(results.experiments.map(\.state), [.done])
    XCTAssertEqual(results.lastValues(of: "loss"), [.double(4)])
    XCTAssertEqual(results.failures.count, 0)
    do {
      _ = try await ResearchRunner.tell("zz", [("loss", 1)], failure: nil, to: store)
      XCTFail("an experiment that nobody has asked for")
    } catch {
      XCTAssertTrue("\(error)".contains("no experiment with the id zz"), "\(error)")
    }
  }

  func testARunGoesOnWithTheConfigs() async throws {
    let store = try DatabaseStore.inMemory()
    let runner = ResearchRunner(research(configs: 6), store: store)
    let (asked, _) = try await runner.ask(3)
    try await tell(asked[0], 5, to: store)
    let summary = try await ResearchRunner(research(configs: 6), store: store).run()
    XCTAssertEqual(summary.done, 5)
    XCTAssertEqual(summary.skipped, 1)
    let results = try store.contents()
    XCTAssertEqual(results.experiments.map(\.key).prefix(3), asked.map(\.key).prefix(3))
    XCTAssertEqual(results.experiments.map(\.state), Array(repeating: .done, count: 6))
    XCTAssertEqual(try store.notes()[ResearchRunner.askedKey], false)
  }

  func testAResearchWithoutUnitsAndADomainAlone() async throws {
    let store = try DatabaseStore.inMemory()
    let grid = Research("grid", seed: 1) { Domain("n" <- [1, 2, 3]) }
    let runner = ResearchRunner(grid, store: store)
    let (asked, _) = try await runner.ask(5)
    XCTAssertEqual(asked.map { $0.identity.config[alias: "n"]?.name }, ["1", "2", "3"])
    let searched = Research("search", seed: 1, objective: .minimize("loss")) {
      Domain("x" <- .uniform(0...1))
      Search(.random, configs: 2)
    }
    let other = try DatabaseStore.inMemory()
    let (found, _) = try await ResearchRunner(searched, store: other).ask(5)
    XCTAssertEqual(found.count, 2)
    XCTAssertThrowsError(try searched.requireSound())
  }

  func testWhatAKilledRunHasLeftIsAskedForAgain() async throws {
    let folder = ResearchFolder(directory: directory, name: "test")
    let research = research(configs: 4)
    let store = try DatabaseStore.open(folder)
    let (asked, _) = try await ResearchRunner(research, store: store).ask(3)
    // As a run leaves them.
    try store.write([.note(ResearchRunner.askedKey, false)])
    try store.close()
    let again = try DatabaseStore.open(folder)
    let (first, _) = try await ResearchRunner(research, store: again).ask(1)
    XCTAssertEqual(first.map(\.key), [asked[0].key])
    let states = try again.contents().experiments.map(\.state)
    XCTAssertEqual(states, [.running, .interrupted, .interrupted])
    let (others, _) = try await ResearchRunner(research, store: again).ask(9)
    XCTAssertEqual(others.map(\.key).prefix(2), asked.map(\.key).dropFirst())
    XCTAssertEqual(others.count, 3)
    XCTAssertNil(try again.notes()["runs"])
    try again.close()
  }
}
