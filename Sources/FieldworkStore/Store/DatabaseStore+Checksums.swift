import FieldworkCore
import GRDB
import GRDBSQLite

/// The checksums that a store keeps of its rows.
///
/// Each ended experiment has three, which are sums over its rows: of its own row and its failures, of what it saved, and
/// of its profile and output. The rows of small tables have one each.
enum StoredChecksum {
  /// The columns of an experiment that its checksum covers, beside its place in the plan.
  static let experimentColumns = [
    "key", "id", "point", "config", "entries", "repetition", "updates", "state", "worker",
    "started", "task", "branch", "device", "attempt", "build", "ending", "iterations", "ended",
    "versions",
  ]

  /// The columns as a statement selects them, with the place in the plan as the last one.
  private static let experimentSelection =
    experimentColumns.joined(separator: ", ") + ", ordinal"

  private static let failureColumns =
    "unit, iteration, kind, message, file, line, cause, code, signal, stderr"
  private static let profileColumns = "unit, iteration, total, call, evaluation, cpu, memory"

  /// Numbers for the kinds of rows; they are part of stored checksums.
  private enum Kind {
    static let experiment: UInt64 = 1
    static let ordinal: UInt64 = 2
    static let failure: UInt64 = 3
    static let value: UInt64 = 4
    static let profile: UInt64 = 5
    static let output: UInt64 = 6
    static let row: UInt64 = 7
  }

  /// The sums of an experiment.
  struct Sums: Equatable {
    var row: UInt64 = 0
    var values: UInt64 = 0
    var details: UInt64 = 0

    mutating func add(failure cells: [Cell]) { row &+= ContentHash.of(Kind.failure, cells) }
    mutating func add(profile cells: [Cell]) { details &+= ContentHash.of(Kind.profile, cells) }

    /// Adds a saved value.
    /// - Parameter name: the hash of its name, see ``StoredChecksum/name(_:)``.
    mutating func add(_ name: UInt64, iteration: Int, kind: String, _ content: Cell) {
      var hash = ContentHash(after: name)
      hash.add(Cell(iteration))
      hash.add(.text(kind))
      hash.add(content, exact: true)
      values &+= hash.state
    }

    var cells: [Cell] {
      [row, values, details].map { .integer(Int64(bitPattern: $0)) }
    }
  }

  /// The sum over values that an experiment saves, each in a later iteration than the one before of its name.
  struct NewValues {
    private struct Last {
      let name: DatabaseStore.Name
      let hash: UInt64
      var iteration = Int.min
    }

    private(set) var sum: UInt64 = 0
    private var last: Last?
    /// By name: the last values of the names before.
    private var others: [DatabaseStore.Name: Last] = [:]

    /// Adds a value with its encoded content.
    /// - Returns: false if the value may replace another one, so that the sum is of no use.
    mutating func add(_ value: SavedValue, _ content: Cell) -> Bool {
      let stored = StoredChecksum.stored(name: value.name)
      let name = DatabaseStore.Name(stored)
      if last?.name != name {
        if let last { others[last.name] = last }
        last = others[name] ?? Last(name: name, hash: StoredChecksum.name(stored))
      }
      guard let known = last, value.iteration > known.iteration else { return false }
      last?.iteration = value.iteration
      var sums = Sums()
      sums.add(
        known.hash,
        iteration: value.iteration,
        kind: value.value.kind.rawValue,
        content
      )
      sum &+= sums.values
      return true
    }
  }

  /// Returns a name as it is stored: SQLite's texts end at a null character.
  static func stored(name: String) -> String {
    name.utf8.contains(0) ? name.replacing("\0", with: "\u{FFFD}") : name
  }

  /// The hash with which those of the values saved under a name begin.
  static func name(_ name: String) -> UInt64 { ContentHash.of(Kind.value, [.text(name)]) }

