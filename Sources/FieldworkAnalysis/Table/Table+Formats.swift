import FieldworkCore

/// A format in which a table is written.
public enum TableFormat: String, Sendable, CaseIterable {
  /// Readable text.
  case text
  /// Comma-separated values, quoted as RFC 4180 says, an empty cell empty; lists and dictionaries as JSON, with
  /// `NaN` and `Infinity` as Python reads them.
  ///
  /// Spreadsheets take a text that begins with `=`, `+`, `-`, `@` or a tab for a formula and may run it, so
  /// such a text gets an apostrophe before it, unless it is a number.
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
        column[row].map { name + ":" + $0.jsonText }
      }
      return "{" + pairs.joined(separator: ",") + "}"
    }
  }

  private var csv: String {
    var text = columns.map { Table.csvField($0.name) }.joined(separator: ",")
    let fields = columns.map(csvFields)
    for row in 0..<count {
      text += "\n"
      for (position, field) in fields.enumerated() {
        if position > 0 { text += "," }
        text += field(row)
      }
    }
    return text
  }

  /// The fields of a column, row by row.
  private func csvFields(_ column: Column) -> (Int) -> String {
    let content = column.content
    if case .strings(let codes, let texts) = content.cells, content.marks == nil {
      // Each text is looked at once.
      let fields = texts.map(Table.csvField)
      return { fields[Int(codes[$0])] }
    }
    return { row in content[row].map(Table.csvField) ?? "" }
  }

  private static func csvField(_ value: Value) -> String {
    switch value {
    case .string(let text): csvField(text)
    case .list, .dictionary: csvField(value.extendedJSONText)
    default: value.description
    }
  }

  private static func csvField(_ text: String) -> String {
    let isFormula =
      text.utf8.first.map { formulaStarts.contains($0) } ?? false && Value(number: text) == nil
    let text = isFormula ? "'" + text : text
    let needsQuotes = text.isEmpty || text.utf8.contains { quotedSigns.contains($0) }
    guard needsQuotes else { return text }
    return quoted(text)
  }

  private static let quotedSigns = [
    UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
  ]

  /// What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection").
  private static let formulaStarts = [
    UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"),
    UInt8(ascii: "\t"), UInt8(ascii: "\r"),
  ]

  /// A text in quotes, as CSV and SQL write it: a quote in it stands twice, also where a combining mark follows
  /// it.
  package static func quoted(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    result.append("\"")
    for scalar in text.unicodeScalars {
      if scalar == "\"" { result.append(scalar) }
      result.append(scalar)
    }
    result.append("\"")
    return String(result)
  }

  private var markdown: String {
    func line(_ cells: [String]) -> String {
      "| " + cells.map(Table.markdownCell).joined(separator: " | ") + " |"
    }
    var lines = [line(columnNames), line(columns.map { _ in "---" })]
    for row in 0..<count {
      lines.append(line(columns.map { $0[row].map(Table.cellText) ?? "" }))
    }
    return lines.joined(separator: "\n")
  }

  /// A cell that is no more than text: what would end it, or would be markup, is escaped.
  private static func markdownCell(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var cell = String.UnicodeScalarView()
    for (index, scalar) in scalars.enumerated() {
      let before = index > 0 ? scalars[index - 1] : " "
      let after = index + 1 < scalars.count ? scalars[index + 1] : " "
      func escape() {
        cell.append("\\")
        cell.append(scalar)
      }
      switch scalar {
      case "|", "\\", "`", "*", "~": escape()
      // Within a word it is none.
      case "_" where !before.properties.isAlphabetic || !after.properties.isAlphabetic: escape()
      // A link.
      case "(" where before == "]", "[" where before == "]": escape()
      case "&" where after == "#" || after.properties.isAlphabetic:
        cell.append(contentsOf: "&amp;".unicodeScalars)
      case "<": cell.append(contentsOf: "&lt;".unicodeScalars)
      case "\n", "\r": cell.append(" ")
      default: cell.append(scalar)
      }
    }
    return String(cell)
  }
}
