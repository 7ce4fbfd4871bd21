import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

/// Going on with a research whose experiments run in tasks of several branches.
final class BranchResumeTests: RuntimeTestCase {
  private final class Counter {
    var count = 0
    func next() -> Int {
      count += 1
      return count
    }
  }

  /// What the branches of a task have in common.
  private enum Tie: CaseIterable {
    /// Nothing but root units that are random.
    case nothing
    case instance, heldInstance, object, allBranches, branch, lastRoot

    var crosses: Bool { self != .nothing }

    func elements() -> [any ResearchElement] {
      switch self {
      case .nothing: return []
      case .instance, .heldInstance:
        let counter = Instance("counter", root: true) { _ in Counter() }
        let own = Instance("own", { $0 }, counter)
        return self == .instance
          ? [counter, Unit("shared", saving: "shared", on: counter, Counter.next)]
          : [counter, own, Unit("shared", saving: "shared", on: own, Counter.next)]
      case .object:
        return [
          Unit("object", when: .at(0), root: true) { _ in Counter() },
          Unit("shared", saving: "shared", { $0.next() }, O<Counter>("object")),
        ]
      case .allBranches:
        return [Unit("shared", saving: "shared", { $0 }, O<Double>("own value").all)]
      case .branch:
        return [Unit("shared", saving: "shared", root: true, { $0 }, O<Double>("own value"))]
      case .lastRoot:
        return [
          Unit("shared", when: .last, saving: "shared", root: true) { run in run.random.uniform() }
        ]
      }
    }
  }

  private func research(
    _ tie: Tie,
    count: Int = 8,
    branches: Int = 3,
    failing: Int? = nil,
    ran: Shared<[Int]> = .init([])
  ) -> Research {
    Research("test", iterations: 3, seed: 1, workers: 2, branches: .count(branches)) {
      Domain("n" <- 0..<count)
      Unit("root", saving: "root", root: true) { run in run.random.uniform() }
      Unit("own value", saving: "own") { run in
        let n: Int = try run["n"]
        if run.iteration == 0 { ran.change { $0.append(n) } }
        return run.random.uniform()
      }
      // Experiment 1 is shorter than the others.
      Unit("stop") { run in if try run["n"] == 1 && run.iteration == 1 { try run.stop() } }
      Unit("bad") { run in
        if run.iteration == 1, try run["n"] == failing { throw TestError("bad") }
      }
      tie.elements()
    }
  }

  /// One branch of a task has failed: alone, or with all that it depends on, it runs again, and the table
  /// is that of a research in which nothing happened.
  func testAFailedBranchRunsAgain() async throws {
    for tie in Tie.allCases {
      let undisturbed = everything(try await research(tie).run())
      for failing in 0..<8 {
        let store = try DatabaseStore.inMemory()
        let first = try await ResearchRunner(research(tie, failing: failing), store: store).run()
        XCTAssertEqual(first.failed, 1)
        let ran = Shared<[Int]>([])
        let second = try await ResearchRunner(research(tie, ran: ran), store: store).run()
        let name = "\(tie), \(failing) failed"
        let task = failing / 3 * 3..<min(8, failing / 3 * 3 + 3)
        XCTAssertEqual(ran.value.sorted(), tie.crosses ? Array(task) : [failing], name)
        XCTAssertEqual(
          [second.done, second.skipped],
          [ran.value.count, 8 - ran.value.count],
          name
        )
        XCTAssertEqual(everything(try store.contents()), undisturbed, name)
      }
    }
  }

  func testAGrownDomainRunsTheRest() async throws {
    for tie in Tie.allCases {
      let store = try DatabaseStore.inMemory()
      _ = try await ResearchRunner(research(tie, count: 4), store: store).run()
      let rest = try await ResearchRunner(research(tie), store: store).run()
      // The fourth experiment was a task by itself, and is now one of three.
      XCTAssertEqual([rest.done, rest.skipped], tie.crosses ? [5, 3] : [4, 4], "\(tie)")
      let undisturbed = try await research(tie).run()
      XCTAssertEqual(everything(try store.contents()), everything(undisturbed), "\(tie)")
    }
  }

