import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

final class UnitTests: RuntimeTestCase {
  func testUnitsRunInTheOrderOfTheirLines() async throws {
    let order = Shared<[String]>([])
    _ = try await run(iterations: 2) {
      Unit("c") { run in order.change { $0.append("c\(run.iteration)") } }
      for name in ["a", "b"] {
        Unit(name) { run in order.change { $0.append("\(name)\(run.iteration)") } }
      }
    }
    XCTAssertEqual(order.value, ["c0", "a0", "b0", "c1", "a1", "b1"])
  }

  func testSchedules() async throws {
    let cases: [(When, [Int])] = [
      (.every(1), [0, 1, 2, 3, 4, 5, 6]), (.every(3), [2, 5]), (.at(0, 4, 9), [0, 4]),
      (.last, [6]), (.every(7) | .last, [6]), (.every(4) | .at(0) | .last, [0, 3, 6]),
      (.never, []), (.every(0), []), (.every(-2), []), (.at(-1), []), (.every(8), []),
    ]
    for (when, expected) in cases {
      let results = try await run(iterations: 7) {
        Unit("all", saving: "all") { run in run.iteration }
        Unit("u", when: when, saving: "u") { run in run.iteration }
      }
      XCTAssertEqual(saved("u", results).keys.sorted(), expected, "\(when)")
      XCTAssertEqual(saved("all", results).count, 7)
    }
  }

  func testWithoutIterationsFunctionsRunOnce() async throws {
    let results = try await run {
      Unit("u", when: .every(1) | .last, saving: "u") { run in run.iteration }
    }
    XCTAssertEqual(saved("u", results), [0: 0])
    XCTAssertEqual(results.experiments.first?.iterations, 1)
  }

  func testUnitsOfOneNameGetAPostfixThatNobodyHas() async throws {
    let results = try await run {
      Unit("f", saving: "a") { _ in "first" }
      Unit("f_1", saving: "b") { _ in "given" }
      Unit("f", saving: "c") { _ in "second" }
      Unit("f", saving: "d") { _ in "third" }
      Save("outputs", O<String>("f") .+ O<String>("f_1") .+ O<String>("f_2") .+ O<String>("f_3"))
    }
    XCTAssertEqual(saved("outputs", results), [0: "first given second third"])
  }

  func testAnAsynchronousUnitIsAwaited() async throws {
    @Sendable func doubled(_ number: Int) async throws -> Int {
      await Task.yield()
      return 2 * number
    }
    let results = try await run(iterations: 2) {
      Unit("a", saving: "a", doubled, E().iteration)
      Unit("b", saving: "b") { run in
        await withCheckedContinuation { (continuation: CheckedContinuation<Int, Never>) in
          DispatchQueue.global().async { continuation.resume(returning: 7) }
        }
      }
      Unit("c", saving: "c", { $0 + $1 }, O<Int>("a"), O<Int>("b"))
    }
    XCTAssertEqual(saved("a", results), [0: 0, 1: 2])
    XCTAssertEqual(saved("c", results), [0: 7, 1: 9])
  }

  func testDumpedValuesAreInTheStoreBeforeTheExperimentEnds() async throws {
    let store = try DatabaseStore.inMemory()
    let watched = WatchedStore(store)
    let seen = Shared<[String]>([])
    let research = Research("test", iterations: 3, parallel: .serial) {
      Unit("u", saving: "u") { run in run.iteration }
      Unit("v", saving: "v") { run in -run.iteration }
      Dump("u", "absent", when: .at(1))
      Unit("look", when: .at(2)) { run in
        watched.waitForSavedValues()
        let results = try store.contents()
        seen.change {
          $0 = results.values(of: "u", in: run.id).map { "\($0.iteration) \($0.value)" }
        }
        seen.change { $0 += results.values(of: "v", in: run.id).map { "v \($0.value)" } }
        seen.change { $0.append(results.experiments[0].state.rawValue) }
      }
    }
    let results = try await research.run(store: watched)
    XCTAssertEqual(seen.value, ["0 0", "1 1", "running"])
    XCTAssertEqual(saved("u", results), [0: 0, 1: 1, 2: 2])
    XCTAssertEqual(saved("v", results), [0: 0, 1: -1, 2: -2])
    XCTAssertEqual(results.experiments[0].failures, [])
  }

  func testSaveTakesTheValueOfAnExpression() async throws {
    let results = try await run(iterations: 3) {
      Unit("pair") { run in [run.iteration, 10 * run.iteration] }
      Save("second", O<[Int]>("pair")[1], when: .every(2))
      Save(["first", nil], O<[Int]>("pair"), when: .last)
    }
    XCTAssertEqual(saved("second", results), [1: 10])
    XCTAssertEqual(saved("first", results), [2: 2])
  }
}

/// A store that tells when saved values have been written.
final class WatchedStore: ResultStore {
  private let store: DatabaseStore
  private let written = DispatchSemaphore(value: 0)

  init(_ store: DatabaseStore) { self.store = store }

  func waitForSavedValues() { written.wait() }

  func write(_ records: [RunRecord]) throws {
    try store.write(records)
    let hasSaved = records.contains { record in
      if case .saved = record { true } else { false }
    }
    if hasSaved { written.signal() }
  }

  func contents() throws -> ResearchResults { try store.contents() }
  func states() throws -> [String: ExperimentState] { try store.states() }
  func notes() throws -> [String: Value] { try store.notes() }
  func directory(of experiment: String) throws -> String { try store.directory(of: experiment) }
}

infix operator .+ : AdditionPrecedence

func .+ (
  left: some NamedExpression<String>,
  right: some NamedExpression<String>
) -> DerivedExpression<String> {
  left.combined(with: right) { "\($0) \($1)" }
}
