import Fieldwork
import XCTest

/// Rows 147 to 149: units on given configs, without going through a domain.
final class AcceptanceExecutorTests: AcceptanceRunCase {
  /// A research whose domain is left aside.
  private let research = Research("executed", iterations: 2, seed: 1) {
    Domain("x" <- 0..<1000, "y" <- [0])
    Unit("base", root: true) { run in run.iteration * 100 }
    Unit("f", saving: "config") { run in run.config.description }
    Save("sum", EC<Int>("x") + O<Int>("base"))
    Save("all", EC<Int>("x").all)
  }

  func testRow147_givenConfigsRunAsBranches() async throws {
    let results = try await research.execute([["x": 10, "y": 1], ["x": 20, "y": 2]])
    XCTAssertEqual(results.failures.count, 0)
    XCTAssertEqual(saved("sum", results), [[0: 10, 1: 110], [0: 20, 1: 120]])
    XCTAssertEqual(results.lastValues(of: "all"), [[10, 20], [10, 20]], "together")
  }

  func testRow148_configsAreMergedAndTheLaterWins() async throws {
    let results = try await research.execute(
      [["x": 10, "y": 1], ["x": 20, "y": 1]],
      branches: [["y": 20, "b": 0], ["y": 30, "b": 1]],
      shared: ["b": 5, "z": 5]
    )
    XCTAssertEqual(
      results.lastValues(of: "config"),
      ["{x: 10, y: 20, b: 5, z: 5}", "{x: 20, y: 30, b: 5, z: 5}"]
    )
    let branches = try await research.execute([], branches: [["x": 1], ["x": 2], ["x": 3]])
    XCTAssertEqual(branches.lastValues(of: "config"), ["{x: 1}", "{x: 2}", "{x: 3}"])
    let research = research
    await assertFails(.invalidDefinition, "there are 1 configs for 2 branches; give one for each") {
      try await research.execute([["x": 1]], branches: [["x": 1], ["x": 2]])
    }
    await assertFails(.invalidDefinition, "there is no config to run") {
      try await research.execute([])
    }
    await assertFails(.invalidDefinition, "reads the parameter 'x'") {
      try await research.execute([["y": 1]])
    }
  }

  func testRow149_iterationsAndTheWayBranchesRun() async throws {
    let given = try await research.execute([["x": 1]])
    XCTAssertEqual(given.experiments.map(\.iterations), [2], "as many as the research has")
    let other = try await research.execute([["x": 1]], iterations: 5)
    XCTAssertEqual(other.experiments.map(\.iterations), [5])
    let meeting = Meeting(2)
    let order = Journal<Int>()
    let both = Research("both", seed: 1) {
      Unit("f") { run in
        if try run["wait"] { try meeting.wait() }
        order.add(run.branch)
      }
    }
    let waiting: [Config] = [["wait": true], ["wait": true]]
    let atOnce = try await both.execute(waiting, execution: .concurrent)
    XCTAssertEqual(atOnce.failures.count, 0)
    let before = order.entries.count
    _ = try await both.execute(
      [["wait": false], ["wait": false], ["wait": false]],
      execution: .sequential
    )
    XCTAssertEqual(Array(order.entries.dropFirst(before)), [0, 1, 2])
    let names = Journal<String>()
    let named = Research("task") { Unit("f") { run in names.add(run.name) } }
    _ = try await named.execute([[:]])
    XCTAssertEqual(names.entries, ["task"], "the research's name is the task's")
  }
}