  /// The hash of an experiment's own row.
  static func row(_ cells: [Cell], ordinal: Int) -> UInt64 {
    ContentHash.of(Kind.experiment, cells) &+ self.ordinal(ordinal)
  }

  static func ordinal(_ ordinal: Int) -> UInt64 { ContentHash.of(Kind.ordinal, [Cell(ordinal)]) }

  /// The checksum of a row of a small table.
  static func row(_ table: String, _ cells: [Cell]) -> Cell {
    .integer(Int64(bitPattern: ContentHash.of(Kind.row, [.text(table)] + cells)))
  }

  // MARK: Writing

  /// The hash of an experiment's own row as it is stored, by the number of the row.
  static func storedRow(_ number: Int64, _ database: Database) throws -> UInt64 {
    var hash: UInt64 = 0
    try forEach(
      database,
      "SELECT \(experimentSelection) FROM experiment WHERE number = ?",
      [Cell(number)]
    ) { statement in
      hash = experiment(statement, from: 0)
    }
    return hash
  }

  /// Changes the row of an experiment, and its checksum by the difference: damage stays visible.
  static func change(
    _ number: Int64,
    _ database: Database,
    _ change: () throws -> Void
  ) throws {
    let before = try storedRow(number, database)
    try change()
    let difference = try storedRow(number, database) &- before
    let stored = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT checksum FROM experiment WHERE number = ?"),
      arguments: [number]
    )
    guard let stored else { return }
    try DatabaseStore.run(
      database,
      "UPDATE experiment SET checksum = ? WHERE number = ?",
      [Cell(Int64(bitPattern: UInt64(bitPattern: stored) &+ difference)), Cell(number)]
    )
  }

  /// Returns true if something of an ended experiment is not as it was when it ended.
  static func isDamaged(_ number: Int64, _ database: Database) throws -> Bool {
    guard try areKept(database) else { return false }
    let stored = try Row.fetchOne(
      database,
      sql: """
        SELECT checksum, value_checksum, detail_checksum FROM experiment
        WHERE number = ? AND (ending IS NOT NULL OR checksum IS NOT NULL)
        """,
      arguments: [number]
    )
    guard let stored else { return false }
    let found = try sums(number, database).cells
    return try (0..<3).contains { Cell(try stored.decode(Int64?.self, atIndex: $0)) != found[$0] }
  }

  private static func sums(_ number: Int64, _ database: Database) throws -> Sums {
    var sums = Sums()
    sums.row = try storedRow(number, database)
    for part in Part.allCases {
      try forEach(database, part.sql + " WHERE experiment = ?", [Cell(number)]) { statement in
        part.add(statement, to: &sums)
      }
    }
    return sums
  }

  /// Stores the checksums of an experiment that has ended, by the number of its row.
  static func seal(_ number: Int64, _ database: Database) throws {
    try DatabaseStore.run(
      database,
      """
      UPDATE experiment SET checksum = ?, value_checksum = ?, detail_checksum = ? WHERE number = ?
      """,
      sums(number, database).cells + [Cell(number)]
    )
  }

  /// Stores the checksums of all experiments that have ended, and of the rows of small tables.
  static func sealAll(_ database: Database) throws {
    for table in smallTables {
      var rows: [[Cell]] = []
      try forEach(
        database,
        "SELECT \(table.columns.joined(separator: ", ")) FROM \(table.name)",
        []
      ) {
        rows.append(cells($0, 0..<table.columns.count))
      }
      let condition = table.columns.prefix(table.keys).map { "\($0) = ?" }
      for row in rows {
        try DatabaseStore.run(
          database,
          "UPDATE \(table.name) SET checksum = ? WHERE \(condition.joined(separator: " AND "))",
          [self.row(table.name, row)] + row.prefix(table.keys)
        )
      }
    }
    let numbers = try Int64.fetchAll(
      database,
      sql: "SELECT number FROM experiment WHERE ending IS NOT NULL"
    )
    for number in numbers { try seal(number, database) }
  }

  // MARK: Small tables

  /// A table with a checksum for each row.
  struct SmallTable {
    let name: String
    /// The columns that the checksum covers.
    let columns: [String]
    /// The number of columns, from the first on, that tell rows apart.
    var keys = 1
  }

  static let smallTables = [
    SmallTable(name: "note", columns: ["key", "value"]),
    SmallTable(name: "variable", columns: ["name", "declared"]),
    SmallTable(name: "parameter", columns: ["name"]),
    SmallTable(
      name: "domain_update",
      columns: [
        "produced", "number", "schedule", "premise", "outcome", "domain", "build", "made",
      ]
    ),
    SmallTable(name: "meta", columns: ["run", "topic", "item", "text"], keys: 3),
  ]

  /// The tables that have rows whose checksum is not that of their columns.
  static func damagedTables(_ database: Database) throws -> [String] {
    guard try areKept(database) else { return [] }
    return try smallTables.compactMap { table in
      var isDamaged = false
      try forEach(
        database,
        "SELECT checksum, \(table.columns.joined(separator: ", ")) FROM \(table.name)",
        []
      ) { statement in
        let wanted = row(table.name, cells(statement, 1..<table.columns.count + 1))
        guard case .integer(let wanted) = wanted else { return }
        if sqlite3_column_int64(statement, 0) != wanted { isDamaged = true }
      }
      return isDamaged ? table.name : nil
    }
  }

  // MARK: Checking

  /// The parts of an experiment that are in tables of their own.
  enum Part: CaseIterable {
    case failures, values, profile, output

    var sql: String {
      switch self {
      case .failures: "SELECT experiment, \(failureColumns) FROM failure"
      case .values:
        """
        SELECT experiment, variable.name, iteration, kind, content
        FROM value JOIN variable ON variable.number = value.variable
        """
      case .profile: "SELECT experiment, \(profileColumns) FROM profile"
      case .output: "SELECT experiment, stream, text FROM output"
      }
    }

    fileprivate func add(_ statement: SQLiteStatement, to sums: inout Sums) {
      let count = sqlite3_column_count(statement)
      switch self {
      case .values:
        var hash = ContentHash(Kind.value)
        for column in 1..<count { hash.add(statement, column, exact: column == count - 1) }
        sums.values &+= hash.state
      case .failures: sums.row &+= hash(Kind.failure, statement, count)
      case .profile: sums.details &+= hash(Kind.profile, statement, count)
      case .output: sums.details &+= hash(Kind.output, statement, count)
      }
    }

    private func hash(_ kind: UInt64, _ statement: SQLiteStatement, _ count: Int32) -> UInt64 {
      var hash = ContentHash(kind)
      for column in 1..<count { hash.add(statement, column) }
      return hash.state
    }
  }

  /// The hash of an experiment's own row.
  static func experiment(_ row: StoredRow) -> UInt64 {
    experiment { column, hash in row.add(StoredRow.Column.allCases[column], to: &hash) }
  }

  /// - Parameter add: adds one of the columns, the place in the plan after ``experimentColumns``, to a hash.
  private static func experiment(_ add: (_ column: Int, inout ContentHash) -> Void) -> UInt64 {
    var hash = ContentHash(Kind.experiment)
    for column in experimentColumns.indices { add(column, &hash) }
    var ordinal = ContentHash(Kind.ordinal)
    add(experimentColumns.count, &ordinal)
    return hash.state &+ ordinal.state
  }

  /// The hash of the row of an experiment that a statement is at.
  static func experiment(_ statement: SQLiteStatement, from first: Int32) -> UInt64 {
    experiment { column, hash in hash.add(statement, first + Int32(column)) }
  }

  /// Returns true if a store has checksums: those of versions before have none.
  static func areKept(_ database: Database) throws -> Bool {
    try database.columns(in: "experiment").contains { $0.name == "checksum" }
  }

  /// Returns the checksums of parts of experiments, by the numbers of their rows.
  static func sums(_ database: Database, _ parts: [Part]) throws -> [Int64: Sums] {
    var sums: [Int64: Sums] = [:]
    for part in parts {
      try forEach(database, part.sql, []) { statement in
        part.add(statement, to: &sums[sqlite3_column_int64(statement, 0), default: Sums()])
      }
    }
    return sums
  }

  /// The experiments, by the numbers of their rows, of which something is not as it was when they ended.
  /// - Parameter parts: what is checked beside their own rows.
  static func damaged(_ database: Database, _ parts: [Part]) throws -> Set<Int64> {
    guard try areKept(database) else { return [] }
    let sums = try sums(database, parts)
    var damaged = Set<Int64>()
    try forEach(
      database,
      """
      SELECT number, checksum, value_checksum, detail_checksum, \(experimentSelection) FROM experiment
      WHERE checksum IS NOT NULL OR ending IS NOT NULL
      """,
      []
    ) { statement in
      let number = sqlite3_column_int64(statement, 0)
      var found = sums[number] ?? Sums()
      found.row &+= experiment(statement, from: 4)
      let stored = (1...3).map { UInt64(bitPattern: sqlite3_column_int64(statement, $0)) }
      let isWhole =
        found.row == stored[0]
        && (!parts.contains(.values) || found.values == stored[1])
        && (!parts.contains(.profile) || found.details == stored[2])
      if !isWhole { damaged.insert(number) }
    }
    return damaged
  }

  // MARK: Statements

  private static func cells(_ statement: SQLiteStatement, _ columns: Range<Int>) -> [Cell] {
    columns.map { column in
      let column = Int32(column)
      switch sqlite3_column_type(statement, column) {
      case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
      case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
      case SQLITE_NULL: return .null
      default:
        return Cell(DatabaseValue(sqliteStatement: statement, index: column))
      }
    }
  }

  /// Runs a statement and calls the body at each of its rows.
  static func forEach(
    _ database: Database,
    _ sql: String,
    _ arguments: [Cell],
    _ body: (SQLiteStatement) throws -> Void
  ) throws {
    let statement = try database.cachedStatement(sql: sql).sqliteStatement
    defer { sqlite3_reset(statement) }
    for (index, cell) in arguments.enumerated() {
      guard cell.bind(to: statement, at: Int32(index + 1)) == SQLITE_OK else {
        throw DatabaseError(sqlite3_errcode(database.sqliteConnection), database, sql: sql)
      }
    }
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: try body(statement)
      case SQLITE_DONE: return
      case let code: throw DatabaseError(code, database, sql: sql)
      }
    }
  }
}

