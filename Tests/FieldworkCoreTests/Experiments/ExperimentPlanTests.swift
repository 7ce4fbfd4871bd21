import FieldworkCore
import XCTest

final class ExperimentPlanTests: XCTestCase {
  private func plan(
    _ domain: Domain?,
    seed: UInt64 = 0,
    _ change: (inout ResearchSettings) -> Void = { _ in }
  ) throws -> [PlannedExperiment] {
    var plan = try ExperimentPlan(research(domain, change: change), seed: seed)
    var planned: [PlannedExperiment] = []
    while let next = try plan.next() { planned.append(next) }
    XCTAssertEqual(plan.size, planned.count)
    XCTAssertEqual(planned.map(\.ordinal), Array(planned.indices))
    return planned
  }

  func testIdsAreStableAndDiffer() throws {
    let planned = try plan(list("a", 1, 2, 3)) { $0.repetitions = 2 }
    XCTAssertEqual(Set(planned.map(\.id)).count, 6)
    XCTAssertEqual(planned.map(\.id), try plan(list("a", 1, 2, 3)) { $0.repetitions = 2 }.map(\.id))
    XCTAssertEqual(planned.map(\.repetition), [0, 0, 0, 1, 1, 1])
    XCTAssertEqual("\(planned[4].config)", "{a: 2}")
    XCTAssertEqual(
      planned[0].id,
      SHA256.hexDigest(of: "experiment|\"a\":1|0", length: 16),
      "ids are a contract: a change makes every research run again"
    )
  }

  func testIdsDoNotChangeWhenTheDomainGrows() throws {
    let before = try plan(list("a", 1, 2).product(list("b", "x")))
    let after = try plan(list("a", 0, 1, 2, 3).product(list("b", "w", "x"))) { $0.repetitions = 3 }
    XCTAssertTrue(Set(after.map(\.id)).isSuperset(of: before.map(\.id)))
    XCTAssertEqual(Set(after.map(\.id)).count, 24)
    let reordered = try plan(list("b", "x").product(list("a", 2, 1)))
    XCTAssertEqual(Set(reordered.map(\.id)), Set(before.map(\.id)))
    let blocks = try plan(list("a", 1, 2).product(list("b", "x"))) {
      $0.repetitions = 2
      $0.repeatEach = 1
    }
    XCTAssertTrue(Set(blocks.map(\.id)).isSuperset(of: before.map(\.id)))
    XCTAssertEqual(Set(try plan(list("a", 1)) { $0.iterations = 7 }.map(\.id)).count, 1)
  }

  func testDuplicatesHaveIdsOfTheirOwn() throws {
    let twice = try plan(list("a", 1, 2, 1)) { $0.repetitions = 2 }
    XCTAssertEqual(Set(twice.map(\.id)).count, 6)
    let once = try plan(list("a", 1, 2)) { $0.repetitions = 2 }
    XCTAssertTrue(Set(twice.map(\.id)).isSuperset(of: once.map(\.id)))
    let over = try plan(list("a", 1, 2)) { $0.configs = 5 }
    XCTAssertEqual(Set(over.map(\.id)).count, 5)
    XCTAssertEqual(over.prefix(2).map(\.id), once.prefix(2).map(\.id))
  }

  func testTheSeedDecidesSamplesAndSoTheirIds() throws {
    let domain = list("a", 1, 2).product(drawn("s", .uniform(0...1)))
    XCTAssertEqual(try plan(domain, seed: 1).map(\.id), try plan(domain, seed: 1).map(\.id))
    XCTAssertNotEqual(try plan(domain, seed: 1).map(\.id), try plan(domain, seed: 2).map(\.id))
  }

  func testWithoutADomain() throws {
    let planned = try plan(nil) { $0.repetitions = 3 }
    XCTAssertEqual(planned.map(\.repetition), [0, 1, 2])
    XCTAssertEqual(Set(planned.map(\.id)).count, 3)
    let prefixed = try plan(nil) {
      $0.repetitions = 2
      $0.idPrefix = 2
    }
    XCTAssertEqual(prefixed.map { $0.id.prefix(3) }, ["00_", "01_"])
  }

  func testPrefixes() throws {
    let planned = try plan(list("a", "x", "y")) { $0.idPrefix = 1 }
    XCTAssertEqual(planned.map { $0.id.prefix(4) }, ["0_0_", "1_0_"])
    let plain = try plan(list("a", "x", "y"))
    XCTAssertEqual(planned.map { $0.id.dropFirst(4) }, plain.map { $0.id[...] })
  }

  func testEndlessAndRefused() throws {
    let endless = drawn("s", .uniform(0...1))
    var plan = try ExperimentPlan(research(endless), seed: 0)
    XCTAssertNil(plan.size)
    var ids = Set<String>()
    for _ in 0..<300 { ids.insert(try XCTUnwrap(plan.next()).id) }
    XCTAssertEqual(ids.count, 300)
    assertThrows(.invalidDefinition) {
      try ExperimentPlan(research(list("a", 1).weighted(0)), seed: 0)
    }
    XCTAssertEqual(try self.plan(endless) { $0.configs = 4 }.count, 4)
  }
}
