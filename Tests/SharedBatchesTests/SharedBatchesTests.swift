import Fieldwork
import FieldworkTesting
import Foundation
import XCTest

@testable import SharedBatches

/// Counts the turns of each unit.
///
/// `@unchecked Sendable`: the lock guards the numbers.
private final class CallCounter: RunObserver, @unchecked Sendable {
  private let lock = NSLock()
  private var turns: [String: Int] = [:]

  let wantsUnits = true

  func observe(_ event: RunRecord) {
    guard case .unitStarted(_, let unit, _) = event else { return }
    lock.withLock { turns[unit, default: 0] += 1 }
  }

  subscript(unit: String) -> Int? { lock.withLock { turns[unit] } }
}

final class SharedBatchesTests: XCTestCase {
  private static let iterations = 50
  private static let experiments = 16

  /// The table of a short run of all experiments.
  private func run(
    branches: Int = 4,
    workers: Int = 2,
    execution: BranchExecution = .concurrent,
    counter: CallCounter = CallCounter()
  ) async throws -> Table {
    var research = SharedBatches().research
    research.settings.seed = 1
    research.settings.iterations = Self.iterations
    research.settings.branches = .count(branches)
    research.settings.workers = .count(workers)
    research.settings.branchExecution = execution
    let results = try await research.run(observers: [counter])
    XCTAssertEqual(
      results.experiments.map(\.state),
      Array(repeating: .done, count: Self.experiments)
    )
    return results.table()
  }

  func testDomain() throws {
    let research = SharedBatches().research
    let domain = try XCTUnwrap(research.domain)
    XCTAssertCount(domain, 8)
    XCTAssertEqual(domain[0].description, "{rate: 0.1, width: 16, activation: relu}")
    XCTAssertEqual(research.settings.branches, 4)
    XCTAssertSound(research)
  }

  func testImagesAreLoadedOncePerTask() async throws {
    for branches in [1, 4] {
      let turns = CallCounter()
      let table = try await run(branches: branches, counter: turns)
      let tasks = Self.experiments / branches
      XCTAssertEqual(turns["batches"], tasks * Self.iterations, "\(branches) branches")
      XCTAssertEqual(turns["train"], Self.experiments * Self.iterations, "\(branches) branches")
      // The branches share the loader: loading for each of four would count four times as much.
      XCTAssertEqual(
        try table["loaded", as: Int.self],
        Array(repeating: 32 * Self.iterations, count: Self.experiments)
      )
    }
  }

  func testAllBranchesSeeTheSameBatches() async throws {
    let table = try await run()
    let seen = try (0..<2).map { repetition in
      Set(try table.filter { $0["repetition"] == .int(repetition) }["brightness"])
    }
    XCTAssertEqual(seen.map(\.count), [1, 1], "the experiments of a repetition see one batch")
    XCTAssertNotEqual(seen[0], seen[1], "another repetition sees other batches")
    XCTAssertGreaterThan(Set(try table["accuracy"]).count, 8, "the networks differ")
  }

  func testTheTableIsTheSameAtAnyWidth() async throws {
    let expected = try await run(branches: 1, workers: 1)
    for branches in [1, 2, 4] {
      for (workers, execution) in [(1, BranchExecution.sequential), (2, .concurrent)] {
        let found = try await run(branches: branches, workers: workers, execution: execution)
        XCTAssertEqual(found, expected, "\(branches) branches, \(workers) workers, \(execution)")
      }
    }
  }

  func testNetworksLearn() async throws {
    let results = try await SharedBatches().results(repetitions: 1, seed: 1)
    let accuracies = results.lastValues(of: "accuracy").compactMap { $0.flatMap(Double.init) }
    XCTAssertEqual(accuracies.count, 8)
    XCTAssertGreaterThan(try XCTUnwrap(accuracies.min()), 0.6)
    XCTAssertGreaterThan(try XCTUnwrap(accuracies.max()), 0.85)
  }
}
