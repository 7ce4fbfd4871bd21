import ArgumentParser
import FieldworkCore
import FieldworkStore
import Foundation

/// How a table is printed.
struct TableOutput: ParsableArguments {
  @Option(help: ArgumentHelp("How many rows to show; 0 for all.", valueName: "n"))
  var limit: Int?

  @Option(
    help: ArgumentHelp("How to write the table.", valueName: choices(TableFormat.self)),
    transform: choice
  )
  var format: TableFormat?

  @Flag(name: .customLong("json"), help: "The same as --format json.")
  var json = false

  func validate() throws {
    if json, let format, format != .json {
      throw ValidationError("--json is --format json: leave out --format \(format.rawValue)")
    }
    if let limit, limit < 0 { throw ValidationError("--limit is \(limit): give 0 or more") }
  }

  /// Whether any of it was given.
  var isGiven: Bool { limit != nil || format != nil || json }

  var chosenFormat: TableFormat { json ? .json : format ?? .text }

  func print(_ table: Table, _ terminal: Terminal) {
    let format = chosenFormat
    guard format == .text else {
      let limited = limit.map { $0 > 0 ? table.rows(0..<min($0, table.count)) : table } ?? table
      let text = limited.formatted(format)
      // An empty line is no JSON.
      if !text.isEmpty { terminal.print(text) }
      return
    }
    let usual = terminal.isInteractive ? 50 : 0
    let rows = limit ?? usual
    terminal.print(
      table.text(
        width: terminal.isInteractive ? terminal.width : nil,
        limit: rows > 0 ? rows : nil
      )
    )
  }
}

/// Reads column names that are separated by commas. A name that contains a comma needs quotes.
/// - Throws: ``FieldworkError`` if a name is missing or stands twice.
func columnNames(_ text: String) throws -> [String] {
  let names = try? Literal.list(text).map(\.text)
  guard let names, !names.contains(""), Set(names).count == names.count else {
    throw FieldworkError(
      .unreadableText,
      "'\(text)' is no list of names: give each once, with commas between them, and names that hold commas in quotes"
    )
  }
  return names
}
