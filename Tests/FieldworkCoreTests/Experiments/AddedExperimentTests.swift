import XCTest

@testable import FieldworkCore

/// Configs that are added to a plan, and configs that come up twice.
final class AddedExperimentTests: XCTestCase {
  private func configs(_ values: [Int]) -> [Config] { values.map { ["x": AnyAlias(.int($0))] } }

  private func domain(_ values: [Int]) -> Domain { Domain(configs: configs(values)) }

  private func plan(
    _ values: [Int],
    added: [Int] = [],
    change: (inout ResearchSettings) -> Void = { _ in }
  ) throws -> ExperimentPlan {
    var research = research(domain(values), change: change)
    research.added = configs(added)
    return try ExperimentPlan(research, seed: 1)
  }

  private func keys(_ plan: ExperimentPlan) throws -> [String] {
    var (plan, keys) = (plan, [String]())
    while let task = try plan.nextTask() { keys += task.experiments.map(\.key) }
    return keys
  }

  func testAddedConfigsComeFirstAndOthersKeepTheirKeys() throws {
    for values in [[1, 2, 3], [1, 2, 2, 3, 3, 3]] {
      let before = try keys(plan(values))
      for added in [[9], [2], [9, 2, 9], [3, 1]] {
        let plan = try plan(values, added: added)
        let after = try keys(plan)
        XCTAssertEqual(plan.size, after.count, "\(values) \(added)")
        XCTAssertEqual(Set(after).count, after.count, "each once")
        let first = Set(added).count
        let own = Set(after.prefix(first))
        XCTAssertEqual(after.dropFirst(first), before.filter { !own.contains($0) }[...])
      }
    }
  }

  func testTasksOfTheDomainHaveTheSameExperiments() throws {
    func tasks(_ plan: ExperimentPlan) throws -> [[String]] {
      var (plan, tasks) = (plan, [[String]]())
      while let task = try plan.nextTask() { tasks.append(task.experiments.map(\.key)) }
      return tasks
    }
    let branches: (inout ResearchSettings) -> Void = { $0.branches = 2 }
    let before = try tasks(plan([1, 2, 3, 4], change: branches))
    let after = try tasks(plan([1, 2, 3, 4], added: [8, 9, 10], change: branches))
    XCTAssertEqual(Array(after.suffix(2)), before)
    XCTAssertEqual(after.prefix(2).map(\.count), [2, 1])
    // Equal ones among the added do not draw from the domain.
    for added in [[8, 8], [8, 9, 9, 8], [8, 9, 9]] {
      let after = try tasks(plan([1, 2, 3, 4], added: added, change: branches))
      XCTAssertEqual(Array(after.suffix(2)), before, "\(added)")
      XCTAssertEqual(after.count, 3, "\(added)")
    }
  }

  func testConfigsAreAddedInTheMiddle() throws {
    var plan = try plan([1, 2, 3])
    _ = try plan.nextTask()
    XCTAssertTrue(plan.add([(configs([9])[0], 0), (configs([3])[0], 0)]))
    XCTAssertEqual(plan.size, 4)
    let next = try keys(plan)
    XCTAssertEqual(next.count, 3)
    XCTAssertEqual(next[2], try keys(self.plan([1, 2, 3]))[1])
    XCTAssertEqual(next[1], try keys(self.plan([1, 2, 3]))[2])
  }

  /// Rules of updates count the experiments of the domain alone.
  func testAddedConfigsDoNotMoveUpdates() throws {
    func history(_ added: [Int]) throws -> (Int, UInt64)? {
      var research = Research(
        name: "test",
        domains: [domain([1, 2, 3])],
        units: [unit("u")],
        updates: [
          DomainUpdate(
            when: .at(1),
            configs: nil,
            repetitions: 1,
            repeatEach: nil,
            dependencies: [],
            place: SourceLocation(file: "Play/Play.swift", line: 1)
          ) { _ in nil }
        ],
        settings: ResearchSettings(),
        problems: [],
        place: SourceLocation(file: "Play/Play.swift", line: 1)
      )
      research.added = configs(added)
      var plan = try ExperimentPlan(research, seed: 1)
      while true {
        switch try plan.next(RunHistory(ended: 100)) {
        case .decision(let decision): return (decision.produced, decision.history)
        case .end: return nil
        case .task, .needs: continue
        }
      }
    }
    let before = try XCTUnwrap(try history([]))
    // Some of the domain, too: they count at their places.
    for added in [[7, 8, 9], [1], [2], [2, 1], [7, 2]] {
      let after = try XCTUnwrap(try history(added))
      XCTAssertEqual(before.0, after.0, "\(added)")
      XCTAssertEqual(before.1, after.1, "\(added)")
    }
  }

  func testEqualConfigsAreSkipped() throws {
    let skip: (inout ResearchSettings) -> Void = { $0.duplicates = .skip }
    let plan = try plan([1, 2, 1, 3, 2], change: skip)
    XCTAssertEqual(plan.size, 3)
    XCTAssertEqual(try keys(plan), try keys(self.plan([1, 2, 3])))
    let repeated = try self.plan(
      [1, 2, 1],
      change: { settings in
        settings.duplicates = .skip
        settings.repetitions = 2
      }
    )
    XCTAssertEqual(repeated.size, 4)
    XCTAssertEqual(try keys(repeated).count, 4)
    let added = try self.plan([1, 2, 1], added: [1, 5], change: skip)
    XCTAssertEqual(added.size, 3)
    XCTAssertEqual(try keys(added).count, 3)
  }
}
