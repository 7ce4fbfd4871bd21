import FieldworkCore
import GRDB
import GRDBSQLite

extension DatabaseStore {
  /// How an experiment has ended.
  private struct End {
    let end: ExperimentRow.End
    /// The checksums of what is recorded of the experiment between its beginning and its end.
    let sums: StoredChecksum.Sums
  }

  /// The records of an experiment before its end in a group, found from the end backwards.
  private struct Tail {
    let end: Int
    /// False if the checksums have to be computed from the stored rows.
    var isPlain: Bool
    /// The checksums of what is recorded beside saved values.
    var sums = StoredChecksum.Sums()
    /// The places of the records with saved values.
    var saved: [Int] = []
  }

  /// Writes records in the transaction that is going on.
  static func write(
    _ records: [RunRecord],
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    // A short experiment begins and ends in one group: its row is written once, as it is at the end.
    var prepared = prepare(records)
    for place in try unmoved(records, database) { prepared.isWritten[place] = true }
    for (place, record) in records.enumerated() where !prepared.isWritten[place] {
      try write(record, prepared.ends[place], prepared.contents[place], database, &numbers)
    }
    for key in numbers.ended { numbers.experiments[key] = nil }
    numbers.ended = []
    for number in numbers.reopened { try StoredChecksum.seal(number, database) }
    numbers.reopened = []
    if numbers.lacksViews {
      try ResultViews(database).make(database)
      numbers.lacksViews = false
    }
  }

  private struct Prepared {
    /// The ends of experiments that begin among the same records, by the place of the beginning.
    var ends: [End?]
    /// True for a record that needs no statement of its own.
    var isWritten: [Bool]
    /// Encoded values of a record.
    var contents: [[Cell]]
  }

  private static func prepare(_ records: [RunRecord]) -> Prepared {
    var tails: [String: Tail] = [:]
    // The keys of experiments of which something comes after their end.
    var late: Set<String> = []
    var prepared = Prepared(
      ends: Array(repeating: nil, count: records.count),
      isWritten: Array(repeating: false, count: records.count),
      contents: Array(repeating: [], count: records.count)
    )
    for place in records.indices.reversed() {
      switch records[place] {
      case .ended(let key, _, _, _):
        tails[key] = Tail(end: place, isPlain: !late.contains(key))
      case .saved(let key, _):
        if tails[key] == nil { late.insert(key) }
        tails[key]?.saved.append(place)
      case .failed(let key, let failure):
        if tails[key] == nil { late.insert(key) }
        tails[key]?.sums.add(failure: cells(failure))
      case .profiled(let key, let timings):
        if tails[key] == nil { late.insert(key) }
        for timing in timings { tails[key]?.sums.add(profile: cells(timing)) }
      case .output(let key, _, _):
        if tails[key] == nil { late.insert(key) }
        tails[key]?.isPlain = false
      case .started(let experiment, let start):
        // The row of one that goes on is there already.
        // What comes before belongs to an earlier attempt.
        late.remove(experiment.key)
        guard let tail = tails.removeValue(forKey: experiment.key), start.iteration == nil,
          tail.isPlain, case .ended(_, let ending, let iterations, let time) = records[tail.end]
        else { continue }
        var values = StoredChecksum.NewValues()
        var areNew = true
        for saved in tail.saved.reversed() {
          guard case .saved(_, let all) = records[saved] else { continue }
          let contents = all.map { StoredContent.encode($0.value) }
          prepared.contents[saved] = contents
          for (value, content) in zip(all, contents) where areNew {
            areNew = values.add(value, content)
          }
        }
        guard areNew else { continue }
        var sums = tail.sums
        sums.values = values.sum
        prepared.ends[place] = End(
          end: ExperimentRow.End(ending: ending, iterations: iterations, time: time),
          sums: sums
        )
        prepared.isWritten[tail.end] = true
      default: break
      }
    }
    return prepared
  }

  private static func cells(_ failure: Failure) -> [Cell] {
    [
      Cell(failure.unit), Cell(failure.iteration), Cell(failure.kind),
      StoredContent.encode(text: failure.message), Cell(failure.place?.file),
      Cell(failure.place?.line), Cell(failure.death?.cause.rawValue), Cell(failure.death?.code),
      Cell(failure.death?.signal), failure.errorOutput.map(StoredContent.encode(text:)) ?? .null,
    ]
  }

  private static func cells(_ timing: UnitTiming) -> [Cell] {
    [
      Cell(timing.unit), Cell(timing.iteration), Cell(timing.total), Cell(timing.call),
      Cell(timing.evaluation), Cell(timing.cpu), Cell(timing.memory),
    ]
  }

