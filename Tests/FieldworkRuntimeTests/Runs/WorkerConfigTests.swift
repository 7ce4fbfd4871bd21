import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// Configs of workers and branches.
final class WorkerConfigTests: RuntimeTestCase {
  private func research(
    _ count: Int,
    workers: Slots,
    branches: Slots = 1,
    _ parallelism: Parallelism = .threads,
    delay: @escaping @Sendable (Int) -> Double = { _ in 0 }
  ) -> Research {
    Research("test", seed: 1, workers: workers, branches: branches, parallel: parallelism) {
      Domain("n" <- 0..<count, "x" <- ["domain"])
      Unit("u", saving: ["see x", "see w", "see b"]) { run in
        let n: Int = try run["n"]
        block(delay(n))
        return ["x", "w", "b"].map { key in run.config[alias: key]?.name ?? "none" }
      }
    }
  }

  func testTasksAreDealtOutInTurnWhateverTheTiming() async throws {
    let lists: [(Slots, Slots)] = [
      ([["w": "a"], ["w": "b"]], 1), ([["w": "a"], ["w": "b"], ["w": "c"]], 2),
      ([["w": "a"]], 3), ([["w": "a"], ["w": "b"]], [["b": 1], ["b": 2]]),
    ]
    for (workers, branches) in lists {
      let serial = try await research(11, workers: workers, branches: branches, .serial).run()
      let names = workers.configs?.compactMap { $0[alias: "w"]?.name } ?? []
      XCTAssertEqual(
        serial.lastValues(of: "see w"),
        (0..<11).map { .string(names[$0 / branches.count % names.count]) }
      )
      for slow in [nil, 0, 1, 5] as [Int?] {
        let found = try await research(11, workers: workers, branches: branches) { n in
          slow == nil ? .random(in: 0...0.003) : n == slow ? 0.03 : 0
        }.run()
        XCTAssertEqual(everything(found), everything(serial))
        // Each worker has run its own tasks.
        for (n, experiment) in found.experiments.enumerated() {
          XCTAssertEqual(experiment.worker, n / branches.count % workers.count)
        }
      }
    }
  }

  func testTheLaterWins() async throws {
    let results = try await research(
      4,
      workers: [["w": "a"], ["x": "worker", "b": "worker"]],
      branches: [["b": 1], ["x": "branch", "b": 2]]
    ).run()
    XCTAssertEqual(results.lastValues(of: "see x"), ["domain", "branch", "worker", "worker"])
    XCTAssertEqual(results.lastValues(of: "see b"), ["1", "2", "worker", "worker"])
    XCTAssertEqual(results.lastValues(of: "see w"), ["a", "a", "none", "none"])
    XCTAssertEqual(Set(results.experiments.map(\.id)).count, 4)
  }

  func testExperimentsThatOnlyTheirBranchTellsApartHaveTheirOwnIds() async throws {
    let research = Research("test", repetitions: 3, seed: 1, branches: [["b": 1], ["b": 2]]) {
      Unit("u", saving: "u") { run in run.random.uniform() }
    }
    let results = try await research.run()
    XCTAssertEqual(
      results.experiments.map { "\($0.config[alias: "b"]?.name ?? "") \($0.repetition)" },
      ["1 0", "2 1", "1 2"]
    )
    XCTAssertEqual(Set(results.lastValues(of: "u")).count, 3)
    // Equal configs are told apart by their number.
    let same = try await self.research(3, workers: [["n": 7]]).run()
    XCTAssertEqual(Set(same.experiments.map(\.id)).count, 3)
    XCTAssertEqual(same.experiments.map(\.occurrence), [0, 1, 2])
  }

  func testMoreWorkersThanTasks() async throws {
    let results = try await research(2, workers: [["w": 1], ["w": 2], ["w": 3], ["w": 4]]).run()
    XCTAssertEqual(results.lastValues(of: "see w"), ["1", "2"])
  }

