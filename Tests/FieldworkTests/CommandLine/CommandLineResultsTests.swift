import Fieldwork
import Foundation
import XCTest

/// The command `results`.
final class CommandLineResultsTests: CommandLineTestCase {
  override func setUpWithError() throws {
    try super.setUpWithError()
    XCTAssertEqual(try runPlaybook("--seed", "1").status, 0)
  }

  private static let lastValuesCount =
    "note: only the last value of each experiment counts; --every-iteration uses all of them, and a group by iteration keeps them apart\n"

  private func results(_ arguments: String..., saying message: String = "") throws -> String {
    let result = try ProcessRun(
      Self.executable("TestPlaybook"),
      complete(["results"] + arguments),
      environment: ["TEST_PLAYBOOK": "small"]
    )
    XCTAssertEqual(result.status, 0, "\(arguments): \(result.error)")
    XCTAssertEqual(result.error, message)
    return result.output
  }

  func testText() throws {
    XCTAssertEqual(
      try results("--where", "size == 8"),
      """
      id                  lr  size  iteration  loss
      ────────────────  ────  ────  ─────────  ────
      40faee0a84438ed2   0.1     8          0   0.8
      40faee0a84438ed2   0.1     8          1   0.4
      cc8dd50af13bee1f  0.01     8          0  0.08
      cc8dd50af13bee1f  0.01     8          1  0.04

      """
    )
  }

  func testFormatsHoldTheSame() throws {
    let csv = rows(try results("--format", "csv"))
    XCTAssertEqual(csv.count, 8)
    guard case .list(let json) = try Value(parsing: try results("--json")) else {
      return XCTFail("no list")
    }
    let lines = try results("--format", "jsonl").split(separator: "\n")
      .map { try Value(parsing: String($0)) }
    XCTAssertEqual(json, lines)
    XCTAssertEqual(try results("--format", "json"), try results("--json"))
    XCTAssertEqual(
      json.first,
      ["id": "40faee0a84438ed2", "lr": 0.1, "size": 8, "iteration": 0, "loss": 0.8]
    )
    let markdown = try results("--format", "markdown").split(separator: "\n")
    XCTAssertEqual(markdown.count, 10)
    XCTAssertEqual(markdown[0], "| id | lr | size | iteration | loss |")
    XCTAssertEqual(markdown[1], "| --- | --- | --- | --- | --- |")
    XCTAssertEqual(markdown[2], "| 40faee0a84438ed2 | 0.1 | 8 | 0 | 0.8 |")
  }

  func testAnEmptyTableIsValidInEachFormat() throws {
    XCTAssertEqual(try results("--json", "--where", "lr > 5"), "[]\n")
    XCTAssertEqual(
      try results("--format", "csv", "--where", "lr > 5"),
      "id,lr,size,iteration,loss\n"
    )
    XCTAssertEqual(try results("--format", "jsonl", "--where", "lr > 5"), "")
    XCTAssertTrue(try results("--where", "lr > 5").hasSuffix("(no rows)\n"))
  }

  func testGroups() throws {
    XCTAssertEqual(
      try results(
        "--group-by",
        "lr",
        "--aggregate",
        "mean,min,max,count,last",
        saying: Self.lastValuesCount
      ),
      """
        lr  loss_mean  loss_min  loss_max  loss_last  count
      ────  ─────────  ────────  ────────  ─────────  ─────
       0.1        0.6       0.4       0.8        0.8      2
      0.01       0.06      0.04      0.08       0.08      2

      """
    )
    let byIteration = rows(try results("--group-by", "iteration", "--format", "csv"))
    XCTAssertEqual(byIteration.map { $0[0] }, ["0", "1"])
    XCTAssertEqual(byIteration.map { $0.last }, ["4", "4"])
    // As programs for data frames do by themselves.
    let all = rows(try results("--group-by", "lr", "--every-iteration", "--format", "csv"))
    XCTAssertEqual(all.map { $0.last }, ["4", "4"])
    XCTAssertEqual(all.map { $0[1].prefix(4) }, ["0.9", "0.09"])
    let quoted = try results(
      "--group-by",
      "\"lr\"",
      "--format",
      "csv",
      saying: Self.lastValuesCount
    )
    XCTAssertEqual(rows(quoted).count, 2)
  }

