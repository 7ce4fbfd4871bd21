import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// An object that counts its calls and must not be used by two at once.
private final class Counter {
  private(set) var count = 0
  private let isUsed = Protected(false)

  func next() -> Int {
    isUsed.withLock { isUsed in
      precondition(!isUsed, "two use the object at once")
      isUsed = true
    }
    Thread.sleep(forTimeInterval: 0.0002)
    count += 1
    isUsed.withLock { $0 = false }
    return count
  }
}

/// Objects that the branches of a task share are used by one branch after another, in order.
final class SharedStateTests: RuntimeTestCase {
  private static let executions = BranchExecution.allCases

  private func research(
    branches: Int = 4,
    _ execution: BranchExecution = .concurrent,
    @ResearchBuilder _ content: () -> [ResearchPart]
  ) -> Research {
    Research(
      "test",
      iterations: 3,
      seed: 1,
      workers: 2,
      branches: .count(branches),
      branchExecution: execution
    ) {
      Domain("n" <- 0..<10)
      content().map(Part.init)
    }
  }

  private struct Part: ResearchElement {
    let part: ResearchPart
    var parts: [ResearchPart] { [part] }
  }

  /// The numbers that a counter gives when the branches of each task take them in turn.
  private func inTurn(_ results: ResearchResults, _ name: String, line: UInt = #line) {
    for (n, experiment) in results.experiments.enumerated() {
      let first = n / 4 * 4
      let width = min(4, 10 - first)
      XCTAssertEqual(
        results.values(of: name, in: experiment.id).map(\.value),
        (0..<3).map { .int($0 * width + n - first + 1) },
        "experiment \(n)",
        line: line
      )
    }
  }

  func testARootInstanceIsBuiltOnceAndUsedInOrder() async throws {
    for execution in Self.executions {
      let built = Shared<[Int]>([])
      let results = try await research(execution) {
        let counter = Instance("counter", root: true) { run in
          let n: Int = try run["n"]
          built.change { $0.append(n) }
          return Counter()
        }
        counter
        Unit("other") { run in run.random.uniform() }
        Unit("next", saving: "next", on: counter, Counter.next)
      }.run()
      XCTAssertEqual(built.value.sorted(), [0, 4, 8])
      inTurn(results, "next")
    }
  }

  /// Every form in which a unit says that it uses an instance.
  func testAllFormsOfUsingItKeepTheOrder() async throws {
    let results = try await research {
      let counter = Instance("counter", root: true) { _ in Counter() }
      counter
      Unit("method", saving: "method", on: counter, Counter.next)
    }.run()
    inTurn(results, "method")
    let closure = try await research {
      let counter = Instance("counter", root: true) { _ in Counter() }
      counter
      Unit("closure", saving: "closure", on: counter) { counter, _ in counter.next() }
    }.run()
    inTurn(closure, "closure")
    let argument = try await research {
      let counter = Instance("counter", root: true) { _ in Counter() }
      counter
      Unit("argument", saving: "argument", { $0.next() }, counter)
    }.run()
    inTurn(argument, "argument")
    let derived = try await research {
      let counter = Instance("counter", root: true) { _ in Counter() }
      counter
      Save("derived", counter.map { $0.next() })
    }.run()
    inTurn(derived, "derived")
    let generator = try await research {
      let counter = Instance("counter", root: true) { _ in Counter() }
      counter
      Generator("generator", saving: "generator", on: counter) { counter, _ in
        sequence(state: counter) { $0.next() }
      }
    }.run()
    inTurn(generator, "generator")
  }

  /// An instance of each branch's own may hold what branches share.
  func testAnInstanceThatHoldsASharedOneIsUsedInOrderToo() async throws {
    struct View {
      let counter: Counter
      func next() -> Int { counter.next() }
    }
    let results = try await research {
      let counter = Instance("counter", root: true) { _ in Counter() }
      counter
      let view = Instance("view", { View(counter: $0) }, counter)
      view
      let outer = Instance("outer", { $0 }, view)
      outer
      Unit("next", saving: "next", on: outer) { view, _ in view.next() }
    }.run()
    inTurn(results, "next")
  }

  func testAnObjectThatARootUnitGivesIsUsedInOrder() async throws {
    let results = try await research {
      Unit("object", when: .at(0), root: true) { _ in Counter() }
      Unit("next", saving: "next", { $0.next() }, O<Counter>("object"))
    }.run()
    inTurn(results, "next")
    let optional = try await research {
      Unit("object", when: .at(0), root: true) { _ -> [Counter]? in [Counter()] }
      Unit("next", saving: "next", { $0[0].next() }, O<[Counter]>("object"))
    }.run()
    inTurn(optional, "next")
  }

  /// A unit that does not say what it uses would run beside others.
  func testASharedObjectNeedsToBeNamed() async throws {
    for branches in [1, 4] {
      for execution in Self.executions {
        let results = try await research(branches: branches, execution) {
          let counter = Instance("counter", root: true) { _ in Counter() }
          counter
          Unit("object", root: true) { _ in Counter() }
          Unit("secret", saving: "a") { run in
            try run.instance("counter", as: Counter.self).next()
          }
          Unit("quiet", saving: "b") { run in
            try run.output(of: "object", as: Counter.self).next()
          }
          Unit("good", saving: "c", on: counter) { counter, run in
            try run.instance("counter", as: Counter.self).next()
          }
        }.run()
        for experiment in results.experiments {
          XCTAssertEqual(experiment.failures.map(\.unit), ["secret", "quiet"])
          for (failure, text) in zip(experiment.failures, ["on: counter", "O(\"object\")"]) {
            XCTAssertTrue(failure.message.contains(text), failure.message)
          }
        }
        XCTAssertFalse(results.lastValues(of: "c").contains(nil))
      }
    }
  }

  /// A root unit that reads a branch makes its results depend on it.
  func testARootUnitSaysThatItReadsABranch() async throws {
    let results = try await research {
      let own = Instance("own") { _ in Counter() }
      own
      Unit("value") { run in run.iteration }
      Unit("secret", root: true) { run in try run.output(of: "value", as: Int.self) }
      Unit("quiet", root: true) { run in try run.instance("own", as: Counter.self).count }
      Unit("first", root: true) { _ in 5 }
      Unit("second", saving: "good", root: true) { run in
        try run.output(of: "first", as: Int.self)
      }
    }.run()
    for experiment in results.experiments {
      XCTAssertEqual(experiment.failures.map(\.unit), ["secret", "quiet"])
    }
    XCTAssertEqual(results.lastValues(of: "good"), Array(repeating: 5, count: 10))
  }

  func testOwnInstancesAreEachBranchsOwn() async throws {
    for execution in Self.executions {
      let results = try await research(execution) {
        let counter = Instance("counter") { _ in Counter() }
        counter
        Unit("next", saving: "next") { run in
          try run.instance("counter", as: Counter.self).next()
        }
      }.run()
      XCTAssertEqual(results.lastValues(of: "next"), Array(repeating: 3, count: 10))
    }
  }

  func testARootUnitKnowsTheDevice() async throws {
    var research = research {
      Unit("root", saving: "seen", root: true, { $0 }, EC<String>("device"))
      Unit("own", saving: "own", { $0 }, EC<String>("device"))
    }
    research.settings.devices = ["7"]
    let results = try await research.run()
    XCTAssertEqual(results.lastValues(of: "own"), Array(repeating: "7", count: 10))
    XCTAssertEqual(results.lastValues(of: "seen"), Array(repeating: "7", count: 10))
  }
}
