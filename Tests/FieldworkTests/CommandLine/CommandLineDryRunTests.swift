import Foundation
import XCTest

/// `run --dry-run`, `run --keep-failed`, `configs --why` and `results --planned`.
final class CommandLineDryRunTests: CommandLineTestCase {
  /// Everything below the folder of results, with contents.
  private func files() throws -> [String: Data] {
    var files: [String: Data] = [:]
    let paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
    // Reading a log of writes makes an index of it, which holds nothing.
    for path in paths where !path.hasSuffix("-shm") && !path.hasSuffix("-wal") {
      files[path] = FileManager.default.contents(atPath: directory.path + "/" + path) ?? Data()
    }
    return files
  }

  private func text(_ run: ProcessRun) -> String {
    run.output.replacingOccurrences(of: directory.path, with: "DIR")
  }

  func testNothingIsMade() throws {
    let run = try runPlaybook("--dry-run", "--workers", "3")
    XCTAssertEqual(run.status, 0)
    XCTAssertEqual(run.error, "")
    XCTAssertEqual(
      text(run),
      """
      small: 4 experiments of 2 iterations
        4 new: run
      4 tasks, 3 workers, no branches
      estimated time: unknown, since no experiment is done yet
      to run:
      id                why    lr  size
      ────────────────  ───  ────  ────
      40faee0a84438ed2  new   0.1     8
      e2db1da708fd9bfe  new   0.1    16
      cc8dd50af13bee1f  new  0.01     8
      562ec7dc7d761b8a  new  0.01    16
      results would go to DIR/small

      """
    )
    XCTAssertEqual(try files(), [:])
  }

