import Fieldwork
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

/// Nested parameters of domains, branches and workers in a run.
final class NestedConfigTests: RuntimeTestCase {
  private func results(
    _ domain: Domain,
    branches: Slots = 1,
    workers: Slots = 1
  ) async throws -> ResearchResults {
    try await Research("nested", workers: workers, branches: branches, parallel: .serial) {
      domain
      Unit("f", saving: ["part", "whole"]) { run in
        (try run["d/p", as: Int.self], try run["d", as: [String: Int].self])
      }
    }.run()
  }

  func testBranchesAndWorkersOverrideParts() async throws {
    let (whole, part) = (
      Domain("d" <- [["p": 5, "q": 6]]), Domain("d/p" <- [5]) * Domain("d/q" <- [6])
    )
    for domain in [whole, part] {
      for given in [["d": ["p": 1]], ["d/p": 1]] as [Config] {
        for (branches, workers) in [
          (Slots.configs([given]), Slots.count(1)), (1, .configs([given])),
        ] {
          let found = try await results(domain, branches: branches, workers: workers)
          let text = "\(domain) \(given) \(branches) \(workers)"
          XCTAssertEqual(found.lastValues(of: "part"), [1], text)
          XCTAssertEqual(found.lastValues(of: "whole"), [["p": 1, "q": 6]], text)
        }
      }
    }
  }

  func testFiltersTakeBothSpellings() async throws {
    let found = try await results(Domain("d/p" <- [1, 2]) * Domain("d/q" <- [3]))
    XCTAssertEqual(try found.filtered(config: ["d": ["p": 2]]).experiments.count, 1)
    XCTAssertEqual(try found.filtered(config: ["d/p": 2]).experiments.count, 1)
    XCTAssertEqual(try found.filtered(where: Condition("d/p == 2")).experiments.count, 1)
    let whole = try await results(Domain("d" <- [["p": 1, "q": 3], ["p": 2, "q": 3]]))
    XCTAssertEqual(try whole.filtered(config: ["d": ["p": 2]]).experiments.count, 1)
    XCTAssertEqual(try whole.filtered(config: ["d/p": 2]).experiments.count, 1)
    XCTAssertEqual(try whole.filtered(where: Condition("d/p == 2")).experiments.count, 1)
    XCTAssertEqual(try whole.table().where("d/p == 2").count, 1)
  }
}
