import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis

final class TableGroupingTests: XCTestCase {
  private let table = Table(columns: [
    Table.Column(name: "id", cells: ["p", "p", "q", "q", "r", "r"]),
    Table.Column(name: "kind", cells: ["b", "b", "a", "a", "b", nil]),
    Table.Column(name: "iteration", cells: [0, 1, 0, 1, 0, 0]),
    Table.Column(name: "x", cells: [1, 2, 10, nil, 6, 5]),
    Table.Column(name: "y", cells: [0.5, .double(.nan), 1.5, 2.5, nil, nil]),
    Table.Column(name: "text", cells: ["s", "t", "u", nil, nil, nil]),
  ])

  func testMean() throws {
    let means = try table.grouped(by: ["kind"]).mean()
    XCTAssertEqual(means.columnNames, ["kind", "x", "y"])
    XCTAssertEqual(try means["kind"], ["b", "a", nil], "in order of first appearance")
    XCTAssertEqual(try means["x"], [3.0, 10.0, 5.0])
    XCTAssertEqual(try means["y"], [.double(.nan), 2.0, nil])
  }

  func testDeviation() throws {
    let deviations = try table.grouped(by: ["kind"]).std(["x", "y"])
    // 1, 2, 6 about their mean 3: 4 + 1 + 9 = 14, over 2.
    XCTAssertEqual(try deviations["x"], [.double(7.0.squareRoot()), nil, nil])
    // 1.5 and 2.5 about 2: 0.25 + 0.25, over 1.
    XCTAssertEqual(try deviations["y"], [.double(.nan), .double(0.5.squareRoot()), nil])
  }

  func testSeveralAggregates() throws {
    let result = try table.grouped(by: ["kind"])
      .aggregate([.min, .max, .last, .count], columns: ["x", "y"])
    XCTAssertEqual(
      result.columnNames,
      ["kind", "x_min", "x_max", "x_last", "y_min", "y_max", "y_last", "count"]
    )
    XCTAssertEqual(try result["x_min", as: Double.self], [1, 10, 5])
    XCTAssertEqual(try result["x_max", as: Double.self], [6, 10, 5])
    XCTAssertEqual(try result["x_last"], [6, 10, 5])
    XCTAssertEqual(try result["y_min"], [0.5, 1.5, nil])
    XCTAssertEqual(try result["y_max"], [0.5, 2.5, nil])
    XCTAssertEqual(try result["y_last"], [.double(.nan), 2.5, nil])
    XCTAssertEqual(try result["count"], [3, 2, 1])
  }

  func testCount() throws {
    let counts = try table.grouped(by: ["kind", "id"]).count()
    XCTAssertEqual(counts.columnNames, ["kind", "id", "count"])
    XCTAssertEqual(try counts["count"], [2, 2, 1, 1])
    XCTAssertEqual(try table.grouped(by: []).count()["count"], [6])
    let one = try table.grouped(by: ["id"]).aggregate([.mean, .count], columns: ["x"])
    XCTAssertEqual(one.columnNames, ["id", "x", "count"])
    XCTAssertEqual(try one["x"], [1.5, 10.0, 5.5])
  }

  func testKeysOfDifferentKindsAreDifferentGroups() throws {
    let table = Table(columns: [
      Table.Column(name: "k", cells: [1, 1.0, "1", nil, .some(.null), 1, -0.0, 0.0])
    ])
    XCTAssertEqual(try table.grouped(by: ["k"]).count()["count"], [2, 1, 1, 2, 2])
  }

  func testLastValues() throws {
    let last = try table.lastValues()
    XCTAssertEqual(last.columnNames, table.columnNames)
    XCTAssertEqual(try last["id"], ["p", "q", "r"])
    XCTAssertEqual(try last["iteration"], [1, 1, 0])
    XCTAssertEqual(try last["x"], [2, 10, 5], "an empty cell does not hide an earlier value")
    XCTAssertEqual(try last["text"], ["t", "u", nil])
  }

  func testAnEmptyTable() throws {
    let empty = table.rows([])
    XCTAssertEqual(try empty.grouped(by: ["kind"]).count().count, 0)
    XCTAssertEqual(try empty.grouped(by: ["kind"]).mean(["x"]).columnNames, ["kind", "x"])
    XCTAssertEqual(try empty.lastValues().count, 0)
  }

  func testEveryAggregate() throws {
    let names = ["mean", "std", "sem", "ci", "ci99", "median", "q25", "min", "max", "sum", "n"]
    let aggregates = try names.map { try XCTUnwrap(Aggregate($0), $0) } + [.first, .last, .count]
    let result = try table.grouped(by: "kind").aggregate(aggregates, columns: ["x"])
    XCTAssertEqual(
      result.columnNames,
      [
        "kind", "x_mean", "x_std", "x_sem", "x_low", "x_high", "x_low99", "x_high99", "x_median",
        "x_q25", "x_min", "x_max", "x_sum", "x_n", "x_first", "x_last", "count",
      ]
    )
    // 1, 2 and 6: t(2) at 97.5 percent is 4.3027.
    XCTAssertEqual(try result["x_median"], [2.0, 10.0, 5.0])
    XCTAssertEqual(try result["x_q25"], [1.5, 10.0, 5.0])
    XCTAssertEqual(try result["x_sum"], [9.0, 10.0, 5.0])
    XCTAssertEqual(try result["x_n"], [3, 1, 1])
    XCTAssertEqual(try result["x_first"], [1, 10, 5])
    let sem = try XCTUnwrap(result["x_sem", as: Double.self][0])
    XCTAssertEqual(sem, (7.0 / 3).squareRoot(), accuracy: 1e-15)
    XCTAssertEqual(
      try XCTUnwrap(result["x_low", as: Double.self][0]),
      3 - 4.30265 * sem,
      accuracy: 1e-4
    )
    XCTAssertEqual(try result["x_low"][1], nil, "one value has no interval")
  }

  func testNamesOfAggregates() {
    for name in Aggregate.names.components(separatedBy: ", ") + ["ci90", "q5", "q99.5"] {
      XCTAssertEqual(Aggregate(name)?.name, name)
    }
    for name in ["", "avg", "q", "q101", "q-1", "ci0", "ci100", "ci-5", "qx", "Mean", "qnan"] {
      XCTAssertNil(Aggregate(name), name)
    }
  }

  func testNaNMakesWhatRestsOnItNaN() throws {
    let result = try table.grouped(by: "kind")
      .aggregate([.mean, .median, .ci, .min, .n], columns: ["y"])
    XCTAssertEqual(try result["y_mean"][0], .double(.nan))
    XCTAssertEqual(try result["y_median"][0], .double(.nan))
    XCTAssertEqual(try result["y_low"][0], .double(.nan))
    XCTAssertEqual(try result["y_min"][0], 0.5)
    XCTAssertEqual(try result["y_n"], [2, 2, 0])
  }
}
