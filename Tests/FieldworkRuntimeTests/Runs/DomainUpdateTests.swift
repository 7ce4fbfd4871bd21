import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

final class DomainUpdateTests: RuntimeTestCase {
  /// Experiments that save three times their `n`, with rules that replace the domain.
  private func research(
    _ domain: Domain? = Domain("n" <- 0..<4),
    configs: Int? = nil,
    repetitions: Int = 1,
    idPrefix: Int? = nil,
    @ResearchBuilder _ rules: () -> [ResearchPart]
  ) -> Research {
    Research(
      "test",
      configs: configs,
      repetitions: repetitions,
      seed: 1,
      idPrefix: idPrefix,
      workers: 2
    ) {
      if let domain { domain }
      Unit("u", saving: "u") { run in try 3 * run["n", as: Int.self] }
      rules().map(Part.init)
    }
  }

  private struct Part: ResearchElement {
    let part: ResearchPart
    var parts: [ResearchPart] { [part] }
  }

  /// The values of `n` in the order of the plan, and the numbers of updates.
  private func configs(_ results: ResearchResults) throws -> [[Int]] {
    try results.experiments.map { [try $0.config["n", as: Int.self], $0.updates] }
  }

  // MARK: What an update gives

  func testNilKeepsTheDomain() async throws {
    let calls = Shared<[Int]>([])
    let results = try await research {
      UpdateDomain(when: .every(1) | .last) { update in
        calls.change { $0.append(update.produced) }
        XCTAssertEqual(update.updates, 1)
        return nil
      }
    }.run()
    XCTAssertEqual(calls.value, [1, 2, 3, 4])
    XCTAssertEqual(try configs(results), [[0, 0], [1, 0], [2, 0], [3, 0]])
  }

  func testAnUpdateReplacesWhatIsLeft() async throws {
    let results = try await research {
      UpdateDomain(when: .at(1)) { update in
        XCTAssertEqual(update.domain, Domain("n" <- 0..<4))
        return Domain("n" <- [20, 21])
      }
    }.run()
    XCTAssertEqual(try configs(results), [[0, 0], [1, 0], [20, 1], [21, 1]])
    XCTAssertEqual(results.lastValues(of: "u"), [0, 3, 60, 63])
  }

  func testTheNewDomainHasRepetitionsOfItsOwn() async throws {
    let results = try await research(repetitions: 3) {
      UpdateDomain(when: .at(1), configs: 3, repetitions: 2, repeatEach: 2) { _ in
        Domain("n" <- [20, 21])
      }
    }.run()
    XCTAssertEqual(
      results.experiments.map { "\($0.config[alias: "n"]?.name ?? "") \($0.repetition)" },
      ["0 0", "1 0", "20 0", "21 0", "20 1", "21 1", "20 0", "20 1"]
    )
  }

  func testAnEmptyDomainEndsTheResearch() async throws {
    for empty in [Domain(), Domain("n" <- [Int]()), Domain("n" <- 0..<3).where { _ in false }] {
      for when in [When.at(1), .last, .every(2)] {
        let results = try await research { UpdateDomain(when: when) { _ in empty } }.run()
        XCTAssertEqual(results.experiments.count, when == .last ? 4 : 2)
      }
    }
  }

  func testWithoutADomainTooOneCanTakeOver() async throws {
    let results = try await Research("test", repetitions: 2, seed: 1) {
      Unit("u", saving: "u", { "\($0)" }, EC())
      UpdateDomain(when: .last) { update in
        guard update.updates == 1 else { return nil }
        XCTAssertNil(update.domain)
        return Domain("n" <- [7])
      }
    }.run()
    XCTAssertEqual(results.lastValues(of: "u"), ["{}", "{}", "{n: 7}"])
  }

  func testRulesHaveAnOrder() async throws {
    let results = try await research {
      UpdateDomain(when: .every(2)) { update in
        guard update.updates < 3 else { return nil }
        let first = 10 * update.updates
        return Domain("n" <- first..<(first + 3))
      }
      UpdateDomain(when: .every(2) | .at(4)) { update in
        update.produced == 5 ? Domain() : Domain("n" <- [99])
      }
    }.run()
    XCTAssertEqual(try configs(results), [[0, 0], [1, 0], [10, 1], [11, 1], [20, 2]])
  }

