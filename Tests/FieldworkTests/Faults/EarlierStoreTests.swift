import Fieldwork
import Foundation
import XCTest

/// Stores that an earlier version made (`Stores`) open, resume and give the table of an uninterrupted run.
final class EarlierStoreTests: FaultTestCase {
  /// A stored run, with the options that it was made with.
  private struct Stored {
    let name: String
    var playbook = "TestPlaybook"
    let arguments: [String]
    var environment: [String: String] = [:]
  }

  private static let digits = Stored(
    name: "digits",
    playbook: "Digits",
    arguments: ["--iterations", "3", "--repetitions", "1"]
  )
  private static let ising = Stored(
    name: "ising",
    playbook: "Ising",
    arguments: ["--repetitions", "1"]
  )
  private static let zoom = Stored(name: "zoom", playbook: "Zoom", arguments: [])
  private static let faulty = Stored(
    name: "faulty",
    arguments: [],
    environment: [
      "TEST_PLAYBOOK": "faulty", "TEST_FAULTS": "none,throw,trap,kill,exit,segv",
      "SWIFT_BACKTRACE": "enable=no",
    ]
  )
  private static let complete = [
    digits, Stored(name: "aliases", arguments: [], environment: ["TEST_PLAYBOOK": "aliases"]),
    Stored(
      name: "versions",
      arguments: ["--seed", "9"],
      environment: ["TEST_PLAYBOOK": "versions"]
    ),
  ]

  private func copy(_ stored: Stored) throws {
    let folder = directory.appendingPathComponent(stored.name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: try fixture(stored, "research.sqlite"),
      to: folder.appendingPathComponent("research.sqlite")
    )
  }

  private func fixture(_ stored: Stored, _ file: String) throws -> URL {
    let stores = try XCTUnwrap(Bundle.module.url(forResource: "Stores", withExtension: nil))
    return stores.appendingPathComponent(stored.name).appendingPathComponent(file)
  }

  private func call(_ stored: Stored, _ arguments: String...) throws -> ProcessRun {
    try ProcessRun(
      Self.executable(stored.playbook),
      complete(arguments),
      environment: stored.environment.merging(mark.environment) { $1 }
    )
  }

  /// Runs the research to its end.
  private func resume(_ stored: Stored, _ more: String...) throws -> ProcessRun {
    try ProcessRun(
      Self.executable(stored.playbook),
      complete(
        ["run", "--workers", "2", "--no-progress", "--provenance", "none"] + stored.arguments + more
      ),
      environment: stored.environment.merging(mark.environment) { $1 }
    )
  }

  private func assertTable(_ stored: Stored, line: UInt = #line) throws {
    let table = try call(stored, "results", "--json")
    let expected = try String(contentsOf: fixture(stored, "results.json"), encoding: .utf8)
    XCTAssertEqual(table.output, expected, stored.name, line: line)
    let check = try call(stored, "verify")
    XCTAssertEqual(check.status, 0, check.output + check.error, line: line)
  }

  func testCompleteStoresAreNotRunAgain() throws {
    for stored in Self.complete {
      try copy(stored)
      try assertTable(stored)
      let run = try resume(stored)
      XCTAssertEqual(run.status, 0, run.error)
      XCTAssertTrue(run.output.contains(" 0 experiments done"), "\(stored.name): \(run.output)")
      try assertTable(stored)
    }
  }

  func testEveryCommandCountsTheSame() throws {
    for stored in Self.complete + [Self.faulty, Self.ising] {
      try copy(stored)
      let agreement = CountAgreement { arguments in
        try ProcessRun(
          Self.executable(stored.playbook),
          self.complete(arguments),
          environment: stored.environment.merging(self.mark.environment) { $1 }
        )
      }
      let expected = try agreement.check(stored.name, options: stored.arguments)
      try agreement.run(expected, stored.name, options: stored.arguments + ["--workers", "2"])
      try agreement.check("\(stored.name) after a run", options: stored.arguments)
    }
  }

  func testInterruptedExperimentsGoOnFromTheirCheckpoints() throws {
    try copy(Self.ising)
    let why = try call(Self.ising, "configs", "--why", "--repetitions", "1", "--limit", "0")
    XCTAssertEqual(why.output.count(of: "interrupted, from iteration"), 2, why.output)
    let run = try resume(Self.ising)
    XCTAssertEqual(run.status, 0, run.error)
    XCTAssertTrue(run.output.contains("6 experiments done"), run.output)
    try assertTable(Self.ising)
  }

  func testRecordedUpdatesAreReplayed() throws {
    try copy(Self.zoom)
    let run = try resume(Self.zoom)
    XCTAssertEqual(run.status, 0, run.error)
    XCTAssertTrue(run.output.contains("650 experiments done"), run.output)
    try assertTable(Self.zoom)
    XCTAssertFalse(run.error.contains("is made again"), run.error)
  }

  func testFailuresAndDeathsAreKept() throws {
    try copy(Self.faulty)
    try assertTable(Self.faulty)
    let failures = try call(Self.faulty, "results", "--failures", "--json")
    let expected = try String(contentsOf: fixture(Self.faulty, "failures.json"), encoding: .utf8)
    XCTAssertEqual(failures.output, expected)
    let kept = try resume(Self.faulty, "--keep-failed")
    XCTAssertEqual(kept.status, 0, kept.error)
    try assertTable(Self.faulty)
    let again = try resume(Self.faulty)
    XCTAssertEqual(again.status, 1, again.error)
    XCTAssertTrue(again.output.contains("5 failed"), again.output)
    try assertTable(Self.faulty)
  }

  func testBranchesThatShareRunAgain() throws {
    let crossing = Stored(
      name: "crossing",
      arguments: [],
      environment: ["TEST_PLAYBOOK": "crossing"]
    )
    try copy(crossing)
    let run = try resume(crossing)
    XCTAssertEqual(run.status, 1, run.error)
    try assertTable(crossing)
  }
}

extension String {
  fileprivate func count(of text: String) -> Int { components(separatedBy: text).count - 1 }
}