  /// Root units may read the config of a task's first experiment.
  func testAnotherNumberOfBranchesIsRefusedWhereThereAreRootUnits() async throws {
    for tie in Tie.allCases {
      for (before, after) in [(1, 2), (3, 1), (2, 3)] {
        let store = try DatabaseStore.inMemory()
        _ = try await ResearchRunner(research(tie, branches: before), store: store).run()
        await assertThrows(.invalidDefinition, "branches \(max(before, after))", "--continue") {
          try await ResearchRunner(self.research(tie, branches: after), store: store).run()
        }
      }
    }
  }

  func testWithoutRootUnitsTheNumberOfBranchesMayChange() async throws {
    func research(_ branches: Int, failing: Int? = nil) -> Research {
      Research("test", seed: 1, branches: .count(branches)) {
        Domain("n" <- 0..<7)
        Unit("u", saving: "u") { run in
          if try run["n"] == failing { throw TestError("bad") }
          return run.random.uniform()
        }
      }
    }
    let store = try DatabaseStore.inMemory()
    _ = try await research(3, failing: 4).run(store: store)
    let summary = try await ResearchRunner(research(2), store: store).run()
    XCTAssertEqual([summary.done, summary.skipped], [1, 6])
    let undisturbed = try await research(1).run()
    XCTAssertEqual(everything(try store.contents()), everything(undisturbed))
  }

  /// What is left of a task keeps the numbers of its branches.
  func testWhatIsLeftKeepsItsPlace() async throws {
    func research(failing: Int?) -> Research {
      Research("test", seed: 1, branches: [["b": 0], ["b": 1], ["b": 2]]) {
        Domain("n" <- 0..<6)
        Unit("first", saving: "first", root: true) { run in try run["n", as: Int.self] }
        Unit("u", saving: "branch") { run in
          if try run["n"] == failing { throw TestError("bad") }
          XCTAssertEqual(try run["b"], run.branch)
          return run.branch
        }
      }
    }
    let store = try DatabaseStore.inMemory()
    _ = try await research(failing: 4).run(store: store)
    _ = try await research(failing: nil).run(store: store)
    let results = try store.contents()
    XCTAssertEqual(results.lastValues(of: "branch"), [0, 1, 2, 0, 1, 2])
    XCTAssertEqual(results.lastValues(of: "first"), [0, 0, 0, 3, 3, 3])
  }

  /// Of a task that was interrupted, what had ended is kept.
  func testAnInterruptedTaskGoesOn() async throws {
    for tie in [Tie.nothing, .instance, .allBranches] {
      for cancelling in 0..<3 {
        let store = try DatabaseStore.inMemory()
        let task = Shared<Task<RunSummary, any Error>?>(nil)
        let (events, isSet) = AsyncStream<Void>.makeStream()
        func research(_ act: @escaping @Sendable () async -> Void) -> Research {
          Research("test", iterations: 3, seed: 1, workers: 1, branches: 3) {
            Domain("n" <- 0..<6)
            Unit("own value", saving: "own") { run in run.random.uniform() }
            Unit("stop") { run in if try run["n"] == 4 { try run.stop() } }
            Unit("act", when: .at(1)) { run in if try run["n"] == 3 + cancelling { await act() } }
            tie.elements()
          }
        }
        let running = Task {
          try await ResearchRunner(
            research {
              for await _ in events { break }
              task.value?.cancel()
            },
            store: store
          ).run()
        }
        task.change { $0 = running }
        isSet.yield()
        let first = try await running.value
        // Experiment 4 has ended in its first iteration, so it cannot cancel.
        let cancels = cancelling != 1
        XCTAssertEqual(first.isCancelled, cancels)
        XCTAssertEqual([first.done, first.interrupted], cancels ? [4, 2] : [6, 0])
        let rest = try await ResearchRunner(research {}, store: store).run()
        let again = cancels ? (tie.crosses ? 3 : 2) : 0
        XCTAssertEqual([rest.done, rest.skipped], [again, 6 - again], "\(tie) \(cancelling)")
        let undisturbed = try await research {}.run()
        XCTAssertEqual(everything(try store.contents()), everything(undisturbed))
      }
    }
  }
}
