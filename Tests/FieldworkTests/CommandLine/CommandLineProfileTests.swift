import Fieldwork
import Foundation
import XCTest

/// The command `profile`: four experiments, `train` in both iterations and `test` in the last one.
final class CommandLineProfileTests: CommandLineTestCase {
  private func profile(_ arguments: String..., research: String = "profiled") throws -> String {
    let result = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["profile"] + arguments),
      environment: ["TEST_PLAYBOOK": research]
    )
    XCTAssertEqual(result.status, 0, "\(arguments): \(result.error)")
    XCTAssertEqual(result.error, "")
    return result.output
  }

  private func run(_ research: String) throws {
    XCTAssertEqual(try runPlaybook("--seed", "1", research: research).status, 0)
  }

  private func titles(_ csv: String) -> String { String(csv.prefix { $0 != "\n" }) }

  func testPerUnit() throws {
    try run("profiled")
    let csv = try profile("--format", "csv")
    XCTAssertEqual(
      titles(csv),
      "unit,calls,share,total_time_sum,total_time_mean,total_time_max,unit_time_sum,"
        + "unit_time_mean,unit_time_max,evaluation_time_sum,cpu_time_sum,memory_max"
    )
    let calls = rows(csv).map { "\($0[0]) \($0[1])" }
    XCTAssertEqual(Set(calls), ["train 8", "test 4"])
    XCTAssertEqual(
      try profile("--select", "unit,calls", "--sort", "calls"),
      """
      unit   calls
      ─────  ─────
      train      8
      test       4

      """
    )
  }

  func testASimpleProfile() throws {
    try run("timed")
    let csv = try profile("--format", "csv")
    XCTAssertEqual(
      titles(csv),
      "unit,calls,share,total_time_sum,total_time_mean,total_time_max,unit_time_sum,"
        + "unit_time_mean,unit_time_max"
    )
    XCTAssertEqual(
      titles(try profile("--calls", "--format", "csv")),
      "unit,iteration,total_time,unit_time,experiment"
    )
    for option in ["--select", "--sort"] {
      try assertRefused(
        "profile",
        option,
        "memory_max",
        research: "timed",
        saying: "error: a simple profile has no 'memory_max'; measure with --profile detailed"
      )
    }
  }

  func testPerIterationExperimentAndGroup() throws {
    try run("profiled")
    let iterations = try profile("--per-iteration", "--sort", "unit", "--format", "csv")
    XCTAssertEqual(
      titles(iterations),
      "iteration,iteration_time,unit,calls,share,total_time,unit_time,evaluation_time,cpu_time,"
        + "memory"
    )
    XCTAssertEqual(
      rows(iterations).map { [$0[0], $0[2], $0[3]] },
      [["1", "test", "4"], ["0", "train", "4"], ["1", "train", "4"]]
    )
    let experiments = try profile("--per-experiment", "--format", "csv")
    XCTAssertTrue(experiments.hasPrefix("experiment,duration,outside,unit,calls,"))
    XCTAssertEqual(rows(experiments).count, 8)
    let both = try profile("--per-experiment", "--per-iteration", "--format", "csv")
    XCTAssertTrue(both.hasPrefix("experiment,iteration,iteration_time,unit,calls,"))
    XCTAssertEqual(rows(both).count, 12)
    let groups = try profile(
      "--group-by",
      "size,lr",
      "--select",
      "size,lr,unit,calls",
      "--sort",
      "unit",
      "--format",
      "csv"
    )
    XCTAssertEqual(
      groups,
      """
      size,lr,unit,calls
      8,0.1,test,1
      16,0.1,test,1
      8,0.01,test,1
      16,0.01,test,1
      8,0.1,train,2
      16,0.1,train,2
      8,0.01,train,2
      16,0.01,train,2

      """
    )
  }

  func testTurns() throws {
    try run("profiled")
    let turns = try profile("--calls", "--select", "unit,iteration,experiment", "--format", "csv")
    XCTAssertEqual(
      rows(turns).prefix(3).map { $0.joined(separator: " ") },
      [
        "train 0 40faee0a84438ed2", "train 1 40faee0a84438ed2", "test 1 40faee0a84438ed2",
      ]
    )
    XCTAssertEqual(rows(turns).count, 12)
    let memory = try rows(profile("--calls", "--select", "memory", "--format", "csv"))
    XCTAssertTrue(memory.allSatisfy { Int($0[0]) ?? 0 > 1 << 20 }, "\(memory)")
  }

  func testOrderNumberAndFormat() throws {
    try run("profiled")
    let times = try rows(
      profile("--calls", "--sort", "total_time", "--select", "total_time", "--format", "csv")
    ).compactMap { Double($0[0]) }
    XCTAssertEqual(times, times.sorted(by: >))
    XCTAssertEqual(times.count, 12)
    func units(_ arguments: String...) throws -> [String] {
      let all = ["profile", "--select", "unit", "--format", "csv"] + arguments
      let result = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(all),
        environment: ["TEST_PLAYBOOK": "profiled"]
      )
      return rows(result.output).map { $0[0] }
    }
    XCTAssertEqual(try units("--sort", "calls"), ["train", "test"])
    XCTAssertEqual(try units("--sort", "calls", "--ascending"), ["test", "train"])
    XCTAssertEqual(try units("--sort", "unit"), ["test", "train"])
    XCTAssertEqual(try units("--sort", "unit", "--descending"), ["train", "test"])
    XCTAssertEqual(try units("--sort", "unit", "--limit", "1"), ["test"])
    guard
      case .list(let list) = try Value(parsing: try profile("--json", "--select", "unit,calls"))
    else { return XCTFail("no list") }
    XCTAssertEqual(Set(list), [["unit": "train", "calls": 8], ["unit": "test", "calls": 4]])
  }

  func testIDs() throws {
    try run("profiled")
    let csv = try profile(
      "--id",
      "40fa",
      "--select",
      "unit,calls",
      "--sort",
      "unit",
      "--format",
      "csv"
    )
    XCTAssertEqual(csv, "unit,calls\ntest,1\ntrain,2\n")
    try assertRefused(
      "profile",
      "--id",
      "zz",
      research: "profiled",
      saying:
        "error: --id: no experiment has an id that begins with 'zz'; --per-experiment shows all"
    )
  }

  func testWithoutAProfile() throws {
    try assertRefused(
      "profile",
      saying: "error: there are no results in DIR/small; run the research first"
    )
    try run("small")
    try assertRefused(
      "profile",
      saying: "error: no time of the research in DIR/small was measured; run it with "
        + "--profile simple or --profile detailed, or say profile: in the playbook "
        + "(experiments that are done run again with --fresh only)"
    )
    // What it says helps.
    let again = try runPlaybook("--fresh", "--yes", "--profile", "simple")
    XCTAssertEqual(again.status, 0, again.error)
    XCTAssertEqual(
      try profile("--select", "unit,calls", "--format", "csv", research: "small"),
      "unit,calls\ntrain,8\n"
    )
  }

  func testWrongUses() throws {
    try run("timed")
    func refused(_ arguments: String..., saying message: String) throws {
      let result = try ProcessRun(
        Self.executable("TestPlaybook"),
        complete(["profile"] + arguments),
        environment: ["TEST_PLAYBOOK": "timed"]
      )
      XCTAssertEqual(result.status, 2, message)
      XCTAssertEqual(result.output, "", message)
      XCTAssertTrue(result.error.contains(message), "no '\(message)' in: \(result.error)")
    }
    try refused(
      "--group-by",
      "rate",
      saying: "no config has a parameter 'rate'; configs have lr, size"
    )
    try refused("--group-by", "lr,lr", saying: "'lr,lr' is no list of names: give each once")
    try refused("--select", "time", saying: "the table has no column 'time', it has unit, calls")
    try refused("--sort", "time", saying: "the table has no column 'time', it has unit, calls")
    try refused("--ascending", saying: "--ascending needs --sort")
    try refused("--descending", saying: "--descending needs --sort")
    try refused("--sort", "unit", "--ascending", "--descending", saying: "are opposites")
    for option in ["--per-iteration", "--per-experiment", "--group-by=lr"] {
      let name = option.prefix { $0 != "=" }
      try refused("--calls", option, saying: "\(name) sums calls up, --calls shows each")
    }
    try refused("--limit=-1", saying: "--limit is -1: give 0 or more")
    try refused("--json", "--format", "csv", saying: "--json is --format json")
  }
}
