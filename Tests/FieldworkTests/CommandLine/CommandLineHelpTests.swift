import Foundation
import XCTest

/// The help texts, as recorded in the folder `Help`.
///
/// `FIELDWORK_RECORD=1 swift test --filter CommandLineHelpTests` records them again.
final class CommandLineHelpTests: CommandLineTestCase {
  private func check(
    _ name: String,
    _ arguments: [String],
    file: StaticString = #filePath,
    line: UInt = #line
  ) throws {
    let result = try ProcessRun(
      Self.executable("Quickstart"),
      arguments,
      environment: ["COLUMNS": "80"]
    )
    XCTAssertEqual(result.status, 0, file: file, line: line)
    XCTAssertEqual(result.error, "", file: file, line: line)
    // Help texts end their lines with spaces here and there, which editors take away.
    let text = result.output.split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
      .joined(separator: "\n")
    if ProcessInfo.processInfo.environment["FIELDWORK_RECORD"] == "1" {
      let folder = URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent()
      let url = folder.appendingPathComponent("Help/\(name).txt")
      try text.write(to: url, atomically: true, encoding: .utf8)
      return
    }
    let url = Bundle.module.bundleURL.appendingPathComponent("Help/\(name).txt")
    let recorded = try String(contentsOf: url, encoding: .utf8)
    XCTAssertEqual(text, recorded, name, file: file, line: line)
  }

  func testHelpOfThePlaybook() throws {
    try check("playbook", ["--help"])
    try check("playbook", ["-h"])
    try check("playbook", ["help"])
  }

  func testHelpOfTheSubcommands() throws {
    for name in [
      "run", "retry", "configs", "status", "attach", "stop", "workers", "enqueue", "ask", "tell",
      "rerun",
      "source", "cache", "results", "best", "simulate",
      "compare",
      "importance", "plot", "report", "profile", "verify",
      "remove",
    ] {
      try check(name, [name, "--help"])
      try check(name, ["help", name])
    }
  }
}
