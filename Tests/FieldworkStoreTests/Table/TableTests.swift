import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkStore
@testable import FieldworkAnalysis

final class TableTests: StoreTestCase {
  private func table(_ columns: (String, [Value?])...) -> Table {
    Table(columns: columns.map { Table.Column(name: $0.0, cells: $0.1) })
  }

  func testCells() throws {
    let table = table(("a", [1, 2.5, nil, "x"]), ("b", [.some(.null), true, 3, 4]))
    XCTAssertEqual(table.count, 4)
    XCTAssertEqual(try table["a", as: Int.self], [1, nil, nil, nil])
    XCTAssertEqual(try table["a", as: Double.self], [1, 2.5, nil, nil])
    XCTAssertEqual(try table["b"][0], .some(.null))
    XCTAssertEqual(table.row(0), ["a": 1, "b": nil])
    XCTAssertEqual(table.row(2), ["b": 3])
    XCTAssertEqual(try table.rows([3, 0, 3])["a"], ["x", 1, "x"])
    XCTAssertEqual(try table.select(["b", "a"]).columnNames, ["b", "a"])
    XCTAssertEqual(Table(columns: []).count, 0)
  }

  func testErrorsNameTheColumns() throws {
    let table = table(("alpha", [1]), ("beta", [2]))
    let uses: [() throws -> Any] = [
      { try table["gamma"] }, { try table["gamma", as: Int.self] },
      { try table.select(["alpha", "gamma"]) }, { try table.sorted(by: "gamma") },
      { try table.grouped(by: ["alpha", "gamma"]) },
      { try table.grouped(by: ["alpha"]).mean(["gamma"]) },
      { try table.filter(Condition("alpha == 1 and gamma < 2")) },
    ]
    for use in uses {
      assertError(.missingParameter, "'gamma'", "alpha, beta") { try use() }
    }
    assertError(.missingParameter, "'id'", "alpha, beta") { try table.lastValues() }
  }

  func testFilter() throws {
    let table = table(("a", [1, 2, nil, 4.0, .some(.null)]), ("b", ["x", "y", "x", "y", "x y"]))
    XCTAssertEqual(try table.filter { $0["b"] == "x" }["a"], [1, nil])
    XCTAssertEqual(table.filter { $0["a"] == nil }.count, 1)
    XCTAssertThrowsError(try table.filter { _ in throw StopExperiment() })
    let cases: [(String, [Int])] = [
      ("a > 1", [1, 3]), ("a >= 1 and b = y", [1, 3]), ("a == 4", [3]), ("a != 1", [1, 2, 3, 4]),
      ("not a > 1", [0, 2, 4]), ("b == \"x y\"", [4]), ("a == null", [4]),
      ("a < 2 or b == y", [0, 1, 3]), ("a < 0", []),
    ]
    for (text, expected) in cases {
      XCTAssertEqual(try table.filter(Condition(text)), table.rows(expected), text)
    }
  }

  func testSortedNumbersThenTextsThenTheRest() throws {
    let mixed = table(
      ("a", [true, "b", nil, 2, .double(.nan), "a", .some(.null), 1.5, "zebra", [1], -1, nil]),
      ("n", (0..<12).map { .int($0) })
    )
    XCTAssertEqual(
      try mixed.sorted(by: "a")["n"],
      [10, 7, 3, 5, 1, 8, 9, 0, 4, 2, 6, 11],
      "numbers, texts, the rest by their text; NaN; empty cells and null"
    )
  }

  func testSortedDescendingKeepsEmptyCellsLast() throws {
    let table = table(
      ("a", [1, nil, 3, "x", 2, nil, "y"]),
      ("n", (0..<7).map { .int($0) })
    )
    XCTAssertEqual(try table.sorted(by: "a", descending: true)["n"], [6, 3, 2, 4, 0, 1, 5])
  }

  func testSortingKeepsTheOrderOfEquals() throws {
    let keys: [Value?] = (0..<200).map { .int($0 % 3) }
    let table = table(("k", keys), ("n", (0..<200).map { .int($0) }))
    for descending in [false, true] {
      let sorted = try table.sorted(by: "k", descending: descending)
      let numbers = try sorted["n", as: Int.self].compactMap(\.self)
      let expected = (descending ? [2, 1, 0] : [0, 1, 2]).flatMap { rest in
        (0..<200).filter { $0 % 3 == rest }
      }
      XCTAssertEqual(numbers, expected)
    }
  }

  func testSortingTellsLargeIntegersApart() throws {
    let large = (1 << 53) + 1
    let table = table(("a", [.int(large), .int(large - 1), .int(large + 1)]))
    XCTAssertEqual(try table.sorted(by: "a", descending: true)["a"].first, .int(large + 1))
    XCTAssertEqual(try table.sorted(by: "a")["a"], [.int(large - 1), .int(large), .int(large + 1)])
  }

  func testEveryNumberIsSelectedByWhatATableShows() throws {
    var random = Philox(seed: 7)
    for _ in 0..<2000 {
      let mantissa = Double.random(in: -10...10, using: &random)
      var number = mantissa
      for _ in 0..<Int.random(in: 0...20, using: &random) { number /= 10 }
      for _ in 0..<Int.random(in: 0...12, using: &random) { number *= 10 }
      let digits = Int.random(in: 13...17, using: &random)
      let long = String(format: "%.\(digits)g", number)
      for shown in [Table.rounded(number), long, number.description] {
        XCTAssertTrue(
          try Condition("t == \(shown)").holds { _ in .double(number) },
          "\(number) == \(shown)"
        )
      }
    }
  }
}