  // MARK: Mistakes

  private func assertRefused(
    _ texts: String...,
    line: UInt = #line,
    configs: Int? = nil,
    of domain: @escaping @Sendable () throws -> Domain?
  ) async throws {
    let place = #line + 8
    let store = try DatabaseStore.inMemory()
    let ran = Shared<[Int]>([])
    @Sendable func note(_ n: Int) -> Int {
      ran.change { $0.append(n) }
      return n
    }
    let research = Research("test", seed: 1, workers: 3) {
      UpdateDomain(when: .at(2), configs: configs) { _ in try domain() }
      Domain("n" <- 0..<6)
      Unit("u", saving: "u", note, EC<Int>("n"))
    }
    do {
      _ = try await research.run(store: store)
      XCTFail("nothing was thrown", line: line)
    } catch let error as FieldworkError {
      XCTAssertEqual(error.code, .invalidDefinition, line: line)
      XCTAssertEqual(error.place?.line, place, line: line)
      for text in texts + ["3 configs"] {
        XCTAssertTrue(error.description.contains(text), "no '\(text)' in \(error)", line: line)
      }
    }
    XCTAssertEqual(ran.value.sorted(), [0, 1, 2], "nothing runs after it", line: line)
    let results = try store.contents()
    XCTAssertEqual(results.experiments.map(\.state), [.done, .done, .done], line: line)
  }

  func testAnUpdateThatThrowsEndsTheRunWithItsPlace() async throws {
    try await assertRefused("out of ideas") { throw TestError("out of ideas") }
    try await assertRefused("CancellationError") { throw CancellationError() }
  }

  func testADomainWithProblemsIsRefusedWithAllOfThem() async throws {
    try await assertRefused("uniform", "weight") {
      -1 * Domain("n" <- 0..<3, "s" <- .uniform(0...Double.infinity))
    }
    try await assertRefused("'n'", "m") { Domain("m" <- [1]) }
    try await assertRefused("as Int", "\"one\"") { Domain("n" <- ["one"]) }
    try await assertRefused("'repetition'") { Domain("n" <- [1], "repetition" <- [1]) }
    try await assertRefused("odd condition") {
      Domain("n" <- [1]).where { _ in throw TestError("odd condition") }
    }
  }

  func testAnEndlessDomainNeedsAnEnd() async throws {
    try await assertRefused("no end", "configs:") { Domain("n" <- .integers(0...9)) }
  }

  /// The number of configs is that of the rule, not that of the research.
  func testTheNumberOfConfigsIsThatOfTheRule() async throws {
    let results = try await research {
      UpdateDomain(when: .last, configs: 3) { update in
        update.updates == 1 ? Domain("n" <- .integers(10...19)) : nil
      }
    }.run()
    XCTAssertEqual(results.experiments.map(\.updates), [0, 0, 0, 0, 1, 1, 1])
    let endless = research(configs: 4) {
      UpdateDomain(when: .last) { _ in Domain("n" <- .integers(10...19)) }
    }
    await assertThrows(.invalidDefinition, "no end", "4 configs") { try await endless.run() }
  }

  /// An update that comes once cannot end what it makes, or keeps.
  func testAnUpdateThatIsOverCannotEndADomain() async throws {
    for replacement in [nil, Domain("n" <- .integers(0...9))] {
      let endless = research(Domain("n" <- .integers(0...9))) {
        UpdateDomain(when: .at(2)) { _ in replacement }
      }
      await assertThrows(.invalidDefinition, "no end", "3 configs", "DomainUpdateTests") {
        try await endless.run()
      }
    }
    let results = try await research(Domain("n" <- .integers(0...9))) {
      UpdateDomain(when: .at(2)) { _ in nil }
      UpdateDomain(when: .at(6)) { _ in Domain() }
    }.run()
    XCTAssertEqual(results.experiments.count, 7)
  }

