import FieldworkCore
import XCTest

/// What does not fit the number of experiments.
final class PreflightPlanTests: XCTestCase {
  private let four = Domain([ParameterOption("a", [1, 2, 3, 4])])

  private func messages(
    _ domain: Domain?,
    updates: [When] = [],
    change: (inout ResearchSettings) -> Void = { _ in }
  ) -> [String] {
    var settings = ResearchSettings()
    change(&settings)
    let rules = updates.enumerated().map { index, when in
      DomainUpdate(
        when: when,
        configs: nil,
        repetitions: 1,
        repeatEach: nil,
        dependencies: [],
        place: SourceLocation(file: "Play/Play.swift", line: 200 + index)
      ) { _ in nil }
    }
    let research = Research(
      name: "test",
      domains: domain.map { [$0] } ?? [],
      units: [unit("u")],
      updates: rules,
      settings: settings,
      problems: [],
      place: SourceLocation(file: "Play/Play.swift", line: 100)
    )
    return research.preflight().map { problem in
      XCTAssertEqual(problem.severity, .warning, "\(problem)")
      return "\(problem.place?.line ?? 0): \(problem.message)"
    }
  }

  /// Warned if and only if there are more branches than experiments.
  func testBranches() {
    for branches in 1...9 {
      for repetitions in 1...2 {
        for configs in [nil, 1, 3, 5] as [Int?] {
          let count = (configs ?? 4) * repetitions
          let found = messages(four) {
            $0.branches = .count(branches)
            $0.repetitions = repetitions
            $0.configs = configs
          }
          let experiments = count == 1 ? "1 experiment" : "\(count) experiments"
          XCTAssertEqual(
            found,
            branches > count ? ["100: there are \(branches) branches for \(experiments)"] : []
          )
        }
      }
    }
    XCTAssertEqual(
      messages(nil) { $0.branches = 2 },
      ["100: there are 2 branches for 1 experiment"]
    )
    XCTAssertEqual(
      messages(Domain([ParameterOption("a", [1])])) { $0.branches = [["b": 1], ["b": 2]] },
      ["100: branches give 2 configs for 1 experiment, so the last ones are not used"]
    )
    XCTAssertEqual(messages(four, updates: [.last]) { $0.branches = 8 }, [], "more may come")
  }

  /// Conditions are tried one by one, so a large domain with some is not counted.
  func testConditions() {
    let one = four.where { try $0["a", as: Int.self] == 1 }
    XCTAssertEqual(
      messages(one) { $0.branches = 2 },
      ["100: there are 2 branches for 1 experiment"]
    )
    let calls = Calls()
    let large = Domain([ParameterOption("a", .integers(1...1_000_000_000))]).where { _ in
      calls.add()
      return true
    }
    XCTAssertEqual(messages(large) { $0.branches = 2 }, [])
    XCTAssertLessThan(calls.count, 10)
  }

  /// Warned if and only if no rule comes up while the experiments of the first domain are planned.
  func testUpdates() {
    let schedules: [When] = [.every(2), .every(4), .every(5), .at(3), .at(4), .last, .at(1, 9)]
    func comes(_ when: When) -> Bool {
      (0..<4).contains { when.runs(at: $0, isLast: $0 == 3) }
    }
    for first in schedules {
      let alone = messages(four, updates: [first])
      XCTAssertEqual(
        alone,
        comes(first) ? [] : ["200: the domain update never applies: \(first) in 4 experiments"]
      )
      for second in schedules {
        let found = messages(four, updates: [first, second])
        // One that comes may bring the experiments after which the other one does.
        XCTAssertEqual(found.count, comes(first) || comes(second) ? 0 : 2, "\(found)")
      }
    }
    XCTAssertEqual(messages(four, updates: [.every(6)]) { $0.repetitions = 2 }, [])
    XCTAssertEqual(messages(drawn("s", .uniform(0...1)), updates: [.every(60)]), [])
  }
}

private final class Calls: @unchecked Sendable {
  // Sendable, since one test touches it, in one thread.
  private(set) var count = 0

  func add() { count += 1 }
}
