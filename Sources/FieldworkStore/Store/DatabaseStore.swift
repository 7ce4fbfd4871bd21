public import FieldworkCore
import Foundation
import GRDB

/// The store that comes with Fieldwork: an SQLite database, in a file or in memory, with the same
/// tables in both.
public final class DatabaseStore: ResultStore {
  private let database: any DatabaseWriter
  public let folder: ResearchFolder?
  private let lock: RunLock?
  /// Row numbers that this writer has given, so that values need no look-up.
  private let numbers = Protected(Numbers())

  private struct Numbers {
    var experiments: [String: Int64] = [:]
    var variables: [String: Int64] = [:]
  }

  private init(database: any DatabaseWriter, folder: ResearchFolder?, lock: RunLock?) {
    self.database = database
    self.folder = folder
    self.lock = lock
  }

  /// Makes an empty store that ends with the process.
  public static func inMemory() throws -> DatabaseStore {
    let database = try DatabaseQueue()
    try Schema.migrator.migrate(database)
    return DatabaseStore(database: database, folder: nil, lock: nil)
  }

  /// Opens the store of a folder for writing, making both if they are missing.
  ///
  /// - Parameter fresh: whether to delete what is there first.
  /// - Throws: ``FieldworkError`` of code `busy` if another process writes it, of code `store` if the
  ///   folder cannot be written or holds something else.
  public static func open(_ folder: ResearchFolder, fresh: Bool = false) throws -> DatabaseStore {
    try folder.make()
    let lock = try RunLock(folder)
    if fresh { try folder.removeContents() }
    do {
      if folder.hasStore {
        // Opening for writing changes the file, which may be someone else's.
        try Schema.check(try readOnly(folder), path: folder.databasePath)
      }
      let database = try DatabaseQueue(
        path: folder.databasePath,
        configuration: writingConfiguration()
      )
      try Schema.migrator.migrate(database)
      return DatabaseStore(database: database, folder: folder, lock: lock)
    } catch let error as FieldworkError {
      throw error
    } catch {
      throw storeError(error, folder.databasePath)
    }
  }

  /// Opens the store of a folder for reading alone; a run that is writing it is not disturbed.
  /// - Throws: ``FieldworkError`` of code `store` if there is none or it cannot be read.
  public static func openForReading(_ folder: ResearchFolder) throws -> DatabaseStore {
    guard folder.hasStore else {
      throw FieldworkError(.store, "there are no results in \(folder.path); run the research first")
    }
    do {
      let database = try readOnly(folder)
      try Schema.check(database, path: folder.databasePath, mayBeEmpty: false)
      return DatabaseStore(database: database, folder: folder, lock: nil)
    } catch let error as FieldworkError {
      throw error
    } catch {
      throw storeError(error, folder.databasePath)
    }
  }

