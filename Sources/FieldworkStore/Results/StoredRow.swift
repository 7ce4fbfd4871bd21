import FieldworkCore
import GRDB
import GRDBSQLite

/// Rows of experiments, copied from the database, so that another thread can decode them.
struct StoredRows: Sendable {
  fileprivate enum Field {
    case null
    case integer(Int64)
    case real(Double)
    case text(Range<Int>)
    case blob(Range<Int>)
  }

  fileprivate private(set) var bytes: [UInt8] = []
  fileprivate private(set) var fields: [Field] = []

  var count: Int { fields.count / StoredRow.Column.allCases.count }

  /// Returns a query of all experiments in the order of the plan. Columns that stores of earlier versions lack are NULL.
  static func query(_ database: Database) throws -> String {
    let stored = Set(try database.columns(in: "experiment").map(\.name))
    let columns = StoredRow.Column.allCases.map { column in
      stored.contains(column.name) ? column.name : "NULL"
    }
    return "SELECT \(columns.joined(separator: ", ")) FROM experiment ORDER BY ordinal, number"
  }

  /// Adds the row that a statement of the query is at.
  mutating func append(_ statement: SQLiteStatement) {
    for column in 0..<Int32(StoredRow.Column.allCases.count) {
      switch sqlite3_column_type(statement, column) {
      case SQLITE_INTEGER: fields.append(.integer(sqlite3_column_int64(statement, column)))
      case SQLITE_FLOAT: fields.append(.real(sqlite3_column_double(statement, column)))
      case SQLITE_NULL: fields.append(.null)
      case let type:
        let start = bytes.count
        if let content = sqlite3_column_blob(statement, column) {
          let count = Int(sqlite3_column_bytes(statement, column))
          bytes.append(contentsOf: UnsafeRawBufferPointer(start: content, count: count))
        }
        let range = start..<bytes.count
        fields.append(type == SQLITE_TEXT ? .text(range) : .blob(range))
      }
    }
  }

  subscript(index: Int) -> StoredRow { StoredRow(self, index * StoredRow.Column.allCases.count) }
}

/// The stored row of an experiment.
struct StoredRow {
  /// The columns in their order, beginning with those that are hashed.
  enum Column: Int, CaseIterable {
    case key, id, point, config, entries, repetition, updates, state, worker, started, task, branch
    case device, attempt, build, ending, iterations, ended, versions
    case ordinal, number, checksum, valueChecksum

    var name: String { self == .valueChecksum ? "value_checksum" : "\(self)" }
  }

  private let rows: StoredRows
  /// The place of its first field.
  private let first: Int

  fileprivate init(_ rows: StoredRows, _ first: Int) { (self.rows, self.first) = (rows, first) }

  private subscript(column: Column) -> StoredRows.Field { rows.fields[first + column.rawValue] }

  func isNull(_ column: Column) -> Bool {
    if case .null = self[column] { true } else { false }
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
    switch self[column] {
    case .null: throw missing(column)
    case .text(let range), .blob(let range):
      return try rows.bytes.withUnsafeBufferPointer {
        try body(UnsafeBufferPointer(rebasing: $0[range]))
      }
    // Only a damaged store has a number in the place of a text.
    case .integer(let number): return try withBytes(of: "\(number)", body)
    case .real(let number): return try withBytes(of: "\(number)", body)
    }
  }

  private func withBytes<Result>(
    of text: String,
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) throws -> Result {
    var text = text
    return try text.withUTF8(body)
  }

  /// Returns true if a column has a text.
  func hasText(_ column: Column, _ text: String) -> Bool {
    (try? withBytes(column) { text.utf8.elementsEqual($0) }) ?? false
  }

  /// - Throws: ``FieldworkError`` of code `store` if there is none.
  func integer(_ column: Column) throws -> Int {
    switch self[column] {
    case .null: throw missing(column)
    case .integer(let number): return Int(number)
    case .real(let number): return Int(exactly: number.rounded(.towardZero)) ?? 0
    case .text, .blob: return try Int(text(column)) ?? 0
    }
  }

  func number(_ column: Column) -> Double? {
    switch self[column] {
    case .null: nil
    case .integer(let number): Double(number)
    case .real(let number): number
    case .text, .blob: (try? text(column)).flatMap(Double.init) ?? 0
    }
  }

  /// The checksum of what the experiment saved; nil if it has not ended.
  var valueChecksum: UInt64? { isNull(.ending) ? nil : checksum(.valueChecksum) }

  private func checksum(_ column: Column) -> UInt64 {
    UInt64(bitPattern: Int64((try? integer(column)) ?? 0))
  }

  private func missing(_ column: Column) -> FieldworkError {
    FieldworkError(.store, "a stored experiment has no \(column)")
  }

  /// True if the row is as it was when the experiment ended.
  /// - Parameter failures: the hash of its failures.
  func isWhole(_ failures: UInt64) -> Bool {
    guard !isNull(.checksum) || !isNull(.ending) else { return true }
    return StoredChecksum.experiment(self) &+ failures == checksum(.checksum)
  }

  /// Adds a column to a hash.
  func add(_ column: Column, to hash: inout ContentHash) {
    switch self[column] {
    case .null: hash.add(Cell.null)
    case .integer(let number): hash.add(Cell.integer(number))
    case .real(let number): hash.add(Cell.real(number))
    case .text(let range): rows.bytes.withUnsafeBytes { hash.add(text: .init(rebasing: $0[range])) }
    case .blob(let range): rows.bytes.withUnsafeBytes { hash.add(blob: .init(rebasing: $0[range])) }
    }
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