  func testAnEndlessDomainIsEndedByAnUpdate() async throws {
    let results = try await research(Domain("n" <- .integers(0...1000))) {
      UpdateDomain(when: .every(5)) { update in
        let values = try update.results.lastValues(of: "u").compactMap(\.?.number)
        return values.contains { $0 > 2700 } ? Domain() : nil
      }
    }.run()
    let values = results.lastValues(of: "u").compactMap(\.?.number)
    XCTAssertEqual(values.count % 5, 0)
    XCTAssertTrue(values.suffix(5).contains { $0 > 2700 })
    XCTAssertFalse(values.dropLast(5).contains { $0 > 2700 })
  }

  func testAnUpdateReadsNothingOfAnExperiment() async throws {
    func refused(@ResearchBuilder _ rule: () -> [ResearchPart]) async {
      let research = research { rule().map(Part.init) }
      await assertThrows(.invalidDefinition, "none is running") { try await research.run() }
    }
    await refused { UpdateDomain(when: .last, { (_: Int) in nil }, EC("n")) }
    await refused { UpdateDomain(when: .last, { (_: Config) in nil }, EC()) }
    await refused { UpdateDomain(when: .last, { (_: Int) in nil }, O("u")) }
    await refused { UpdateDomain(when: .last, { (_: Int) in nil }, E().iteration) }
    await refused { UpdateDomain(when: .last, { (_: String) in nil }, EP()) }
    await refused { UpdateDomain(when: .last, { (_: ExperimentStorage) in nil }, S()) }
  }

  func testNumbersBelowOneAndRulesThatNeverApplyAreTold() async throws {
    for rule in [
      UpdateDomain(when: .last, configs: 0) { _ in nil },
      UpdateDomain(when: .last, repetitions: 0) { _ in nil },
      UpdateDomain(when: .last, repeatEach: 0) { _ in nil },
    ] {
      let research = research { rule }
      await assertThrows(.invalidDefinition, "below 1") { try await research.run() }
    }
    let never = research { UpdateDomain(when: .every(0)) { _ in nil } }
    XCTAssertTrue(never.preflight().contains { $0.description.contains("never applies") })
  }

  // MARK: What an update sees

  func testItSeesTheResultsOfAllThatWasPlanned() async throws {
    let seen = Shared<[[Value?]]>([])
    let results = try await Research("test", seed: 1, workers: 3) {
      Domain("n" <- 0..<6)
      Unit("u", saving: "u") { run in
        let n: Int = try run["n"]
        if n == 1 { throw TestError("bad") }
        return n
      }
      UpdateDomain(
        when: .every(2),
        { results in
          seen.change { $0.append(results.lastValues(of: "u")) }
          XCTAssertTrue(results.experiments.allSatisfy { $0.ended != nil })
          return nil
        },
        R()
      )
    }.run()
    XCTAssertEqual(seen.value, [[0, nil], [0, nil, 2, 3], [0, nil, 2, 3, 4, 5]])
    XCTAssertEqual(results.experiments.count, 6)
  }

  /// What an earlier run has stored and this one has not planned is not part of it.
  func testItDoesNotSeeWhatIsStillToCome() async throws {
    let store = try DatabaseStore.inMemory()
    let seen = Shared<[[Int]]>([])
    func research(_ values: [Int]) -> Research {
      Research("test", seed: 1, workers: 2) {
        Domain("n" <- values)
        Unit("u", saving: "u", { $0 }, EC<Int>("n"))
        UpdateDomain(when: .every(2)) { update in
          let values = try update.results.experiments.map { try $0.config["n", as: Int.self] }
          seen.change { $0.append(values) }
          return nil
        }
      }
    }
    _ = try await research([0, 1, 2, 3]).run(store: store)
    _ = try await research([0, 1, 2, 3]).run(store: store)
    // The domain has grown before what is stored: the order is that of the plan.
    _ = try await research([5, 3, 4, 0]).run(store: store)
    // What the first run has found is not asked again.
    XCTAssertEqual(seen.value, [[0, 1], [0, 1, 2, 3], [5, 3], [5, 3, 4, 0]])
  }