extension DatabaseStore {
  /// The ids of all stored experiments.
  func experimentIDs() throws -> Set<String> {
    try read { Set(try String.fetchAll($0, sql: "SELECT id FROM experiment")) }
  }

  /// The experiments that are damaged, in the order of the plan. All that is stored of them is checked.
  package func damagedExperiments() throws -> [StoredStatus.Failed] {
    try read(DatabaseStore.damagedExperiments)
  }

  static func damagedExperiments(_ database: Database) throws -> [StoredStatus.Failed] {
    let damaged = try StoredChecksum.damaged(database, StoredChecksum.Part.allCases)
    guard !damaged.isEmpty else { return [] }
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT number, key, id, ordinal FROM experiment ORDER BY ordinal"
    )
    var found: [StoredStatus.Failed] = []
    while let row = try rows.next() {
      guard let number: Int64 = try? row.decode(atIndex: 0), damaged.contains(number) else {
        continue
      }
      // Any column of it may be the one that has changed.
      let key: String = (try? row.decode(atIndex: 1)) ?? ""
      found.append(
        StoredStatus.Failed(
          key: key,
          id: (try? row.decode(atIndex: 2)) ?? key,
          ordinal: (try? row.decode(atIndex: 3)) ?? 0
        )
      )
    }
    return found
  }
}
