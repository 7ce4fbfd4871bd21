import XCTest

@testable import FieldworkCore
@testable import FieldworkStore
@testable import FieldworkAnalysis

final class TableLayoutTests: ResultsTestCase {
  /// Two experiments with many parameters, some of them the same for both.
  private func results() throws -> ResearchResults {
    let store = try DatabaseStore.inMemory()
    try store.write([.variables(["loss", "accuracy"])])
    for (ordinal, id) in ["40faee0a84438ed2", "40faee0acc8dd50a"].enumerated() {
      let config: Config = [
        "size": AnyAlias(8 * (ordinal + 1)), "optimizer": "adam", "activation": "relu",
        "momentum": AnyAlias(ordinal == 0 ? 0.9 : 0.99), "layers": [16, 16],
      ]
      try store.write(
        records(planned(ordinal, id, config), [(0, "loss", 0.5), (0, "accuracy", 0.25)])
      )
    }
    return try store.contents()
  }

  func testWhatFitsIsShownWhole() throws {
    let text = try results().table().text()
    let width = text.split(separator: "\n").map(\.count).max() ?? 0
    XCTAssertEqual(try results().table().text(width: width), text)
    XCTAssertFalse(text.contains("…"))
  }

  func testIdsAreCutFirst() throws {
    let table = try results().table()
    let width = table.text().split(separator: "\n").map(\.count).max() ?? 0
    XCTAssertEqual(
      table.text(width: width - 1),
      """
      id          size  optimizer  activation  momentum  layers    iteration  loss  accuracy
      ──────────  ────  ─────────  ──────────  ────────  ────────  ─────────  ────  ────────
      40faee0a8…     8  adam       relu             0.9  [16, 16]          0   0.5      0.25
      40faee0ac…    16  adam       relu            0.99  [16, 16]          0   0.5      0.25
      … long cells are cut
      """
    )
  }

  func testParametersThatSayTheSameGoBeforeOthers() throws {
    XCTAssertEqual(
      try results().table().text(width: 80),
      """
      id          size  optimizer  activation  momentum  iteration  loss  accuracy
      ──────────  ────  ─────────  ──────────  ────────  ─────────  ────  ────────
      40faee0a8…     8  adam       relu             0.9          0   0.5      0.25
      40faee0ac…    16  adam       relu            0.99          0   0.5      0.25
      … long cells are cut
      … more columns: layers
      """
    )
    XCTAssertEqual(
      try results().table().text(width: 54),
      """
      id          size  momentum  iteration  loss  accuracy
      ──────────  ────  ────────  ─────────  ────  ────────
      40faee0a8…     8       0.9          0   0.5      0.25
      40faee0ac…    16      0.99          0   0.5      0.25
      … long cells are cut
      … more columns: optimizer, activation, layers
      """
    )
    let narrow = try results().table().text(width: 43)
    XCTAssertTrue(narrow.hasPrefix("id          size  iteration  loss  accuracy\n"), narrow)
  }

  /// At every width lines fit, what is shown and what is left out are all columns, and saved values
  /// outlive all parameters but one.
  func testAllWidths() throws {
    let results = try results()
    let options = TableOptions(includesAuxiliary: true)
    let grouped = try results.table().grouped(by: ["size"]).mean(["loss", "accuracy"])
    for table in [results.table(options), results.configsTable(options), grouped] {
      for width in 10...160 {
        let lines = table.text(width: width).split(separator: "\n").map(String.init)
        let titles = lines[0].split(separator: " ").map(String.init)
        XCTAssertTrue(
          lines.filter { !$0.hasPrefix("…") }.allSatisfy { $0.count <= width }
            || titles.count == 1,
          "\(width): \(lines)"
        )
        let start = "… more columns: "
        let left = lines.last { $0.hasPrefix(start) }?.dropFirst(start.count)
          .components(separatedBy: ", ")
        XCTAssertEqual(Set(titles + (left ?? [])), Set(table.columnNames), "\(width)")
        if titles.contains("momentum") && table.columnNames.contains("loss") {
          XCTAssertTrue(titles.contains("loss") && titles.contains("accuracy"), "\(width)")
        }
      }
    }
  }

  /// A failure's cause is worth more room than where it happened.
  func testMessagesAreCutBeforeTheyAreLeftOut() throws {
    let store = try DatabaseStore.inMemory()
    try store.write(records(planned(0, "e2db1da708fd9bfe", ["size": 8]), [], ending: .failed))
    try store.write([
      .failed(
        experiment: "e2db1da708fd9bfe",
        Failure(
          unit: "train",
          iteration: 3,
          kind: "Divergence",
          message: String(repeating: "not finite ", count: 10),
          place: SourceLocation(file: "Digits/Digits.swift", line: 120)
        )
      )
    ])
    XCTAssertEqual(
      try store.contents().failuresTable().text(width: 80),
      """
      id         size  iteration  unit   message
      ─────────  ────  ─────────  ─────  ─────────────────────────────────────────────
      e2db1da7…     8          3  train  not finite not finite not finite not finite …
      … long cells are cut
      … more columns: kind, place
      """
    )
  }

  func testColumnsKeepWhatTheyAreFor() throws {
    let table = try results().table().sorted(by: "size", descending: true)
      .select(["id", "size", "optimizer", "loss"])
    let last = try table.lastValues()
    XCTAssertEqual(last.columns.map(\.role), [.id, .parameter, .parameter, .value])
    let grouped = try last.grouped(by: ["size"]).mean()
    XCTAssertEqual(grouped.columns.map(\.role), [.key, .value])
    XCTAssertEqual(
      Table.Column(name: "a", cells: [1], role: .id),
      Table.Column(name: "a", cells: [1]),
      "what a column is for is no part of what it is"
    )
  }
}
