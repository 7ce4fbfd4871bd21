import Fieldwork
import FieldworkCore
import XCTest

/// How a plan is cut into tasks, for small numbers of everything.
final class TaskPlanTests: XCTestCase {
  private struct Cut: Equatable, CustomStringConvertible {
    /// By task: the values of `n`.
    var tasks: [[Int]] = []
    /// By update: the number of experiments before it.
    var updates: [Int] = []
    /// The size as it is known at first and after each update.
    var sizes: [Int?] = []

    var description: String { "\(tasks), updates at \(updates), sizes \(sizes)" }
  }

  /// The next step when everything has ended.
  private func step(_ plan: inout ExperimentPlan) throws -> SourceStep {
    let step = try plan.next(RunHistory(ended: 0))
    guard case .needs(let count) = step else { return step }
    XCTAssertEqual(count, plan.produced)
    return try plan.next(RunHistory(ended: count))
  }

  /// Goes through a plan; what updates give is the answer to how often the domain was replaced.
  private func cut(
    _ research: Research,
    limit: Int = 40,
    answer: (Int) -> Domain? = { _ in nil }
  ) throws -> Cut {
    var plan = try ExperimentPlan(research, seed: 1)
    var cut = Cut(sizes: [plan.size])
    var ordinal = 0
    while cut.tasks.count < limit {
      switch try step(&plan) {
      case .end, .needs:
        // The end stays the end.
        guard case .end = try step(&plan) else { throw Odd() }
        return cut
      case .decision(let decision):
        // Nothing goes on before it is resolved.
        guard case .decision = try step(&plan) else { throw Odd() }
        cut.updates.append(ordinal)
        try plan.resolve(decision, with: answer(decision.number - 1))
        cut.sizes.append(plan.size)
      case .task(let task):
        XCTAssertEqual(task.number, cut.tasks.count)
        XCTAssertEqual(task.leader.key, task.experiments.first?.key)
        for (branch, experiment) in task.experiments.enumerated() {
          XCTAssertEqual(experiment.branch, branch)
          XCTAssertEqual(experiment.task, task.number)
          XCTAssertEqual(experiment.ordinal, ordinal)
          ordinal += 1
        }
        cut.tasks.append(try task.experiments.map { try $0.config["n", as: Int.self] })
      }
    }
    return cut
  }

  private struct Odd: Error {}

  private func research(
    _ count: Int,
    branches: Int,
    _ rules: [When] = [],
    configs: Int? = nil,
    repetitions: Int = 1
  ) -> Research {
    Research("test", repetitions: repetitions, seed: 1, branches: .count(branches)) {
      Domain("n" <- 0..<count)
      for rule in rules { UpdateDomain(when: rule, configs: configs) { _ in nil } }
      Unit("u") { _ in }
    }
  }

  /// The numbers in groups of a length; those before a border are by themselves.
  private func groups(_ count: Int, of length: Int, borders: [Int] = []) -> [[Int]] {
    var groups: [[Int]] = [[]]
    for n in 0..<count {
      if groups[groups.count - 1].count == length || borders.contains(n) { groups.append([]) }
      groups[groups.count - 1].append(n)
    }
    return groups.filter { !$0.isEmpty }
  }

  func testTheLastTaskMayBeShorter() throws {
    for count in 1...9 {
      for branches in 1...5 {
        let found = try cut(research(count, branches: branches))
        XCTAssertEqual(found.tasks, groups(count, of: branches))
        XCTAssertEqual(found.updates, [])
      }
    }
  }

  func testTasksGoOverTheBordersOfRepetitions() throws {
    let found = try cut(research(3, branches: 2, repetitions: 2))
    XCTAssertEqual(found.tasks, [[0, 1], [2, 0], [1, 2]])
  }

  /// An update that comes in the middle of a task cuts it, whatever it gives.
  func testUpdatesCutTasks() throws {
    for count in 1...7 {
      for branches in 1...4 {
        for period in 1...4 {
          let borders = (1...count).filter { $0 % period == 0 }
          let found = try cut(research(count, branches: branches, [.every(period)]))
          XCTAssertEqual(found.updates, borders, "\(count), \(branches), \(period)")
          XCTAssertEqual(found.tasks, groups(count, of: branches, borders: borders))
          XCTAssertEqual(Set(found.sizes), [count])
        }
        let last = try cut(research(count, branches: branches, [.last]))
        XCTAssertEqual(last.updates, [count])
        XCTAssertEqual(last.tasks, groups(count, of: branches))
      }
    }
  }

