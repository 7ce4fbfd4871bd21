import FieldworkCore
import Foundation
import GRDB

/// The tables of a store, and how a store of an earlier version becomes one of this.
///
/// A migration is never changed once it has been released; a change of the tables is a new one.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE note (
            key TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL
          ) WITHOUT ROWID;

          CREATE TABLE experiment (
            number INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            id TEXT NOT NULL,
            point TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            config TEXT NOT NULL,
            entries TEXT NOT NULL,
            repetition INTEGER NOT NULL,
            updates INTEGER NOT NULL,
            state TEXT NOT NULL,
            ending TEXT,
            iterations INTEGER,
            worker INTEGER,
            started REAL,
            ended REAL
          );
          CREATE INDEX experiment_state ON experiment (state);

          CREATE TABLE variable (
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            declared INTEGER
          );

          CREATE TABLE value (
            experiment INTEGER NOT NULL REFERENCES experiment (number),
            variable INTEGER NOT NULL REFERENCES variable (number),
            iteration INTEGER NOT NULL,
            kind TEXT NOT NULL,
            content,
            PRIMARY KEY (experiment, variable, iteration)
          ) WITHOUT ROWID;

          CREATE TABLE failure (
            experiment INTEGER NOT NULL REFERENCES experiment (number),
            unit TEXT NOT NULL,
            iteration INTEGER NOT NULL,
            kind TEXT NOT NULL,
            message TEXT NOT NULL,
            file TEXT,
            line INTEGER
          );
          CREATE INDEX failure_experiment ON failure (experiment);

          CREATE VIEW result AS
            SELECT experiment.id, experiment.config, experiment.repetition, value.iteration,
              variable.name, value.kind, value.content
            FROM value
            JOIN experiment ON experiment.number = value.experiment
            JOIN variable ON variable.number = value.variable;
          """
      )
    }
    migrator.registerMigration("2") { database in
      try database.execute(
        sql: """
          ALTER TABLE experiment ADD COLUMN task INTEGER;
          ALTER TABLE experiment ADD COLUMN branch INTEGER;
          ALTER TABLE experiment ADD COLUMN device TEXT;

          CREATE TABLE meta (
            run INTEGER NOT NULL,
            topic TEXT NOT NULL,
            item TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (run, topic, item)
          ) WITHOUT ROWID;

          CREATE TABLE profile (
            experiment INTEGER NOT NULL REFERENCES experiment (number),
            unit TEXT NOT NULL,
            iteration INTEGER NOT NULL,
            total REAL NOT NULL,
            call REAL NOT NULL,
            evaluation REAL,
            cpu REAL,
            memory INTEGER
          );
          CREATE INDEX profile_experiment ON profile (experiment);

          CREATE TABLE output (
            experiment INTEGER NOT NULL REFERENCES experiment (number),
            stream TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (experiment, stream)
          ) WITHOUT ROWID;
          """
      )
    }
    migrator.registerMigration("3") { database in
      try database.execute(
        sql: """
          ALTER TABLE experiment ADD COLUMN attempt INTEGER;
          ALTER TABLE experiment ADD COLUMN build TEXT;

          ALTER TABLE failure ADD COLUMN cause TEXT;
          ALTER TABLE failure ADD COLUMN code INTEGER;
          ALTER TABLE failure ADD COLUMN signal INTEGER;
          ALTER TABLE failure ADD COLUMN stderr TEXT;
          """
      )
    }
    migrator.registerMigration("4") { database in
      try database.execute(
        sql: """
          CREATE TABLE domain_update (
            produced INTEGER PRIMARY KEY NOT NULL,
            number INTEGER NOT NULL,
            schedule TEXT NOT NULL,
            premise TEXT NOT NULL,
            outcome TEXT NOT NULL,
            domain TEXT,
            build TEXT,
            made REAL NOT NULL
          );
          """
      )
    }
    migrator.registerMigration("5") { database in
      try database.execute(
        sql: """
          CREATE TABLE checkpoint (
            experiment INTEGER NOT NULL REFERENCES experiment (number),
            part TEXT NOT NULL,
            iteration INTEGER NOT NULL,
            definition TEXT NOT NULL,
            content BLOB NOT NULL,
            PRIMARY KEY (experiment, part)
          );
          """
      )
    }
    migrator.registerMigration("6") { database in
      try database.execute(
        sql: """
          CREATE TABLE parameter (
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
          );
          INSERT OR IGNORE INTO parameter (name)
            SELECT key FROM (
              SELECT json_each.key, min(experiment.ordinal) AS ordinal, min(json_each.id) AS place
              FROM experiment, json_each(experiment.config)
              WHERE json_each.key NOT IN ('repetition', 'updates', 'device')
              GROUP BY json_each.key
            )
            ORDER BY ordinal, place;
          """
      )
    }
    migrator.registerMigration("7") { database in
      try database.execute(sql: "ALTER TABLE experiment ADD COLUMN versions TEXT")
    }
    migrator.registerMigration("8") { database in
      let columns = ["checksum", "value_checksum", "detail_checksum"]
      for column in columns {
        try database.execute(sql: "ALTER TABLE experiment ADD COLUMN \(column) INTEGER")
      }
      for table in StoredChecksum.smallTables.map(\.name) + ["checkpoint"] {
        try database.execute(sql: "ALTER TABLE \(table) ADD COLUMN checksum INTEGER")
      }
      try StoredChecksum.sealAll(database)
    }
    return migrator
  }

  /// Checks that a database is a store, or is empty.
  /// - Throws: ``FieldworkError`` of code `store` if it is another database, or a later version has made it.
  static func check(_ database: some DatabaseReader, _ folder: ResearchFolder) throws {
    try snapshot(of: database) { try check($0, folder) }
  }

  /// Returns true if a store has nothing to read: no tables, or no experiment and not yet all tables while a run makes
  /// it.
  /// - Throws: as ``check(_:_:)``.
  static func isEmpty(_ database: some DatabaseReader, _ folder: ResearchFolder) throws -> Bool {
    try snapshot(of: database) { database in
      try check(database, folder)
      if try !hasTables(database) { return true }
      return try !migrator.hasCompletedMigrations(database) && !hasExperiments(database)
        && folder.isHeld
    }
  }

  /// Returns true if a database has an experiment.
  static func hasExperiments(_ database: some DatabaseReader) throws -> Bool {
    try database.read(hasExperiments)
  }

  private static func check(_ database: Database, _ folder: ResearchFolder) throws {
    let path = folder.shown(ResearchFolder.database)
    if try migrator.hasBeenSuperseded(database) {
      throw FieldworkError(
        .store,
        "the store \(path) was made by a newer version of Fieldwork; use that one"
      )
    }
    guard try database.tableExists("experiment") || !hasTables(database) else {
      throw FieldworkError(.store, "\(path) is a database, but not a store of Fieldwork")
    }
  }

  /// Reads the state of one moment: a run that makes the store adds tables meanwhile.
  private static func snapshot<T>(
    of database: some DatabaseReader,
    _ body: (Database) throws -> T
  ) throws -> T {
    try database.read { database in
      // A transaction sees the database as of its first statement that reads. One that names a missing table reads nothing.
      _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master")
      return try body(database)
    }
  }

  private static func hasExperiments(_ database: Database) throws -> Bool {
    guard try database.tableExists("experiment") else { return false }
    return try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM experiment)") ?? false
  }

  private static func hasTables(_ database: Database) throws -> Bool {
    // A process that died while it made the store may have left no more than the list of migrations.
    try Int.fetchOne(
      database,
      sql: "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'"
    ) != 0
  }

  static func notes(_ database: Database) throws -> [String: Value] {
    let rows = try Row.fetchCursor(database, sql: "SELECT key, value FROM note")
    var notes: [String: Value] = [:]
    while let row = try rows.next() {
      let text: String = try row.decode(atIndex: 1)
      notes[try row.decode(atIndex: 0)] = try Value(parsing: text)
    }
    return notes
  }
}

/// How a value stands in its two columns: the kind, and the content as SQLite's own type where it has
/// one.
enum StoredContent {
  static func encode(_ value: Value) -> Cell {
    switch value {
    case .null: .null
    case .bool(let flag): .integer(flag ? 1 : 0)
    case .int(let number): .integer(Int64(number))
    // SQLite turns NaN into NULL; the kind tells it from null.
    case .double(let number): number.isNaN ? .null : .real(number)
    case .string(let text): encode(text: text)
    case .list, .dictionary: .text(value.exactText)
    }
  }

  /// SQLite's texts end at a null character; bytes do not.
  static func encode(text: String) -> Cell {
    text.utf8.contains(0) ? .blob(Data(text.utf8)) : .text(text)
  }

  /// - Throws: ``FieldworkError`` of code `store` if it is neither text nor bytes of one.
  static func decode(text content: DatabaseValue) throws -> String {
    guard let text = String.fromDatabaseValue(content) else {
      throw FieldworkError(.store, "a stored text cannot be read: \(content)")
    }
    return text
  }

  static func decode(kind: String, _ content: DatabaseValue) throws -> Value {
    switch Value.Kind(rawValue: kind) {
    case .null: return .null
    case .bool: if let number = Int64.fromDatabaseValue(content) { return .bool(number != 0) }
    case .int: if let number = Int64.fromDatabaseValue(content) { return .int(Int(number)) }
    case .double:
      if content.isNull { return .double(.nan) }
      if let number = Double.fromDatabaseValue(content) { return .double(number) }
    case .string: if let text = String.fromDatabaseValue(content) { return .string(text) }
    case .list, .dictionary:
      if let text = String.fromDatabaseValue(content) { return try Value(parsing: text) }
    case nil: break
    }
    throw FieldworkError(.store, "a stored value of kind '\(kind)' cannot be read: \(content)")
  }
}

/// How a config stands in its two columns: one for people and queries, one that restores it exactly.
enum StoredConfig {
  /// About how long the text of an entry is.
  private static let lengthOfEntry = 48

  /// A JSON object of the values by key, in order; a value that is not plain is given by its name.
  /// - Parameter entries: those of a config. Of several with one key the last one counts, in the first one's position.
  static func json(_ entries: [Config.Entry]) -> String {
    var text = "{"
    text.reserveCapacity(lengthOfEntry * entries.count)
    let config = Config(restored: entries)
    let last =
      config.count == entries.count
      ? entries
      : config.keys.compactMap { key in
        config[alias: key].map { Config.Entry(ParameterName(key), $0) }
      }
    for (place, entry) in last.enumerated() {
      if place > 0 { text += "," }
      Value.quote(entry.name.key, to: &text)
      text += ":"
      if let plain = entry.value.plain {
        plain.writeJSON(to: &text)
      } else {
        Value.quote(entry.value.name, to: &text)
      }
    }
    text += "}"
    return text
  }

  /// A list of entries: key, shown key, shown value, whether that was given, the plain value in a
  /// list that is empty if there is none, and the version if there is one.
  static func encode(_ entries: [Config.Entry]) -> String {
    var text = "["
    text.reserveCapacity(lengthOfEntry * entries.count)
    for (place, entry) in entries.enumerated() {
      text += place > 0 ? ",[" : "["
      Value.quote(entry.name.key, to: &text)
      text += ","
      Value.quote(entry.name.alias, to: &text)
      text += ","
      Value.quote(entry.value.name, to: &text)
      text += entry.value.isNamed ? ",true,[" : ",false,["
      if let plain = entry.value.plain { plain.writeExact(to: &text) }
      text += "]"
      if let version = entry.value.version {
        text += ","
        Value.quote(version, to: &text)
      }
      text += "]"
    }
    text += "]"
    return text
  }

  static func decode(_ text: String) throws -> Config {
    var reader = StoredConfigReader()
    return try reader.config(text)
  }

  /// - Returns: nil for a value that earlier versions kept among the parameters.
  static func entry(_ value: Value) throws -> Config.Entry? {
    guard case .list(let parts) = value, (5...6).contains(parts.count),
      case .string(let key) = parts[0], case .string(let alias) = parts[1],
      case .string(let name) = parts[2], case .bool(let isNamed) = parts[3],
      case .list(let plain) = parts[4]
    else { throw damaged(value.canonicalText) }
    if Config.reservedKeys.contains(key) { return nil }
    return Config.Entry(
      ParameterName(Alias(alias, key)),
      AnyAlias(
        stored: name,
        isNamed: isNamed,
        plain: plain.first,
        version: parts.count == 6 ? String(parts[5]) : nil
      )
    )
  }

  static func damaged(_ text: String) -> FieldworkError {
    FieldworkError(.store, "a stored config cannot be read: \(text)")
  }
}