  private static func readOnly(_ folder: ResearchFolder) throws -> DatabaseQueue {
    var configuration = configuration()
    configuration.readonly = true
    return try DatabaseQueue(path: folder.databasePath, configuration: configuration)
  }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.label = "fieldwork"
    return configuration
  }

  /// Write-ahead logging lets others read meanwhile. A commit survives the death of the process; it
  /// reaches the disk with the system's next write, so a power cut may undo the last ones.
  private static func writingConfiguration() -> Configuration {
    var configuration = configuration()
    configuration.journalMode = .wal
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
    return configuration
  }

  static func storeError(_ error: any Error, _ path: String) -> FieldworkError {
    guard let error = error as? DatabaseError else {
      return FieldworkError(.store, "the store \(path) cannot be read", cause: "\(error)")
    }
    let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      return FieldworkError(
        .store,
        "the store \(path) is damaged or no store at all (\(reason)); move it away, or start over with --fresh"
      )
    case .SQLITE_FULL, .SQLITE_IOERR:
      return FieldworkError(
        .store,
        "the store \(path) cannot be written (\(reason)); is the disk full?"
      )
    default: return FieldworkError(.store, "cannot use the store \(path): \(reason)")
    }
  }

  private var path: String { folder?.databasePath ?? "in memory" }

  /// Ends writing: what was written goes into the one database file, and others may write.
  public func close() throws {
    do {
      if lock != nil {
        // One file without a log can be copied, and read from a folder that cannot be written. Someone
        // who is reading keeps the log alive, which does no harm.
        _ = try? database.writeWithoutTransaction { database in
          try database.execute(sql: "PRAGMA journal_mode = DELETE")
        }
      }
      try database.close()
    } catch {
      throw DatabaseStore.storeError(error, path)
    }
    lock?.release()
  }

  public func directory(of experiment: String) throws -> String {
    guard let folder else { throw FieldworkError.noFolders }
    return try folder.makeDirectory(of: experiment)
  }

  // MARK: Writing

  public func write(_ records: [StoreRecord]) throws {
    do {
      try database.write { database in
        try numbers.withLock { numbers in
          for record in records { try DatabaseStore.write(record, database, &numbers) }
        }
      }
    } catch {
      // What was rolled back has no number.
      numbers.withLock { $0 = Numbers() }
      throw error as? FieldworkError ?? DatabaseStore.storeError(error, path)
    }
  }

  private static func write(
    _ record: StoreRecord,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    switch record {
    case .note(let key, let value):
      try run(
        database,
        "INSERT OR REPLACE INTO note (key, value) VALUES (?, ?)",
        [key, value.canonicalText]
      )
    case .variables(let names):
      for name in names { _ = try variable(name, isDeclared: true, database, &numbers) }
    case .started(let experiment, let start):
      try begin(experiment, start, database, &numbers)
    case .moved(let id, let ordinal):
      try run(
        database,
        "UPDATE experiment SET ordinal = ? WHERE key = ? AND ordinal <> ?",
        [ordinal, id, ordinal]
      )
    case .saved(let id, let values):
      let experiment = try number(of: id, database, &numbers)
      for value in values {
        let variable = try variable(value.name, isDeclared: false, database, &numbers)
        try run(
          database,
          "INSERT OR REPLACE INTO value (experiment, variable, iteration, kind, content) VALUES (?, ?, ?, ?, ?)",
          [
            experiment, variable, value.iteration, value.value.kind.rawValue,
            StoredContent.encode(value.value),
          ]
        )
      }
    case .failed(let id, let failure):
      try run(
        database,
        """
        INSERT INTO failure
          (experiment, unit, iteration, kind, message, file, line, cause, code, signal, stderr)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          try number(of: id, database, &numbers), failure.unit, failure.iteration, failure.kind,
          StoredContent.encode(text: failure.message), failure.place?.file, failure.place?.line,
          failure.death?.cause.rawValue, failure.death?.code, failure.death?.signal,
          (failure.death?.stderr).map(StoredContent.encode(text:)),
        ]
      )
    case .ended(let id, let ending, let iterations, let time):
      try run(
        database,
        "UPDATE experiment SET state = ?, ending = ?, iterations = ?, ended = ? WHERE number = ?",
        [
          ending.state.rawValue, ending.rawValue, iterations, time,
          try number(of: id, database, &numbers),
        ]
      )
    case .updated(let update): try update.write(to: database)
    case .checkpoint(let id, let checkpoint):
      try checkpoint.write(to: database, experiment: try number(of: id, database, &numbers))
    case .meta, .profiled, .output: try writeCircumstances(record, database, &numbers)
    }
  }

  private static func writeCircumstances(
    _ record: StoreRecord,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    switch record {
    case .meta(let meta):
      try run(
        database,
        "INSERT OR REPLACE INTO meta (run, topic, item, text) VALUES (?, ?, ?, ?)",
        [meta.run, meta.topic, meta.item, meta.text]
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
          [
            experiment, timing.unit, timing.iteration, timing.total, timing.call,
            timing.evaluation, timing.cpu, timing.memory,
          ]
        )
      }
    case .output(let id, let stream, let text):
      try run(
        database,
        """
        INSERT INTO output (experiment, stream, text) VALUES (?, ?, ?)
        ON CONFLICT (experiment, stream) DO UPDATE SET text = text || excluded.text
        """,
        [try number(of: id, database, &numbers), stream.rawValue, text]
      )
    default: break
    }
  }

  private static func begin(
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    let old = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT number FROM experiment WHERE key = ?"),
      arguments: [experiment.key]
    )
    if let old, let iteration = start.iteration {
      try resume(old, at: iteration, experiment, start, database)
      numbers.experiments[experiment.key] = old
      return
    }
    if let old {
      for table in ["value", "failure", "profile", "output", "checkpoint"] {
        try run(database, "DELETE FROM \(table) WHERE experiment = ?", [old])
      }
      try run(database, "DELETE FROM experiment WHERE number = ?", [old])
    }
    try run(
      database,
      """
      INSERT INTO experiment
        (number, key, id, point, ordinal, config, entries, repetition, updates, state, worker, started,
        task, branch, device, attempt, build)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        old, experiment.key, experiment.id, experiment.config.withoutAuxiliary.identity,
        experiment.ordinal,
        StoredConfig.json(experiment.config),
        StoredConfig.encode(experiment.config), experiment.repetition, experiment.updates,
        ExperimentState.running.rawValue, start.worker, start.at,
        experiment.task, experiment.branch, start.device, start.attempt, start.build,
      ]
    )
    numbers.experiments[experiment.key] = old ?? database.lastInsertedRowID
  }

  static func run(
    _ database: Database,
    _ sql: String,
    _ arguments: StatementArguments
  ) throws {
    try database.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  private static func number(
    of id: String,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64 {
    if let known = numbers.experiments[id] { return known }
    let found = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT number FROM experiment WHERE key = ?"),
      arguments: [id]
    )
    guard let found else {
      throw FieldworkError(.store, "the experiment \(id) was never started")
    }
    numbers.experiments[id] = found
    return found
  }

  private static func variable(
    _ name: String,
    isDeclared: Bool,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64 {
    if let known = numbers.variables[name] { return known }
    try run(
      database,
      """
      INSERT INTO variable (name, declared)
      VALUES (?, CASE WHEN ? THEN (SELECT ifnull(max(declared), 0) + 1 FROM variable) END)
      ON CONFLICT (name) DO UPDATE SET declared = excluded.declared
      WHERE variable.declared IS NULL AND excluded.declared IS NOT NULL
      """,
      [name, isDeclared]
    )
    let number = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT number FROM variable WHERE name = ?"),
      arguments: [name]
    )
    guard let number else { throw FieldworkError(.store, "the variable \(name) is not kept") }
    numbers.variables[name] = number
    return number
  }

  // MARK: Reading

  public func contents() throws -> ResearchResults {
    try contents(ResultFilter())
  }

  public func experiments() throws -> [ExperimentRecord] {
    try read { database in
      var experiments: [ExperimentRecord] = []
      try ExperimentRecord.forEach(database) { _, experiment in experiments.append(experiment) }
      return experiments
    }
  }

  public func states() throws -> [String: ExperimentState] {
    try read { database in
      let rows = try Row.fetchCursor(database, sql: "SELECT key, state FROM experiment")
      var states: [String: ExperimentState] = [:]
      while let row = try rows.next() {
        let id: String = try row.decode(atIndex: 0)
        let state: String = try row.decode(atIndex: 1)
        states[id] = ExperimentState(rawValue: state)
      }
      return states
    }
  }

  public func notes() throws -> [String: Value] {
    try read { try Schema.notes($0) }
  }

  public func meta() throws -> [MetaItem] {
    try read { database in
      guard try database.tableExists("meta") else { return [] }
      let rows = try Row.fetchAll(
        database,
        sql: "SELECT run, topic, item, text FROM meta ORDER BY run, topic, item"
      )
      return try rows.map { row in
        MetaItem(
          run: try row.decode(atIndex: 0),
          topic: try row.decode(atIndex: 1),
          item: try row.decode(atIndex: 2),
          text: try row.decode(atIndex: 3)
        )
      }
    }
  }

  public func profile() throws -> [UnitProfile] {
    try read { try UnitProfile.all($0) }
  }

  public func output(of experiment: String, _ stream: StandardStream) throws -> String? {
    if let folder {
      let path = "\(folder.experimentPath(experiment))/\(stream.rawValue).txt"
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
    return try read { database in
      try String.fetchOne(
        database,
        sql: """
          SELECT text FROM output JOIN experiment ON experiment.number = output.experiment
          WHERE experiment.id = ? AND stream = ?
          """,
        arguments: [experiment, stream.rawValue]
      )
    }
  }

  func read<T>(_ body: (Database) throws -> T) throws -> T {
    do {
      return try database.read(body)
    } catch let error as FieldworkError where error.code == .store {
      throw error
    } catch {
      throw DatabaseStore.storeError(error, path)
    }
  }
}
