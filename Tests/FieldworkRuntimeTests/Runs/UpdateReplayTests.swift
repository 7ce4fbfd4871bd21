import Fieldwork
import FieldworkCore
@testable import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// Updates of the domain that were made are not made again.
final class UpdateReplayTests: RuntimeTestCase {
  /// Each update looks around the best so far; the third one ends the research.
  private func research(
    _ values: [Double] = [-4, 0, 4],
    calls: Shared<[Int]> = Shared([]),
    failing: Shared<Double?> = Shared(nil),
    began: @escaping @Sendable (Double) -> Void = { _ in },
    update: (@Sendable (Domain) -> Domain)? = nil
  ) -> Research {
    Research("test", seed: 1, workers: 2) {
      Domain("x" <- values)
      Unit("u", saving: "y") { run -> Double in
        let x: Double = try run["x"]
        began(x)
        if failing.value == x { throw TestError("bad") }
        return (x - 1) * (x - 1)
      }
      UpdateDomain(when: .last) { context in
        calls.change { $0.append(context.updates) }
        guard context.updates < 3,
          let best = try context.results.best(by: .minimize("y")).first?.config[
            "x",
            as: Double.self
          ]
        else { return nil }
        let width = 4 / Double(1 << context.updates)
        let domain = Domain("x" <- [best - width, best + width])
        return update?(domain) ?? domain
      }
    }
  }

  @discardableResult
  private func run(
    _ research: Research,
    _ store: any ResultStore,
    _ observers: [any RunObserver] = []
  ) async throws -> RunSummary {
    try await ResearchRunner(research, store: store, observers: observers).run()
  }

  private func warnings(_ log: EventLog) -> [String] {
    log.events.compactMap { if case .warning(let text) = $0 { text } else { nil } }
  }

  /// Whenever a run is cancelled, the next one goes on, and each update is made once.
  func testARunThatIsCancelledAnywhereMakesEachUpdateOnce() async throws {
    let undisturbed = try await research().run()
    XCTAssertEqual(undisturbed.experiments.count, 7)
    for stop in 1...8 {
      let folder = ResearchFolder(directory: directory, name: "stop \(stop)")
      let calls = Shared<[Int]>([])
      let begun = Shared(0)
      let task = Shared<Task<RunSummary, any Error>?>(nil)
      let isSet = DispatchSemaphore(value: 0)
      let disturbed = research(
        calls: calls,
        began: { _ in
          guard
            begun.change({
              $0 += 1; return $0
            }) == stop
          else { return }
          isSet.wait()
          task.value?.cancel()
        }
      )
      let store = try DatabaseStore.open(folder)
      let running = Task { try await ResearchRunner(disturbed, store: store).run() }
      task.change { $0 = running }
      isSet.signal()
      _ = try await running.value
      try store.close()
      let other = try DatabaseStore.open(folder)
      try await run(research(calls: calls), other)
      XCTAssertEqual(calls.value, [1, 2, 3], "stopped at \(stop)")
      XCTAssertEqual(everything(try other.contents()), everything(undisturbed))
      XCTAssertEqual(try other.updates().map(\.produced), [3, 5, 7])
      XCTAssertEqual(try other.updates().map(\.number), [1, 2, 3])
      XCTAssertEqual(try other.updates().last?.outcome, .kept)
      try other.close()
    }
  }

  /// What was planned by the results of then stays planned.
  func testAFailedExperimentThatIsRetriedDoesNotChangeWhatFollowed() async throws {
    let store = try DatabaseStore.inMemory()
    let (calls, failing) = (Shared<[Int]>([]), Shared<Double?>(0))
    let research = research(calls: calls, failing: failing)
    let first = try await run(research, store)
    XCTAssertEqual([first.done, first.failed], [6, 1])
    let planned = try store.contents().experiments.map(\.key)
    failing.change { $0 = nil }
    let second = try await run(research, store)
    XCTAssertEqual([second.done, second.skipped], [1, 6])
    XCTAssertEqual(try store.contents().experiments.map(\.key), planned)
    XCTAssertEqual(calls.value, [1, 2, 3])
  }