  /// What is stored is left out, and the rest stays with its workers.
  func testGoingOnKeepsTheConfigs() async throws {
    let store = try DatabaseStore.inMemory()
    let workers: Slots = [["w": "a"], ["w": "b"]]
    _ = try await research(3, workers: workers).run(store: store)
    let summary = try await ResearchRunner(research(8, workers: workers), store: store).run()
    XCTAssertEqual([summary.done, summary.skipped], [5, 3])
    let whole = try await research(8, workers: workers).run()
    XCTAssertEqual(everything(try store.contents()), everything(whole))
    let others = research(8, workers: [["w": "a"], ["w": "c"]])
    await assertThrows(.invalidDefinition, "- workers", "+ workers") {
      try await others.run(store: store)
    }
  }

  /// One worker is busy with a long task, and there are far more tasks than are held ready for it.
  func testAWorkerThatIsBusyHoldsUpNobodyForEver() async throws {
    let count = 400
    let ran = Shared<[Int]>([])
    let research = Research("test", seed: 1, workers: [["w": 0], ["w": 1]]) {
      Domain("n" <- 0..<count)
      Unit("u", saving: "seen") { run in
        let n: Int = try run["n"]
        if n == 0 { block(0.1) }
        ran.change { $0.append(n) }
        return try run["w", as: Int.self]
      }
    }
    let results = try await research.run()
    XCTAssertEqual(results.lastValues(of: "seen"), (0..<count).map { .int($0 % 2) })
    XCTAssertEqual(ran.value.sorted(), Array(0..<count))
  }

  func testNamesThatClashAreRefused() async throws {
    func problems(_ workers: Slots, _ branches: Slots, saving: Saving) -> String {
      Research("test", workers: workers, branches: branches) {
        Domain("n" <- [1])
        Unit("u", saving: saving) { _ in 1 }
      }.preflight().map(\.description).joined(separator: "\n")
    }
    XCTAssertEqual(problems([["w": 1]], [["b": 1]], saving: "v"), "")
    XCTAssertTrue(problems([["updates": 1]], 1, saving: "v").contains("'updates'"))
    XCTAssertTrue(problems(1, [["id": 1]], saving: "v").contains("'id'"))
    XCTAssertTrue(problems([["w": 1]], 1, saving: "w").contains("saves 'w'"))
    XCTAssertTrue(problems(1, [["b": 1]], saving: "b").contains("saves 'b'"))
    XCTAssertTrue(problems(.configs([]), 1, saving: "v").contains("workers is 0"))
    XCTAssertTrue(problems(1, .count(0), saving: "v").contains("branches is 0"))
  }

  func testAParameterThatNotAllWorkersGive() async throws {
    func problems(_ workers: Slots, @ResearchBuilder _ content: () -> [ResearchPart]) -> String {
      let parts = content()
      return Research("test", workers: workers) { Parts(parts: parts) }
        .preflight().map(\.description).joined(separator: "\n")
    }
    let all = problems([["w": 1], ["w": 2]]) { Unit("u", { (_: Int) in }, EC("w")) }
    XCTAssertEqual(all, "")
    let some = problems([["w": 1], [:]]) { Unit("u", { (_: Int) in }, EC("w")) }
    XCTAssertTrue(some.contains("some configs lack"), some)
    let optional = problems([["w": 1], [:]]) { Unit("u", { (_: Int?) in }, EC("w")) }
    XCTAssertEqual(optional, "")
    let wrong = problems([["w": 1], ["w": "two"]]) { Unit("u", { (_: Int) in }, EC("w")) }
    XCTAssertTrue(wrong.contains("\"two\""), wrong)
    let overridden = problems([["n": 1]]) {
      Domain("n" <- ["one"])
      Unit("u", { (_: Int) in }, EC("n"))
    }
    XCTAssertEqual(overridden, "", "the worker's value wins")
    let partly = problems([["n": "one"], [:]]) {
      Domain("n" <- [1])
      Unit("u", { (_: Int) in }, EC("n"))
    }
    XCTAssertTrue(partly.contains("\"one\""), partly)
  }

  private struct Parts: ResearchElement {
    let parts: [ResearchPart]
  }
}
