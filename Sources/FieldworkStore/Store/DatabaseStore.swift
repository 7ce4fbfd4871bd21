public import FieldworkCore
import Foundation
import GRDB
import GRDBSQLite

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The store that comes with Fieldwork: an SQLite database, in a file or in memory, with the same
/// tables in both.
public final class DatabaseStore: ResultStore {
  let database: any DatabaseWriter
  public let folder: ResearchFolder?
  let lock: RunLock?
  /// The files that were opened for writing; nil if there are none.
  let files: Protected<StoreFiles?>
  /// A folder with a copy of the database, or with the folders of experiments in memory, which goes with this value; nil if
  /// there is none.
  private let copy: TemporaryFolder?
  /// Row numbers that this writer has given, so that values need no look-up.
  private let numbers = Protected(Numbers())

  /// A name that is told apart by its bytes, as SQLite does: Swift takes two ways to write an accent for one.
  struct Name: Hashable {
    private let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Name, right: Name) -> Bool {
      left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  struct Numbers {
    var experiments: [String: Int64] = [:]
    var variables: [Name: Int64] = [:]
    /// The place of the last name that was declared; nil if it has not been looked up.
    var lastDeclared: Int?
    /// The keys of experiments that have ended in the present group.
    var ended: [String] = []
    /// The rows of experiments that had ended before the present group, and that it adds something to.
    var reopened: Set<Int64> = []
    /// The parameters that the store is known to have.
    var parameters: Set<String> = []
    /// Whether there are columns that the views for other programs lack.
    var lacksViews = true
  }

  /// The last records of some kinds, for the check at the end.
  let last = Protected(LastRecords())
  /// True once a write has reported that files of the store are lost.
  let hasReportedLoss = Protected(false)
  let isClosed = Protected(false)
  /// Databases of which this process has lost a file. SQLite keeps what it knows of them to the end of the process.
  static let abandoned = Protected<Set<FileIdentity>>([])

  struct LastRecords {
    var notes: [String: String] = [:]
    var ended: (key: String, state: String)?
  }

  /// The folder with the results that were removed when the store was opened; nil if there were none.
  package let trash: String?
  /// Text on results that could not be read when the store was opened for writing; nil if all could be.
  package let openingNote: String?

  private init(
    database: any DatabaseWriter,
    folder: ResearchFolder?,
    lock: RunLock?,
    copy: TemporaryFolder? = nil,
    trash: String? = nil,
    openingNote: String? = nil
  ) {
    self.database = database
    self.folder = folder
    self.lock = lock
    self.copy = copy
    self.trash = trash
    self.openingNote = openingNote
    files = Protected(lock == nil ? nil : folder.flatMap { StoreFiles($0.databasePath) })
  }

  /// Makes an empty store that ends with the process.
  public static func inMemory() throws -> DatabaseStore { try inMemory(files: nil) }

  /// Makes an empty store that ends with the process, and experiments of which have folders until then.
  package static func inMemoryWithFolders() throws -> DatabaseStore {
    try inMemory(files: TemporaryFolder())
  }

  private static func inMemory(files: TemporaryFolder?) throws -> DatabaseStore {
    let database = try DatabaseQueue()
    try Schema.migrator.migrate(database)
    return DatabaseStore(database: database, folder: nil, lock: nil, copy: files)
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
    try open(folder, fresh: fresh, durability: durability, command: command) { _ in nil }
  }

  /// - Parameter isGone: returns true if a process of another machine that has the store is known to be gone, false if it
  ///   is known to live, nil if nobody knows.
  package static func open(
    _ folder: ResearchFolder,
    fresh: Bool,
    durability: Durability,
    command: String?,
    isGone: @Sendable (RunHolder) -> Bool?
  ) throws -> DatabaseStore {
    try folder.make()
    if let identity = FileIdentity(folder.databasePath),
      abandoned.withLock({ $0.contains(identity) })
    {
      throw FieldworkError(
        .store,
        "files of the store \(folder.shown(ResearchFolder.database)) were deleted while this process wrote it, so it can be written by another process only"
      )
    }
    let lock = try RunLock(folder, command: command, isGone: isGone)
    let trash = fresh ? try folder.removeContents() : nil
    do {
      let log = WriteAheadLog(ofDatabase: folder.databasePath)
      if log.hasDamagedHeader { throw damagedLog(folder) }
      if folder.hasStore {
        // Opening for writing changes the file, which may be someone else's.
        let (database, _) = try readOnly(folder)
        try Schema.check(database, folder)
        if log.unreadablePages > 0, try !Schema.hasExperiments(database) {
          throw damagedLog(folder)
        }
      }
      let database = try DatabaseQueue(
        path: folder.databasePath,
        configuration: writingConfiguration(isShared: folder.isShared)
      )
      // Only now, since turning to write-ahead logging sets some of it.
      try database.writeWithoutTransaction { database in
        // Without a log a commit that the disk has not got may damage the file when the machine dies.
        let statements = folder.isShared ? Durability.power.statements : durability.statements
        for statement in statements { try database.execute(sql: statement) }
      }
      try Schema.migrator.migrate(database)
      if durability == .power { folder.synchronize() }
      return DatabaseStore(
        database: database,
        folder: folder,
        lock: lock,
        trash: trash,
        openingNote: log.unreadablePages == 0 ? nil : note(on: log, folder)
      )
    } catch let error as FieldworkError {
      throw error
    } catch {
      throw storeError(error, folder)
    }
  }

  private static func damagedLog(_ folder: ResearchFolder) -> FieldworkError {
    let log = folder.shown(ResearchFolder.database + "-wal")
    return FieldworkError(
      .store,
      "the log \(log) is damaged: the results that it holds cannot be read, and a run would overwrite them; restore it from a copy, or move it away to go on without them"
    )
  }

  private static func note(on log: WriteAheadLog, _ folder: ResearchFolder) -> String {
    let pages = log.unreadablePages == 1 ? "1 page" : "\(log.unreadablePages) pages"
    return
      "\(pages) at the end of \(folder.shown(ResearchFolder.database + "-wal")) cannot be read, after a power cut or damage: experiments whose results they held run again"
  }

  /// Opens the store of a folder for reading alone; a run that is writing it is not disturbed.
  /// - Throws: ``FieldworkError`` of code `store` if there is none or it cannot be read.
  public static func openForReading(_ folder: ResearchFolder) throws -> DatabaseStore {
    guard let store = try openIfThere(folder) else {
      if let error = folder.lookupError { throw error }
      throw FieldworkError(
        .store,
        folder.hasStore
          ? "the store \(folder.shown(ResearchFolder.database)) is empty; run the research first"
          : "there are no results in \(folder.path); run the research first"
      )
    }
    return store
  }

  /// Opens the store of a folder for reading.
  /// - Returns: nil if there is none, or none with tables: a run that was killed in its first moment leaves an empty
  ///   file.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be read.
  package static func openIfThere(_ folder: ResearchFolder) throws -> DatabaseStore? {
    if let error = folder.lookupError { throw error }
    guard folder.hasStore else { return nil }
    do {
      let (database, copy) = try readOnly(folder)
      if try Schema.isEmpty(database, folder) {
        let log = WriteAheadLog(ofDatabase: folder.databasePath)
        if log.hasDamagedHeader || log.unreadablePages > 0 { throw damagedLog(folder) }
        return nil
      }
      return DatabaseStore(database: database, folder: folder, lock: nil, copy: copy)
    } catch let error as FieldworkError {
      throw error
    } catch {
      throw storeError(error, folder)
    }
  }

  static func readOnly(
    _ folder: ResearchFolder
  ) throws -> (DatabaseQueue, TemporaryFolder?) {
    guard folder.isShared else { return try readOnlyAtOnce(folder) }
    // While another machine writes, what this one sees of the database and its journal may not go together.
    for _ in 0..<attemptsOfReading {
      if let opened = try? readOnlyAtOnce(folder) { return opened }
      usleep(pauseOfReading)
    }
    return try readOnlyAtOnce(folder)
  }

  private static let attemptsOfReading = 40
  /// In microseconds.
  private static let pauseOfReading: UInt32 = 250_000

  private static func readOnlyAtOnce(
    _ folder: ResearchFolder
  ) throws -> (DatabaseQueue, TemporaryFolder?) {
    var configuration = configuration()
    // A process that was killed while it changed the way of writing has left a journal. Nothing can be read
    // before what it had begun is taken back, which is writing; SQLite finds out whether it lives.
    let hasJournal = FileManager.default.fileExists(atPath: folder.databasePath + "-journal")
    // Of a run on another machine the journal may be the one of a transaction that goes on.
    let isElsewhere =
      hasJournal && folder.isShared
      && RunOwner.holder(folder).map { $0.host != RunHolder.ownHost } ?? false
    configuration.readonly = !hasJournal || isElsewhere
    if !configuration.readonly {
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = ON") }
    }
    do {
      let database = try DatabaseQueue(path: folder.databasePath, configuration: configuration)
      // SQLite opens files at the first statement.
      try database.read { _ = try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
      return (database, nil)
    } catch let error as DatabaseError
      where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode)
    {
      // SQLite cannot read a log where it cannot make an index of it: on a disk that cannot be written.
      guard access(folder.databasePath, R_OK) == 0, access(folder.root, W_OK) != 0 else {
        throw error
      }
      let copy = try TemporaryFolder(copying: folder.databasePath, ["", "-wal", "-journal"])
      return (
        try DatabaseQueue(
          path: copy.path + "/" + ResearchFolder.database,
          configuration: configuration
        ), copy
      )
    }
  }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    // The writer knows the numbers of the rows that it refers to; checking each costs a third of the time.
    configuration.foreignKeysEnabled = false
    configuration.label = "fieldwork"
    return configuration
  }

