import Foundation
import GRDB
import XCTest

@testable import FieldworkStore

/// Results that were made by other code, other versions, or another domain than the present ones.
final class CommandLineOriginTests: CommandLineTestCase {
  private func run(_ arguments: String..., with environment: [String: String] = [:]) throws
    -> ProcessRun
  {
    let isRun = arguments.first ?? "run" == "run"
    return try ProcessRun(
      Self.executable("TestPlaybook"),
      complete((isRun ? ["run", "--no-progress"] + arguments.dropFirst() : arguments)),
      environment: ["TEST_PLAYBOOK": "versions"].merging(environment) { $1 }
    )
  }

  private func change(_ sql: String, in research: String = "versions") throws {
    let database = try DatabaseQueue(path: directory.path + "/\(research)/research.sqlite")
    try database.write { database in
      try database.execute(sql: sql)
      // A store without a column of this version has no use for checksums.
      try? StoredChecksum.sealAll(database)
    }
    try database.close()
  }

  private func values(_ result: ProcessRun) -> [String] {
    rows(result.output).map { $0.last ?? "" }
  }

  private func whys(with environment: [String: String] = [:], _ more: String...) throws -> [String]
  {
    let result = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["configs", "--why", "--json"] + more),
      environment: ["TEST_PLAYBOOK": "versions"].merging(environment) { $1 }
    )
    return result.output.split(separator: "\n").map { line in
      String(line.split(separator: "\"why\":\"")[1].prefix { $0 != "\"" })
    }
  }

  // MARK: Another value of the same name

  func testAnotherValueOfAShownNameRunsAgain() throws {
    XCTAssertEqual(try run().status, 0)
    XCTAssertEqual(values(try run("results", "--format", "csv")), ["16", "64"])
    let changed = ["TEST_SMALL": "32"]
    XCTAssertEqual(try whys(with: changed), ["other version", "done"])
    let again = try run("run", with: changed)
    XCTAssertTrue(again.output.contains("1 experiment done, 1 already stored"), again.output)
    XCTAssertEqual(values(try run("results", "--format", "csv", with: changed)), ["32", "64"])
    XCTAssertTrue(try run("run", with: changed).output.contains("0 experiments done, 2 already"))
    // And back.
    XCTAssertTrue(try run("run").output.contains("1 experiment done, 1 already"))
    XCTAssertEqual(values(try run("results", "--format", "csv")), ["16", "64"])
  }

  /// Stores of earlier versions have the values, too.
  func testAStoreWithoutVersionsIsCompared() throws {
    XCTAssertEqual(try run().status, 0)
    try change(
      """
      ALTER TABLE experiment DROP COLUMN versions;
      DELETE FROM grdb_migrations WHERE identifier = '7'
      """
    )
    XCTAssertEqual(try whys(), ["done", "done"])
    XCTAssertEqual(try whys(with: ["TEST_SMALL": "32"]), ["other version", "done"])
    XCTAssertEqual(try whys(with: ["TEST_UNIT": "2"]), ["other version", "other version"])
    XCTAssertTrue(try run().output.contains("0 experiments done, 2 already stored"))
  }

  // MARK: Versions

  func testAChangedVersionRunsAgainByItself() throws {
    XCTAssertEqual(try run().status, 0)
    for changed in [
      ["TEST_UNIT": "2"], ["TEST_ALIAS": "b"], ["TEST_UNIT": "3", "TEST_ALIAS": "b"],
    ] {
      XCTAssertEqual(try whys(with: changed), ["other version", "other version"], "\(changed)")
      let dry = try run("run", "--dry-run", with: changed).output
      XCTAssertTrue(dry.contains("  2 done with another version or value: run again\n"), dry)
      let made = try run("run", with: changed)
      XCTAssertTrue(made.output.contains("2 experiments done"), made.output)
      XCTAssertEqual(made.error, "")
      XCTAssertEqual(try whys(with: changed), ["done", "done"], "\(changed)")
    }
    // A version that is removed is another one, too.
    XCTAssertEqual(try run("run", with: ["TEST_ALIAS": "b"]).status, 0)
    XCTAssertEqual(try whys(), ["other version", "other version"])
  }

  /// What runs again for its version is not said to be kept.
  func testAnotherVersionIsNoOtherBuild() throws {
    XCTAssertEqual(try run().status, 0)
    try change("UPDATE experiment SET build = 'aaaabbbbccccdddd'")
    let changed = try run("run", with: ["TEST_SMALL": "32"])
    XCTAssertTrue(changed.error.contains("note: 1 stored result was made by"), changed.error)
    XCTAssertTrue(changed.output.contains("1 experiment done, 1 already stored"), changed.output)
  }

  // MARK: Builds

  func testResultsOfAnotherBuildAreMarkedAndKept() throws {
    XCTAssertEqual(try run().status, 0)
    try change("UPDATE experiment SET build = 'aaaabbbbccccdddd' WHERE ordinal = 0")
    XCTAssertEqual(try whys(), ["other build", "done"])
    let table = try run("results", "--auxiliary", "--format", "csv")
    XCTAssertTrue(table.output.contains(",aaaabbbbccccdddd,"), table.output)
    let note = "note: 1 experiment was made by another build of the playbook (build != current)\n"
    XCTAssertEqual(table.error, note)
    for (condition, found) in [
      ("build != current", ["16"]), ("build == current", ["64"]),
      ("build == aaaabbbbccccdddd", ["16"]),
    ] {
      let chosen = try run("results", "--where", condition, "--format", "csv")
      XCTAssertEqual(values(chosen), found, condition)
    }
    XCTAssertTrue(try run("best", "--where", "build == current").output.contains(" 64 "))
    let again = try run("run")
    XCTAssertTrue(again.output.contains("0 experiments done, 2 already stored"), again.output)
    XCTAssertEqual(
      again.error,
      "note: 1 stored result was made by another build of the playbook: kept. If it is still valid, --accept records that; if not, --rerun other-build runs it again (configs --why shows which)\n"
    )
    let dry = try run("run", "--dry-run").output
    XCTAssertTrue(dry.contains("  1 done by another build: left out\n"), dry)
    XCTAssertTrue(try run("run", "--json").output.contains("\"other_build\":1"))
  }

  /// What an update of the domain has brought is part of the research.
  func testExperimentsOfUpdatesCount() throws {
    let zoom = Self.executable("Zoom")
    let first = try ProcessRun(zoom, complete(["run", "--no-progress", "--seed", "3"]))
    XCTAssertEqual(first.status, 0, first.error)
    try change("UPDATE experiment SET build = 'aaaabbbbccccdddd'", in: "zoom")
    let again = try ProcessRun(zoom, complete(["run", "--no-progress"]))
    XCTAssertTrue(again.error.contains("note: 800 stored results were made by"), again.error)
  }

  func testOtherBuildsRunAgain() throws {
    XCTAssertEqual(try run().status, 0)
    try change("UPDATE experiment SET build = 'aaaabbbbccccdddd' WHERE ordinal = 0")
    let dry = try run("run", "--dry-run", "--rerun", "other-build").output
    XCTAssertTrue(dry.contains("  1 done by another build: run again\n"), dry)
    let again = try run("run", "--rerun", "other-build")
    XCTAssertTrue(again.output.contains("1 experiment done, 1 already stored"), again.output)
    XCTAssertTrue(again.error.hasSuffix("its experiment runs again\n"), again.error)
    XCTAssertEqual(try whys(), ["done", "done"])
    XCTAssertEqual(try run("run").error, "")
  }

  /// Accepted builds are accepted for good, and a later build is another one than all of them.
  func testAcceptedBuilds() throws {
    XCTAssertEqual(try run().status, 0)
    try change("UPDATE experiment SET build = 'aaaabbbbccccdddd' WHERE ordinal = 0")
    let accepted = try run("run", "--accept")
    XCTAssertTrue(accepted.error.hasSuffix("another build of the playbook: accepted\n"))
    XCTAssertEqual(try whys(), ["done", "done"])
    XCTAssertEqual(try run("run").error, "")
    XCTAssertEqual(try run("results").error, "")
    XCTAssertEqual(
      values(try run("results", "--where", "build == current", "--format", "csv")),
      ["16", "64"]
    )
    XCTAssertTrue(
      try run("run", "--rerun", "other-build").output.contains("0 experiments done, 2 already")
    )
    try change("UPDATE experiment SET build = 'eeeeffff00001111' WHERE ordinal = 1")
    XCTAssertEqual(try whys(), ["done", "other build"])
  }

  func testPoliciesThatContradictAreRefused() throws {
    try assertRefused(
      "run",
      "--accept",
      "--rerun",
      "other-build",
      saying: "error: --accept keeps what --rerun runs again: give one of them"
    )
    try assertRefused(
      "run",
      "--fresh",
      "--accept",
      saying: "error: --fresh begins with nothing: leave out --accept"
    )
  }

  // MARK: What is no longer planned

  func testARenamedParameterLeavesTheOldExperimentsOut() throws {
    // The old ones are better, and one of them has failed.
    XCTAssertEqual(try run("run", with: ["TEST_FAIL": "n"]).status, 1)
    XCTAssertEqual(try run("run", "--where", "n == small").status, 0)
    let renamed = ["TEST_PARAMETER": "m", "TEST_SMALL": "20"]
    let again = try run("run", with: renamed)
    XCTAssertEqual(again.status, 0)
    XCTAssertTrue(again.output.contains("best y 20.0: {m: small"), again.output)
    XCTAssertFalse(again.output.contains("Failed:"), again.output)
    XCTAssertTrue(
      again.output.contains(
        "2 other stored experiments are not part of this research: left out here, results --all shows them\n"
      ),
      again.output
    )
    let note =
      "note: 2 stored experiments are not part of the research as it is now and left out; --all counts them in\n"
    let best = try run("best", "--format", "csv", with: renamed)
    XCTAssertEqual(rows(best.output).map { $0[1] }, ["20", "64"])
    XCTAssertEqual(best.error, note)
    XCTAssertEqual(rows(try run("best", "--all", "--format", "csv", with: renamed).output).count, 3)
    let failures = try run("results", "--failures", "--format", "csv", with: renamed)
    XCTAssertEqual(rows(failures.output), [])
    XCTAssertEqual(failures.error, note)
    XCTAssertEqual(
      rows(try run("results", "--failures", "--all", "--format", "csv", with: renamed).output)
        .count,
      1
    )
    let json = try run("run", "--json", with: renamed).output
    XCTAssertTrue(json.contains("\"other_stored\":2"), json)
    XCTAssertTrue(json.contains("\"mean\":20.0"), json)
    let report = try run("report", "-o", "-", with: renamed)
    XCTAssertFalse(report.output.contains("bad n"))
    XCTAssertEqual(report.error, note)
  }

  func testOtherValuesAndBack() throws {
    XCTAssertEqual(try run("run").status, 0)
    let set = try run("run", "--set", "n=2")
    XCTAssertTrue(set.output.contains("best y 2.0: {n: 2"), set.output)
    XCTAssertTrue(set.output.contains("2 other stored experiments"), set.output)
    XCTAssertTrue(set.output.contains("results --all"), set.output)
    let back = try run("run")
    XCTAssertTrue(back.output.contains("0 experiments done, 2 already stored"), back.output)
    XCTAssertTrue(back.output.contains("best y 16.0"), back.output)
    XCTAssertTrue(back.output.contains("1 other stored experiment is"), back.output)
    XCTAssertEqual(values(try run("results", "--format", "csv")), ["16", "64"])
  }

  /// More of the same experiments are part of the research.
  func testRepetitionsOfTheLastRunCount() throws {
    XCTAssertEqual(try run("run", "--repetitions", "3").status, 0)
    let results = try run("results", "--format", "csv")
    XCTAssertEqual(rows(results.output).count, 6)
    XCTAssertEqual(results.error, "")
  }
}
