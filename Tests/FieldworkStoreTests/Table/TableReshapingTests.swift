import XCTest

@testable import FieldworkCore
@testable import FieldworkStore
@testable import FieldworkAnalysis

final class TableReshapingTests: StoreTestCase {
  private let table = Table(columns: [
    Table.Column(name: "size", cells: [8, 8, 16, 16, 8]),
    Table.Column(name: "heat", cells: [0.5, 1.5, 0.5, nil, 0.5]),
    Table.Column(name: "m", cells: [1, 2, 3, 4, 6]),
  ])

  func testPivoted() throws {
    let pivoted = try table.pivoted(rows: ["size"], columns: "heat", values: "m")
    XCTAssertEqual(pivoted.columnNames, ["size", "0.5", "1.5", ""])
    XCTAssertEqual(try pivoted["size"], [8, 16])
    XCTAssertEqual(try pivoted["0.5"], [3.5, 3.0])
    XCTAssertEqual(try pivoted["1.5"], [2.0, nil])
    XCTAssertEqual(try pivoted[""], [nil, 4.0])
    let last = try table.pivoted(rows: ["size"], columns: "heat", values: "m", by: .last)
    XCTAssertEqual(try last["0.5"], [6, 3])
    XCTAssertEqual(
      try table.rows([]).pivoted(rows: ["size"], columns: "heat", values: "m").count,
      0
    )
  }

  func testUnpivoted() throws {
    let long = try table.unpivoted(["heat", "m"])
    XCTAssertEqual(long.columnNames, ["size", "name", "value"])
    XCTAssertEqual(long.count, 9, "an empty cell gives no row")
    XCTAssertEqual(long.row(0), ["size": 8, "name": "heat", "value": 0.5])
    XCTAssertEqual(long.row(7), ["size": 8, "name": "heat", "value": 0.5])
    XCTAssertEqual(long.row(8), ["size": 8, "name": "m", "value": 6])
    let named = try table.unpivoted(["m"], name: "size", value: "v")
    XCTAssertEqual(named.columnNames, ["size", "heat", "size_", "v"])
  }

  func testAPivotIsUndone() throws {
    let rows = table.rows([0, 1, 2])
    let pivoted = try rows.pivoted(rows: ["size"], columns: "heat", values: "m", by: .last)
    let long = try pivoted.unpivoted(["0.5", "1.5"], name: "heat", value: "m")
    XCTAssertEqual(try long["size"], [8, 8, 16])
    XCTAssertEqual(try long["heat"], ["0.5", "1.5", "0.5"])
    XCTAssertEqual(try long["m"], [1, 2, 3])
  }

  func testJoined() throws {
    let names = Table(columns: [
      Table.Column(name: "size", cells: [8, 32, 8]),
      Table.Column(name: "m", cells: ["small", "large", "tiny"]),
    ])
    let inner = try table.rows([0, 2]).joined(with: names, on: ["size"])
    XCTAssertEqual(inner.columnNames, ["size", "heat", "m", "m_"])
    XCTAssertEqual(try inner["m"], [1, 1])
    XCTAssertEqual(try inner["m_"], ["small", "tiny"])
    let left = try table.rows([0, 2]).joined(with: names, on: ["size"], .left)
    XCTAssertEqual(try left["size"], [8, 8, 16])
    XCTAssertEqual(try left["m_"], ["small", "tiny", nil])
    XCTAssertEqual(try table.joined(with: names.rows([]), on: ["size"], .left)["m_"].count, 5)
    assertError(.missingParameter, "'heat'") { try self.table.joined(with: names, on: ["heat"]) }
  }

  func testDistinctHeadAndSelect() throws {
    XCTAssertEqual(try table.distinct(["size"])["m"], [1, 3])
    XCTAssertEqual(try table.distinct().count, 5)
    XCTAssertEqual(try table.rows([0, 0, 1]).distinct().count, 2)
    XCTAssertEqual(table.head(2).count, 2)
    XCTAssertEqual(table.head(-1).count, 0)
    XCTAssertEqual(table.head(99).count, 5)
    XCTAssertEqual(try table.select("m", "size").columnNames, ["m", "size"])
    XCTAssertEqual(try table.where("m in (1, 6) and heat is not missing")["m"], [1, 6])
    XCTAssertEqual(try table.sorted(by: ["size", "heat"])["m"], [1, 6, 2, 3, 4])
  }

  func testDescribe() throws {
    let described = table.describe()
    XCTAssertEqual(try described["column"], ["size", "heat", "m"])
    XCTAssertEqual(try described["kind"], ["int", "double", "int"])
    XCTAssertEqual(try described["n"], [5, 4, 5])
    XCTAssertEqual(try described["missing"], [0, 1, 0])
    XCTAssertEqual(try described["different"], [2, 2, 5])
    XCTAssertEqual(try described["mean"][2], 3.2)
    XCTAssertEqual(try described["median"][2], 3.0)
    XCTAssertEqual(try described["q75"][2], 4.0)
    let texts = Table(columns: [Table.Column(name: "t", cells: ["a", nil, .some(.null)])])
    XCTAssertEqual(try texts.describe()["mean"], [nil])
    XCTAssertEqual(try texts.describe()["missing"], [2])
  }

  // MARK: Columns

  func testKinds() {
    let columns: [([Value?], Table.ColumnKind)] = [
      ([1, nil, .some(.null)], .int), ([1.5, .double(.nan)], .double), ([true, nil], .bool),
      (["a", "b"], .string), ([[1], ["k": 2], nil], .json), ([1, 2.5], .mixed), ([1, "a"], .mixed),
      ([nil, .some(.null)], .none), ([], .none), ([[1], 2], .mixed),
    ]
    for (cells, kind) in columns {
      let column = Table.Column(name: "c", cells: cells)
      XCTAssertEqual(column.kind, kind, "\(cells)")
      XCTAssertEqual(column.cells, cells, "nothing is lost on the way")
    }
  }

  /// Whatever cells a column is made of, in whatever order, they come back, and so do those of chosen
  /// rows; equal cells have one code, others not.
  func testCellsComeBack() {
    var random = Philox(seed: 5)
    let pool: [Value?] = [
      nil, .some(.null), 1, 2, 0.5, .double(.nan), -0.0, true, "a", "", "e\u{301}", "\u{e9}", [1],
      ["k": nil],
    ]
    for _ in 0..<500 {
      let choices = (0..<Int(random.nextInteger(below: 3) + 1)).map { _ in
        pool[Int(random.nextInteger(below: UInt64(pool.count)))]
      }
      let cells = (0..<Int(random.nextInteger(below: 8))).map { _ in
        choices[Int(random.nextInteger(below: UInt64(choices.count)))]
      }
      let column = Table.Column(name: "c", cells: cells)
      XCTAssertEqual(column.cells, cells)
      XCTAssertEqual(column.cells.map { "\($0 as Any)" }, cells.map { "\($0 as Any)" })
      let rows = cells.indices.reversed() + cells.indices
      XCTAssertEqual(column.rows(rows).cells, rows.map { cells[$0] })
      let padded = column.content.gathered(orEmpty: [-1] + rows)
      XCTAssertEqual((0..<padded.count).map { padded[$0] }, [nil] + rows.map { cells[$0] })
      let codes = column.content.codes()
      // Missing cells are alike.
      let keys = cells.map { $0 == .null ? nil : $0 }
      XCTAssertEqual(codes.count, Set(keys).count)
      for first in cells.indices {
        for second in cells.indices {
          XCTAssertEqual(codes.codes[first] == codes.codes[second], keys[first] == keys[second])
        }
      }
    }
  }
}
