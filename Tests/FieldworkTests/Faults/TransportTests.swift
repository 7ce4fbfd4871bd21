import FieldworkCore
import FieldworkRuntime
import Foundation
import XCTest

@testable import FieldworkStore

/// What worker processes report of their deaths and ends, through sockets and through files.
final class TransportTests: CommandLineTestCase {
  private static let transports = ["sockets", "files"]

  private func run(_ research: String, _ options: [String]) throws -> ProcessRun {
    try runPlaybook(
      ["run"] + options,
      research: research,
      environment: ["TEST_JOURNAL": journal]
    )
  }

  private var journal: String { directory.appendingPathComponent("journal").path }

  private func lines() throws -> [String] {
    try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  private func results(_ research: String) throws -> ResearchResults {
    try DatabaseStore.openForReading(
      ResearchFolder(path: directory.appendingPathComponent(research).path)
    ).contents()
  }

  private func clear(_ research: String) throws {
    for name in [research, "journal"] {
      try? FileManager.default.removeItem(at: directory.appendingPathComponent(name))
    }
  }

  func testADeathAtOnceIsOneFailureOfItsExperiment() throws {
    for transport in Self.transports {
      for workers in ["1", "2"] {
        let name = "\(transport), \(workers)"
        let run = try run("brief", ["--workers", workers, "--transport", transport])
        XCTAssertEqual(run.status, 1, run.error)
        let experiments = try results("brief").experiments
        XCTAssertEqual(experiments.count, 40, name)
        for (n, experiment) in experiments.enumerated() {
          XCTAssertEqual(experiment.state, n % 10 == 5 ? .failed : .done, "\(name), \(n)")
          XCTAssertEqual(experiment.failures.count, n % 10 == 5 ? 1 : 0, "\(name), \(n)")
        }
        let begun = try lines()
        XCTAssertEqual(begun.filter { $0.hasSuffix("5") }.count, 4, name)
        XCTAssertEqual(Set(begun).count, 40, name)
        try clear("brief")
      }
    }
  }

  func testADeathLeavesTheRetriesOfOtherBranches() throws {
    for transport in Self.transports {
      let run = try run(
        "siblings",
        ["--workers", "1", "--retry-errors", "1", "--transport", transport]
      )
      XCTAssertEqual(run.status, 1, run.error)
      let experiments = try results("siblings").experiments
      XCTAssertEqual(experiments.map(\.state), [.done, .failed], transport)
      // Through files, the last iteration may not be known.
      XCTAssertEqual(experiments[0].iterations, 3, transport)
      if transport == "sockets" { XCTAssertEqual(experiments[1].iterations, 2) }
      try clear("siblings")
    }
  }

  func testPrunedTablesAreTheSame() throws {
    func table() throws -> String {
      try runPlaybook("results", "--format", "csv", research: "pruned").output
    }
    XCTAssertEqual(try run("pruned", ["--parallel", "serial"]).status, 0)
    let expected = try table()
    let states = try results("pruned").experiments.map(\.state)
    XCTAssertTrue(states.contains(.pruned))
    XCTAssertTrue(states.contains(.done))
    try clear("pruned")
    for transport in Self.transports {
      for workers in ["1", "2", "8"] {
        let run = try run("pruned", ["--workers", workers, "--transport", transport])
        XCTAssertEqual(run.status, 0, run.error)
        XCTAssertEqual(try table(), expected, "\(transport), \(workers)")
        try clear("pruned")
      }
    }
  }

  /// A run that is killed, and goes on, prunes the same experiments.
  func testAKilledRunPrunesTheSame() throws {
    XCTAssertEqual(try run("pruned", ["--parallel", "serial"]).status, 0)
    let expected = try results("pruned").experiments.map { "\($0.id) \($0.state)" }
    try clear("pruned")
    for transport in Self.transports {
      let running = try start(
        "run",
        "--workers",
        "2",
        "--transport",
        transport,
        research: "pruned",
        environment: ["TEST_JOURNAL": journal]
      )
      while ((try? lines().count) ?? 0) < 60 { usleep(1000) }
      running.process.kill()
      _ = try? running.finish()
      let rest = try run("pruned", ["--workers", "2", "--transport", transport])
      XCTAssertEqual(rest.status, 0, rest.error)
      let found = try results("pruned").experiments.map { "\($0.id) \($0.state)" }
      XCTAssertEqual(found, expected, transport)
      try clear("pruned")
    }
  }
}
