import Fieldwork
import Foundation
import XCTest

/// Right uses of `run` and `configs`.
final class CommandLineRunTests: CommandLineTestCase {
  /// The playbook of the README, from the first run to the deletion of its results.
  func testQuickstart() throws {
    let quickstart = Self.executable("Quickstart")
    let first = try ProcessRun(quickstart, complete(["--seed", "1"]))
    XCTAssertEqual(first.status, 0)
    XCTAssertTrue(first.output.contains("quickstart: 27 experiments done in"), first.output)
    XCTAssertTrue(first.output.contains("best distance"), first.output)
    // The playbooks are optimised in debug builds, too, so there is no note of that.
    XCTAssertTrue(first.error.hasPrefix("quickstart: 27 experiments, "), first.error)
    let last = try ProcessRun(
      quickstart,
      complete(["results", "--group-by", "speed", "--aggregate", "max"])
    )
    XCTAssertEqual(last.output.split(separator: "\n").count, 5, last.output)
    XCTAssertEqual(try ProcessRun(quickstart, complete(["remove", "--yes"])).status, 0)
  }

  func testRunningAgainIsResuming() throws {
    XCTAssertTrue(try runPlaybook().output.contains("small: 4 experiments done in"))
    let again = try runPlaybook()
    XCTAssertEqual(again.status, 0)
    XCTAssertTrue(again.output.contains("small: 0 experiments done, 4 already stored"))
    let more = try runPlaybook("--repetitions", "2", "--set", "lr=0.1,0.01,0.5")
    XCTAssertTrue(more.output.contains("small: 8 experiments done, 4 already stored"), more.output)
  }

  func testFailuresAreGroupedAndRunAgain() throws {
    for stored in ["", ", 2 already stored"] {
      let result = try runPlaybook("--seed", "1", "--workers", "1", research: "throwing")
      XCTAssertEqual(result.status, 1)
      let done = stored.isEmpty ? 2 : 0
      XCTAssertTrue(
        result.output.hasPrefix("throwing: \(done) experiments done, 2 failed\(stored) in"),
        result.output
      )
      XCTAssertTrue(
        result.output.contains(
          """
          Failed:
            2 × unit 'train' (TestPlaybook/TestPlaybook.swift:61): the loss is not finite
                such as e2db1da708fd9bfe {lr: 0.1, size: 16}
            All of them: swift run TestPlaybook results --failures --directory
          """
        ),
        result.output
      )
      XCTAssertEqual(
        result.error.components(separatedBy: "the loss is not finite").count,
        2,
        "the first of its kind is shown at once, the second is not: \(result.error)"
      )
    }
    let table = try runPlaybook("results", "--failures", "--format", "csv", research: "throwing")
    XCTAssertEqual(rows(table.output).map { $0[4] }, ["train", "train"])
    XCTAssertEqual(Set(rows(table.output).map { $0[6] }), ["the loss is not finite"])
  }

  func testDebugEndsAtTheFirstFailure() throws {
    let result = try runPlaybook("--debug", research: "throwing")
    XCTAssertEqual(result.status, 1)
    XCTAssertEqual(result.output, "")
    XCTAssertTrue(
      result.error.hasSuffix("error: a unit failed: the loss is not finite\n"),
      result.error
    )
  }

  func testALongMessageStaysOnItsLine() throws {
    let result = try runPlaybook(research: "unnamed-error")
    XCTAssertEqual(result.status, 1)
    XCTAssertTrue(result.output.contains(": first line ⏎ second line\n"), result.output)
  }

  func testSetReplacesValues() throws {
    XCTAssertEqual(try runPlaybook("--set", "lr=0.5", "--set", "size=4,8,16").status, 0)
    let table = try runPlaybook("results", "--all", "--last", "--format", "csv")
    XCTAssertEqual(
      rows(table.output).map { Array($0[1...2]) },
      [["0.5", "4"], ["0.5", "8"], ["0.5", "16"]]
    )
  }

  func testSetTakesNamedValuesByName() throws {
    XCTAssertEqual(
      try runPlaybook("--set", "activation=half", "--set", "l=f", research: "aliases").status,
      0
    )
    let table = try runPlaybook("results", "--alias", "--format", "csv", research: "aliases")
    XCTAssertEqual(table.output.split(separator: "\n").first, "id,activation,l,iteration,y")
    XCTAssertEqual(rows(table.output).map { $0[1...].joined(separator: " ") }, ["half f 0 -1.0"])
  }

  func testWhereRunsAPart() throws {
    let part = try runPlaybook("--where", "size == 8 and lr < 0.1")
    XCTAssertTrue(part.output.contains("small: 1 experiment done in"), part.output)
    XCTAssertTrue(try runPlaybook().output.contains("small: 3 experiments done, 1 already stored"))
  }

