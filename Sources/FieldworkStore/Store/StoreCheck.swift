package import FieldworkCore
import Foundation
import GRDB

/// Something that a check of a store has found, with what to do about it.
package struct StoreFinding: Sendable, Hashable {
  package enum Severity: String, Sendable, Hashable {
    /// Something is wrong, or missing.
    case problem
    /// Something is worth knowing, and as it should be.
    case note
  }

  package let severity: Severity
  /// What kind of finding it is, in a word or two, for programs.
  package let kind: String
  package let message: String
  /// What to do about it.
  package let remedy: String

  package init(_ severity: Severity, _ kind: String, _ message: String, remedy: String) {
    self.severity = severity
    self.kind = kind
    self.message = message
    self.remedy = remedy
  }
}

/// Looks for everything that may be wrong with the store of a folder. It changes nothing, and a run that
/// is writing there is not disturbed.
package struct StoreCheck {
  /// How many things are named one by one.
  private static let shownNumber = 5

  private let folder: ResearchFolder
  private let store: DatabaseStore
  /// Whether a process was writing the store when the check began.
  package let isBeingWritten: Bool

  /// - Throws: ``FieldworkError`` of code `store` if there is no store, or nothing of it can be read.
  package init(_ folder: ResearchFolder) throws {
    self.folder = folder
    // First, so that what runs now is not taken for interrupted if it ends meanwhile.
    isBeingWritten = try folder.isHeld
    store = try DatabaseStore.openForReading(folder)
  }

  /// Whether a process is writing the store, or was when the check began.
  private var isWrittenByNow: Bool { isBeingWritten || (try? folder.isHeld) ?? true }

  /// The number of experiments by state.
  /// - Throws: ``FieldworkError`` of code `store` if they cannot be read.
  package func counts() throws -> [ExperimentState: Int] {
    Dictionary(try store.states().values.map { ($0, 1) }, uniquingKeysWith: +)
  }

  /// Everything that was found, the worst first.
  package func findings() -> [StoreFinding] {
    let parts: [(Database) throws -> [StoreFinding]] = [
      integrity, version, tables, orphans, experiments, configs, values, notes, checksums, log,
    ]
    var findings: [StoreFinding] = []
    do {
      // One transaction, so that a run that is writing does not make parts disagree.
      findings += try store.read { database in
        try parts.flatMap { part in
          do {
            return try part(database)
          } catch let error as DatabaseError
            where [.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_INTERRUPT].contains(error.resultCode)
          {
            throw error
          } catch {
            // The other parts may still tell something.
            return [damage((error as? DatabaseError)?.message ?? "\(error)")]
          }
        }
      }
      findings += try folders()
    } catch {
      findings.append(damage((error as? FieldworkError)?.message ?? "\(error)"))
    }
    var seen = Set<StoreFinding>()
    let unique = findings.filter { seen.insert($0).inserted }
    return unique.filter { $0.severity == .problem } + unique.filter { $0.severity == .note }
  }

  private func damage(_ reason: String) -> StoreFinding {
    StoreFinding(
      .problem,
      "damage",
      "the database is damaged: \(reason)",
      remedy:
        "copy the folder, then try 'sqlite3 \(folder.databasePath) .recover' into a new file; or start over with run --fresh"
    )
  }

  // MARK: The database

  private func integrity(_ database: Database) throws -> [StoreFinding] {
    let lines = try String.fetchAll(database, sql: "PRAGMA integrity_check(\(Self.shownNumber))")
    return lines == ["ok"] ? [] : lines.map(damage)
  }

  private func version(_ database: Database) throws -> [StoreFinding] {
    let migrator = Schema.migrator
    let applied = try migrator.appliedIdentifiers(database)
    guard let last = migrator.migrations.last, !applied.contains(last) else { return [] }
    return [
      StoreFinding(
        .note,
        "version",
        "the store was made by an earlier version of Fieldwork",
        remedy: "nothing needs to be done: the next run brings it up to date"
      )
    ]
  }

  /// Tables, indexes and views that are not as a new store would have them.
  private func tables(_ database: Database) throws -> [StoreFinding] {
    let applied = try Schema.migrator.appliedIdentifiers(database)
    guard let last = Schema.migrator.migrations.last(where: applied.contains) else { return [] }
    let model = try DatabaseQueue()
    try Schema.migrator.migrate(model, upTo: last)
    let expected = try model.read { try Self.definitions($0) }
    let found = try Self.definitions(database)
    return expected.sorted { $0.key < $1.key }.compactMap { name, definition in
      guard found[name] != definition else { return nil }
      return damage("'\(name)' is \(found[name] == nil ? "missing" : "not as it should be")")
    }
  }

  private static func definitions(_ database: Database) throws -> [String: String] {
    let rows = try Row.fetchAll(
      database,
      sql: "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    )
    return Dictionary(
      try rows.map { (try $0.decode(atIndex: 0), try $0.decode(atIndex: 1)) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  private func orphans(_ database: Database) throws -> [StoreFinding] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT "table" AS name, parent, count(*) AS count FROM pragma_foreign_key_check
        GROUP BY 1, 2 ORDER BY 1, 2
        """
    )
    return try rows.map { row in
      let name: String = try row.decode(forColumn: "name")
      let parent: String = try row.decode(forColumn: "parent")
      let count: Int = try row.decode(forColumn: "count")
      return StoreFinding(
        .problem,
        "orphans",
        "\(Self.number(count, "row")) of the table '\(name)' belong\(count == 1 ? "s" : "") to no \(parent)",
        remedy:
          "delete what belongs to nothing: sqlite3 \(folder.databasePath) \"DELETE FROM \(name) WHERE \(parent) NOT IN (SELECT number FROM \(parent))\""
      )
    }
  }

  private func experiments(_ database: Database) throws -> [StoreFinding] {
    func ids(_ condition: String) throws -> [String] {
      try String.fetchAll(
        database,
        sql: "SELECT id FROM experiment WHERE \(condition) ORDER BY ordinal"
      )
    }
    var findings: [StoreFinding] = []
    let running = try ids("state = 'running'")
    if !running.isEmpty, !isWrittenByNow {
      findings.append(
        StoreFinding(
          .note,
          "interrupted",
          "\(Self.number(running.count, "experiment")) \(running.count == 1 ? "was" : "were") running when the process that ran \(running.count == 1 ? "it" : "them") ended: \(Self.list(running))",
          remedy: "run the research again: what was interrupted runs anew"
        )
      )
    }
    let states = ExperimentState.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    let unknown = try ids("state NOT IN (\(states))")
    if !unknown.isEmpty {
      findings.append(
        StoreFinding(
          .problem,
          "state",
          "the state of \(Self.number(unknown.count, "experiment")) is unknown: \(Self.list(unknown))",
          remedy: "run the research again: what is not done runs anew"
        )
      )
    }
    let endless = try ids("state <> 'running' AND (ended IS NULL OR ending IS NULL)")
    if !endless.isEmpty {
      findings.append(
        StoreFinding(
          .problem,
          "ending",
          "of \(Self.number(endless.count, "experiment")) it is not known when or how \(endless.count == 1 ? "it" : "they") ended: \(Self.list(endless))",
          remedy:
            "what is stored as done is left out by a run; start over with run --fresh if that is not to be trusted"
        )
      )
    }
    return findings
  }

  private func configs(_ database: Database) throws -> [StoreFinding] {
    var unreadable: [String] = []
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT id, entries FROM experiment ORDER BY ordinal"
    )
    while let row = try rows.next() {
      let id: String? = try? row.decode(atIndex: 0)
      let isReadable = (try? StoredConfig.decode(try row.decode(atIndex: 1))) != nil
      if !isReadable || id == nil { unreadable.append(id ?? "(no id)") }
    }
    guard !unreadable.isEmpty else { return [] }
    return [
      StoreFinding(
        .problem,
        "configs",
        "the config of \(Self.number(unreadable.count, "experiment")) cannot be read: \(Self.list(unreadable))",
        remedy:
          "retry --damaged runs them again; results leave them out until then"
      )
    ]
  }

  private func values(_ database: Database) throws -> [StoreFinding] {
    var count = 0
    var example = ""
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT value.kind, value.content, variable.name, value.iteration FROM value
        LEFT JOIN variable ON variable.number = value.variable
        """
    )
    while let row = try rows.next() {
      let kind: String? = try? row.decode(atIndex: 0)
      let content: DatabaseValue = try row.decode(atIndex: 1)
      let isReadable = (try? StoredContent.decode(kind: kind ?? "", content)) != nil
      let iteration: Int? = try? row.decode(atIndex: 3)
      guard !isReadable || iteration == nil else { continue }
      count += 1
      if count == 1 { example = (try? row.decode(String.self, atIndex: 2)) ?? "(no name)" }
    }
    guard count > 0 else { return [] }
    return [
      StoreFinding(
        .problem,
        "values",
        "\(Self.number(count, "saved value")) cannot be read, the first one saved as '\(example)'",
        remedy:
          "retry --damaged runs their experiments again; results leave the values out until then"
      )
    ]
  }

  private func notes(_ database: Database) throws -> [StoreFinding] {
    do {
      _ = try Schema.notes(database)
      return []
    } catch let error as FieldworkError {
      return [
        StoreFinding(
          .problem,
          "notes",
          "what is noted of the research cannot be read: \(error.message)",
          remedy: "a run needs the seed and the definition from there: start over with run --fresh"
        )
      ]
    }
  }

  private func checksums(_ database: Database) throws -> [StoreFinding] {
    var findings: [StoreFinding] = []
    let ids = try DatabaseStore.damagedExperiments(database).map {
      $0.id.isEmpty ? "(without a readable id)" : $0.id
    }
    if !ids.isEmpty {
      findings.append(
        StoreFinding(
          .problem,
          "checksums",
          "what is stored of \(Self.number(ids.count, "experiment")) has changed since \(ids.count == 1 ? "it" : "they") ended: \(Self.list(ids))",
          remedy: "the disk or its copy may be damaged; retry --damaged runs them again"
        )
      )
    }
    for table in try StoredChecksum.damagedTables(database) {
      findings.append(
        StoreFinding(
          .problem,
          "checksums",
          "the table '\(table)' has rows that have changed since they were written",
          remedy: "restore research.sqlite from a copy, or start over with run --fresh"
        )
      )
    }
    let checkpoints = try DatabaseStore.damagedCheckpoints(database)
    if !checkpoints.isEmpty {
      findings.append(
        StoreFinding(
          .note,
          "checkpoints",
          "\(Self.number(checkpoints.count, "checkpoint")) \(checkpoints.count == 1 ? "is" : "are") damaged: \(Self.list(checkpoints))",
          remedy: "nothing needs to be done: these experiments begin again from their start"
        )
      )
    }
    return findings
  }

  /// Findings on pages of the log that SQLite does not read.
  private func log(_ database: Database) -> [StoreFinding] {
    guard !isWrittenByNow else { return [] }
    let log = WriteAheadLog(ofDatabase: folder.databasePath)
    let name = folder.shown(ResearchFolder.database + "-wal")
    if log.hasDamagedHeader {
      return [
        StoreFinding(
          .problem,
          "log",
          "the header of \(name) is damaged: the results that the log holds cannot be read",
          remedy: "restore the file from a copy, or move it away to go on without them"
        )
      ]
    }
    guard log.unreadablePages > 0 else { return [] }
    return [
      StoreFinding(
        .note,
        "log",
        "\(Self.number(log.unreadablePages, "page")) at the end of \(name) cannot be read, after a power cut or damage",
        remedy: "run the research again: experiments whose results they held run again"
      )
    ]
  }

  // MARK: The folder

  /// Folders of experiments that the database does not know. A run makes them before it stores who they
  /// belong to, so while one writes there is nothing to be said.
  private func folders() throws -> [StoreFinding] {
    guard !isWrittenByNow else { return [] }
    let path = folder.file("experiments")
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      return [
        StoreFinding(
          .problem,
          "folders",
          "the folder \(path) cannot be read: \(ResearchFolder.reason(error))",
          remedy: "give yourself the right to read it"
        )
      ]
    }
    let known = Set(
      try store.read { try String.fetchAll($0, sql: "SELECT id FROM experiment") }
    )
    let unknown = names.filter { !known.contains($0) }.sorted()
    guard !unknown.isEmpty else { return [] }
    return [
      StoreFinding(
        .note,
        "folders",
        "\(Self.number(unknown.count, "folder")) in \(path) belong\(unknown.count == 1 ? "s" : "") to no experiment: \(Self.list(unknown))",
        remedy: "delete them if they are not needed"
      )
    ]
  }

  // MARK: Words

  private static func number(_ count: Int, _ word: String) -> String {
    "\(count) \(word)\(count == 1 ? "" : "s")"
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(shownNumber).joined(separator: ", ")
    return names.count > shownNumber ? shown + " and \(names.count - shownNumber) more" : shown
  }
}
