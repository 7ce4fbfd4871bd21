import FieldworkAnalysis
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import XCTest

final class ProvenanceReportTests: XCTestCase {
  private let items = [
    ProvenanceItem(run: 1, topic: "git", item: "commit", text: "0a"),
    ProvenanceItem(run: 3, topic: "environment", item: "cores", text: "8"),
    ProvenanceItem(run: 3, topic: "environment", item: "gpu", text: "First\nSecond"),
    ProvenanceItem(run: 3, topic: "environment", item: "architecture", text: "x86_64"),
    ProvenanceItem(run: 3, topic: "git", item: "diff", text: "-a\n\n+é"),
    ProvenanceItem(run: 3, topic: "variables", item: "MKL_X", text: ""),
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
    XCTAssertEqual(ProvenanceReport(items).description, last)
    XCTAssertEqual(ProvenanceReport(items, .number(3)).description, last)
    XCTAssertEqual(ProvenanceReport(items).items, Array(items.dropFirst()))
  }

  func testOtherRuns() {
    let first = "run 1\n\ngit\n  commit  0a"
    XCTAssertEqual(ProvenanceReport(items, .number(1)).description, first)
    XCTAssertEqual(ProvenanceReport(items, .all).description, first + "\n\n" + last)
    XCTAssertEqual(
      ProvenanceReport(items, .number(2)).description,
      "(nothing is recorded of run 2, but of 1, 3)"
    )
  }

  func testNothingIsRecorded() {
    for runs in [ProvenanceReport.Runs.last, .number(1), .all] {
      let report = ProvenanceReport([], runs)
      XCTAssertTrue(report.description.hasPrefix("(no provenance is recorded"), "\(report)")
      XCTAssertEqual(report.table.count, 0)
      XCTAssertEqual(report.table.columnNames, ["run", "topic", "item", "text"])
    }
  }

  func testTheTable() throws {
    let table = ProvenanceReport(items, .all).table
    XCTAssertEqual(table.count, items.count)
    XCTAssertEqual(try table["run", as: Int.self], [1, 3, 3, 3, 3, 3])
    XCTAssertEqual(try table["text", as: String.self], items.map(\.text))
    XCTAssertEqual(
      ProvenanceReport(items, .number(1)).table.formatted(.csv),
      "run,topic,item,text\n1,git,commit,0a"
    )
  }
}