  func testAnUpdateIsMadeAgainWhereTheDomainBeforeItHasChanged() async throws {
    let store = try DatabaseStore.inMemory()
    let calls = Shared<[Int]>([])
    try await run(research(calls: calls), store)
    let grown = research([-4, 0, 4, 8], calls: calls)
    try await run(grown, store)
    XCTAssertEqual(calls.value, [1, 2, 3, 1, 2, 3])
    XCTAssertEqual(try store.updates().map(\.produced), [3, 4, 5, 6, 7, 8])
    try await run(grown, store)
    // The first domain again: the same experiments in the same order.
    try await run(research(calls: calls), store)
    XCTAssertEqual(calls.value.count, 6)
    try await run(research([0, -4, 4], calls: calls), store)
    XCTAssertEqual(calls.value.count, 9, "another order")
  }

  /// As many configs before it, but others: the record is replaced.
  func testAnUpdateThatDoesNotApplyIsReplaced() async throws {
    let store = try DatabaseStore.inMemory()
    try await run(research(), store)
    let before = try store.updates()
    let calls = Shared<[Int]>([])
    try await run(research([-4, 0, 3], calls: calls), store)
    XCTAssertEqual(calls.value, [1, 2, 3])
    let after = try store.updates()
    XCTAssertEqual(after.map(\.produced), before.map(\.produced))
    XCTAssertTrue(zip(before, after).allSatisfy { $0.premise != $1.premise })
  }

  /// The domain as it stood is part of what an update rests on, even what was not planned of it yet.
  func testADomainThatHasGrownAtItsEnd() async throws {
    let store = try DatabaseStore.inMemory()
    let calls = Shared(0)
    func research(_ count: Int) -> Research {
      Research("test", seed: 1, workers: 2) {
        Domain("n" <- 0..<count)
        Unit("u", saving: "u", { $0 }, EC<Int>("n"))
        UpdateDomain(when: .at(1)) { update in
          calls.change { $0 += 1 }
          return update.domain
        }
      }
    }
    try await run(research(3), store)
    try await run(research(5), store)
    XCTAssertEqual(calls.value, 2)
    XCTAssertEqual(try store.contents().lastValues(of: "u"), [0, 1, 0, 1, 2, 3, 4])
  }

  func testAnUpdateThatFailsIsNotRecorded() async throws {
    let store = try DatabaseStore.inMemory()
    func research(_ update: @escaping @Sendable () throws -> Domain?) -> Research {
      Research("test", seed: 1, workers: 2) {
        Domain("n" <- .integers(0...9))
        Unit("u", saving: "u", { $0 }, EC<Int>("n"))
        UpdateDomain(when: .at(2)) { _ in try update() }
      }
    }
    let bad: [@Sendable () throws -> Domain?] = [
      { throw TestError("bad") }, { nil }, { Domain("n" <- .integers(0...9)) },
      { Domain("m" <- [1]) },
    ]
    for bad in bad {
      await assertThrows(.invalidDefinition) { try await self.run(research(bad), store) }
      XCTAssertEqual(try store.updates(), [])
    }
    try await run(research { Domain("n" <- [20]) }, store)
    XCTAssertEqual(try store.updates().count, 1)
  }

  func testSampledDomainsAreReplayed() async throws {
    let store = try DatabaseStore.inMemory()
    let calls = Shared(0)
    let research = Research("test", configs: 4, seed: 1, workers: 2) {
      Domain("x" <- .uniform(0...1))
      Unit("u", saving: "u", { $0 }, EC<Double>("x"))
      UpdateDomain(when: .last, configs: 4) { update in
        calls.change { $0 += 1 }
        guard update.updates < 4 else { return nil }
        let low = update.random.uniform()
        return Domain("x" <- .uniform(low...(low + 1))) * Domain("k" <- [1, 2])
      }
    }
    try await run(research, store)
    let table = everything(try store.contents())
    let log = EventLog()
    let again = try await run(research, store, [log])
    XCTAssertEqual([again.done, again.skipped, calls.value], [0, 16, 4])
    XCTAssertEqual(everything(try store.contents()), table)
    XCTAssertEqual(warnings(log), [])
    let updates = log.events.filter { if case .domainUpdated = $0 { true } else { false } }
    XCTAssertEqual(updates.count, 3)
  }

