import Fieldwork
import Foundation
import XCTest

/// The examples of docs/extending.md work from a module that sees what a playbook sees.
final class ExtensionTests: XCTestCase {
  func testASampler() throws {
    let values = try Sampler.triangular(-1, 0, 3).draws(20_000, seed: 5)
    XCTAssertTrue(values.allSatisfy { (-1...3).contains($0) })
    XCTAssertEqual(values.reduce(0, +) / 20_000, 2.0 / 3, accuracy: 0.02)
    XCTAssertEqual(Double(values.count { $0 < 0 }) / 20_000, 0.25, accuracy: 0.01)
    let wrong = Research("wrong", iterations: 1) {
      Domain("rate" <- .triangular(0, 2, 1))
      Unit("nothing") { 1 }
    }
    XCTAssertTrue(
      wrong.preflight().contains { $0.message.contains("the peak must lie between the ends") }
    )
  }

  func testAPrunerAndAnObserver() async throws {
    let playbook = Tuning()
    try? FileManager.default.removeItem(atPath: Tuning.notes)
    var tables: [String] = []
    for workers in [1, 4] {
      var research = playbook.research
      research.settings.workers = .count(workers)
      let results = try await research.run(observers: playbook.observers)
      let states = results.experiments.map(\.state)
      XCTAssertTrue(states.contains(.pruned))
      XCTAssertEqual(states.count, 20)
      tables.append(results.table().formatted(.csv))
      let line = try String(contentsOfFile: Tuning.notes, encoding: .utf8)
        .split(separator: "\n").last
      let pruned = states.count { $0 == .pruned }
      XCTAssertEqual(line, "\(20 - pruned) done, \(pruned) pruned, 0 failed")
    }
    XCTAssertEqual(tables[0], tables[1])
  }

  func testAColumn() async throws {
    let table = try await Tuning().research.run().table().withLogarithm(of: "loss")
    XCTAssertEqual(table.columnNames.last, "log_loss")
    XCTAssertEqual(try table["log_loss"].first, 0.0)
  }

  func testASearchAlgorithm() async throws {
    let research = Research("search", seed: 1, objective: .minimize("y"), parallel: .serial) {
      Domain("x" <- .uniform(0...1))
      Search(NearBest(width: 0.2), configs: 30)
      Unit("f", saving: "y") { run in abs(try run["x", as: Double.self] - 0.7) }
    }
    let results = try await research.run()
    let best = try XCTUnwrap(results.best(by: .minimize("y"), count: 1).first)
    XCTAssertEqual(try best.config["x", as: Double.self], 0.7, accuracy: 0.1)
  }
}
