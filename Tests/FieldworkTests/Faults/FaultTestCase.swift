import Fieldwork
import FieldworkRuntime
import Foundation
import XCTest

/// Runs playbooks whose units bring down their processes.
class FaultTestCase: CommandLineTestCase {
  private(set) var mark = ProcessMark()

  override func setUpWithError() throws {
    try super.setUpWithError()
    mark = ProcessMark()
  }

  override func tearDownWithError() throws {
    XCTAssertEqual(mark.waitUntilGone(), [], "processes are left")
    mark.killAll()
    try super.tearDownWithError()
  }

  private func environment(
    _ research: String,
    _ more: [String: String]
  ) -> [String: String] {
    ["TEST_PLAYBOOK": research, "TERM": "xterm-256color"].merging(mark.environment) { $1 }
      .merging(more) { $1 }
  }

  /// Runs a research of the test playbook to its end, in two worker processes.
  func run(
    _ research: String,
    _ arguments: String...,
    workers: Int? = 2,
    environment more: [String: String] = [:]
  ) throws -> ProcessRun {
    let workers = workers.map { ["--workers", "\($0)"] } ?? []
    return try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["run"] + workers + arguments),
      environment: environment(research, more)
    )
  }

  /// Starts a research of the test playbook.
  func begin(
    _ research: String,
    _ arguments: [String],
    environment more: [String: String] = [:]
  ) throws -> RunningProcess {
    try RunningProcess(
      Self.executable("TestPlaybook"),
      complete(["run"] + arguments),
      environment: environment(research, more)
    )
  }

  func folder(_ research: String) -> ResearchFolder {
    ResearchFolder(directory: directory.path, name: research)
  }

  func results(_ research: String) throws -> ResearchResults {
    try ResearchResults.load(folder(research).path)
  }

  /// The values that an experiment has saved under a name, by iteration.
  func saved(_ name: String, _ results: ResearchResults, _ id: String) -> [Int: Value] {
    Dictionary(
      results.values(of: name, in: id).map { ($0.iteration, $0.value) },
      uniquingKeysWith: { _, last in last }
    )
  }

  func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
