import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis

final class TableFormatTests: XCTestCase {
  private let table = Table(columns: [
    Table.Column(name: "id", cells: ["a1", "b2", "c3"]),
    Table.Column(name: "loss", cells: [0.123456789, 1, nil]),
    Table.Column(name: "note", cells: ["plain", "two\nlines", .some(.null)]),
  ])

  func testText() {
    XCTAssertEqual(
      table.text(),
      """
      id     loss  note
      ──  ───────  ───────────
      a1  0.12346  plain
      b2        1  two ⏎ lines
      c3           null
      """
    )
    XCTAssertEqual(table.description, table.text())
  }

  func testTextOfLimitedWidth() {
    XCTAssertEqual(
      table.text(width: 11, limit: 2),
      """
      id     loss
      ──  ───────
      a1  0.12346
      b2        1
      … 1 more rows
      … more columns: note
      """
    )
    XCTAssertEqual(table.text(width: 1).split(separator: "\n").first, "id")
    XCTAssertEqual(table.text(width: 24), table.text(), "just wide enough")
    XCTAssertTrue(table.text(width: 23).hasSuffix("more columns: note"))
    XCTAssertEqual(table.text(limit: 3), table.text())
    XCTAssertTrue(table.text(limit: 0).hasSuffix("… 3 more rows"))
    XCTAssertEqual(Table(columns: []).text(), "(no columns)")
  }

  func testCSV() {
    let table = Table(columns: [
      Table.Column(name: "a,b", cells: ["x,y", "say \"hi\"", "two\nlines", "cr\r", ""]),
      Table.Column(name: "c", cells: [nil, .some(.null), 0.1, 12_345_678.901, [1, "x"]]),
    ])
    XCTAssertEqual(
      table.formatted(.csv),
      """
      "a,b",c
      "x,y",
      "say ""hi""\",null
      "two\nlines",0.1
      "cr\r",12345678.901
      "","[1,""x""]"
      """
    )
  }

  func testQuotesJoinedToCombiningMarksAreEscaped() {
    let table = Table(columns: [Table.Column(name: "a", cells: ["\"\u{301}|\u{301}"])])
    XCTAssertEqual(
      Array(table.formatted(.csv).unicodeScalars),
      Array("a\n\"\"\"\u{301}|\u{301}\"".unicodeScalars)
    )
    XCTAssertEqual(
      Array(table.formatted(.markdown).unicodeScalars),
      Array("| a |\n| --- |\n| \"\u{301}\\|\u{301} |".unicodeScalars)
    )
  }

  func testJSONIsReadBack() throws {
    let cells: [Value?] = [
      nil, .some(.null), 1, 1.5, "q\"\\\u{1}\n日本", [1, ["k": .double(.infinity)]], true, 1e300,
    ]
    let table = Table(columns: [
      Table.Column(name: "k \"é\"", cells: cells),
      Table.Column(name: "n", cells: cells.map { _ in 0 }),
    ])
    let data = Data(table.formatted(.json).utf8)
    let parsed = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    XCTAssertEqual(parsed.count, cells.count)
    XCTAssertEqual(parsed.map { $0["n"] as? Int }, cells.map { _ in 0 })
    XCTAssertEqual(Set(parsed[0].keys), ["n"], "an empty cell is left out")
    XCTAssertTrue(parsed[1]["k \"é\""] is NSNull)
    XCTAssertEqual(parsed[4]["k \"é\""] as? String, "q\"\\\u{1}\n日本")
    XCTAssertEqual(parsed[7]["k \"é\""] as? Double, 1e300)
    let lines = table.formatted(.jsonl).split(separator: "\n", omittingEmptySubsequences: false)
    XCTAssertEqual(lines.count, cells.count)
    for (line, row) in zip(lines, parsed) {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary
      XCTAssertEqual(object, row as NSDictionary)
    }
    XCTAssertEqual(table.rows([]).formatted(.json), "[]")
    XCTAssertEqual(table.rows([]).formatted(.jsonl), "")
  }

  func testMarkdown() {
    let table = Table(columns: [
      Table.Column(name: "a|b", cells: ["x|y", nil]),
      Table.Column(name: "n", cells: [0.1, "t\nu"]),
    ])
    XCTAssertEqual(
      table.formatted(.markdown),
      """
      | a\\|b | n |
      | --- | --- |
      | x\\|y | 0.1 |
      |  | t ⏎ u |
      """
    )
    let texts = [
      (#"a\|b"#, #"a\\\|b"#), ("**x**", #"\*\*x\*\*"#), ("`x`", #"\`x\`"#), ("[y](z)", #"[y]\(z)"#),
      ("[8, 16]", "[8, 16]"), ("learning_rate", "learning_rate"), ("_x_", #"\_x\_"#),
      ("&lt; & b", "&amp;lt; & b"), ("<b>", "&lt;b>"),
    ]
    for (text, cell) in texts {
      let table = Table(columns: [Table.Column(name: "t", cells: [.string(text)])])
      XCTAssertEqual(table.formatted(.markdown), "| t |\n| --- |\n| \(cell) |")
    }
  }
}
