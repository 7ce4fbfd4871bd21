import FieldworkCore

/// A format in which a table is written.
public enum TableFormat: String, Sendable, CaseIterable {
  /// Readable text.
  case text
  /// Comma-separated values (RFC 4180), an empty cell empty.
  case csv
  /// One JSON array of objects, empty cells left out.
  case json
  /// One JSON object per line, empty cells left out.
  case jsonl
  /// A table in Markdown.
  case markdown
}

extension Table {
  /// The table in a format, without a line end after the last line.
  public func formatted(_ format: TableFormat) -> String {
    switch format {
    case .text: text()
    case .csv: csv
    case .json: count == 0 ? "[]" : "[\n" + jsonRows.joined(separator: ",\n") + "\n]"
    case .jsonl: jsonRows.joined(separator: "\n")
    case .markdown: markdown
    }
  }

  private var jsonRows: [String] {
    let names = columns.map { Value.quoted($0.name) }
    return (0..<count).map { row in
      let pairs = zip(names, columns).compactMap { name, column in
        column.cells[row].map { name + ":" + $0.jsonText }
      }
      return "{" + pairs.joined(separator: ",") + "}"
    }
  }

  private var csv: String {
    var lines = [columns.map { Table.csvField($0.name) }.joined(separator: ",")]
    for row in 0..<count {
      lines.append(
        columns.map { column in
          column.cells[row].map { Table.csvField($0.description) } ?? ""
        }.joined(separator: ",")
      )
    }
    return lines.joined(separator: "\n")
  }

  private static func csvField(_ text: String) -> String {
    let needsQuotes =
      text.isEmpty
      || text.utf8.contains {
        [UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains($0)
      }
    guard needsQuotes else { return text }
    return "\"" + escaped(text, "\"", by: "\"") + "\""
  }

  /// Puts a mark before each occurrence of a sign, also where a combining mark follows the sign.
  private static func escaped(
    _ text: String,
    _ sign: Unicode.Scalar,
    by mark: Unicode.Scalar
  ) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == sign { result.append(mark) }
      result.append(scalar)
    }
    return String(result)
  }

  private var markdown: String {
    func line(_ cells: [String]) -> String {
      "| " + cells.map { Table.escaped($0, "|", by: "\\") }.joined(separator: " | ") + " |"
    }
    var lines = [line(columnNames), line(columns.map { _ in "---" })]
    for row in 0..<count {
      lines.append(line(columns.map { $0.cells[row].map(Table.cellText) ?? "" }))
    }
    return lines.joined(separator: "\n")
  }
}
