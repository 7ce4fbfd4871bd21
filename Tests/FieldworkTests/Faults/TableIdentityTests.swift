import Fieldwork
import FieldworkRuntime
import Foundation
import XCTest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The table of a playbook is the same however it runs, and after whatever interruptions.
final class TableIdentityTests: FaultTestCase {
  private static let ways: [[String]] = [
    ["--parallel", "processes", "--workers", "1"], ["--parallel", "processes", "--workers", "2"],
    ["--parallel", "processes", "--workers", "8"], ["--parallel", "threads", "--workers", "2"],
    ["--parallel", "serial"],
  ]

  private func start(_ playbook: String, _ arguments: [String]) throws -> RunningProcess {
    try RunningProcess(
      Self.executable(playbook),
      ["run", "--seed", "3", "--no-progress", "--provenance", "none"] + arguments,
      environment: mark.environment
    )
  }

  private func table(_ playbook: String, _ folder: String) throws -> String {
    let run = try ProcessRun(
      Self.executable(playbook),
      ["results", "--format", "csv", "--directory", folder]
    )
    XCTAssertEqual(run.status, 0, run.error)
    return run.output
  }

  /// Runs a playbook in every way, and with kills.
  /// - Parameter count: the number of rows; nil where it depends on what is pruned.
  /// - Returns: the table.
  @discardableResult
  private func check(_ playbook: String, _ arguments: [String], rows count: Int?) throws -> String {
    var expected: String?
    var duration = 0.0
    for (index, way) in Self.ways.enumerated() {
      let folder = "\(directory.path)/\(playbook)\(index)"
      let began = Date()
      let ended = try start(playbook, way + arguments + ["--directory", folder]).finish()
      duration = Date().timeIntervalSince(began)
      XCTAssertEqual(ended.status, 0, "\(playbook) \(way): \(ended.error)")
      let table = try table(playbook, folder)
      if expected == nil {
        expected = table
        if let count { XCTAssertEqual(rows(table).count, count, "\(playbook): rows") }
      }
      XCTAssertEqual(table, expected, "\(playbook) \(way)")
    }
    let folder = "\(directory.path)/\(playbook)-killed"
    var isDone = false
    for number in 1...8 where !isDone {
      let running = try start(
        playbook,
        Self.ways[1] + arguments + ["--directory", folder]
      )
      // At a later moment each time, and the last one is left alone.
      if number < 8 {
        let pause = Duration.milliseconds(Int(200 + 150 * duration * Double(number)))
        if running.process.wait(for: pause) == nil { running.signal(SIGKILL) }
      }
      let ended = try running.finish()
      XCTAssertEqual(mark.waitUntilGone(), [], "\(playbook): processes are left")
      XCTAssertTrue(ended.wasKilled || ended.status == 0, "\(playbook): \(ended.error)")
      isDone = !ended.wasKilled
    }
    XCTAssertTrue(isDone, playbook)
    XCTAssertEqual(try table(playbook, folder), expected, "\(playbook), after kills")
    return expected ?? ""
  }

  func testQuickstart() throws { try check("Quickstart", [], rows: 27) }

  func testDigits() throws {
    try check("Digits", ["--repetitions", "1", "--configs", "4", "--iterations", "3"], rows: 12)
  }

  func testIsing() throws {
    let arguments = ["--repetitions", "1", "--configs", "4", "--iterations", "700"]
    try check("Ising", arguments, rows: 8)
  }

  /// All of its domains, each of which depends on the results of those before.
  func testZoom() throws { try check("Zoom", ["--configs", "9"], rows: 909) }

  func testSharedBatches() throws {
    let arguments = ["--repetitions", "1", "--configs", "8", "--iterations", "60"]
    try check("SharedBatches", arguments, rows: 8)
  }

  /// A search with pruning, which learns from its eleventh config on, and which grows.
  func testTuning() throws {
    func arguments(_ configs: Int) -> [String] {
      ["--search", "tpe", "--configs", "\(configs)", "--iterations", "4"]
    }
    let expected = try check("Tuning", arguments(16), rows: nil)
    XCTAssertGreaterThan(rows(expected).count, 32)
    let folder = "\(directory.path)/grown"
    for configs in [7, 12, 16] {
      let ended = try start("Tuning", arguments(configs) + ["--directory", folder]).finish()
      XCTAssertEqual(ended.status, 0, ended.error)
    }
    XCTAssertEqual(try table("Tuning", folder), expected, "grown")
  }
}
