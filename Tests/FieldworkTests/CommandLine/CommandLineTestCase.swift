import Foundation
import XCTest

/// Runs playbooks as processes of their own, with their results below a folder that is deleted again.
class CommandLineTestCase: XCTestCase {
  private(set) var directory = URL(fileURLWithPath: "/")

  override func setUpWithError() throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("fieldwork-command-line-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  override func tearDownWithError() throws {
    try FileManager.default.removeItem(at: directory)
  }

  static func executable(_ name: String) -> URL {
    BuildProducts.folder.appendingPathComponent(name)
  }

  /// The arguments with `--directory`; options may also stand without a subcommand.
  func complete(_ arguments: [String]) -> [String] {
    arguments.contains("--directory") ? arguments : arguments + ["--directory", directory.path]
  }

  private func environment(_ research: String, gate: String?) -> [String: String] {
    // Colors would be asked for by a terminal; there is none.
    ["TEST_PLAYBOOK": research, "TEST_GATE": gate ?? "", "TERM": "xterm-256color"]
  }

  /// Runs the test playbook to its end.
  /// - Parameter more: environment variables beside the usual ones.
  func runPlaybook(
    _ arguments: String...,
    research: String = "small",
    environment more: [String: String] = [:]
  ) throws -> ProcessRun {
    try runPlaybook(arguments, research: research, environment: more)
  }

  func runPlaybook(
    _ arguments: [String],
    research: String,
    environment more: [String: String]
  ) throws -> ProcessRun {
    try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(arguments),
      environment: environment(research, gate: nil).merging(more) { $1 }
    )
  }

  /// Starts the test playbook.
  func start(
    _ arguments: String...,
    research: String,
    gate: String? = nil,
    environment more: [String: String] = [:],
    standardOutput: FileHandle? = nil,
    standardError: FileHandle? = nil
  ) throws -> RunningProcess {
    try RunningProcess(
      Self.executable("TestPlaybook"),
      complete(arguments),
      environment: environment(research, gate: gate).merging(more) { $1 },
      standardOutput: standardOutput,
      standardError: standardError
    )
  }

  /// Checks that a command is refused with exit code 2 and one message.
  func assertRefused(
    _ arguments: String...,
    research: String = "small",
    environment more: [String: String] = [:],
    saying message: String,
    file: StaticString = #filePath,
    line: UInt = #line
  ) throws {
    let result = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(arguments),
      environment: environment(research, gate: nil).merging(more) { $1 }
    )
    XCTAssertEqual(result.status, 2, "exit code", file: file, line: line)
    XCTAssertFalse(result.wasKilled, file: file, line: line)
    XCTAssertEqual(result.output, "", "standard output", file: file, line: line)
    let text = result.error.replacingOccurrences(of: directory.path, with: "DIR")
      .replacing(/\ on \S+ since [\d-]+ [\d:]+ \(.*\);/, with: ";")
    XCTAssertEqual(Self.withoutUsage(text), message, file: file, line: line)
  }

  /// A message without the lines about usage in general, which follow wrong options.
  private static func withoutUsage(_ text: String) -> String {
    text.split(separator: "\n")
      .filter { line in !["Usage: ", "Help: ", "  See '"].contains { line.hasPrefix($0) } }
      .joined(separator: "\n")
  }

  /// The rows of a CSV text without quotes, without the titles.
  func rows(_ text: String) -> [[String]] {
    text.split(separator: "\n").dropFirst().map { line in
      line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }
}