  func testOtherNamesHaveOtherFolders() throws {
    XCTAssertEqual(try runPlaybook("--name", "lab/other").status, 0)
    XCTAssertTrue(
      FileManager.default.fileExists(atPath: directory.path + "/lab/other/research.sqlite")
    )
    XCTAssertFalse(FileManager.default.fileExists(atPath: directory.path + "/small"))
    XCTAssertEqual(try runPlaybook("results", "--name", "lab/other").status, 0)
  }

  func testAnEndlessDomainRunsSoManyConfigs() throws {
    let result = try runPlaybook("--configs", "3", "--seed", "1", research: "endless")
    XCTAssertTrue(result.output.contains("endless: 3 experiments done in"), result.output)
  }

  func testTheSameSeedGivesTheSameTable() throws {
    var tables: [String] = []
    for (name, workers) in [("a", "1"), ("b", "3")] {
      let run = try runPlaybook(
        "--configs",
        "9",
        "--seed",
        "5",
        "--name",
        name,
        "--workers",
        workers,
        research: "endless"
      )
      XCTAssertEqual(run.status, 0)
      let table = try runPlaybook("results", "--json", "--name", name, research: "endless")
      tables.append(table.output)
    }
    XCTAssertEqual(tables[0], tables[1])
  }

  func testAGeneratorEndsItsExperiment() throws {
    XCTAssertEqual(try runPlaybook(research: "generator").status, 0)
    let table = try runPlaybook("results", "--format", "csv", research: "generator")
    XCTAssertEqual(rows(table.output).map { $0[1] }, ["2", "2", "3", "3", "3"])
  }

  func testWhatAnExperimentWritesStandsInItsFolder() throws {
    XCTAssertEqual(try runPlaybook(research: "directory").status, 0)
    let table = try runPlaybook("results", "--format", "csv", research: "directory")
    let id = try XCTUnwrap(rows(table.output).first?.first)
    let file = directory.path + "/directory/experiments/\(id)/weights.txt"
    XCTAssertEqual(try String(contentsOfFile: file, encoding: .utf8), "1 2 3")
  }

  func testTheSummaryAsJSON() throws {
    let result = try runPlaybook("--json", "--seed", "18446744073709551615")
    XCTAssertEqual(result.status, 0)
    XCTAssertEqual(result.error, "", "no progress")
    guard case .dictionary(let summary) = try Value(parsing: result.output) else {
      return XCTFail(result.output)
    }
    XCTAssertEqual(summary["done"], 4)
    XCTAssertEqual(summary["failed"], 0)
    XCTAssertEqual(summary["cancelled"], false)
    XCTAssertEqual(summary["seed"], "18446744073709551615")
    XCTAssertEqual(summary["folder"], .string(directory.path + "/small"))
    guard case .dictionary(let best) = summary["best"] else { return XCTFail("no best") }
    XCTAssertEqual(best["config"], ["lr": 0.01, "size": 8])
    XCTAssertEqual(try runPlaybook("--json", research: "throwing").status, 1)
  }

  func testConfigs() throws {
    XCTAssertTrue(try runPlaybook("configs").output.hasSuffix("\n4 experiments\n"))
    XCTAssertEqual(try runPlaybook("--where", "size == 8").status, 0)
    let table = try runPlaybook("configs", "--limit", "3", "--set", "lr=0.1")
    XCTAssertEqual(table.status, 0)
    XCTAssertEqual(
      table.output,
      """
      id                state   lr  size
      ────────────────  ─────  ───  ────
      40faee0a84438ed2  done   0.1     8
      e2db1da708fd9bfe  new    0.1    16
      2 experiments
      1 stored as done

      """
    )
    XCTAssertTrue(try runPlaybook("configs", "--limit", "1").output.contains("1 of 4 experiments"))
  }

  func testConfigsAsJSONLines() throws {
    let result = try runPlaybook("configs", "--json")
    let lines = try result.output.split(separator: "\n").map { try Value(parsing: String($0)) }
    XCTAssertEqual(lines.count, 4)
    XCTAssertEqual(
      lines.first,
      [
        "id": "40faee0a84438ed2", "state": "new", "config": ["lr": 0.1, "size": 8],
        "repetition": 0,
      ]
    )
    XCTAssertEqual(try runPlaybook("configs", "--json", "--limit", "1").status, 0)
  }

  func testNothingIsColoredInAPipe() throws {
    for arguments in [["run"], ["configs"], ["results"], ["results", "--failures"], ["--bogus"]] {
      let running = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(arguments),
        environment: ["TEST_PLAYBOOK": "throwing", "TERM": "xterm-256color"]
      )
      XCTAssertFalse((running.output + running.error).contains("\u{1B}"), "\(arguments)")
    }
  }
}
