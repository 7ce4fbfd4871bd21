import FieldworkCore
import Foundation
import GRDB
import GRDBSQLite

/// What a column of a row is set to.
enum Cell: Equatable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob(Data)

  init(_ number: Int?) { self = number.map { .integer(Int64($0)) } ?? .null }
  init(_ number: Int64?) { self = number.map { .integer($0) } ?? .null }
  init(_ number: Double?) { self = number.map { .real($0) } ?? .null }
  init(_ text: String?) { self = text.map { .text($0) } ?? .null }

  init(_ value: DatabaseValue) {
    self =
      switch value.storage {
      case .null: .null
      case .int64(let number): .integer(number)
      case .double(let number): .real(number)
      case .string(let text): .text(text)
      case .blob(let data): .blob(data)
      }
  }

  /// Sets a parameter of a statement, counted from 1.
  func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
    // SQLite copies what it is given.
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch self {
    case .null: return sqlite3_bind_null(statement, index)
    case .integer(let number): return sqlite3_bind_int64(statement, index, number)
    case .real(let number): return sqlite3_bind_double(statement, index, number)
    case .text(var text):
      return text.withUTF8 { bytes in
        // A pointer to nothing would be no text at all.
        guard let start = bytes.baseAddress else {
          return sqlite3_bind_text(statement, index, "", 0, copies)
        }
        let count = UInt64(bytes.count)
        return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
          sqlite3_bind_text64(statement, index, $0, count, copies, UInt8(SQLITE_UTF8))
        }
      }
    case .blob(let data):
      return data.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else {
          return sqlite3_bind_zeroblob(statement, index, 0)
        }
        return sqlite3_bind_blob64(statement, index, start, UInt64(bytes.count), copies)
      }
    }
  }
}

extension DatabaseStore {
  /// Runs a statement that gives no rows, without the detours that a library for all purposes has to make:
  /// most of them are run for every experiment.
  static func run(_ database: Database, _ sql: String, _ cells: [Cell]) throws {
    let statement = try database.cachedStatement(sql: sql).sqliteStatement
    defer { sqlite3_reset(statement) }
    var code = SQLITE_OK
    for (index, cell) in cells.enumerated() where code == SQLITE_OK {
      code = cell.bind(to: statement, at: Int32(index + 1))
    }
    if code == SQLITE_OK { code = sqlite3_step(statement) }
    guard code == SQLITE_DONE else {
      throw DatabaseError(code, database, sql: sql)
    }
  }
}

extension DatabaseError {
  /// What SQLite says of a call that returned a code.
  init(_ code: Int32, _ database: Database, sql: String? = nil) {
    self.init(
      resultCode: ResultCode(rawValue: code),
      message: sqlite3_errmsg(database.sqliteConnection).map { String(cString: $0) },
      sql: sql
    )
  }
}
