import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation
import XCTest

/// The sources and settings that are kept of a run, and running a stored experiment again.
final class CommandLineSourceTests: CommandLineTestCase {
  /// Runs a shell in a folder of the test, with a repository in it.
  @discardableResult
  private func shell(_ script: String) throws -> ProcessRun {
    let text =
      "cd '\(directory.path)'; export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b TEST_PLAYBOOK=${TEST_PLAYBOOK:-doubles}; P='\(Self.executable("TestPlaybook").path)'; \(text(script))"
    return try ProcessRun(
      URL(fileURLWithPath: "/bin/bash"),
      ["-c", text],
      environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    )
  }

  private func text(_ script: String) -> String { script }

  private func content(_ path: String) -> String? {
    try? String(contentsOf: directory.appendingPathComponent(path), encoding: .utf8)
  }

  func testSourcesAreKeptAndWritten() throws {
    let made = try shell(
      """
      git init -q . && mkdir code && echo one > code/a && echo two > b && echo three > c && echo research > .gitignore \
        && echo ignored >> .gitignore && git add . && git commit -qm first \
        && echo changed >> code/a && rm c && echo new > 'code/new file' && echo no > ignored \
        && printf 'password = hunter2hunter2\\n' > secret && printf 'a\\0b' > binary && git add b \
        && "$P" run --no-progress --directory research
      """
    )
    XCTAssertEqual(made.status, 0, made.error)
    let written = try shell("git commit -qam second; \"$P\" source 1 --directory research")
    XCTAssertEqual(written.status, 0, written.error)
    XCTAssertEqual(content("source-1/code/a"), "one\nchanged\n")
    XCTAssertEqual(content("source-1/b"), "two\n", "from the commit")
    XCTAssertNil(content("source-1/c"), "it had been removed")
    XCTAssertEqual(content("source-1/code/new file"), "new\n")
    XCTAssertNil(content("source-1/ignored"))
    XCTAssertEqual(content("source-1/secret"), "password = ***\n")
    XCTAssertTrue(
      written.error.contains("binary (not kept: 3 bytes that are no text)"),
      written.error
    )
    XCTAssertTrue(written.error.contains("masked as *** in secret"), written.error)
    let again = try shell("\"$P\" source 1 --directory research")
    XCTAssertEqual(again.status, 2)
    XCTAssertTrue(again.error.contains("source-1 is there already"), again.error)
    let shown = try shell("\"$P\" configs --settings --run 1 --directory research").output
    XCTAssertTrue(shown.contains(" playbook\n"), shown)
    let other = try shell("\"$P\" source 7 --directory research")
    XCTAssertTrue(other.error.contains("run 7 has kept no sources; there are those of run 1"))
  }

  /// The playbook may be in a subfolder, and files may have become links, folders or files.
  func testSourcesAreWrittenFromASubfolder() throws {
    let made = try shell(
      """
      echo outside > outside; mkdir repo; cd repo
      git init -q . && mkdir -p play folder && echo one > play/a && echo top > top && echo x > folder/x \
        && ln -s ../outside link && printf 'top export-ignore\n' > .gitattributes && echo research > .gitignore \
        && printf '#!/bin/sh\n' > tool && chmod +x tool && git add . && git commit -qm first \
        && rm link && echo file > link && rm -r folder && echo file > folder \
        && echo two >> play/a && printf '#!/bin/sh\n' > play/new \
        && cd play && "$P" run --no-progress --directory research && "$P" source --directory research
      """
    )
    XCTAssertEqual(made.status, 0, made.error)
    let target = "repo/play/source-1/"
    XCTAssertEqual(content(target + "play/a"), "one\ntwo\n")
    XCTAssertNil(content(target + "a"))
    XCTAssertEqual(content(target + "top"), "top\n")
    XCTAssertEqual(content(target + "link"), "file\n")
    XCTAssertEqual(content("outside"), "outside\n", "nothing is written through a link")
    XCTAssertEqual(content(target + "folder"), "file\n")
    for tool in ["tool", "play/new"] {
      XCTAssertTrue(
        FileManager.default.isExecutableFile(atPath: directory.path + "/" + target + tool),
        tool
      )
    }
    let names = try FileManager.default.contentsOfDirectory(
      atPath: directory.path + "/" + target
    )
    XCTAssertFalse(names.contains { $0.hasPrefix(".git-index") }, "\(names)")
  }

