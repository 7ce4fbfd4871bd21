import Foundation
import XCTest

/// The counts that `status`, `configs --why`, `run --dry-run` and `retry --dry-run` print of one store.
struct CountAgreement {
  /// Runs the playbook with arguments of a subcommand.
  let call: ([String]) throws -> ProcessRun

  private func counts(_ value: Any?) throws -> [String: Int] {
    try XCTUnwrap(value as? [String: Int])
  }

  private func reasons(_ options: [String]) throws -> [String: Int] {
    let run = try call(["configs", "--why", "--json", "--limit", "0"] + options)
    return try run.output.split(separator: "\n").reduce(into: [:]) { counts, line in
      let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      counts[try XCTUnwrap(entry?["why"] as? String), default: 0] += 1
    }
  }

  /// Asserts that the commands agree.
  /// - Parameter options: the options that change the research.
  /// - Returns: the number of experiments that a run would run, and of those that it would skip.
  @discardableResult
  func check(_ what: String, options: [String] = []) throws -> (
    runs: Int, skips: Int
  ) {
    let stored = try counts(try object(["status"])["stored"])
    let reasons = try reasons(options)
    let preview = try object(["run", "--dry-run"] + options)
    let planned = try counts(preview["counts"])
    func why(_ names: String...) -> Int { names.reduce(0) { $0 + reasons[$1, default: 0] } }
    for (name, count) in planned { XCTAssertEqual(count, why(name), "\(what): \(name)") }
    for name in ["failed", "interrupted", "running"] {
      XCTAssertEqual(stored[name], why(name), "\(what): \(name)")
    }
    XCTAssertEqual(
      stored["done", default: 0] + stored["pruned", default: 0],
      why("done", "pruned", "changed", "other build", "other version", "to go on", "not planned"),
      what
    )
    let runs = why("new", "failed", "interrupted", "running", "to go on", "other version")
    XCTAssertEqual(preview["to_run"] as? Int, runs, what)
    let all = reasons.values.reduce(0, +) - why("not planned")
    if why("failed") > 0 {
      XCTAssertEqual(
        try object(["retry", "--dry-run"] + options)["to_run"] as? Int,
        why("failed"),
        what
      )
    }
    return (runs, all - runs)
  }

  /// Runs the research, and asserts that its summary has the numbers that were announced.
  func run(_ expected: (runs: Int, skips: Int), _ what: String, options: [String]) throws {
    let summary = try object(["run", "--no-progress", "--provenance", "none"] + options)
    let ended = ["done", "failed", "pruned", "interrupted"].compactMap { summary[$0] as? Int }
    XCTAssertEqual(ended.reduce(0, +), expected.runs, what)
    XCTAssertEqual(summary["stored"] as? Int, expected.skips, what)
  }

  private func object(_ arguments: [String]) throws -> [String: Any] {
    let run = try call(arguments + ["--json"])
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    return try XCTUnwrap(object as? [String: Any], run.output + run.error)
  }
}
