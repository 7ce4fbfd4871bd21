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
  /// By the position of the experiment in `experiments`: what it saved, in order of iteration.
  let values: [[StoredValue]]

  struct StoredValue: Sendable {
    /// The position in `variables`.
    let variable: Int
    let iteration: Int
    let value: Value
  }

  init(_ database: Database) throws {
    notes = try Schema.notes(database)
    let names = try Row.fetchAll(
      database,
      sql: "SELECT number, name FROM variable ORDER BY declared IS NULL, declared, name"
    )
    // Decoding throws where subscripts trap: a damaged file may hold anything anywhere.
    variables = try names.map { try $0.decode(atIndex: 1) }
    let variablePositions = Dictionary(
      try names.enumerated().map { (try $1.decode(Int64.self, atIndex: 0), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let failures = try ResearchResults.failures(database)
    var experiments: [ExperimentRecord] = []
    var positions: [Int64: Int] = [:]
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT * FROM experiment ORDER BY ordinal, number"
    )
    while let row = try rows.next() {
      let number: Int64 = try row.decode(forColumn: "number")
      positions[number] = experiments.count
      experiments.append(try ExperimentRecord(row, failures: failures[number] ?? []))
    }
    self.experiments = experiments
    values = try ResearchResults.values(database, positions, variablePositions)
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

  private static func values(
    _ database: Database,
    _ experiments: [Int64: Int],
    _ variables: [Int64: Int]
  ) throws -> [[StoredValue]] {
    var values = [[StoredValue]](repeating: [], count: experiments.count)
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT experiment, variable, iteration, kind, content FROM value"
    )
    while let row = try rows.next() {
      let number: Int64 = try row.decode(atIndex: 0)
      let variable: Int64 = try row.decode(atIndex: 1)
      guard let experiment = experiments[number], let position = variables[variable] else {
        continue
      }
      let content: DatabaseValue = try row.decode(atIndex: 4)
      values[experiment].append(
        StoredValue(
          variable: position,
          iteration: try row.decode(atIndex: 2),
          value: try StoredContent.decode(kind: try row.decode(atIndex: 3), content)
        )
      )
    }
    for index in values.indices {
      values[index].sort { ($0.iteration, $0.variable) < ($1.iteration, $1.variable) }
    }
    return values
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
      message: try row.decode(forColumn: "message"),
      place: file.map { SourcePlace(file: $0, line: line ?? 0) }
    )
  }
}

/// What is known of one experiment.
public struct ExperimentRecord: Sendable {
  public let id: String
  /// The number in the order of the plan, from 0.
  public let ordinal: Int
  /// The config with the repetition and the number of updates.
  public let config: Config
  public let repetition: Int
  public let updates: Int
  public let state: ExperimentState
  /// How the experiment ended; nil while it runs.
  public let ending: Ending?
  /// The number of iterations begun; nil while it runs.
  public let iterations: Int?
  /// The number of the worker that ran it, from 0.
  public let worker: Int?
  /// When it began, in seconds since 1970.
  public let started: Double?
  /// When it ended, in seconds since 1970.
  public let ended: Double?
  public let failures: [Failure]

  init(_ row: Row, failures: [Failure]) throws {
    id = try row.decode(forColumn: "id")
    ordinal = try row.decode(forColumn: "ordinal")
    config = try StoredConfig.decode(try row.decode(forColumn: "entries"))
    repetition = try row.decode(forColumn: "repetition")
    updates = try row.decode(forColumn: "updates")
    state = ExperimentState(rawValue: try row.decode(forColumn: "state")) ?? .interrupted
    ending = (try row.decode(String?.self, forColumn: "ending")).flatMap(Ending.init(rawValue:))
    iterations = try row.decode(forColumn: "iterations")
    worker = try row.decode(forColumn: "worker")
    started = try row.decode(forColumn: "started")
    ended = try row.decode(forColumn: "ended")
    self.failures = failures
  }

  /// How long it ran, in seconds; nil while it runs.
  public var duration: Double? { started.flatMap { start in ended.map { $0 - start } } }

  /// How an iteration of the experiment ended: the last one as the experiment did, any other complete.
  /// Of an experiment that runs, the last iteration that saved something may still be going on.
  func ending(ofIteration iteration: Int, isLastSaved: Bool) -> Ending? {
    guard let iterations else { return isLastSaved ? nil : .complete }
    return iteration >= iterations - 1 ? ending : .complete
  }
}