  func testItsRandomNumbersAreThoseOfTheSeedAndTheNumber() async throws {
    func numbers(_ seed: UInt64) async throws -> [Double] {
      let numbers = Shared<[Double]>([])
      _ = try await Research("test", seed: seed, workers: 2) {
        Domain("n" <- 0..<2)
        Unit("u") { _ in }
        UpdateDomain(when: .last) { update in
          let number = update.random.uniform()
          numbers.change { $0.append(number) }
          return update.updates < 4 ? Domain("n" <- 0..<2) : nil
        }
      }.run()
      return numbers.value
    }
    let (first, again, other) = (try await numbers(1), try await numbers(1), try await numbers(2))
    XCTAssertEqual(first, again)
    XCTAssertEqual(Set(first + other).count, 8)
  }

  func testEqualSampledDomainsGiveNewSamples() async throws {
    let results = try await Research("test", configs: 3, seed: 1) {
      Domain("n" <- .uniform(0...1))
      Unit("u", saving: "u", { $0 }, EC<Double>("n"))
      UpdateDomain(when: .last, configs: 3) { update in
        update.updates < 3 ? update.domain : nil
      }
    }.run()
    XCTAssertEqual(Set(results.lastValues(of: "u")).count, 9)
  }

  func testPrefixesGoOnCounting() async throws {
    let results = try await research(Domain("n" <- [5, 6]), idPrefix: 2) {
      UpdateDomain(when: .last) { update in
        update.updates == 1 ? Domain("n" <- [6, 7], "k" <- [1]) : nil
      }
    }.run()
    XCTAssertEqual(
      results.experiments.map { String($0.id.dropLast(16)) },
      ["00_00_", "01_00_", "01_00_00_", "02_00_00_"]
    )
  }

  // MARK: Telling, and going on

  func testEventsTellOfUpdates() async throws {
    let log = EventLog()
    _ = try await research {
      UpdateDomain(when: .at(1), configs: 3) { _ in Domain("n" <- [20, 21]) }
      UpdateDomain(when: .every(1)) { _ in nil }
    }.run(observers: [log])
    var lines: [String] = []
    for event in log.events {
      switch event {
      case .domainUpdated(let number, let domain, let size):
        lines.append("\(number) \(domain) \(size ?? -1)")
      case .started(let experiment, _):
        lines.append("\(experiment.updates)")
      default: break
      }
    }
    XCTAssertEqual(lines, ["0", "0", "1 Domain(\"n\" <- [20, 21]) 5", "1", "1", "1"])
  }

  func testASecondRunHasTheSameUpdates() async throws {
    let folder = ResearchFolder(directory: directory, name: "test")
    let calls = Shared(0)
    func research(failing: Bool) -> Research {
      Research("test", seed: 1, workers: 2) {
        Domain("n" <- 0..<4)
        Unit("u", saving: "u") { run in
          let n: Int = try run["n"]
          if failing && n == 12 { throw TestError("bad") }
          return n
        }
        UpdateDomain(when: .last) { update in
          calls.change { $0 += 1 }
          guard update.updates <= 2 else { return nil }
          let best = try update.results.best(by: .maximize("u"))[0].config["n", as: Int.self]
          return Domain("n" <- [4 * best, 4 * best + 1])
        }
      }
    }
    var tables: [String] = []
    // In the first run n = 12 fails; in the second it runs again; in the third nothing does.
    for (failing, done) in [(true, 7), (false, 1), (false, 0)] {
      let store = try DatabaseStore.open(folder)
      let summary = try await ResearchRunner(research(failing: failing), store: store).run()
      XCTAssertEqual([summary.done, summary.skipped], [done, 8 - done - (failing ? 1 : 0)])
      tables.append(everything(try store.contents()))
      try store.close()
    }
    XCTAssertEqual(calls.value, 3)
    let undisturbed = try await research(failing: false).run()
    XCTAssertEqual(tables[1], everything(undisturbed))
    XCTAssertEqual(tables[2], tables[1])
  }

  func testASelectionCannotGoWithUpdates() async throws {
    let research = research { UpdateDomain(when: .last) { _ in nil } }
    let selection = Selection(try Condition("n > 1"))
    await assertThrows(.invalidDefinition, "--where", "DomainUpdateTests") {
      try await ResearchRunner(
        research,
        store: try DatabaseStore.inMemory(),
        selection: selection
      ).run()
    }
  }
}
