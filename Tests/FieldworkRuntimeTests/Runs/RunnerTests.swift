import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

final class RunnerTests: RuntimeTestCase {
  /// The number of experiments is the largest integer, and there is one more branch than one.
  func testADomainOfMoreExperimentsThanCanBeCounted() async throws {
    let values = 0..<10_000
    let research = Research("test", seed: 1, branches: 2) {
      Domain("a" <- values, "b" <- values, "c" <- values, "d" <- values, "e" <- values)
      Unit("fail") { _ in throw TestError("first") }
    }
    do {
      _ = try await research.run(debug: true)
      XCTFail("nothing was thrown")
    } catch {
      XCTAssertEqual("\(error)", "first")
    }
  }

  /// With debugging an error cuts off the other branches; they are told to have ended, too.
  func testAnErrorThatEndsTheRunEndsAllBranches() async throws {
    let monitor = Monitor()
    let store = try DatabaseStore.inMemory()
    let research = Research("test", iterations: 3, seed: 1, branches: 3) {
      Domain("x" <- [1, 2, 3])
      Unit("fail") { run in if try run["x"] == 2 { throw TestError("two") } }
    }
    _ = try? await research.run(store: store, debug: true, observers: [monitor])
    XCTAssertEqual(
      [monitor.counts.running, monitor.counts.failed, monitor.counts.interrupted],
      [0, 1, 2]
    )
    XCTAssertEqual(
      try store.contents().experiments.map(\.state),
      [.interrupted, .failed, .interrupted]
    )
  }

  // MARK: Root units

  /// Branches that share a root unit share its device, so that it can be told which one that is.
  func testRootUnitsHaveTheDevice() async throws {
    let research = Research("test", seed: 1, branches: 2, parallel: .serial, devices: ["cuda:3"]) {
      Domain("x" <- [1, 2])
      Unit("root", saving: "used", root: true, { (device: String) in device }, EC("device"))
      Unit("own", saving: "own", { (device: String) in device }, EC("device"))
    }
    let results = try await research.run()
    XCTAssertEqual(results.failures.map(\.failure.message), [])
    XCTAssertEqual(results.lastValues(of: "used"), ["cuda:3", "cuda:3"])
    XCTAssertEqual(results.lastValues(of: "own"), ["cuda:3", "cuda:3"])
  }

  private final class Turns: RunObserver {
    let starts = Shared<[String]>([])
    let ids = Shared<[String]>([])
    var wantsUnits: Bool { true }

    func observe(_ event: RunRecord) {
      switch event {
      case .started(let experiment, _): ids.change { $0.append(experiment.id) }
      case .unitStarted(let experiment, "root", _): starts.change { $0.append(experiment) }
      default: break
      }
    }
  }

  /// The turn of a root unit counts as that of the first branch that has not ended.
  func testTurnsOfRootUnitsBelongToSomeoneWhoRuns() async throws {
    let turns = Turns()
    let research = Research("test", iterations: 3, seed: 1, branches: 2, parallel: .serial) {
      Domain("x" <- [1, 2])
      Unit("root", root: true) { _ in }
      Unit("stop") { run in if try run["x"] == 1 { try run.stop() } }
    }
    _ = try await research.run(observers: [turns])
    let ids = turns.ids.value
    XCTAssertEqual(turns.starts.value, [ids[0], ids[1], ids[1]])
  }
}
