import XCTest

@testable import FieldworkCore

/// Experiments have the same keys, whether equal configs are looked for or ruled out by the definition.
final class DistinctConfigsTests: XCTestCase {
  private func repeated(
    _ domain: Domain?,
    _ change: @escaping (inout ResearchSettings) -> Void = { _ in }
  ) -> Research {
    research(domain) { settings in
      settings.repetitions = 2
      change(&settings)
    }
  }

  private func check(_ research: Research, repeats: Bool, line: UInt = #line) throws {
    var plan = try ExperimentPlan(research, seed: 3)
    var planned: [PlannedExperiment] = []
    while planned.count < 60, let experiment = try plan.next() { planned.append(experiment) }
    XCTAssertEqual(Set(planned.map(\.key)).count, planned.count, line: line)
    XCTAssertEqual(planned.contains { $0.identity.occurrence > 0 }, repeats, line: line)
    var numbering = try ExperimentNumbering(research)
    // Values of branches and workers are in the configs already.
    for experiment in planned {
      let same = numbering.next(experiment.config, repetition: experiment.repetition)
      XCTAssertEqual(same.key, experiment.key, line: line)
      XCTAssertEqual(same.identity.occurrence, experiment.identity.occurrence, line: line)
    }
    XCTAssertEqual(plan.numbering.order, numbering.order, line: line)
  }

  func testKeys() throws {
    let grid = Domain(ParameterOption("a", [1, 2, 3]), ParameterOption("b", ["x", "y"]))
    try check(repeated(nil), repeats: false)
    try check(repeated(grid), repeats: false)
    try check(repeated(grid) { $0.configs = 6 }, repeats: false)
    try check(repeated(grid) { $0.configs = 7 }, repeats: true)
    try check(repeated(grid) { $0.configs = 4 }, repeats: false)
    try check(repeated(Domain(ParameterOption("a", [1, 2, 1]))), repeats: true)
    try check(repeated(Domain(ParameterOption("a", [1, 1.0, "1"]))), repeats: false)
    let named = ParameterOption("a", [AnyAlias("same", 1), AnyAlias("same", 2)])
    try check(repeated(Domain(named)), repeats: true)
    try check(repeated(grid.concatenated(with: grid)), repeats: true)
    try check(
      repeated(grid) { $0.branches = .configs([["a": 7], ["a": 8]]) },
      repeats: true
    )
    try check(repeated(grid) { $0.workers = .configs([["b": "z"]]) }, repeats: true)
  }
}
