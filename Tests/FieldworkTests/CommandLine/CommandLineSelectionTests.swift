import Fieldwork
import Foundation
import GRDB
import XCTest

@testable import FieldworkStore

/// Which rows and which tables `results` shows.
final class CommandLineSelectionTests: CommandLineTestCase {
  /// Runs `results` as CSV.
  private func results(
    _ arguments: String...,
    research: String = "small",
    saying message: String = "",
    file: StaticString = #filePath,
    line: UInt = #line
  ) throws -> [[String]] {
    try results(arguments, research: research, saying: message, file: file, line: line)
  }

  private func results(
    _ arguments: [String],
    research: String = "small",
    saying message: String = "",
    file: StaticString = #filePath,
    line: UInt = #line
  ) throws -> [[String]] {
    let result = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["results", "--format", "csv"] + arguments),
      environment: ["TEST_PLAYBOOK": research]
    )
    XCTAssertEqual(result.status, 0, "\(arguments): \(result.error)", file: file, line: line)
    XCTAssertEqual(result.error, message, file: file, line: line)
    return result.output.split(separator: "\n").map { row in
      row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  private func change(_ sql: String) throws {
    let database = try DatabaseQueue(path: directory.path + "/small/research.sqlite")
    try database.write { database in
      try database.execute(sql: sql)
      try StoredChecksum.sealAll(database)
    }
    try database.close()
  }

  func testIterationsAndIds() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1").status, 0)
    let first = try results("--iteration", "0")
    XCTAssertEqual(first.dropFirst().map { $0[3] }, ["0", "0", "0", "0"])
    XCTAssertEqual(try results("--iteration", "0,1,7"), try results())
    XCTAssertEqual(try results("--iteration", "0-3"), try results())
    XCTAssertEqual(try results("--iteration", "0-0"), first)
    XCTAssertEqual(try results("--iteration", "7"), [["id", "lr", "size", "iteration", "loss"]])
    let id = "40faee0a84438ed2"
    let one = try results("--id", id)
    XCTAssertEqual(one.dropFirst().map { $0[0] }, [id, id])
    XCTAssertEqual(try results("--id", "40faee0a"), one)
    XCTAssertEqual(try results("--id", "40faee0a…"), one, "as a narrow table shows it")
    XCTAssertEqual(
      try results("--id", "cc8", "--id", "40f", "--last").dropFirst().map { $0[0] },
      [id, "cc8dd50af13bee1f"],
      "in the order of the plan"
    )
    XCTAssertEqual(
      try results("--experiments", "--id", "40f").dropFirst().map { $0[0] },
      [id]
    )
    try assertRefused(
      "results",
      "--id",
      "zz",
      saying:
        "error: --id: no experiment has an id that begins with 'zz'; --experiments shows all"
    )
  }

  /// What failed counts nowhere where experiments are summed up, unless it is asked for.
  func testUnfinishedExperimentsAreLeftOutOfSums() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1").status, 0)
    try change("UPDATE experiment SET state = 'failed' WHERE id LIKE '40f%'")
    let message = "1 experiment that is not done is left out; --unfinished counts it in\n"
    let group = ["--group-by", "lr", "--aggregate", "mean,count", "--last"]
    XCTAssertEqual(
      try results(group, saying: message),
      [["lr", "loss", "count"], ["0.1", "0.8", "1"], ["0.01", "0.06", "2"]]
    )
    let all = [
      ["lr", "loss", "count"], ["0.1", "0.6000000000000001", "2"], ["0.01", "0.06", "2"],
    ]
    XCTAssertEqual(try results(group + ["--unfinished"]), all)
    XCTAssertEqual(try results(group + ["--state", "done,failed"]), all)
    XCTAssertEqual(
      try results(group + ["--where", "lr < 0.1"]),
      [["lr", "loss", "count"], ["0.01", "0.06", "2"]],
      "nothing is left out of these rows"
    )
    XCTAssertEqual(try results("--last", saying: message).count, 4)
    XCTAssertEqual(try results("--last", "--unfinished").count, 5)
    XCTAssertEqual(try results().count, 9, "rows are shown whatever became of their experiment")
    XCTAssertEqual(try results("--state", "failed").count, 3)
    XCTAssertEqual(try results("--experiments", "--group-by", "state").count, 3)
    try change("UPDATE experiment SET state = 'running'")
    XCTAssertEqual(
      try results(
        "--last",
        saying: "4 experiments that are not done are left out; --unfinished counts them in\n"
      ).count,
      1
    )
  }

  func testConfigsThatComeAgainAreToldApart() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", "--configs", "6").status, 0)
    let rows = try results("--last")
    XCTAssertEqual(rows[0], ["id", "lr", "size", "occurrence", "iteration", "loss"])
    XCTAssertEqual(rows.dropFirst().map { $0[3] }, ["0", "0", "0", "0", "1", "1"])
  }

  func testJoinedConfigs() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1").status, 0)
    XCTAssertEqual(
      try results("--join-config", "--iteration", "0", "--id", "40f"),
      [["id", "config", "iteration", "loss"], ["40faee0a84438ed2", "lr_0.1-size_8", "0", "0.8"]]
    )
    XCTAssertEqual(
      try results("--join-config", "--keep-parameters", "--experiments")[0],
      ["id", "config", "lr", "size", "state", "iterations", "seconds"]
    )
    XCTAssertEqual(
      try results("--join-config", "--last", "--group-by", "config").dropFirst().map { $0[0] },
      ["lr_0.1-size_8", "lr_0.1-size_16", "lr_0.01-size_8", "lr_0.01-size_16"]
    )
  }

  func testArtifacts() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", research: "directory").status, 0)
    let rows = try results("--artifacts", research: "directory")
    XCTAssertEqual(
      rows[0],
      ["id", "size", "artifact_name", "full_path", "relative_path", "bytes"]
    )
    XCTAssertEqual(rows.count, 2)
    let id = rows[1][0]
    let path = "experiments/\(id)/weights.txt"
    XCTAssertEqual(
      rows[1],
      [id, "8", "weights.txt", directory.path + "/directory/" + path, path, "5"]
    )
    let none = try results("--artifacts", "--matching", "model*", research: "directory")
    XCTAssertEqual(none, [rows[0]])
    XCTAssertEqual(
      try results("--artifacts", "--matching", "w*", "--where", "size == 8", research: "directory"),
      rows
    )
    let log = directory.path + "/directory/experiments/\(id)/experiment.log"
    try Data("text".utf8).write(to: URL(fileURLWithPath: log))
    XCTAssertEqual(try results("--artifacts", research: "directory"), rows)
    XCTAssertEqual(
      try results("--artifacts", "--with-output", research: "directory").map { $0[2] },
      ["artifact_name", "experiment.log", "weights.txt"]
    )
  }

  func testWrongUses() throws {
    try assertRefused(
      "results",
      "--iteration",
      "0,x",
      saying: "error: The value '0,x' is invalid for '--iteration <numbers>': "
        + "'x' is no iteration: give numbers from 0 up, with commas, or ranges such as 0-9"
    )
    try assertRefused(
      "results",
      "--state",
      "done,dead",
      saying: "error: The value 'done,dead' is invalid for "
        + "'--state <running|done|pruned|failed|interrupted>': "
        + "'dead' is none of running, done, pruned, failed, interrupted"
    )
    for (arguments, message) in [
      (
        ["--unfinished"],
        "--unfinished is for --group-by, --last and --plot: all rows are shown without"
      ),
      (
        ["--last", "--unfinished", "--state", "done"],
        "--state says which experiments count: leave out --unfinished"
      ),
      (["--matching", "*"], "--matching is about files: add --artifacts"),
      (["--with-output"], "--with-output is about files: add --artifacts"),
      (
        ["--artifacts", "--failures"],
        "--failures and --artifacts show different tables: give one of them"
      ),
      (
        ["--artifacts", "--iteration", "1"],
        "--iteration is for saved values: leave out --artifacts"
      ),
      (["--experiments", "--last"], "--last is for saved values: leave out --experiments"),
      (
        ["--no-config", "--join-config"],
        "--no-config leaves out what --join-config shows: give one of them"
      ),
      (["--keep-parameters"], "--keep-parameters is for --join-config: add it"),
    ] {
      try assertRefusedAll(["results"] + arguments, saying: "error: " + message)
    }
  }

  private func assertRefusedAll(
    _ arguments: [String],
    saying message: String,
    line: UInt = #line
  ) throws {
    let result = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(arguments),
      environment: ["TEST_PLAYBOOK": "small"]
    )
    XCTAssertEqual(result.status, 2, "\(arguments)")
    XCTAssertEqual(result.error.split(separator: "\n").first.map(String.init), message)
  }
}
