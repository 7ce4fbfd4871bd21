import FieldworkCore
import Foundation
import XCTest

/// What is kept of the sources and settings of a run, and running a stored experiment again.
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
    XCTAssertTrue(shown.contains("1 (playbook)"), shown)
    let other = try shell("\"$P\" source 7 --directory research")
    XCTAssertTrue(other.error.contains("run 7 has kept no sources; there are those of run 1"))
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
    XCTAssertEqual(origins["workers"]?.last, "environment")
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