  func testWhatIsLeft() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", research: "throwing").status, 1)
    let before = try files()
    let run = try runPlaybook(
      "--dry-run",
      "--repetitions",
      "3",
      "--branches",
      "2",
      research: "throwing"
    )
    XCTAssertEqual(run.status, 0)
    let lines = text(run).split(separator: "\n").map(String.init)
    XCTAssertEqual(
      Array(lines.prefix(5)),
      [
        "throwing: 12 experiments of 1 iteration", "  2 done: left out", "  2 failed: run again",
        "  8 new: run", "6 tasks, 2 workers, 2 branches in each task",
      ].map { $0.replacingOccurrences(of: "2 workers", with: lines[4].workers) }
    )
    XCTAssertTrue(lines[5].hasPrefix("estimated time: "), lines[5])
    XCTAssertTrue(lines[5].hasSuffix(" for an experiment"), lines[5])
    XCTAssertEqual(lines[6], "the first 5 to run:")
    XCTAssertEqual(lines[9].split(separator: " ").map(String.init)[1], "failed")
    let kept = try runPlaybook("--dry-run", "--keep-failed", research: "throwing")
    XCTAssertEqual(
      text(kept),
      """
      throwing: 4 experiments of 1 iteration
        2 done: left out
        2 failed: left out
      nothing to run
      results would go to DIR/throwing

      """
    )
    let fresh = try runPlaybook("--dry-run", "--fresh", research: "throwing")
    XCTAssertEqual(fresh.status, 0)
    XCTAssertTrue(
      fresh.output.contains("\n  the stored results would be deleted first\n  4 new: run\n"),
      fresh.output
    )
    XCTAssertEqual(try files(), before)
  }

  func testJSON() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", "--where", "size == 8").status, 0)
    let run = try runPlaybook("--dry-run", "--json", "--branches", "8", "--workers", "1")
    XCTAssertEqual(run.status, 0)
    XCTAssertEqual(run.error, "")
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    let values = try XCTUnwrap(object as? [String: Any])
    XCTAssertEqual(values["to_run"] as? Int, 2)
    XCTAssertEqual(values["tasks"] as? Int, 1)
    XCTAssertEqual(values["workers"] as? Int, 1)
    XCTAssertEqual(values["branches"] as? Int, 8)
    XCTAssertEqual(values["definition"] as? String, "same")
    XCTAssertEqual(values["seed"] as? String, "1")
    XCTAssertEqual((values["counts"] as? [String: Int])?["done"], 2)
    XCTAssertEqual(
      (values["first"] as? [[String: Any]])?.map { $0["why"] as? String },
      ["new", "new"]
    )
    XCTAssertNotNil(values["seconds"] as? Double)
    XCTAssertEqual(
      values["warnings"] as? [String],
      [
        "TestPlaybook/TestPlaybook.swift:37: warning: there are 8 branches for 4 experiments; "
          + "leave out branches, or add configs or repetitions"
      ]
    )
  }

  /// What a run would refuse has the exit code of a refusal.
  func testRefusals() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1").status, 0)
    let changed = try runPlaybook("--dry-run", research: "other-units")
    XCTAssertEqual(changed.status, 2)
    XCTAssertTrue(
      changed.output.contains(
        """
        the definition has changed since the results were begun:
          - function 'train', .every(1), saving loss
          + function 'fit', .every(1), saving loss
          (a run is refused: start over with --fresh, go on with --continue, or give another --name)
        """
      ),
      changed.output
    )
    XCTAssertEqual(try runPlaybook("--dry-run", "--continue", research: "other-units").status, 0)
    XCTAssertEqual(try runPlaybook("--dry-run", "--seed", "2").status, 2)
    try assertRefused(
      "--dry-run",
      "--where",
      "size == 3",
      saying: "error: --where: no experiment satisfies the condition"
    )
    XCTAssertEqual(try runPlaybook("--dry-run", research: "broken").status, 2)
    try assertRefused(
      "--keep-failed",
      "--fresh",
      saying: "error: --fresh begins with nothing: leave out --keep-failed"
    )
  }

  func testWhileARunWrites() throws {
    let gate = directory.appendingPathComponent("gate").path
    guard mkfifo(gate, 0o600) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    let run = try start(research: "slow", gate: gate)
    // Opening waits until the experiment has opened the other end.
    let handle = try XCTUnwrap(FileHandle(forWritingAtPath: gate))
    var dry = try runPlaybook("--dry-run", research: "slow")
    // What began is stored some time later.
    for _ in 0..<100 where !dry.output.contains("running now") {
      dry = try runPlaybook("--dry-run", research: "slow")
    }
    XCTAssertEqual(dry.status, 0, dry.error)
    XCTAssertTrue(
      dry.output.contains(
        "\n  1 running now: run again if they are not done by then\n  3 new: run\n"
      ),
      dry.output
    )
    let why = try runPlaybook("configs", "--why", research: "slow")
    XCTAssertTrue(why.output.hasSuffix("1 running, 3 new\n"), why.output)
    try handle.write(contentsOf: Data("1234".utf8))
    XCTAssertEqual(try run.finish().status, 0)
  }

  func testKeepFailed() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", research: "throwing").status, 1)
    let kept = try runPlaybook("--keep-failed", research: "throwing")
    XCTAssertEqual(kept.status, 0)
    XCTAssertTrue(kept.output.contains("0 experiments done, 4 already stored"), kept.output)
    XCTAssertEqual(try runPlaybook(research: "throwing").status, 1)
  }

  // MARK: Why

  private func why(_ arguments: String..., research: String = "small") throws -> [[String]] {
    let run = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["configs", "--why"] + arguments),
      environment: ["TEST_PLAYBOOK": research]
    )
    XCTAssertEqual(run.status, 0, run.error)
    return run.output.split(separator: "\n").map { line in
      line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }
        .filter { !$0.isEmpty }
    }
  }

  func testWhy() throws {
    XCTAssertEqual(try why().last, ["4 new"])
    XCTAssertEqual(try runPlaybook("--seed", "1", "--where", "size == 8").status, 0)
    let some = try why("--where", "lr < 0.1")
    XCTAssertEqual(some[0], ["id", "why", "lr", "size"])
    XCTAssertEqual(
      some[2...5].map { Array($0.dropFirst()) },
      [
        ["left out", "0.1", "8"], ["left out", "0.1", "16"], ["done", "0.01", "8"],
        ["new", "0.01", "16"],
      ]
    )
    XCTAssertEqual(some.last, ["1 done, 1 new, 2 left out"])
    let shrunk = try why("--set", "size=16")
    XCTAssertEqual(
      shrunk[2...5].map { Array($0.dropFirst()) },
      [
        ["new", "0.1", "16"], ["new", "0.01", "16"], ["not planned", "0.1", "8"],
        ["not planned", "0.01", "8"],
      ]
    )
    XCTAssertEqual(shrunk.last, ["2 new, 2 not planned"])
    XCTAssertEqual(
      try why("--limit", "1").last,
      ["1 of 4 shown, --limit 0 shows all: 2 done, 2 new"]
    )
    let changed = try why(research: "other-units")
    XCTAssertEqual(changed[2...5].map { $0[1] }, ["changed", "new", "changed", "new"])
    XCTAssertTrue(changed.contains(["2 new, 2 changed"]))
  }

  func testWhyAsJSON() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", research: "throwing").status, 1)
    let run = try runPlaybook(
      "configs",
      "--why",
      "--json",
      "--repetitions",
      "2",
      research: "throwing"
    )
    let whys = try run.output.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return (object as? [String: Any])?["why"] as? String
    }
    XCTAssertEqual(
      whys,
      ["done", "failed", "done", "failed", "new", "new", "new", "new"]
    )
  }

  // MARK: Results

  func testPlannedResults() throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", "--set", "size=8,32").status, 0)
    func sizes(_ arguments: String...) throws -> [String] {
      let run = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["results", "--last", "--format", "csv"] + arguments),
        environment: ["TEST_PLAYBOOK": "small"]
      )
      XCTAssertEqual(run.status, 0, run.error)
      return rows(run.output).map { $0[2] }
    }
    XCTAssertEqual(try sizes("--all"), ["8", "32", "8", "32"])
    XCTAssertEqual(try sizes(), ["8", "8"])
    XCTAssertEqual(try sizes("--where", "lr < 0.1"), ["8"])
    try assertRefused(
      "results",
      "--provenance",
      "--all",
      saying: "error: --provenance is about runs, not experiments: leave out conditions and groups"
    )
  }
}

extension String {
  /// The part that tells the number of workers, which the machine may limit.
  fileprivate var workers: String {
    split(separator: ", ").map(String.init).first { $0.contains("worker") } ?? ""
  }
}
