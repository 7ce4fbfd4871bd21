import FieldworkAnalysis
import FieldworkCore
import GRDB
import GRDBSQLite

/// Reads saved values, column by column: there may be millions, so numbers go from the database into arrays
/// of numbers.
struct SavedValueReader {
  /// By the number of its row: the position of an experiment.
  var experiments: [Int64: Int] = [:]
  /// By the number of its row: the position of a variable.
  var variables: [Int64: Int] = [:]
  /// By the number of its row: the hash of each variable's name, see ``StoredChecksum/name(_:)``.
  var names: [Int64: UInt64] = [:]
  let iterations: Set<Int>?
  /// By the position of an experiment: the checksum of what it saved.
  private(set) var checksums: [UInt64] = []
  /// The positions of experiments of which some values could not be read.
  private(set) var unreadable: Set<Int> = []

  private struct Collected {
    var experiments: [Int] = []
    var iterations: [Int] = []
    var values = ColumnBuilder()
  }

  init(iterations: Set<Int>?) { self.iterations = iterations }

  /// What was saved under each name, and by the position of the experiment the last iteration that saved
  /// something.
  /// - Parameter isComplete: whether those of all experiments are wanted, so that the table is best read
  ///   from its beginning to its end.
  mutating func read(
    _ database: Database,
    isComplete: Bool
  ) throws -> (variables: [SavedVariable], lastIterations: [Int?]) {
    var collected = [Collected](repeating: Collected(), count: variables.count)
    // In a damaged store two rows may have one number.
    let count = (experiments.values.max() ?? -1) + 1
    var lastIterations = [Int?](repeating: nil, count: count)
    checksums = [UInt64](repeating: 0, count: count)
    let sql = "SELECT experiment, variable, iteration, kind, content FROM value"
    if isComplete {
      let statement = try database.makeStatement(
        sql: sql + " ORDER BY experiment, variable, iteration"
      )
      try collect(database, statement, into: &collected, &lastIterations)
    } else {
      let statement = try database.cachedStatement(sql: sql + " WHERE experiment = ?")
      for (number, _) in experiments.sorted(by: { $0.value < $1.value }) {
        statement.arguments = [number]
        try collect(database, statement, into: &collected, &lastIterations)
      }
    }
    let saved = collected.map {
      SavedVariable(
        experiments: $0.experiments,
        iterations: $0.iterations,
        values: $0.values.content
      )
    }
    return (saved, lastIterations)
  }

  private mutating func collect(
    _ database: Database,
    _ prepared: Statement,
    into collected: inout [Collected],
    _ lastIterations: inout [Int?]
  ) throws {
    let statement = prepared.sqliteStatement
    defer { sqlite3_reset(statement) }
    // What belongs to one experiment, and to one variable, stands together.
    var experiment: (number: Int64, position: Int?) = (-1, nil)
    var variable: (number: Int64, position: Int?, hash: UInt64) = (-1, nil, 0)
    while true {
      let code = sqlite3_step(statement)
      guard code == SQLITE_ROW else {
        guard code == SQLITE_DONE else {
          throw DatabaseError(code, database)
        }
        return
      }
      let number = sqlite3_column_int64(statement, 0)
      if number != experiment.number { experiment = (number, experiments[number]) }
      guard let position = experiment.position else { continue }
      let name = sqlite3_column_int64(statement, 1)
      if name != variable.number { variable = (name, variables[name], names[name] ?? 0) }
      var hash = ContentHash(after: variable.hash)
      hash.add(statement, 2)
      hash.add(statement, 3)
      hash.add(statement, 4, exact: true)
      checksums[position] &+= hash.state
      guard sqlite3_column_type(statement, 2) == SQLITE_INTEGER else {
        unreadable.insert(position)
        continue
      }
      let iteration = Int(sqlite3_column_int64(statement, 2))
      lastIterations[position] = max(lastIterations[position] ?? 0, iteration)
      guard let place = variable.position, iterations?.contains(iteration) ?? true else { continue }
      do {
        try append(statement, to: &collected[place].values)
        collected[place].experiments.append(position)
        collected[place].iterations.append(iteration)
      } catch {
        unreadable.insert(position)
      }
    }
  }

  private func append(_ statement: SQLiteStatement, to values: inout ColumnBuilder) throws {
    switch (sqlite3_column_text(statement, 3)?.pointee, sqlite3_column_type(statement, 4)) {
    case (UInt8(ascii: "i"), SQLITE_INTEGER):
      values.append(Int(sqlite3_column_int64(statement, 4)))
    // Of the kinds, only 'double' begins so and has a number.
    case (UInt8(ascii: "d"), SQLITE_FLOAT):
      values.append(sqlite3_column_double(statement, 4))
    default:
      let kind = try StoredContent.decode(text: DatabaseValue(sqliteStatement: statement, index: 3))
      let content = DatabaseValue(sqliteStatement: statement, index: 4)
      values.append(try StoredContent.decode(kind: kind, content))
    }
  }
}
