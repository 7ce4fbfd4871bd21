import Fieldwork
import XCTest

/// Rows 54 to 60: domains that are replaced, and researches that are stored.
final class AcceptanceUpdateTests: AcceptanceRunCase {
  /// The values of x in the order in which experiments were planned, whatever the number of workers, with
  /// the number of updates before each: `1/0 2/0 20/1`.
  private func order(
    workers: Int = 2,
    _ update: UpdateDomain,
    _ others: UpdateDomain...
  ) async throws -> String {
    let results = try await Research("updates", seed: 1, workers: .count(workers)) {
      Domain("x" <- 1...3)
      update
      others
      Unit("f", saving: "y") { run in try run["x", as: Int.self] }
    }.run()
    return results.experiments.map { experiment in
      "\(experiment.config[alias: "x"]?.name ?? "")/\(experiment.updates)"
    }.joined(separator: " ")
  }

  func testRow054_theRestOfTheDomainIsReplaced() async throws {
    let new = Domain("x" <- [20, 21])
    for workers in [1, 3] {
      let after2 = try await order(workers: workers, UpdateDomain(when: .at(1)) { _ in new })
      XCTAssertEqual(after2, "1/0 2/0 20/1 21/1")
      let after1 = try await order(workers: workers, UpdateDomain(when: .at(0)) { _ in new })
      XCTAssertEqual(after1, "1/0 20/1 21/1")
      let atTheEnd = try await order(workers: workers, UpdateDomain(when: .at(2)) { _ in new })
      XCTAssertEqual(atTheEnd, "1/0 2/0 3/0 20/1 21/1")
      let first = try await order(
        workers: workers,
        UpdateDomain(when: .at(0) | .at(2)) { update in
          update.updates == 1 ? new : Domain("x" <- [30])
        },
        UpdateDomain(when: .at(0)) { _ in Domain("x" <- [99]) }
      )
      XCTAssertEqual(first, "1/0 20/1 21/1 30/2", "of several rules the first")
    }
  }

  func testRow055_howTheNewDomainIsGoneThrough() async throws {
    let results = try await Research("updates", repetitions: 2, seed: 1) {
      Domain("x" <- 1...3)
      UpdateDomain(when: .at(1), configs: 3, repetitions: 2, repeatEach: 2) { _ in
        Domain("x" <- 20...29)
      }
      Unit("f") { _ in 1 }
    }.run()
    XCTAssertEqual(
      results.experiments.map { "\($0.config[alias: "x"]?.name ?? "")/\($0.repetition)" },
      ["1/0", "2/0", "20/0", "21/0", "20/1", "21/1", "22/0", "22/1"],
      "the research's own repetitions are not inherited"
    )
  }

  func testRow056_noNewDomainGoesOn() async throws {
    let asked = Journal<Int>()
    let order = try await order(
      UpdateDomain(when: .every(1)) { update in
        asked.add(update.produced)
        return nil
      }
    )
    XCTAssertEqual(order, "1/0 2/0 3/0")
    XCTAssertEqual(asked.entries, [1, 2, 3])
  }

  @Sendable private static func next(_ results: ResearchResults) -> Domain? {
    let sum = results.lastValues(of: "y").compactMap { $0?.number }.reduce(0, +)
    return Domain("x" <- [Int(sum) * 100])
  }

  func testRow057_anUpdateReadsTheResults() async throws {
    for workers in [1, 3] {
      let named = try await order(
        workers: workers,
        UpdateDomain(when: .at(1), Self.next, R())
      )
      XCTAssertEqual(named, "1/0 2/0 300/1")
      let closure = try await order(
        workers: workers,
        UpdateDomain(when: .at(1)) { update in
          XCTAssertEqual(try update.results.experiments.map(\.state), [.done, .done])
          return Self.next(try update.results)
        }
      )
      XCTAssertEqual(closure, "1/0 2/0 300/1", "all that were planned have ended")
    }
  }

  func testRow058_atTheEndOfADomain() async throws {
    let order = try await order(
      UpdateDomain(when: .last) { update in
        let ten = update.updates * 10
        return ten < 30 ? Domain("x" <- [ten, ten + 1]) : nil
      }
    )
    XCTAssertEqual(order, "1/0 2/0 3/0 10/1 11/1 20/2 21/2", "nil ends the research")
    let empty = try await self.order(UpdateDomain(when: .last) { _ in Domain() })
    XCTAssertEqual(empty, "1/0 2/0 3/0", "and so does an empty domain")
  }

  // MARK: Stored researches

  func testRow059_aStoredResearchWithEveryProfile() async throws {
    for profile in Profiling.allCases {
      let research = Research(
        "stored \(profile.rawValue)",
        repetitions: 2,
        iterations: 3,
        seed: 5,
        profile: profile
      ) {
        Domain("x" <- 1...2)
        Unit("f", saving: "y") { run in try run["x", as: Int.self] }
      }
      try await runInFolder(research)
      let stored = try Research.load(folder(research.name).path)
      XCTAssertEqual(stored.name, research.name)
      XCTAssertEqual(stored.description, research.description)
      XCTAssertTrue(stored.description.contains("domain: Domain(\"x\" <- 1...2)"))
      XCTAssertEqual(stored.seed, 5)
      XCTAssertEqual(stored.runs, 1)
      XCTAssertEqual(try stored.results().lastValues(of: "y"), [1, 2, 1, 2])
      if profile == .off {
        await assertFails(.store, "no time of the research") { try stored.profile() }
      } else {
        XCTAssertEqual(try stored.profile().calls.count, 12)
      }
    }
    await assertFails(.store, "there are no results in") {
      try Research.load(folder("nothing").path)
    }
  }

  /// What a run has made is deleted, nothing else; so nothing needs to be forced.
  func testRow060_removal() async throws {
    let research = Research("lab/old", seed: 1) { Unit("f", saving: "y") { _ in 1 } }
    try await runInFolder(research)
    try Research.remove(folder("lab/old").path)
    XCTAssertFalse(exists(folder("lab/old").path))
    XCTAssertTrue(exists(folder("lab").path))
    try "mine".write(toFile: folder("lab").path + "/notes", atomically: true, encoding: .utf8)
    await assertFails(.store, "there are no results in") {
      try Research.remove(folder("lab").path)
    }
    XCTAssertEqual(try text(folder("lab").path + "/notes"), "mine")
    XCTAssertEqual(try runPlaybook().status, 0)
    let unasked = try runPlaybook("remove")
    XCTAssertEqual(unasked.status, 2, "without a terminal nothing is asked, and nothing deleted")
    XCTAssertTrue(exists(folder("small").databasePath))
    XCTAssertEqual(try runPlaybook("remove", "--yes").status, 0)
    XCTAssertFalse(exists(folder("small").path))
  }
}
