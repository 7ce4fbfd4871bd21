import XCTest

/// What docs/language.md shows is what its tests run, word for word.
final class DocumentedExamplesTests: XCTestCase {
  func testEveryExampleIsRun() throws {
    let functions = try LanguageDocument.testFunctions()
    let examples = try LanguageDocument().examples.filter { !$0.isSketch }
    XCTAssertGreaterThan(examples.count, 15)
    for example in examples {
      let lines = example.lines.map(LanguageDocument.comparable)
      XCTAssertTrue(
        functions.contains { Self.has(lines, in: $0) },
        "no test runs this of '\(example.section)':\n\(example.lines.joined(separator: "\n"))"
      )
    }
  }

  /// Whether the lines come in a text in their order; a test may do something between them.
  private static func has(_ lines: [String], in text: String) -> Bool {
    var rest = text[...]
    for line in lines where !line.isEmpty {
      guard let range = rest.range(of: line) else { return false }
      rest = rest[range.upperBound...]
    }
    return true
  }

  func testEveryFormMakesWhatItSays() throws {
    let functions = try LanguageDocument.testFunctions()
    let tables = ["form, configs", "form, twin, configs", "form, value"]
    let rows = try LanguageDocument().rows.filter { tables.contains($0.titles) }
    XCTAssertGreaterThan(rows.count, 25)
    for row in rows {
      let form = try XCTUnwrap(row.code(0).first, "\(row.cells)")
      var call = LanguageDocument.comparable(form)
      let last = row.cells.count - 1
      if let shown = row.code(last).first {
        call += ",\"\(LanguageDocument.comparable(shown))\""
      } else if row.cells[last] == "none" {
        call += ",\"\""
      }
      XCTAssertTrue(functions.contains { $0.contains(call) }, "no test checks \(row.cells)")
    }
  }

  func testEveryOperatorAndItsTwinAreRun() throws {
    let functions = try LanguageDocument.testFunctions()
    let tables = ["form, twin, configs", "form, twin, meaning"]
    for row in try LanguageDocument().rows where tables.contains(row.titles) {
      for piece in [row.code(0).first, row.code(1).first].compactMap(\.self)
      where !piece.contains("…") {
        // Of a method its name.
        let name = piece.hasSuffix(":)") ? String(piece.prefix { $0 != "(" }) : piece
        let code = LanguageDocument.comparable(name)
        XCTAssertTrue(functions.contains { $0.contains(code) }, "no test runs \(piece)")
      }
    }
  }

  func testEveryOperatorIsShown() throws {
    let tables = [
      "Parameters": "form, configs", "Domains": "form, twin, configs",
      "Configs": "form, twin, meaning", "Schedules": "form, twin, meaning",
      "Samplers": "form, twin, meaning",
      "Named expressions": "form, value",
    ]
    let rows = try LanguageDocument().rows
    let operators = try LanguageDocument.operators()
    XCTAssertGreaterThanOrEqual(operators.count, 22)
    for (title, symbol) in operators {
      let table = try XCTUnwrap(tables[title], "no table shows operators of '\(title)'")
      let forms = rows.filter { $0.titles == table }.compactMap { $0.code(0).first }
      XCTAssertTrue(
        forms.contains { form in
          symbol.hasSuffix("_")
            ? form.hasPrefix(symbol.dropLast()) : form.contains(" \(symbol) ")
        },
        "\(symbol) of '\(title)' is not shown"
      )
    }
  }
}
