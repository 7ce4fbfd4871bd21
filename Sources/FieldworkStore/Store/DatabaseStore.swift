public import FieldworkCore
import Foundation
import GRDB

/// The store that comes with Fieldwork: an SQLite database, in a file or in memory, with the same
/// tables in both.
public final class DatabaseStore: ResultStore {
  private let database: any DatabaseWriter
  public let folder: ResearchFolder?
  private let lock: RunLock?
  /// The file as it was opened for writing.
  private let file: FileIdentity?
  /// Row numbers that this writer has given, so that values need no look-up.
  private let numbers = Protected(Numbers())

  struct Numbers {
    var experiments: [String: Int64] = [:]
    var variables: [String: Int64] = [:]
    /// Whether the store may have experiments that are not among those.
    var mayHaveOthers = true
    /// The parameters that the store is known to have.
    var parameters: Set<String> = []
    /// Whether there are columns that the views for other programs lack.
    var lacksViews = true
  }

  private init(database: any DatabaseWriter, folder: ResearchFolder?, lock: RunLock?) {
    self.database = database
    self.folder = folder
    self.lock = lock
    file = lock == nil ? nil : folder.flatMap { FileIdentity($0.databasePath) }
  }

  /// Makes an empty store that ends with the process.
  public static func inMemory() throws -> DatabaseStore {
    let database = try DatabaseQueue()
    try Schema.migrator.migrate(database)
    return DatabaseStore(database: database, folder: nil, lock: nil)
  }

  /// Opens the store of a folder for writing, making both if they are missing.
  ///
  /// - Parameters:
  ///   - fresh: whether to delete what is there first.
  ///   - durability: what a stored result survives.
  ///   - command: the command line of the process, which others are told that want to write meanwhile.
  /// - Throws: ``FieldworkError`` of code `busy` if another process writes it, of code `store` if the
  ///   folder cannot be written or holds something else.
  public static func open(
    _ folder: ResearchFolder,
    fresh: Bool = false,
    durability: Durability = .process,
    command: String? = nil
  ) throws -> DatabaseStore {
    try folder.make()
    let lock = try RunLock(folder, command: command)
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
      // Only now, since turning to write-ahead logging sets some of it.
      try database.writeWithoutTransaction { database in
        for statement in durability.statements { try database.execute(sql: statement) }
      }
      try Schema.migrator.migrate(database)
      if durability == .power { folder.synchronize() }
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
    // A process that was killed while it changed the way of writing has left a journal. Nothing can be read
    // before what it had begun is taken back, which is writing; SQLite finds out whether it lives.
    let hasJournal = FileManager.default.fileExists(atPath: folder.databasePath + "-journal")
    configuration.readonly = !hasJournal
    if hasJournal {
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = ON") }
    }
    return try DatabaseQueue(path: folder.databasePath, configuration: configuration)
  }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.label = "fieldwork"
    return configuration
  }

  /// Write-ahead logging lets others read meanwhile, and a commit survives the death of the process.
  private static func writingConfiguration() -> Configuration {
    var configuration = configuration()
    configuration.journalMode = .wal
    // Keys are in no order, so much of their index is needed all the time; and it is cheaper to bring the
    // pages that changed into the database once in a while than often.
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000")
    }
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
    case .SQLITE_FULL:
      return FieldworkError(
        .store,
        "the store \(path) cannot be written: the disk is full; make room and run again"
      )
    case .SQLITE_IOERR:
      return FieldworkError(
        .store,
        "the store \(path) cannot be read or written (\(reason)); is its disk there, and not full?"
      )
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return FieldworkError(
        .store,
        "the store \(path) cannot be used: another program is in the middle of reading or writing it; end that, and run again"
      )
    default: return FieldworkError(.store, "cannot use the store \(path): \(reason)")
    }
  }

  private var path: String { folder?.databasePath ?? "in memory" }

  /// Ends writing: what was written goes into the one database file, and others may write.
  public func close() throws {
    guard !isLost else {
      // SQLite would delete, by its name, the log of the database that may stand there now. The process
      // keeps the few descriptors to its end.
      _ = Unmanaged.passRetained(database as AnyObject)
      lock?.release()
      return
    }
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

  /// Whether the file that was opened for writing is no longer in its place. The system lets one write
  /// to a deleted file without a word, and drops it at the end.
  private var isLost: Bool { file?.hasLeft(path) ?? false }

  private var lostError: FieldworkError {
    FieldworkError(
      .store,
      "the store \(path) was deleted or replaced while it was being written: what is not in a copy of it is lost; run again to begin anew"
    )
  }

  // MARK: Writing

  public func write(_ records: [StoreRecord]) throws {
    do {
      try database.write { database in
        try numbers.withLock { numbers in
          try DatabaseStore.write(records, database, &numbers)
        }
      }
      if isLost { throw lostError }
    } catch {
      // What was rolled back has no number.
      numbers.withLock { $0 = Numbers() }
      if isLost { throw lostError }
      throw error as? FieldworkError ?? DatabaseStore.storeError(error, path)
    }
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
