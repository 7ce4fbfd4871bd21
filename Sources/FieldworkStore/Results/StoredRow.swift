import FieldworkCore
import GRDB
import GRDBSQLite

/// The row of an experiment that a statement is at.
struct StoredRow {
  /// The columns in their order, beginning with those that are hashed.
  enum Column: Int32, CaseIterable {
    case key, id, point, config, entries, repetition, updates, state, worker, started, task, branch
    case device, attempt, build, ending, iterations, ended, versions
    case ordinal, number, checksum, valueChecksum

    var name: String { self == .valueChecksum ? "value_checksum" : "\(self)" }
  }

  private let statement: SQLiteStatement

  init(_ statement: SQLiteStatement) { self.statement = statement }

  /// Returns a query of all experiments in the order of the plan. Columns that stores of earlier versions lack are NULL.
  static func query(_ database: Database) throws -> String {
    let stored = Set(try database.columns(in: "experiment").map(\.name))
    let columns = Column.allCases.map { column in
      stored.contains(column.name) ? column.name : "NULL"
    }
    return "SELECT \(columns.joined(separator: ", ")) FROM experiment ORDER BY ordinal, number"
  }

  func isNull(_ column: Column) -> Bool {
    sqlite3_column_type(statement, column.rawValue) == SQLITE_NULL
  }

  /// - Throws: ``FieldworkError`` of code `store` if there is none.
  func text(_ column: Column) throws -> String {
    try withBytes(column) { String(decoding: $0, as: UTF8.self) }
  }

  /// Calls the body with the bytes of a text.
  /// - Throws: ``FieldworkError`` of code `store` if there is none.
  func withBytes<Result>(
    _ column: Column,
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) throws -> Result {
    guard let bytes = sqlite3_column_text(statement, column.rawValue) else {
      throw missing(column)
    }
    let count = Int(sqlite3_column_bytes(statement, column.rawValue))
    return try body(UnsafeBufferPointer(start: bytes, count: count))
  }

  /// Returns true if a column has a text.
  func hasText(_ column: Column, _ text: String) -> Bool {
    (try? withBytes(column) { text.utf8.elementsEqual($0) }) ?? false
  }

  /// - Throws: ``FieldworkError`` of code `store` if there is none.
  func integer(_ column: Column) throws -> Int {
    guard !isNull(column) else { throw missing(column) }
    return Int(sqlite3_column_int64(statement, column.rawValue))
  }

  func number(_ column: Column) -> Double? {
    isNull(column) ? nil : sqlite3_column_double(statement, column.rawValue)
  }

  /// The checksum of what the experiment saved; nil if it has not ended.
  var valueChecksum: UInt64? {
    guard !isNull(.ending) else { return nil }
    return UInt64(bitPattern: sqlite3_column_int64(statement, Column.valueChecksum.rawValue))
  }

  private func missing(_ column: Column) -> FieldworkError {
    FieldworkError(.store, "a stored experiment has no \(column)")
  }

  /// True if the row is as it was when the experiment ended.
  /// - Parameter failures: the hash of its failures.
  func isWhole(_ failures: UInt64) -> Bool {
    guard !isNull(.checksum) || !isNull(.ending) else { return true }
    let stored = sqlite3_column_int64(statement, Column.checksum.rawValue)
    return StoredChecksum.experiment(statement, from: 0) &+ failures
      == UInt64(bitPattern: stored)
  }
}

/// Texts that many rows have in common, read once.
struct StoredTexts {
  var configs = StoredConfigReader()
  private var last: [StoredRow.Column: String] = [:]

  /// Returns the text of a column; nil if there is none.
  mutating func text(_ column: StoredRow.Column, _ row: StoredRow) throws -> String? {
    if row.isNull(column) { return nil }
    if let text = last[column], row.hasText(column, text) { return text }
    let text = try row.text(column)
    last[column] = text
    return text
  }
}
