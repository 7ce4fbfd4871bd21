public import FieldworkCore
import GRDB

/// The results of a research, read once: experiments, what they saved, and why some failed.
public struct ResearchResults: Sendable {
  /// The experiments in the order of the plan.
  public let experiments: [ExperimentRecord]
  /// The names under which values were saved, in the order in which tables show them.
  public let variables: [String]
  /// What is noted about the research as a whole.
  public let notes: [String: Value]
  /// By the position of the experiment in `experiments`: what it saved.
  let values: [ExperimentValues]
  /// The folder of the research; nil if it was in memory.
  let folder: ResearchFolder?
  /// How long units took, if the research was in memory; a folder has it still.
  let turns: [UnitProfile]

  /// What an experiment saved.
  struct ExperimentValues: Sendable {
    /// In order of the iteration, then of the variable.
    var kept: [StoredValue] = []
    /// The last iteration that saved something, whether or not a filter kept it.
    var lastIteration: Int?
  }

  struct StoredValue: Sendable {
    /// The position in `variables`.
    let variable: Int
    let iteration: Int
    let value: Value
  }

  init(
    experiments: [ExperimentRecord],
    variables: [String],
    values: [ExperimentValues],
    of results: ResearchResults
  ) {
    self.experiments = experiments
    self.variables = variables
    self.values = values
    notes = results.notes
    folder = results.folder
    turns = results.turns
  }

  /// Reads what a filter keeps.
  /// - Throws: also what `passes` throws.
  init(
    _ database: Database,
    _ folder: ResearchFolder?,
    _ filter: ResultFilter,
    passes: (ExperimentRecord) throws -> Bool
  ) throws {
    self.folder = folder
    notes = try Schema.notes(database)
    let names = try Row.fetchAll(
      database,
      sql: "SELECT number, name FROM variable ORDER BY declared IS NULL, declared, name"
    )
    // Decoding throws where subscripts trap: a damaged file may hold anything anywhere.
    var variables: [String] = []
    var reader = ValueReader(iterations: filter.iterations)
    for row in names {
      let name: String = try row.decode(atIndex: 1)
      guard filter.names?.contains(name) ?? true else { continue }
      reader.variables[try row.decode(atIndex: 0)] = variables.count
      variables.append(name)
    }
    self.variables = variables
    var experiments: [ExperimentRecord] = []
    try ExperimentRecord.forEach(database) { number, experiment in
      guard try passes(experiment) else { return }
      reader.experiments[number] = experiments.count
      experiments.append(experiment)
    }
    self.experiments = experiments
    values = try reader.read(database, isComplete: !filter.choosesExperiments)
    // A store in memory may be gone when someone asks for them.
    turns = folder == nil ? try UnitProfile.all(database) : []
  }
}

extension ExperimentRecord {
  /// Reads the experiments in the order of the plan, each with its row's number.
  static func forEach(
    _ database: Database,
    _ body: (Int64, ExperimentRecord) throws -> Void
  ) throws {
    let failures = try failures(database)
    var occurrences: [ExperimentRecord.Place: Int] = [:]
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT * FROM experiment ORDER BY ordinal, number"
    )
    while let row = try rows.next() {
      let number: Int64 = try row.decode(forColumn: "number")
      let experiment = try ExperimentRecord(
        row,
        failures: failures[number] ?? [],
        occurrences: &occurrences
      )
      try body(number, experiment)
    }
  }

  private static func failures(_ database: Database) throws -> [Int64: [Failure]] {
    var failures: [Int64: [Failure]] = [:]
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM failure ORDER BY rowid")
    while let row = try rows.next() {
      let failure = try Failure(row)
      failures[try row.decode(forColumn: "experiment"), default: []].append(failure)
    }
    return failures
  }
}

/// Reads saved values.
private struct ValueReader {
  /// By number: the position of an experiment.
  var experiments: [Int64: Int] = [:]
  /// By number: the position of a variable.
  var variables: [Int64: Int] = [:]
  let iterations: Set<Int>?

  init(iterations: Set<Int>?) { self.iterations = iterations }

  /// The values by the position of the experiment.
  /// - Parameter isComplete: whether those of all experiments are wanted, so that the table is best read
  ///   from its beginning to its end.
  func read(
    _ database: Database,
    isComplete: Bool
  ) throws -> [ResearchResults.ExperimentValues] {
    var values = [ResearchResults.ExperimentValues](
      repeating: ResearchResults.ExperimentValues(),
      count: experiments.count
    )
    let sql = "SELECT experiment, variable, iteration, kind, content FROM value"
    if isComplete {
      try collect(try Row.fetchCursor(database, sql: sql), into: &values)
    } else {
      let statement = try database.cachedStatement(sql: sql + " WHERE experiment = ?")
      for number in experiments.keys {
        try collect(try Row.fetchCursor(statement, arguments: [number]), into: &values)
      }
    }
    for index in values.indices {
      values[index].kept.sort { ($0.iteration, $0.variable) < ($1.iteration, $1.variable) }
    }
    return values
  }

  private func collect(
    _ rows: RowCursor,
    into values: inout [ResearchResults.ExperimentValues]
  ) throws {
    while let row = try rows.next() {
      guard let experiment = experiments[try row.decode(atIndex: 0)] else { continue }
      let iteration: Int = try row.decode(atIndex: 2)
      values[experiment].lastIteration = max(values[experiment].lastIteration ?? 0, iteration)
      guard let variable = variables[try row.decode(atIndex: 1)],
        iterations?.contains(iteration) ?? true
      else { continue }
      let content: DatabaseValue = try row.decode(atIndex: 4)
      values[experiment].kept.append(
        ResearchResults.StoredValue(
          variable: variable,
          iteration: iteration,
          value: try StoredContent.decode(kind: try row.decode(atIndex: 3), content)
        )
      )
    }
  }
}

extension Failure {
  init(_ row: Row) throws {
    let file: String? = try row.decode(forColumn: "file")
    let line: Int? = try row.decode(forColumn: "line")
    self.init(
      unit: try row.decode(forColumn: "unit"),
      iteration: try row.decode(forColumn: "iteration"),
      kind: try row.decode(forColumn: "kind"),
      message: try StoredContent.decode(text: try row.decode(forColumn: "message")),
      place: file.map { SourcePlace(file: $0, line: line ?? 0) },
      death: try Death(row)
    )
  }
}

extension Death {
  /// - Returns: nil if the process lived on, or the store is of an earlier version.
  fileprivate init?(_ row: Row) throws {
    guard row.hasColumn("cause"), let text = try row.decode(String?.self, forColumn: "cause") else {
      return nil
    }
    guard let cause = Cause(rawValue: text) else {
      throw FieldworkError(.store, "the stored cause of a failure is unknown: '\(text)'")
    }
    let stderr: DatabaseValue = try row.decode(forColumn: "stderr")
    self.init(
      cause,
      code: try row.decode(forColumn: "code"),
      signal: try row.decode(forColumn: "signal"),
      stderr: stderr.isNull ? "" : try StoredContent.decode(text: stderr)
    )
  }
}
