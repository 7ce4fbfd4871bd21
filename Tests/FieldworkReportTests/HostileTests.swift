import Foundation
import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis
@testable import FieldworkReport
@testable import FieldworkStore

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Names and values that would be markup, programs or formulas if they were taken for such.
final class HostileTests: ReportTestCase {
  private static let texts = [
    "<script>alert(1)</script>", "</script><script>alert(2)</script>", "\"onload=\"alert(3)",
    "' onmouseover='alert(4)", "<img src=x onerror=alert(5)>", "<!--", "]]>", "&lt;b&gt; &amp;",
    "=1+2", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "\t=1", "a\nb\r\nc", "\"quoted\", 'too'",
    "\u{202E}gnp.exe", "\u{2069}\u{202E}x", "שלום", "nul\u{1}\u{7F}", "日本語", "a|b", "`code`",
    "$(rm)",
    "\u{2028}line", String(repeating: "long <b> ", count: 1200),
  ]

  private static func config(_ index: Int, _ text: String) -> Config {
    var config: Config = ["n": AnyAlias(index), "text": AnyAlias(text)]
    config.set(ParameterName(texts[index % 4]), to: AnyAlias(text))
    return config
  }

  private func hostile() throws -> ResearchResults {
    let made = Self.texts.enumerated().map { index, text in
      Made(
        config: Self.config(index, text),
        saved: ["y": [.int(index)], Self.texts[index % 5]: [.string(text)]],
        ending: index % 3 == 0 ? .failed : .complete,
        failure: index % 3 == 0
          ? Failure(
            unit: text,
            iteration: 0,
            kind: text,
            message: text,
            place: SourceLocation(file: text, line: 1),
            death: Death(.signal, code: nil, signal: 9, stderr: text)
          ) : nil
      )
    }
    return try results(
      ["y"],
      made,
      notes: ["name": .string(Self.texts[0]), "seed": "1", "description": .string(Self.texts[1])]
    )
  }

  func testThePageHasNoMarkupOfOthers() throws {
    let provenance = Self.texts.map { ProvenanceItem(run: 1, topic: $0, item: $0, text: $0) }
    let html = Report(try hostile(), objective: .maximize("y"), provenance: provenance).html
    XCTAssertEqual(html.components(separatedBy: "<script").count - 1, 2, "the page's own two")
    XCTAssertEqual(html.components(separatedBy: "</script").count - 1, 2)
    let start = try XCTUnwrap(html.range(of: "id=\"data\">"))
    let end = try XCTUnwrap(html.range(of: "</script>", range: start.upperBound..<html.endIndex))
    let markup = html[..<start.lowerBound] + html[end.lowerBound...]
    for part in ["<img", "<b>", "<!--", "\"onload", "' onmouseover"] {
      XCTAssertFalse(markup.contains(part), part)
    }
    for scalar in ["\u{202E}", "\u{2069}\u{202E}", "\u{1}"] as [String] {
      XCTAssertFalse(html.contains(scalar), scalar)
    }
    let data = Data(html[start.upperBound..<end.lowerBound].utf8)
    let object = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let columns = (object["configs"] as? [String: Any])?["columns"] as? [[String: Any]]
    XCTAssertEqual((columns?.last?["texts"] as? [String])?.count, Self.texts.count)
    XCTAssertLessThan(html.utf8.count, 2_000_000, "long texts are cut")
  }

  func testPicturesAreXML() throws {
    let results = try hostile()
    let plots = [
      try Plot.curves(of: "y", by: "text", results),
      try .parameter("text", of: "y", by: Self.texts[0], results),
      try .heatMap("text", "n", of: "y", results), try .parallel(of: "y", results),
      try .timeline(results), try .importance(of: "y", results),
    ]
    for plot in plots {
      let parser = XMLParser(data: Data(plot.svg.utf8))
      XCTAssertTrue(
        parser.parse(),
        "\(plot.title.prefix(40)): \(String(describing: parser.parserError))"
      )
      XCTAssertFalse(plot.svg.contains("<script"))
      XCTAssertFalse(plot.svg.contains("\u{202E}"))
    }
  }

  /// What a spreadsheet would run begins with an apostrophe; a reader of CSV finds all else as it was.
  func testCSV() throws {
    let table = Table(columns: [
      Table.Column(name: "=name", cells: Self.texts.map { .string($0) }),
      Table.Column(name: "n", cells: Self.texts.indices.map { $0 == 0 ? -5 : .string("-7.5") }),
    ])
    let rows = Self.parsed(table.formatted(.csv))
    XCTAssertEqual(rows.count, Self.texts.count + 1)
    XCTAssertEqual(rows[0], ["'=name", "n"])
    for (row, text) in zip(rows.dropFirst(), Self.texts) {
      let isFormula = ["=", "+", "-", "@", "\t"].contains(String(text.unicodeScalars.first!))
      XCTAssertEqual(row[0], isFormula ? "'" + text : text)
    }
    XCTAssertEqual(rows[1][1], "-5")
    XCTAssertEqual(rows[2][1], "-7.5", "a number is no formula")
  }

  func testMarkdownAndText() throws {
    let table = Table(columns: [Table.Column(name: "a|b<i>", cells: Self.texts.map { .string($0) })]
    )
    let lines = table.formatted(.markdown).components(separatedBy: "\n")
    XCTAssertEqual(lines.count, Self.texts.count + 2, "a row is a line")
    XCTAssertFalse(lines.contains { $0.contains("<script") })
    XCTAssertFalse(table.text().unicodeScalars.contains("\u{1}"), "no control signs in a terminal")
    XCTAssertFalse(table.text().unicodeScalars.contains("\u{202E}"))
  }

  /// Fields of CSV as RFC 4180 reads them.
  private static func parsed(_ text: String) -> [[String]] {
    var rows: [[String]] = [[]]
    var field = String.UnicodeScalarView()
    var isQuoted = false
    let scalars = Array(text.unicodeScalars)
    var index = 0
    func end() {
      rows[rows.count - 1].append(String(field))
      field = String.UnicodeScalarView()
    }
    while index < scalars.count {
      let scalar = scalars[index]
      if isQuoted {
        if scalar == "\"", index + 1 < scalars.count, scalars[index + 1] == "\"" {
          field.append(scalar)
          index += 1
        } else if scalar == "\"" {
          isQuoted = false
        } else {
          field.append(scalar)
        }
      } else {
        switch scalar {
        case "\"": isQuoted = true
        case ",": end()
        case "\n":
          end()
          rows.append([])
        default: field.append(scalar)
        }
      }
      index += 1
    }
    end()
    return rows
  }
}