  func testSourcesWithoutACommit() throws {
    let outside = try shell(
      "export GIT_CEILING_DIRECTORIES=/; \"$P\" run --no-progress --directory r && \"$P\" source --directory r"
    )
    XCTAssertEqual(outside.status, 2)
    XCTAssertTrue(outside.error.contains("no run in"), outside.error)
    let before = try shell(
      """
      mkdir repo && cd repo && git init -q . && echo research > .gitignore && echo one > a && git add a && echo two > b \
        && "$P" run --no-progress --directory research && "$P" source --directory research
      """
    )
    XCTAssertEqual(before.status, 0, before.error)
    XCTAssertEqual(content("repo/source-1/a"), "one\n")
    XCTAssertEqual(content("repo/source-1/b"), "two\n")
  }

  func testRequireClean() throws {
    let outside = try shell("GIT_CEILING_DIRECTORIES=/ \"$P\" run --no-progress --require-clean")
    XCTAssertEqual(outside.status, 2)
    XCTAssertTrue(outside.error.contains("is in no git repository"), outside.error)
    let run = "\"$P\" run --no-progress --require-clean --directory research"
    let dirty = try shell(
      "git init -q . && echo research > .gitignore && git add . && git commit -qm first && echo x > y && \(run)"
    )
    XCTAssertEqual(dirty.status, 2)
    XCTAssertTrue(dirty.error.contains("1 file differs from the commit"), dirty.error)
    XCTAssertTrue(dirty.error.contains("?? y"), dirty.error)
    let clean = try shell("git add . && git commit -qm second && \(run)")
    XCTAssertEqual(clean.status, 0, clean.error)
  }

  func testEffectiveSettings() throws {
    let result = try runPlaybook(
      ["configs", "--settings", "--json", "--repetitions", "3"],
      research: "doubles",
      environment: ["DOUBLES_SKIP": "1"]
    )
    XCTAssertEqual(result.status, 0, result.error)
    var origins: [String: [Value]] = [:]
    for line in result.output.split(separator: "\n") {
      guard case .dictionary(let values) = try Value(parsing: String(line)),
        case .string(let name)? = values["setting"]
      else { return XCTFail(String(line)) }
      origins[name] = [values["value"] ?? .null, values["origin"] ?? .null]
    }
    XCTAssertEqual(origins["repetitions"], ["3", "command line"])
    XCTAssertEqual(origins["duplicates"], ["skip", "playbook"])
    XCTAssertEqual(origins["seed"], ["1", "playbook"])
    XCTAssertEqual(origins["finalize"], ["true", "default"])
    XCTAssertEqual(origins["workers"]?.last, "machine")
    XCTAssertEqual(origins["objective"], ["none", "default"])
    XCTAssertEqual(origins["timeout"], ["none", "default"])
    XCTAssertEqual(origins["grace"], ["5.0 s", "default"])
    XCTAssertEqual(origins["provenance"]?.last, "default")
    XCTAssertEqual(
      try runPlaybook(["run", "--no-progress"], research: "doubles", environment: [:]).status,
      0
    )
    let kept = try runPlaybook(
      ["configs", "--settings", "--run", "1"],
      research: "doubles",
      environment: [:]
    )
    let lines = kept.output.split(separator: "\n").filter { $0.contains("provenance") }
    XCTAssertEqual(
      lines.first?.split(separator: " ").joined(separator: " "),
      "provenance environment, git default",
      kept.output
    )
    let given = try runPlaybook(
      ["configs", "--settings", "--workers", "4", "--timeout", "3s", "--retries", "2"],
      research: "doubles",
      environment: [:]
    ).output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    for line in [
      "workers 4 command line", "timeout 3.0 s command line", "retryErrors 2 command line",
    ] {
      XCTAssertTrue(given.contains(line), "\(line): \(given)")
    }
    let refused = try runPlaybook(
      ["configs", "--workers", "4"],
      research: "doubles",
      environment: [:]
    )
    XCTAssertEqual(refused.status, 2)
    XCTAssertTrue(refused.error.contains("add --settings"), refused.error)
  }