  /// A new domain begins with a task of its own, and its rules go on counting.
  func testANewDomainBeginsAtABorder() throws {
    for branches in 1...4 {
      for at in 0..<5 {
        for count in 1...5 {
          let found = try cut(research(5, branches: branches, [.at(at)])) { updates in
            updates == 0 ? Domain("n" <- 100..<(100 + count)) : nil
          }
          let name = "\(branches) branches, at \(at), \(count) configs"
          let before = groups(at + 1, of: branches)
          let after = groups(count, of: branches).map { $0.map { $0 + 100 } }
          XCTAssertEqual(found.tasks, before + after, name)
          XCTAssertEqual(found.updates, [at + 1], name)
          XCTAssertEqual(found.sizes, [5, at + 1 + count], name)
        }
      }
    }
  }

  /// As in the Python library's test: x = 1, 2, 3, two repetitions, updates after 6 and 9 configs.
  func testTheCountGoesOnOverDomains() throws {
    let found = try cut(
      research(3, branches: 1, [.at(1), .at(4), .at(7)], configs: 4)
    ) { updates in
      Domain("n" <- (10 * updates + 10)..<(10 * updates + 12))
    }
    XCTAssertEqual(
      found.tasks,
      [[0], [1], [10], [11], [10], [20], [21], [20], [30], [31], [30], [31]]
    )
    XCTAssertEqual(found.updates, [2, 5, 8])
    XCTAssertEqual(found.sizes, [3, 6, 9, 12])
  }

  func testTheFirstRuleThatMatchesIsTheOne() throws {
    let research = Research("test", seed: 1) {
      Domain("n" <- 0..<12)
      UpdateDomain(when: .every(3), configs: 1) { _ in nil }
      UpdateDomain(when: .every(2), configs: 2) { _ in nil }
      UpdateDomain(when: .at(0) | .last, configs: 3) { _ in nil }
      Unit("u") { _ in }
    }
    var plan = try ExperimentPlan(research, seed: 1)
    var found: [Int: Int] = [:]
    var count = 0
    loop: while true {
      switch try step(&plan) {
      case .task: count += 1
      case .end, .needs: break loop
      case .decision(let decision):
        XCTAssertNil(found.updateValue(decision.configs ?? 0, forKey: count))
        try plan.resolve(decision, with: nil)
      }
    }
    XCTAssertEqual(found, [1: 3, 2: 2, 3: 1, 4: 2, 6: 1, 8: 2, 9: 1, 10: 2, 12: 1])
  }

  func testTheLastUpdateMayComeAgainAndAgain() throws {
    for branches in 1...4 {
      let found = try cut(research(2, branches: branches, [.last])) { updates in
        updates < 3 ? Domain("n" <- 0..<(3 - updates)) : nil
      }
      XCTAssertEqual(found.updates, [2, 5, 7, 8])
      XCTAssertEqual(found.sizes, [2, 5, 7, 8, 8])
      XCTAssertEqual(found.tasks.flatMap(\.self), [0, 1, 0, 1, 2, 0, 1, 0])
    }
  }

  func testAnEmptyDomainIsTheEnd() throws {
    for empty in [Domain(), Domain("n" <- [Int]()), Domain("n" <- 0..<3).where { _ in false }] {
      for configs in [nil, 5] as [Int?] {
        let found = try cut(research(5, branches: 2, [.at(2)], configs: configs)) { _ in empty }
        XCTAssertEqual(found.tasks, [[0, 1], [2]])
        XCTAssertEqual(found.updates, [3])
        XCTAssertEqual(found.sizes, [5, 3])
      }
    }
  }

  /// Configs that an update repeats have ids of their own; those of a domain that only grew are the same.
  func testIdsOverUpdates() throws {
    func keys(_ research: Research, _ domain: Domain?) throws -> [String] {
      var plan = try ExperimentPlan(research, seed: 1)
      var keys: [String] = []
      while true {
        switch try step(&plan) {
        case .task(let task): keys += task.experiments.map(\.key)
        case .end, .needs: return keys
        case .decision(let decision):
          try plan.resolve(decision, with: decision.number == 1 ? domain : nil)
        }
      }
    }
    let plain = try keys(research(3, branches: 1), nil)
    let same = try keys(research(3, branches: 1, [.last]), Domain("n" <- 0..<3))
    XCTAssertEqual(Array(same[..<3]), plain)
    XCTAssertEqual(Set(same).count, 6)
    let grown = try keys(research(2, branches: 1, [.last]), Domain("n" <- [2]))
    XCTAssertEqual(grown, plain)
  }
}
