import Foundation

/// docs/language.md, as its tests see it, beside the tests and operators that it speaks of.
///
/// Code is compared without its comments and spaces, so that it may be wrapped differently.
struct LanguageDocument {
  /// A row of a table.
  struct Row {
    /// The titles of the table: `form, twin, configs`.
    let titles: String
    let cells: [String]

    /// The code in a cell, each piece for itself.
    func code(_ cell: Int) -> [String] {
      guard cells.indices.contains(cell) else { return [] }
      return cells[cell].components(separatedBy: "`").enumerated()
        .filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
    }
  }

  /// A block of code.
  struct Example {
    let section: String
    let lines: [String]

    /// Whether it shows a form and not something that runs.
    var isSketch: Bool { lines.contains { $0.contains("…") } }
  }

  private(set) var rows: [Row] = []
  private(set) var examples: [Example] = []

  init() throws {
    var section = ""
    var titles: String?
    var block: [String]?
    for line in try Self.text("docs/language.md").components(separatedBy: "\n") {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if let lines = block {
        if trimmed == "```" {
          examples.append(Example(section: section, lines: lines))
          block = nil
        } else {
          block = lines + [line]
        }
      } else if trimmed == "```swift" {
        block = []
      } else if trimmed.hasPrefix("## ") {
        section = String(trimmed.dropFirst(3))
      } else if trimmed.hasPrefix("|") {
        let cells = Self.cells(trimmed)
        if let titles {
          if !trimmed.hasPrefix("|---") { rows.append(Row(titles: titles, cells: cells)) }
        } else {
          titles = cells.joined(separator: ", ")
        }
      }
      if !trimmed.hasPrefix("|") { titles = nil }
    }
  }

  /// A bar in a cell is written with a backslash.
  private static func cells(_ line: String) -> [String] {
    line.replacingOccurrences(of: "\\|", with: "\u{0}").split(separator: "|").map { cell in
      cell.replacingOccurrences(of: "\u{0}", with: "|").trimmingCharacters(in: .whitespaces)
    }
  }

  /// The functions of the tests that run what the document shows, each for itself, as comparable code.
  static func testFunctions() throws -> [String] {
    try ["LanguageDocumentTests", "LanguageDocumentRunTests"].flatMap { name in
      try text("Tests/FieldworkTests/Language/\(name).swift")
        .components(separatedBy: "\n  func test").dropFirst().map(comparable)
    }
  }

  /// The symbols of the operators, by the titles under which they are defined; a prefix has an underscore
  /// after it.
  static func operators() throws -> [(title: String, symbol: String)] {
    var title = ""
    var found: [(title: String, symbol: String)] = []
    let lines = try text("Sources/Fieldwork/Language/Operators.swift").split(separator: "\n")
    for line in lines.map({ $0.trimmingCharacters(in: .whitespaces) }) {
      if line.hasPrefix("// MARK: ") { title = String(line.dropFirst(9)) }
      guard let range = line.range(of: "func ") else { continue }
      let symbol = String(line[range.upperBound...].prefix { !$0.isWhitespace })
      guard symbol.allSatisfy({ $0.isSymbol || $0.isPunctuation }) else { continue }
      let name = line.contains("prefix func") ? symbol + "_" : symbol
      if !found.contains(where: { $0 == (title, name) }) { found.append((title, name)) }
    }
    return found
  }

  /// Code without comments, spaces, and commas at the ends of lists.
  static func comparable(_ code: String) -> String {
    var result = ""
    for line in code.components(separatedBy: "\n") {
      let padded = " " + line
      let end = padded.range(of: " //")?.lowerBound ?? padded.endIndex
      result += padded[..<end].filter { !$0.isWhitespace }
    }
    return result.replacingOccurrences(of: ",)", with: ")")
      .replacingOccurrences(of: ",]", with: "]")
  }

  /// A file of the package.
  private static func text(_ path: String) throws -> String {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }
}