  func testTheSeedOfARunIsShownAsDrawn() throws {
    XCTAssertEqual(
      try runPlaybook(["run", "--no-progress"], research: "small", environment: [:]).status,
      0
    )
    let kept = try runPlaybook(
      ["configs", "--settings", "--run", "1", "--json"],
      research: "small",
      environment: [:]
    )
    let seed = kept.output.split(separator: "\n").first { $0.contains(#""setting":"seed""#) }
    XCTAssertTrue(seed?.contains(#""origin":"drawn""#) ?? false, kept.output)
    XCTAssertTrue(
      kept.output.contains(#"{"origin":"playbook","setting":"objective","value":"minimize loss"}"#),
      kept.output
    )
  }

  func testARerunHasAFolder() throws {
    XCTAssertEqual(
      try runPlaybook(["run", "--no-progress"], research: "directory", environment: [:]).status,
      0
    )
    let table = try runPlaybook(
      ["results", "--experiments", "--format", "csv"],
      research: "directory",
      environment: [:]
    )
    let id = try XCTUnwrap(rows(table.output).first?.first)
    let again = try runPlaybook(["rerun", id], research: "directory", environment: [:])
    XCTAssertEqual(again.status, 0, again.error)
    XCTAssertTrue(again.output.hasPrefix("equal: 1 value"), again.output)
  }

  func testRerun() throws {
    XCTAssertEqual(
      try runPlaybook(
        ["run", "--no-progress", "--repetitions", "2"],
        research: "doubles",
        environment: [:]
      ).status,
      0
    )
    let table = try runPlaybook(
      ["results", "--format", "csv"],
      research: "doubles",
      environment: [:]
    )
    let ids = Set(rows(table.output).map { $0[0] })
    XCTAssertEqual(ids.count, 12)
    for id in ids {
      let again = try runPlaybook(["rerun", id], research: "doubles", environment: [:])
      XCTAssertEqual(again.status, 0, again.error + again.output)
      XCTAssertTrue(again.output.contains("equal: 1 value of \(id)"), again.output)
    }
    let none = try runPlaybook(["rerun", "zzz"], research: "doubles", environment: [:])
    XCTAssertEqual(none.status, 2)
    XCTAssertTrue(none.error.contains("no experiment in"), none.error)
  }

  func testRerunHasTheIterationsOfTheRunAndNoPruning() throws {
    for (research, options) in [("random", ["--iterations", "1"]), ("pruned", [])] {
      let run = try runPlaybook(
        ["run", "--no-progress"] + options,
        research: research,
        environment: [:]
      )
      XCTAssertEqual(run.status, 0, run.error)
      let stored = try ResearchResults.load(directory.path + "/" + research)
      XCTAssertEqual(stored.experiments.contains { $0.ending == .pruned }, research == "pruned")
      for experiment in stored.experiments {
        let again = try runPlaybook(["rerun", experiment.id], research: research, environment: [:])
        XCTAssertEqual(again.status, 0, again.output + again.error)
      }
    }
  }

  /// Random numbers are the same; what depends on the time differs.
  func testRerunOfRandomAndOfOtherResults() throws {
    let run = try runPlaybook(["run", "--no-progress"], research: "random", environment: [:])
    XCTAssertEqual(run.status, 0, run.error)
    let csv = try runPlaybook(
      ["results", "--format", "csv"],
      research: "random",
      environment: [:]
    )
    let id = try XCTUnwrap(rows(csv.output).first?.first)
    let equal = try runPlaybook(
      ["rerun", String(id.prefix(6))],
      research: "random",
      environment: [:]
    )
    XCTAssertEqual(equal.status, 0, equal.output + equal.error)
    let different = try runPlaybook(
      ["rerun", id],
      research: "random",
      environment: ["RANDOM_SHIFT": "1"]
    )
    XCTAssertEqual(different.status, 1)
    XCTAssertTrue(different.output.contains("different: 2 values of 2"), different.output)
  }
}
