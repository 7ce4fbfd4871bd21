import Fieldwork
import Foundation
import XCTest

@testable import FieldworkStore

/// Runs playbooks on a real Slurm of four nodes, which `.ci/slurm` starts. Elsewhere the tests are left out.
class SlurmTestCase: CommandLineTestCase {
  static let nodes = ["n1", "n2", "n3", "n4"]

  private static var cluster: String? {
    ProcessInfo.processInfo.environment["FIELDWORK_SLURM"]
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  override func setUpWithError() throws {
    try XCTSkipIf(Self.cluster == nil, "there is no Slurm: run .ci/slurm")
    try super.setUpWithError()
    // What an earlier test has ended may still be on its way out.
    XCTAssertTrue(try waitUntil(60) { try self.jobs().isEmpty })
    // Slurm sets a node aside after some faults.
    for node in Self.nodes { try slurm("scontrol", "update", "nodename=\(node)", "state=resume") }
    XCTAssertTrue(
      try waitUntil(60) { try self.slurm("sinfo", "-h", "-N", "-o", "%N %t").contains("n4 idle") }
    )
  }

  override func tearDownWithError() throws {
    guard Self.cluster != nil else { return }
    try slurm("scancel", "--user=root")
    try super.tearDownWithError()
  }

  // MARK: Slurm

  @discardableResult
  func slurm(_ words: String...) throws -> String {
    try ProcessRun(URL(fileURLWithPath: "/usr/bin/env"), words).output
  }

  /// The tasks that wait or run, such as `12_3 RUNNING n2`.
  func jobs() throws -> [String] {
    try slurm("squeue", "-h", "-r", "-o", "%i %T %N").split(separator: "\n").map(String.init)
  }

  /// Does something to a node, or to the controller: `kill`, `orphan` or `start`.
  func node(_ action: String, _ name: String) throws {
    let script = Self.root.appendingPathComponent(".ci/slurm-cluster")
    let run = try ProcessRun(script, [action, try XCTUnwrap(Self.cluster), name])
    XCTAssertEqual(run.status, 0, run.error)
  }

  /// Waits for something to become true.
  /// - Returns: false if it has not after a number of seconds.
  func waitUntil(_ seconds: Double, _ condition: () throws -> Bool) throws -> Bool {
    let end = Date() + seconds
    while Date() < end {
      if try condition() { return true }
      usleep(100_000)
    }
    return try condition()
  }

  // MARK: Runs of the test playbook

  var countFile: String { directory.appendingPathComponent("count").path }

  func settings(size: Int, pause: Double, iterations: Int = 3) -> [String: String] {
    [
      "CLUSTER_SIZE": "\(size)", "CLUSTER_PAUSE": "\(pause)", "CLUSTER_ITERATIONS": "\(iterations)",
      "CLUSTER_COUNT": countFile,
    ]
  }

  /// Starts a run on Slurm.
  func begin(
    _ options: [String],
    size: Int,
    pause: Double,
    iterations: Int = 3,
    program: URL? = nil,
    environment more: [String: String] = [:]
  ) throws -> RunningProcess {
    try RunningProcess(
      program ?? Self.executable("TestPlaybook"),
      complete(["run", "--engine", "slurm"] + options),
      environment: settings(size: size, pause: pause, iterations: iterations)
        .merging(["TEST_PLAYBOOK": "cluster"]) { $1 }.merging(more) { $1 }
    )
  }

  /// The lines that experiments have added to the file that counts.
  func lines(_ prefix: String) -> [String] {
    let text = (try? String(contentsOfFile: countFile, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { $0.hasPrefix(prefix + " ") }
      .map { String($0.dropFirst(prefix.count + 1)) }
  }

  var folder: ResearchFolder { ResearchFolder(directory: directory.path, name: "cluster") }

  /// The experiments that are stored as done, by the value of `x`.
  func done() throws -> Set<String> {
    guard let store = try DatabaseStore.openIfThere(folder) else { return [] }
    defer { try? store.close() }
    let experiments = try store.contents().experiments.filter { $0.state == .done }
    return Set(try experiments.map { try XCTUnwrap($0.config[alias: "x"]?.name) })
  }

  /// Waits until some experiments are stored as done.
  func waitForDone(_ count: Int) throws {
    XCTAssertTrue(try waitUntil(180) { try done().count >= count })
  }

  /// Checks that all experiments are done, with the values that they have without a cluster, and that none ran again that
  /// was stored as done.
  func assertComplete(
    size: Int,
    storedBefore: Set<String> = [],
    file: StaticString = #filePath,
    line: UInt = #line
  ) throws {
    XCTAssertEqual(try done().count, size, file: file, line: line)
    let begun = lines("begin")
    XCTAssertEqual(Set(begun).count, size, file: file, line: line)
    let again = storedBefore.filter { x in begun.filter { $0 == x }.count > 1 }
    XCTAssertEqual(again, [], "done experiments ran again", file: file, line: line)
    let results = try table(directory.path, "TestPlaybook", "cluster")
    let local = directory.path + "/local"
    let run = try runPlaybook(
      "run",
      "--directory",
      local,
      "--workers",
      "8",
      research: "cluster",
      environment: settings(size: size, pause: 0).merging(["CLUSTER_COUNT": "/dev/null"]) { $1 }
    )
    XCTAssertEqual(run.status, 0, run.error, file: file, line: line)
    XCTAssertEqual(results, try table(local, "TestPlaybook", "cluster"), file: file, line: line)
  }

  /// The rows of all results but for the values of earlier iterations.
  func table(_ directory: String, _ playbook: String, _ research: String = "") throws -> String {
    let run = try ProcessRun(
      Self.executable(playbook),
      ["results", "--directory", directory, "--last", "--format", "csv"],
      environment: ["TEST_PLAYBOOK": research]
    )
    XCTAssertEqual(run.status, 0, run.error)
    return run.output
  }
}
