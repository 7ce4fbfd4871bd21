import Fieldwork
import FieldworkCore
import FieldworkSearch
import FieldworkStore
import XCTest

@testable import FieldworkRuntime

final class SimulationTests: RuntimeTestCase {
  /// A grid of 60 configs whose results do not depend on the seed, or a search over it.
  private func research(_ search: Search?, repetitions: Int = 1, configs: Int? = nil) -> Research {
    Research(
      "test",
      configs: configs,
      repetitions: repetitions,
      iterations: 6,
      seed: 3,
      objective: .minimize("loss"),
      window: 4,
      parallel: .serial
    ) {
      Domain("x" <- Array(0..<10), "kind" <- ["a", "b"])
        .given("kind", "b", Domain("n" <- Array(1...5)))
      if let search { search }
      Unit("f", saving: "loss") { run in
        let x = Double(try run["x", as: Int.self])
        let n = run.config.contains("n") ? try run["n", as: Int.self] : 2
        if x == 9, n == 5 { throw TestError("no") }
        return (x - 6) * (x - 6) / Double(run.iteration + 1) + Double(abs(n - 4))
          + 0.1 * Double(run.repetition)
      }
      if search != nil { Prune(.median(startup: 3, warmup: 1), by: "loss") }
    }
  }

  private func results(_ research: Research) async throws -> ResearchResults {
    let store = try DatabaseStore.inMemory()
    try await ResearchRunner(research, store: store).run()
    return try store.contents()
  }

  func testASimulationIsTheSearch() async throws {
    let objective = Objective.minimize("loss")
    for repetitions in [1, 2] {
      let grid = try await results(research(nil, repetitions: repetitions))
      XCTAssertEqual(grid.experiments.count, 60 * repetitions)
      for algorithm: any SearchAlgorithm in [.tpe(startup: 4), .random] {
        let searched = research(Search(algorithm, configs: 20), repetitions: repetitions)
        let found = try await results(searched)
        let simulation = try Simulation(searched, objective, by: "loss", grid)
        XCTAssertEqual(simulation.size, 60)
        let outcome = try await simulation.run(
          try XCTUnwrap(searched.search),
          pruning: searched.pruning,
          configs: 20,
          window: 4,
          seed: 3
        )
        XCTAssertEqual(
          outcome.iterations.last,
          found.experiments.reduce(0) { $0 + ($1.iterations ?? 0) },
          "\(algorithm.text) \(repetitions)"
        )
        XCTAssertLessThan(try XCTUnwrap(outcome.iterations.last), outcome.whole)
        XCTAssertLessThanOrEqual(outcome.whole, 6 * 20 * repetitions)
        let best = try XCTUnwrap(
          found.ranked(by: objective).first { $0.statistics.count == repetitions }
        )
        XCTAssertEqual(outcome.best.last??.rounded(), best.statistics.mean.rounded())
        XCTAssertEqual(outcome.best.count, 20)
      }
    }
  }

  func testConfigsThatAreNotStoredAreNotSuggested() async throws {
    let half = try await results(research(nil, configs: 30))
    let simulation = try Simulation(research(nil), .minimize("loss"), by: "loss", half)
    XCTAssertEqual(simulation.count, 30)
    let outcome = try await simulation.run(
      SearchDescription(.random, until: nil, place: SourceLocation(file: "f", line: 1)),
      pruning: [],
      configs: 60,
      window: 1,
      seed: 1
    )
    XCTAssertEqual(outcome.best.count, 30)
    XCTAssertEqual(outcome.best.last, simulation.ranking.first)
    XCTAssertEqual(
      outcome.count(reaching: simulation.ranking[0], .minimize("loss")).map { $0 <= 30 },
      true
    )
    XCTAssertNil(outcome.count(reaching: -1, .minimize("loss")))
  }

  func testAnEndlessDomainIsRefused() async throws {
    let endless = Research("test", configs: 3, objective: .minimize("y"), parallel: .serial) {
      Domain("x" <- .uniform(0...1))
      Unit("f", saving: "y") { run in try run["x", as: Double.self] }
    }
    let stored = try await results(endless)
    XCTAssertThrowsError(try Simulation(endless, .minimize("y"), by: "y", stored)) { error in
      XCTAssertTrue("\(error)".contains("run a grid of listed values"), "\(error)")
    }
  }

  func testConfigsOutsideOfTheDomainDoNotCount() async throws {
    let grid = try await results(research(nil))
    var narrow = research(nil)
    narrow.settings.objectives = [.minimize("loss")]
    let smaller = narrow.replacing("x", with: [0, 1, 2].map { AnyAlias($0) })
    let simulation = try Simulation(smaller, .minimize("loss"), by: "loss", grid)
    XCTAssertEqual(simulation.size, 18)
    XCTAssertEqual(simulation.count, 18)
    XCTAssertEqual(simulation.ranking.count, 18)
    var more = research(nil)
    more.settings.repetitions = 3
    XCTAssertThrowsError(try Simulation(more, .minimize("loss"), by: "loss", grid)) { error in
      XCTAssertTrue("\(error)".contains("give --repetitions a smaller number"), "\(error)")
    }
  }
}
