import Foundation
import GRDB
import GRDBSQLite

/// A hash of a row's columns, the same on every machine, that notices flipped and swapped bits.
///
/// Rows of one experiment are added up, so their order does not matter. The step multiplies two words and folds the
/// product, after "wyhash" by Wang Yi, github.com/wangyi-fudan/wyhash; the constants are digits of pi.
package struct ContentHash {
  package private(set) var state: UInt64

  /// - Parameter kind: a number for the kind of row.
  package init(_ kind: UInt64) {
    state = Self.mix(kind &+ 0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344)
  }

  /// Goes on from a hash of columns that many rows share.
  init(after state: UInt64) { self.state = state }

  private static func mix(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let product = first.multipliedFullWidth(by: second)
    return product.high ^ product.low
  }

  mutating func add(_ word: UInt64) {
    // Never a product with zero, which would forget the words before.
    state = Self.mix(state ^ 0xA409_3822_299F_31D0, word ^ 0x082E_FA98_EC4E_6C89) &+ word ^ state
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer, _ tag: UInt64) {
    add(UInt64(bytes.count) << 3 | tag)
    var offset = 0
    while offset + 8 <= bytes.count {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    guard offset < bytes.count else { return }
    var last: UInt64 = 0
    for index in offset..<bytes.count { last = last << 8 | UInt64(bytes[index]) }
    add(last)
  }

  private enum Tag {
    static let null: UInt64 = 0
    static let integer: UInt64 = 1
    static let real: UInt64 = 2
    static let text: UInt64 = 3
    static let blob: UInt64 = 4
  }

  private mutating func add(integer: Int64) {
    add(Tag.integer)
    add(UInt64(bitPattern: integer))
  }

  private mutating func add(real: Double, exact: Bool) {
    guard !real.isNaN else {
      // SQLite stores null.
      add(Tag.null)
      return
    }
    add(Tag.real)
    // A column for numbers does not keep the sign of zero.
    add(real == 0 && !exact ? 0 : real.bitPattern)
  }

  /// - Parameter exact: true for a column that keeps the sign of zero.
  mutating func add(_ cell: Cell, exact: Bool = false) {
    switch cell {
    case .null: add(Tag.null)
    case .integer(let number): add(integer: number)
    case .real(let number): add(real: number, exact: exact)
    case .text(var text): text.withUTF8 { add(text: UnsafeRawBufferPointer($0)) }
    case .blob(let data): data.withUnsafeBytes { add(blob: $0) }
    }
  }

  package mutating func add(text: UnsafeRawBufferPointer) { add(text, Tag.text) }
  package mutating func add(blob: UnsafeRawBufferPointer) { add(blob, Tag.blob) }

  /// Adds a column of the row that a statement is at.
  mutating func add(_ statement: SQLiteStatement, _ column: Int32, exact: Bool = false) {
    switch sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: add(integer: sqlite3_column_int64(statement, column))
    case SQLITE_FLOAT: add(real: sqlite3_column_double(statement, column), exact: exact)
    case SQLITE_NULL: add(Tag.null)
    case let type:
      let tag = type == SQLITE_TEXT ? Tag.text : Tag.blob
      let start = sqlite3_column_blob(statement, column)
      let count = Int(sqlite3_column_bytes(statement, column))
      add(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count), tag)
    }
  }

  static func of(_ kind: UInt64, _ cells: some Sequence<Cell>) -> UInt64 {
    var hash = ContentHash(kind)
    for cell in cells { hash.add(cell) }
    return hash.state
  }
}