  /// - Parameters:
  ///   - end: how an experiment ends that begins, if that is known.
  ///   - contents: encoded values, if there are any.
  private static func write(
    _ record: RunRecord,
    _ end: End?,
    _ contents: [Cell],
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    switch record {
    case .note(let key, let value):
      try run(
        database,
        "INSERT OR REPLACE INTO note (key, value, checksum) VALUES (?, ?, ?)",
        sealed("note", [Cell(key), Cell(value.canonicalText)])
      )
    case .variables(let names):
      for name in names { _ = try variable(name, isDeclared: true, database, &numbers) }
    case .started(let experiment, let start):
      try begin(experiment, start, end, database, &numbers)
    case .finished(let finished): try write(finished, database, &numbers)
    case .skipped(let experiment):
      try move(experiment.key, to: experiment.ordinal, database)
    case .renamed(let key, let id):
      let sql = "SELECT number FROM experiment WHERE key = ? AND id <> ?"
      guard let number = try Int64.fetchOne(database, sql: sql, arguments: [key, id]) else { break }
      try StoredChecksum.change(number, database) {
        try run(
          database,
          "UPDATE experiment SET id = ? WHERE number = ?",
          [Cell(id), Cell(number)]
        )
      }
    case .reopened(let key):
      let sql = "SELECT number FROM experiment WHERE key = ?"
      guard let number = try Int64.fetchOne(database, sql: sql, arguments: [key]) else { break }
      try StoredChecksum.change(number, database) {
        try run(
          database,
          "UPDATE experiment SET state = ?, ending = ? WHERE number = ?",
          [
            Cell(ExperimentState.interrupted.rawValue), Cell(Ending.interrupted.rawValue),
            Cell(number),
          ]
        )
      }
    case .removed(let key):
      let sql = "SELECT number FROM experiment WHERE key = ?"
      guard let number = try Int64.fetchOne(database, sql: sql, arguments: [key]) else { break }
      try remove(number, database)
      numbers.experiments[key] = nil
    case .saved(let id, let values):
      try save(values, contents, try number(of: id, database, &numbers), database, &numbers)
    case .failed(let id, let failure):
      try run(
        database,
        """
        INSERT INTO failure
          (experiment, unit, iteration, kind, message, file, line, cause, code, signal, stderr)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [Cell(try number(of: id, database, &numbers))] + cells(failure)
      )
    case .ended(let id, let ending, let iterations, let time):
      let number = try number(of: id, database, &numbers)
      try run(
        database,
        "UPDATE experiment SET state = ?, ending = ?, iterations = ?, ended = ? WHERE number = ?",
        [
          Cell(ending.state.rawValue), Cell(ending.rawValue), Cell(iterations), Cell(time),
          Cell(number),
        ]
      )
      try StoredChecksum.seal(number, database)
      numbers.experiments[id] = nil
    case .updated(let update): try update.write(to: database)
    case .checkpoint(let id, let checkpoint):
      try checkpoint.write(to: database, id, experiment: try number(of: id, database, &numbers))
    case .provenance, .profiled, .output: try writeDetail(record, database, &numbers)
    case .runStarted, .runEnded, .unitStarted, .logged, .iterations, .retrying, .domainUpdated,
      .planned,
      .workerStarted, .workerDied, .workerLeft, .printed, .warning, .notice, .link:
      break
    }
  }

  private static func writeDetail(
    _ record: RunRecord,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    switch record {
    case .provenance(let provenance):
      try run(
        database,
        "INSERT OR REPLACE INTO meta (run, topic, item, text, checksum) VALUES (?, ?, ?, ?, ?)",
        sealed(
          "meta",
          [
            Cell(provenance.run), Cell(provenance.topic), Cell(provenance.item),
            Cell(provenance.text),
          ]
        )
      )
    case .profiled(let id, let timings):
      let experiment = try number(of: id, database, &numbers)
      for timing in timings {
        try run(
          database,
          """
          INSERT INTO profile (experiment, unit, iteration, total, call, evaluation, cpu, memory)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
          [Cell(experiment)] + cells(timing)
        )
      }
    case .output(let id, let stream, let text):
      try run(
        database,
        """
        INSERT INTO output (experiment, stream, text) VALUES (?, ?, ?)
        ON CONFLICT (experiment, stream) DO UPDATE SET text = text || excluded.text
        """,
        [Cell(try number(of: id, database, &numbers)), Cell(stream.rawValue), Cell(text)]
      )
    default: break
    }
  }

  /// Writes an experiment with all that it has saved.
  private static func write(
    _ finished: FinishedExperiment,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    let experiment = finished.experiment
    try addParameters(of: experiment, database, &numbers)
    let number = try insert(
      experiment,
      finished.row.cells(experiment, finished.start, finished.end),
      finished.sums.cells,
      database,
      &numbers
    )
    try save(finished.saved, [], number, database, &numbers)
  }

  /// - Parameter contents: the encoded values, if there are any.
  private static func save(
    _ values: [SavedValue],
    _ contents: [Cell],
    _ experiment: Int64,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    guard !values.isEmpty else { return }
    let statement = try SavingStatement(database, experiment)
    var last: (name: String, number: Int64)?
    for (place, value) in values.enumerated() {
      // Names that look the same may have different bytes.
      let known = last.flatMap { $0.name.utf8.elementsEqual(value.name.utf8) ? $0.number : nil }
      let number =
        try known ?? variable(value.name, isDeclared: false, database, &numbers)
      last = (value.name, number)
      try statement.run(
        variable: number,
        value.iteration,
        value.value.kind,
        contents.isEmpty ? StoredContent.encode(value.value) : contents[place]
      )
    }
  }

  private static func addParameters(
    of experiment: PlannedExperiment,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    for name in experiment.config.names
    where !Config.reservedKeys.contains(name.key) && numbers.parameters.insert(name.key).inserted {
      try run(
        database,
        "INSERT OR IGNORE INTO parameter (name, checksum) VALUES (?, ?)",
        sealed("parameter", [Cell(name.key)])
      )
      numbers.lacksViews = true
    }
  }

  /// - Parameter end: how the experiment ends, if that is known.
  private static func begin(
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ end: End?,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    try addParameters(of: experiment, database, &numbers)
    if let iteration = start.iteration,
      let old = try knownNumber(of: experiment.key, database, &numbers)
    {
      try resume(old, at: iteration, experiment, start, database)
      numbers.experiments[experiment.key] = old
      return
    }
    let cells = ExperimentRow(experiment.config).cells(experiment, start, end?.end)
    var sums = end?.sums
    sums?.row &+= StoredChecksum.row(cells, ordinal: experiment.ordinal)
    let number = try insert(
      experiment,
      cells,
      sums?.cells ?? [.null, .null, .null],
      database,
      &numbers
    )
    // What has ended has no more records but those of this group.
    numbers.experiments[experiment.key] = number
    if end != nil { numbers.ended.append(experiment.key) }
  }

  /// Inserts the row of an experiment, in the place of one that has run before.
  /// - Returns: the number of the row.
  private static func insert(
    _ experiment: PlannedExperiment,
    _ cells: [Cell],
    _ sums: [Cell],
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64 {
    let values = cells + [Cell(experiment.ordinal)] + sums
    do {
      try run(database, insertion, [.null] + values)
      return database.lastInsertedRowID
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      // It has run before.
      guard let old = try knownNumber(of: experiment.key, database, &numbers) else { throw error }
      try remove(old, database)
      numbers.reopened.remove(old)
      try run(database, insertion, [Cell(old)] + values)
      numbers.experiments[experiment.key] = nil
      return old
    }
  }

  /// Deletes everything of an experiment, by the number of its row.
  private static func remove(_ number: Int64, _ database: Database) throws {
    for table in ["value", "failure", "profile", "output", "checkpoint"] {
      try run(database, "DELETE FROM \(table) WHERE experiment = ?", [Cell(number)])
    }
    try run(database, "DELETE FROM experiment WHERE number = ?", [Cell(number)])
  }

  private static let insertion = {
    let columns = StoredChecksum.experimentColumns.joined(separator: ", ")
    let marks = Array(repeating: "?", count: StoredChecksum.experimentColumns.count + 5)
    return """
      INSERT INTO experiment
        (number, \(columns), ordinal, checksum, value_checksum, detail_checksum)
      VALUES (\(marks.joined(separator: ", ")))
      """
  }()

  /// Adds the checksum of a row of a small table to its columns.
  static func sealed(_ table: String, _ cells: [Cell]) -> [Cell] {
    cells + [StoredChecksum.row(table, cells)]
  }

  /// The number of skipped experiments from which on the stored ones are all read.
  private static let skipLimit = 1000

  /// The number of experiments by the number of the last row, a million at most: a damaged store may have any number.
  static func estimatedCount(_ database: Database) throws -> Int {
    let last = try Int.fetchOne(database, sql: "SELECT max(number) FROM experiment") ?? 0
    return min(max(0, last), 1 << 20)
  }

  /// Returns the places of records of skipped experiments that are where they were in the order of the plan, if these
  /// are many.
  private static func unmoved(_ records: [RunRecord], _ database: Database) throws -> [Int] {
    var places: [Int: Int] = [:]
    for (place, record) in records.enumerated() {
      guard case .skipped(let experiment) = record else { continue }
      places[experiment.ordinal] = place
    }
    guard places.count > skipLimit, places.count > (try estimatedCount(database)) / 10 else {
      return []
    }
    var unmoved: [Int] = []
    try StoredChecksum.forEach(database, "SELECT ordinal, key FROM experiment", []) { statement in
      guard let place = places[Int(sqlite3_column_int64(statement, 0))],
        case .skipped(let experiment) = records[place],
        let key = sqlite3_column_text(statement, 1)
      else { return }
      let stored = UnsafeBufferPointer(
        start: key,
        count: Int(sqlite3_column_bytes(statement, 1))
      )
      if experiment.key.utf8.elementsEqual(stored) { unmoved.append(place) }
    }
    return unmoved
  }

  /// Changes the place of an experiment in the order of the plan.
  private static func move(_ key: String, to ordinal: Int, _ database: Database) throws {
    let row = try Row.fetchOne(
      database.cachedStatement(
        sql: "SELECT number, ordinal, checksum FROM experiment WHERE key = ? AND ordinal <> ?"
      ),
      arguments: [key, ordinal]
    )
    guard let row else { return }
    let (number, old): (Int64, Int) = (try row.decode(atIndex: 0), try row.decode(atIndex: 1))
    let checksum: Int64? = try row.decode(atIndex: 2)
    let moved = checksum.map {
      UInt64(bitPattern: $0) &- StoredChecksum.ordinal(old) &+ StoredChecksum.ordinal(ordinal)
    }
    try run(
      database,
      "UPDATE experiment SET ordinal = ?, checksum = ? WHERE number = ?",
      [Cell(ordinal), Cell(moved.map { Int64(bitPattern: $0) }), Cell(number)]
    )
  }

  private static func number(
    of id: String,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64 {
    guard let number = try knownNumber(of: id, database, &numbers) else {
      throw FieldworkError(.store, "the experiment \(id) was never started")
    }
    return number
  }

  /// - Returns: nil if the store has no such experiment.
  private static func knownNumber(
    of key: String,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64? {
    if let known = numbers.experiments[key] { return known }
    let row = try Row.fetchOne(
      database.cachedStatement(
        sql: "SELECT number, ending IS NOT NULL FROM experiment WHERE key = ?"
      ),
      arguments: [key]
    )
    guard let row else { return nil }
    let number: Int64 = try row.decode(atIndex: 0)
    if try row.decode(Bool.self, atIndex: 1) {
      // What comes after its end belongs to its checksums, unless they are wrong already.
      if try !numbers.reopened.contains(number) && !StoredChecksum.isDamaged(number, database) {
        numbers.reopened.insert(number)
      }
    } else {
      numbers.experiments[key] = number
    }
    return number
  }

  private static func variable(
    _ name: String,
    isDeclared: Bool,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64 {
    let stored = StoredChecksum.stored(name: name)
    if let known = numbers.variables[Name(stored)] { return known }
    var declared: Int?
    if isDeclared {
      let sql = "SELECT ifnull(max(declared), 0) FROM variable"
      let last = try numbers.lastDeclared ?? Int.fetchOne(database.cachedStatement(sql: sql))
      declared = (last ?? 0) + 1
      numbers.lastDeclared = last
    }
    try run(
      database,
      """
      INSERT INTO variable (name, declared, checksum) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET declared = excluded.declared, checksum = excluded.checksum
      WHERE variable.declared IS NULL AND excluded.declared IS NOT NULL
      """,
      sealed("variable", [Cell(stored), Cell(declared)])
    )
    // A name that was declared before keeps its place.
    if declared != nil, database.changesCount > 0 { numbers.lastDeclared = declared }
    let number = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT number FROM variable WHERE name = ?"),
      arguments: [stored]
    )
    guard let number else { throw FieldworkError(.store, "the variable \(name) is not kept") }
    numbers.variables[Name(stored)] = number
    numbers.lacksViews = true
    return number
  }
}

/// Writes the values that an experiment saved. It is the statement that runs most often.
private struct SavingStatement {
  private static let sql =
    "INSERT OR REPLACE INTO value (experiment, variable, iteration, kind, content) VALUES (?, ?, ?, ?, ?)"

  private let database: Database
  private let statement: SQLiteStatement

  init(_ database: Database, _ experiment: Int64) throws {
    self.database = database
    statement = try database.cachedStatement(sql: Self.sql).sqliteStatement
    try check(sqlite3_bind_int64(statement, 1, experiment))
  }

  func run(variable: Int64, _ iteration: Int, _ kind: Value.Kind, _ content: Cell) throws {
    defer { sqlite3_reset(statement) }
    try check(sqlite3_bind_int64(statement, 2, variable))
    try check(sqlite3_bind_int64(statement, 3, Int64(iteration)))
    try check(Cell.text(kind.rawValue).bind(to: statement, at: 4))
    try check(content.bind(to: statement, at: 5))
    try check(sqlite3_step(statement))
  }

  private func check(_ code: Int32) throws {
    guard code == SQLITE_OK || code == SQLITE_DONE else {
      throw DatabaseError(code, database, sql: Self.sql)
    }
  }
}