  func testShapes() throws {
    let last = rows(try results("--last", "--format", "csv"))
    XCTAssertEqual(last.map { $0[3] }, ["1", "1", "1", "1"])
    let long = try results("--long", "--format", "csv")
    XCTAssertEqual(long.split(separator: "\n").first, "id,lr,size,iteration,name,value")
    XCTAssertEqual(Set(rows(long).map { $0[4] }), ["loss"])
    let auxiliary = try results("--auxiliary", "--format", "csv")
    XCTAssertEqual(
      auxiliary.split(separator: "\n").first,
      "id,lr,size,repetition,updates,build,iteration,ended,loss"
    )
    XCTAssertEqual(Set(rows(auxiliary).map { $0[7] }), ["complete"])
    let bare = try results("--no-config", "--limit", "1", "--format", "csv")
    XCTAssertEqual(bare, "id,iteration,loss\n40faee0a84438ed2,0,0.8\n")
    let experiments = rows(try results("--experiments", "--format", "csv"))
    XCTAssertEqual(experiments.map { $0[3] }, ["done", "done", "done", "done"])
  }

  func testOrderAndColumns() throws {
    let sorted = try results(
      "--last",
      "--sort",
      "loss",
      "--select",
      "size, loss",
      "--format",
      "csv"
    )
    XCTAssertEqual(sorted, "size,loss\n8,0.04\n16,0.08\n8,0.4\n16,0.8\n")
    let largest = try results(
      "--sort",
      "loss",
      "--descending",
      "--limit",
      "1",
      "--select",
      "loss",
      "--format",
      "csv"
    )
    XCTAssertEqual(largest, "loss\n1.6\n")
    XCTAssertTrue(try results("--limit", "1").hasSuffix("… 7 more rows\n"))
    XCTAssertEqual(try results("--limit", "0"), try results())
  }

  func testUnknownColumns() throws {
    let message =
      "error: the table has no column 'foo', it has id, lr, size, iteration, loss"
    for arguments in ["--group-by", "--select", "--sort"] {
      try assertRefused("results", arguments, "foo", saying: message)
    }
    let condition = message.replacingOccurrences(of: "error: ", with: "error: --where: ")
    try assertRefused("results", "--where", "foo < 1", saying: condition)
  }

  func testWrongUses() throws {
    try assertRefused(
      "results",
      "--group-by",
      "lr",
      "--aggregate",
      "middle",
      saying:
        "error: --aggregate: 'middle' is none of mean, std, sem, ci, median, q25, min, max, sum, count, n, first, last; ci and q take percents: ci99, q90"
    )
    try assertRefused(
      "results",
      "--aggregate",
      "mean",
      saying: "error: --aggregate says what to show of a group: add --group-by"
    )
    try assertRefused(
      "results",
      "--experiments",
      "--failures",
      saying: "error: --experiments and --failures show different tables: give one of them"
    )
    try assertRefused(
      "results",
      "--format",
      "xml",
      saying: "error: The value 'xml' is invalid for '--format <text|csv|json|jsonl|markdown>': "
        + "'xml' is none of text, csv, json, jsonl, markdown"
    )
    try assertRefused(
      "results",
      "--json",
      "--format",
      "csv",
      saying: "error: --json is --format json: leave out --format csv"
    )
    try assertRefused("results", "--limit=-1", saying: "error: --limit is -1: give 0 or more")
    try assertRefused("results", "--descending", saying: "error: --descending needs --sort")
    try assertRefused(
      "results",
      "--long",
      "--last",
      saying: "error: --long has one column of values: leave out --group-by and --last"
    )
    try assertRefused(
      "results",
      "--where",
      "lr <",
      saying: "error: --where: cannot read the condition \"lr <\": "
        + "expected a value after '<', found the end"
    )
  }
}
