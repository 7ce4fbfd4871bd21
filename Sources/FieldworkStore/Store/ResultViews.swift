import FieldworkAnalysis
import FieldworkCore
import GRDB

/// Views of a store for other programs: `results_wide`, `configs` and `failures`, with a column for each
/// parameter, and for each saved name.
///
/// They are made anew by the process that writes the store as soon as there is another parameter or saved
/// name. Nothing in Fieldwork reads them. What SQLite or JSON lack, NaN, is NULL there, and so is an
/// infinite parameter.
struct ResultViews {
  /// The names of the views.
  static let names = ["results_wide", "configs", "failures"]

  /// SQLite gives a view at most 2000 columns, and other columns need some.
  private static let columnLimit = 1900
  /// How many signs of a parameter's or saved name are its column's name.
  private static let titleLimit = 200

  private struct Numbered {
    let number: Int64
    let name: String
  }

  private let parameters: [Numbered]
  private let variables: [Numbered]

  init(_ database: Database) throws {
    func all(_ sql: String) throws -> [Numbered] {
      try Row.fetchAll(database, sql: sql).map { row in
        Numbered(number: try row.decode(atIndex: 0), name: try row.decode(atIndex: 1))
      }
    }
    parameters = try all("SELECT number, name FROM parameter ORDER BY number")
    variables = try all(
      "SELECT number, name FROM variable ORDER BY declared IS NULL, declared, name"
    )
  }

  /// Makes the views, in place of those that there are.
  func make(_ database: Database) throws {
    for (name, sql) in zip(Self.names, [resultsWide, configs, failures]) {
      // Someone may have put a table of the name there.
      guard try !database.tableExists(name), try isOurs(name, database) else { continue }
      try database.execute(sql: "DROP VIEW IF EXISTS \(name)")
      do {
        try database.execute(sql: "CREATE VIEW \(name) AS \(sql)")
      } catch let error as DatabaseError
        where [.SQLITE_ERROR, .SQLITE_TOOBIG].contains(error.resultCode)
      {
        // SQLite cannot make such a view; that is no reason to lose a result.
      }
    }
  }

  /// Whether a view is none of someone else's.
  private func isOurs(_ name: String, _ database: Database) throws -> Bool {
    let sql = try String.fetchOne(
      database,
      sql: "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?",
      arguments: [name]
    )
    return sql?.hasPrefix("CREATE VIEW \(name) AS SELECT experiment.id AS id") ?? true
  }

  private var resultsWide: String {
    let values = variables.map { variable in
      (
        variable.name,
        """
        (SELECT value.content FROM value WHERE value.experiment = kept.experiment
          AND value.variable = \(variable.number) AND value.iteration = kept.iteration)
        """
      )
    }
    return """
      SELECT \(columns([("state", "experiment.state"), ("iteration", "kept.iteration")], values))
      FROM (SELECT DISTINCT experiment, iteration FROM value) AS kept
      JOIN experiment ON experiment.number = kept.experiment
      ORDER BY experiment.ordinal, experiment.number, kept.iteration
      """
  }

  private var configs: String {
    let own = ["state", "ending", "iterations", "worker", "device", "attempt", "started", "ended"]
    let seconds = "max(0, experiment.ended - experiment.started)"
    return """
      SELECT \(columns(own.map { ($0, "experiment.\($0)") } + [("seconds", seconds)]))
      FROM experiment ORDER BY experiment.ordinal, experiment.number
      """
  }

  private var failures: String {
    let own = [
      "iteration", "unit", "kind", "cause", "code", "signal", "message", "file", "line", "stderr",
    ]
    return """
      SELECT \(columns(own.map { ($0, "failure.\($0)") }))
      FROM failure JOIN experiment ON experiment.number = failure.experiment
      ORDER BY experiment.ordinal, experiment.number, failure.rowid
      """
  }

  /// The list of a view's columns: id, parameters, what a run adds, the view's own, and saved values.
  private func columns(
    _ own: [(name: String, sql: String)],
    _ values: [(name: String, sql: String)] = []
  ) -> String {
    let fixed: [(name: String, sql: String)] =
      [
        ("repetition", "experiment.repetition"), ("updates", "experiment.updates"),
      ] + own
    // Names of our own stay as they are, whatever parameters are called.
    var taken = Set(["id"] + fixed.map(\.name))
    func named(_ columns: [(name: String, sql: String)]) -> [String] {
      columns.prefix(Self.columnLimit / 2).map { column in
        var title = Self.title(column.name)
        // SQLite's names do not differ in upper and lower case alone.
        while !taken.insert(title.lowercased()).inserted { title += "_" }
        return "\(column.sql) AS \(FieldworkAnalysis.Table.quoted(title))"
      }
    }
    let parts =
      ["experiment.id AS id"] + named(parameters.map { ($0.name, Self.content(of: $0)) })
      + fixed.map { "\($0.sql) AS \($0.name)" } + named(values)
    return parts.joined(separator: ", ")
  }

  /// The value of a parameter, from the config's JSON.
  private static func content(of parameter: Numbered) -> String {
    let isPlain = parameter.name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: " "):
        true
      default: false
      }
    }
    if isPlain, !parameter.name.isEmpty, parameter.name.utf8.count <= titleLimit {
      return "json_extract(experiment.config, '$.\"\(parameter.name)\"')"
    }
    // A path cannot hold every name, and no text of someone else's belongs into a statement.
    return """
      (SELECT value FROM json_each(experiment.config)
        WHERE key = (SELECT name FROM parameter WHERE number = \(parameter.number)))
      """
  }

  private static func title(_ name: String) -> String {
    let signs = name.unicodeScalars.prefix(titleLimit).map { $0.value < 0x20 ? " " : $0 }
    return signs.isEmpty ? "_" : String(String.UnicodeScalarView(signs))
  }
}
