import Fieldwork
import FieldworkTesting
import Foundation
import XCTest

@testable import Zoom

final class ZoomTests: XCTestCase {
  private func research(seed: UInt64 = 0) -> Research {
    var research = Zoom().research
    research.settings.seed = seed
    return research
  }

  func testDomain() throws {
    let domain = try XCTUnwrap(Zoom().research.domain)
    XCTAssertCount(domain, nil)
    for config in try domain.configs(limit: 20, seed: 1) {
      XCTAssertTrue((-2...2).contains(try config[Zoom.x]))
      XCTAssertTrue((-2...2).contains(try config[Zoom.y]))
    }
    XCTAssertSound(Zoom().research)
  }

  /// The lowest point and the others that the source names.
  func testTheLandscapeHasItsFourMinima() {
    let minima = [(0.0, -1.0, 3.0), (-0.6, -0.4, 30), (1.8, 0.2, 84), (1.2, 0.8, 840)]
    for (x, y, height) in minima {
      XCTAssertEqual(goldsteinPrice(x, y), height, accuracy: 1e-9)
      for (dx, dy) in [(0.001, 0.0), (-0.001, 0), (0, 0.001), (0, -0.001)] {
        XCTAssertGreaterThan(goldsteinPrice(x + dx, y + dy), height)
      }
    }
  }

  func testRange() throws {
    let best: [Config] = [["x": 3.0, "y": 5.0], ["x": 1.0, "y": 5.0], ["x": 2.0, "y": 5.0]]
    XCTAssertEqual(try range(of: Zoom.x, in: best), 1...3)
    XCTAssertEqual(try range(of: Zoom.y, in: best), 5...5)
    XCTAssertEqual(try range(of: Zoom.x, in: []), 0...0)
    XCTAssertEqual((1.0...3.0).widened, 0...4)
  }

  func testTheLowestPointIsFound() async throws {
    for seed in 0..<3 as Range<UInt64> {
      let best = try await research(seed: seed).run().best(by: Zoom.height)[0]
      XCTAssertEqual(best.mean, 3, accuracy: 1e-3, "seed \(seed)")
      XCTAssertEqual(try best.config[Zoom.x], 0, accuracy: 2e-3, "seed \(seed)")
      XCTAssertEqual(try best.config[Zoom.y], -1, accuracy: 2e-3, "seed \(seed)")
    }
  }

  /// Each update makes fifty configs, in a rectangle around the best eight of all before.
  func testTheUpdatesFollowFromTheResults() async throws {
    let results = try await research().run()
    let count = try XCTUnwrap(results.experiments.last?.updates)
    XCTAssertGreaterThan(count, 5)
    XCTAssertEqual(results.experiments.count, 50 * (count + 1))
    XCTAssertEqual(
      results.experiments.map(\.updates),
      (0...count).flatMap { Array(repeating: $0, count: 50) }
    )
    for update in 0...count {
      let best = results.filtered { $0.updates <= update }.best(by: Zoom.height, count: 8).map(
        \.config
      )
      let (x, y) = (try range(of: Zoom.x, in: best), try range(of: Zoom.y, in: best))
      XCTAssertEqual(x.width <= 0.001 && y.width <= 0.001, update == count)
      for experiment in results.experiments where experiment.updates == update + 1 {
        XCTAssertTrue(x.widened.contains(try experiment.config[Zoom.x]))
        XCTAssertTrue(y.widened.contains(try experiment.config[Zoom.y]))
      }
    }
  }

  func testTheTableIsTheSameAtAnyWidth() async throws {
    var serial = research()
    serial.settings.parallelism = .serial
    let expected = everything(try await serial.run())
    for workers in [1, 2, 8] {
      var research = research()
      research.settings.workers = .count(workers)
      let found = everything(try await research.run())
      XCTAssertEqual(found, expected, "\(workers) workers")
    }
  }

  func testRunningAgainChangesNothing() async throws {
    let folder = ResearchFolder(path: NSTemporaryDirectory() + "zoom-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    var tables: [String] = []
    var updates: [[String]] = []
    var records: [[UpdateRecord]] = []
    for run in 0..<2 {
      let store = try DatabaseStore.open(folder)
      let domains = UpdateLog()
      let summary = try await ResearchRunner(research(), store: store, observers: [domains]).run()
      let results = try store.contents()
      XCTAssertEqual(summary.done, run == 0 ? results.experiments.count : 0)
      XCTAssertEqual(summary.skipped, run == 0 ? 0 : results.experiments.count)
      tables.append(everything(results))
      updates.append(domains.descriptions)
      records.append(try store.updates())
      try store.close()
    }
    XCTAssertEqual(tables[0], tables[1])
    XCTAssertGreaterThan(updates[0].count, 5)
    XCTAssertEqual(updates[0], updates[1])
    // With the times: none was made again.
    XCTAssertEqual(records[0], records[1])
  }

  /// Cancelled at whatever update, it comes to the same.
  func testARunThatIsCancelledGoesOnToTheSameTable() async throws {
    let undisturbed = everything(try await research().run())
    for number in [1, 2, 4] {
      let folder = ResearchFolder(path: NSTemporaryDirectory() + "zoom-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(atPath: folder.path) }
      let store = try DatabaseStore.open(folder)
      let canceller = UpdateCanceller(number)
      let runner = ResearchRunner(research(), store: store, observers: [canceller])
      let summary = try await canceller.run(runner)
      XCTAssertTrue(summary.isCancelled)
      let made = try store.updates()
      XCTAssertGreaterThanOrEqual(made.count, number)
      try store.close()
      let again = try DatabaseStore.open(folder)
      _ = try await ResearchRunner(research(), store: again).run()
      XCTAssertEqual(Array(try again.updates().prefix(made.count)), made)
      XCTAssertEqual(everything(try again.contents()), undisturbed, "update \(number)")
      try again.close()
    }
  }

  private func everything(_ results: ResearchResults) -> String {
    results.table(TableOptions(includesAuxiliary: true)).formatted(.csv)
  }
}

/// Notes the domains that take over.
private final class UpdateLog: RunObserver, @unchecked Sendable {
  private let lock = NSLock()
  private var list: [String] = []

  var descriptions: [String] { lock.withLock { list } }

  func observe(_ event: RunRecord) {
    guard case .domainUpdated(let number, let domain, let size) = event else { return }
    lock.withLock { list.append("\(number): \(domain), \(size.map(String.init) ?? "no end")") }
  }
}

/// Cancels a run when its domain is updated for the given time.
private final class UpdateCanceller: RunObserver, @unchecked Sendable {
  private let number: Int
  private let isSet = DispatchSemaphore(value: 0)
  private var task: Task<RunSummary, any Error>?

  init(_ number: Int) { self.number = number }

  func run(_ runner: ResearchRunner) async throws -> RunSummary {
    let task = Task { try await runner.run() }
    self.task = task
    isSet.signal()
    return try await task.value
  }

  func observe(_ event: RunRecord) {
    guard case .domainUpdated(number, _, _) = event else { return }
    isSet.wait()
    task?.cancel()
  }
}
