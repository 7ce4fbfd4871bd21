import FieldworkAnalysis
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

final class MetaReportTests: XCTestCase {
  private let items = [
    MetaItem(run: 1, topic: "git", item: "commit", text: "0a"),
    MetaItem(run: 3, topic: "environment", item: "cores", text: "8"),
    MetaItem(run: 3, topic: "environment", item: "gpu", text: "First\nSecond"),
    MetaItem(run: 3, topic: "environment", item: "architecture", text: "x86_64"),
    MetaItem(run: 3, topic: "git", item: "diff", text: "-a\n\n+é"),
    MetaItem(run: 3, topic: "variables", item: "MKL_X", text: ""),
  ]

  private let last = """
    run 3

    environment
      cores         8
      architecture  x86_64
      gpu
        First
        Second

    git
      diff
        -a

        +é

    variables
      MKL_X
    """

  func testTheLastRun() {
    XCTAssertEqual(MetaReport(items).description, last)
    XCTAssertEqual(MetaReport(items, .number(3)).description, last)
    XCTAssertEqual(MetaReport(items).items, Array(items.dropFirst()))
  }

  func testOtherRuns() {
    let first = "run 1\n\ngit\n  commit  0a"
    XCTAssertEqual(MetaReport(items, .number(1)).description, first)
    XCTAssertEqual(MetaReport(items, .all).description, first + "\n\n" + last)
    XCTAssertEqual(
      MetaReport(items, .number(2)).description,
      "(nothing is recorded of run 2, but of 1, 3)"
    )
  }

  func testNothingIsRecorded() {
    for runs in [MetaReport.Runs.last, .number(1), .all] {
      let report = MetaReport([], runs)
      XCTAssertTrue(report.description.hasPrefix("(no circumstances are recorded"), "\(report)")
      XCTAssertEqual(report.table.count, 0)
      XCTAssertEqual(report.table.columnNames, ["run", "topic", "item", "text"])
    }
  }

  func testTheTable() throws {
    let table = MetaReport(items, .all).table
    XCTAssertEqual(table.count, items.count)
    XCTAssertEqual(try table["run", as: Int.self], [1, 3, 3, 3, 3, 3])
    XCTAssertEqual(try table["text", as: String.self], items.map(\.text))
    XCTAssertEqual(
      MetaReport(items, .number(1)).table.formatted(.csv),
      "run,topic,item,text\n1,git,commit,0a"
    )
  }
}