  /// Write-ahead logging lets others read meanwhile, and a commit survives the death of the process.
  private static func writingConfiguration(isShared: Bool) -> Configuration {
    var configuration = configuration()
    if isShared {
      // A reader keeps a writer without a log waiting.
      configuration.busyMode = .timeout(120)
      // The index of a log is memory that machines do not share. A store that has a log is opened without it first.
      configuration.prepareDatabase { database in
        try database.execute(
          sql: """
            PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA journal_mode = DELETE;
            PRAGMA locking_mode = NORMAL;
            PRAGMA cache_size = -16384;
            """
        )
        _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master")
      }
      return configuration
    }
    configuration.journalMode = .wal
    // Keys are in no order, so much of their index is needed all the time; and it is cheaper to bring the
    // pages that changed into the database once in a while than often.
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000")
    }
    return configuration
  }

  static func storeError(_ error: any Error, _ folder: ResearchFolder?) -> FieldworkError {
    let path = folder?.shown(ResearchFolder.database) ?? "in memory"
    guard let error = error as? DatabaseError else {
      return FieldworkError(.store, "the store \(path) cannot be read", cause: "\(error)")
    }
    let number = errno
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
        "the store \(path) cannot be written: the disk is full\(folder?.contentsText() ?? ""); make room and run again"
      )
    case .SQLITE_IOERR:
      return FieldworkError(
        .store,
        "the store \(path) cannot be read or written (\(reason)): the disk is full, gone or damaged, or another program has deleted research.sqlite-wal or research.sqlite-shm"
      )
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      return FieldworkError(
        .store,
        "the store \(path) cannot be opened: \(folder?.whyNotOpened(number) ?? reason)"
      )
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return FieldworkError(
        .store,
        "the store \(path) cannot be used: another program is in the middle of reading or writing it; end that, and run again"
      )
    default: return FieldworkError(.store, "cannot use the store \(path): \(reason)")
    }
  }

  public func directory(of experiment: String) throws -> String {
    if let folder { return try folder.makeDirectory(of: experiment) }
    guard let copy else { throw FieldworkError.noFolders }
    return try ResearchFolder(path: copy.path).makeDirectory(of: experiment)
  }

  // MARK: Writing

  public var takesFinished: Bool { true }

  public func write(_ records: [RunRecord]) throws {
    do {
      if let error = lossError() { throw error }
      let records = try renamingFolders(records)
      try database.write { database in
        try numbers.withLock { numbers in
          try DatabaseStore.write(records, database, &numbers)
        }
      }
      if let error = lossError() { throw error }
      files.withLock { $0?.written() }
      remember(records)
    } catch {
      // What was rolled back has no number.
      numbers.withLock { $0 = Numbers() }
      let loss = lossError()
      if loss != nil { hasReportedLoss.withLock { $0 = true } }
      throw loss ?? error as? FieldworkError ?? DatabaseStore.storeError(error, folder)
    }
  }

  /// Gives the folders of experiments their new names, before the ids change: a run that is cut off here finds the
  /// folder under the new name when it changes the id.
  /// - Returns: the records, without the new ids of experiments whose folder keeps its name.
  private func renamingFolders(_ records: [RunRecord]) throws -> [RunRecord] {
    guard let folder else { return records }
    var kept: Set<String> = []
    for case .renamed(let key, let id) in records {
      let sql = "SELECT id FROM experiment WHERE key = ?"
      let old = try database.read { try String.fetchOne($0, sql: sql, arguments: [key]) }
      guard let old, old != id else { continue }
      if rename(folder.experimentPath(old), folder.experimentPath(id)) != 0, errno != ENOENT {
        kept.insert(key)
      }
    }
    guard !kept.isEmpty else { return records }
    return records.filter { record in
      if case .renamed(let key, _) = record { !kept.contains(key) } else { true }
    }
  }

  /// Keeps what the check at the end looks for.
  private func remember(_ records: [RunRecord]) {
    last.withLock { last in
      for record in records {
        switch record {
        case .note(let key, let value): last.notes[key] = value.canonicalText
        case .ended(let key, let ending, _, _): last.ended = (key, ending.state.rawValue)
        case .finished(let finished):
          last.ended = (finished.experiment.key, finished.ending.state.rawValue)
        case .started(let experiment, _) where experiment.key == last.ended?.key: last.ended = nil
        default: break
        }
      }
    }
  }

  // MARK: Reading

  public func contents() throws -> ResearchResults {
    try contents(ResultFilter())
  }

  public func experiments() throws -> [ExperimentRecord] {
    try read { database in
      var experiments: [ExperimentRecord] = []
      try ExperimentRecord.forEach(database) { _, experiment, _ in
        experiments.append(experiment)
      }
      return experiments
    }
  }

  public func states() throws -> [String: ExperimentState] {
    try read { database in
      var states: [String: ExperimentState] = [:]
      states.reserveCapacity(try DatabaseStore.estimatedCount(database))
      try StoredChecksum.forEach(database, "SELECT key, state FROM experiment", []) { statement in
        guard let key = sqlite3_column_text(statement, 0),
          let state = sqlite3_column_text(statement, 1)
        else { throw FieldworkError(.store, "an experiment without a key or a state is stored") }
        states[String(cString: key)] = ExperimentState(rawValue: String(cString: state))
      }
      return states
    }
  }

  public func prefixedIDs() throws -> [String: String] {
    try read { database in
      let rows = try Row.fetchCursor(
        database,
        sql: "SELECT key, id FROM experiment WHERE id <> key"
      )
      var ids: [String: String] = [:]
      while let row = try rows.next() {
        ids[try row.decode(String.self, atIndex: 0)] = try row.decode(atIndex: 1)
      }
      return ids
    }
  }

  public func notes() throws -> [String: Value] {
    try read { try Schema.notes($0) }
  }

  public func provenance() throws -> [ProvenanceItem] { try metadata(isKept: false) }

  /// Returns what is kept of the runs beside their provenance: sources and settings. Their topics begin with `#`.
  package func keptMetadata() throws -> [ProvenanceItem] { try metadata(isKept: true) }

  private func metadata(isKept: Bool) throws -> [ProvenanceItem] {
    try read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT run, topic, item, text FROM meta WHERE topic \(isKept ? "" : "NOT") LIKE '#%'
          ORDER BY run, topic, item
          """
      )
      return try rows.map { row in
        ProvenanceItem(
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
      throw DatabaseStore.storeError(error, folder)
    }
  }
}