  /// What passes a condition is recorded; the function is not called by the next run.
  func testAConditionIsReplayedByWhatPasses() async throws {
    let store = try DatabaseStore.inMemory()
    let (calls, tries) = (Shared<[Int]>([]), Shared(0))
    let research = research(
      calls: calls,
      update: { (domain: Domain) in
        domain.where { config in
          tries.change { $0 += 1 }
          return try config["x", as: Double.self] != 2
        }
      }
    )
    try await run(research, store)
    let (table, count) = (everything(try store.contents()), tries.value)
    XCTAssertGreaterThan(count, 0)
    let again = try await run(research, store)
    XCTAssertEqual([again.done, calls.value.count, tries.value - count], [0, 3, 0])
    XCTAssertEqual(everything(try store.contents()), table)
  }

  func testWhatCannotBeRecordedIsMadeAgainWithAWarning() async throws {
    let store = try DatabaseStore.inMemory()
    let calls = Shared<[Int]>([])
    let research = research(
      calls: calls,
      update: { (domain: Domain) in
        domain * Domain("s" <- Sampler.uniform(0...1).map { $0 })
      }
    )
    let log = EventLog()
    try await run(research, store, [log])
    XCTAssertEqual(warnings(log), [])
    let table = everything(try store.contents())
    let again = try await run(research, store, [log])
    XCTAssertEqual(again.done, 0)
    XCTAssertEqual(calls.value, [1, 2, 3, 1, 2])
    XCTAssertEqual(warnings(log).count, 2)
    XCTAssertTrue(warnings(log).allSatisfy { $0.contains("is made again") })
    XCTAssertEqual(everything(try store.contents()), table)
  }

  func testValuesThatAreNotPlainComeFromTheDomainOfTheResearch() async throws {
    struct Model: Sendable { let layers: Int }
    let store = try DatabaseStore.inMemory()
    let calls = Shared(0)
    let (small, large) = (Alias("small", Model(layers: 1)), Alias("large", Model(layers: 9)))
    let research = Research("test", seed: 1, workers: 2) {
      Domain("model" <- [small, large])
      Unit("u", saving: "u", { (model: Model) in model.layers }, EC("model"))
      UpdateDomain(when: .last) { update in
        calls.change { $0 += 1 }
        return update.updates == 1 ? Domain("model" <- [large]) * Domain("k" <- [1]) : nil
      }
    }
    try await run(research, store)
    try store.write([
      .ended(
        experiment: try store.contents().experiments[2].key,
        .interrupted,
        iterations: 0,
        at: 0
      )
    ])
    let again = try await run(research, store)
    XCTAssertEqual([again.done, again.failed, calls.value], [1, 0, 2])
    XCTAssertEqual(try store.contents().lastValues(of: "u"), [1, 9, 9])
  }

  /// Of another build, all stand on which something rests; where the research had ended it may go on.
  func testThePlaybookWasBuiltAnew() async throws {
    let store = try DatabaseStore.inMemory()
    let calls = Shared<[Int]>([])
    try await run(research(calls: calls), store)
    for record in try store.updates() {
      try store.write([
        .updated(
          UpdateRecord(
            produced: record.produced,
            number: record.number,
            when: record.when,
            premise: record.premise,
            outcome: record.outcome,
            build: "another",
            at: record.at
          )
        )
      ])
    }
    let log = EventLog()
    try await run(research(calls: calls), store, [log])
    XCTAssertEqual(calls.value, [1, 2, 3, 3])
    XCTAssertEqual(warnings(log).count, 1)
    XCTAssertTrue(warnings(log).allSatisfy { $0.contains("--fresh") })
  }
}
