public import FieldworkCore
import Foundation
import GRDB

/// That an experiment has a checkpoint.
public struct CheckpointNote: Sendable, Hashable {
  /// The key of the experiment.
  public let experiment: String
  /// See ``Checkpoint/iteration``.
  public let iteration: Int
  /// See ``Checkpoint/definition``.
  public let definition: String
  /// How the experiment ended, and after how many iterations; nil while it runs.
  public let ending: Ending?
  public let iterations: Int?

  public init(
    experiment: String,
    iteration: Int,
    definition: String,
    ending: Ending?,
    iterations: Int?
  ) {
    self.experiment = experiment
    self.iteration = iteration
    self.definition = definition
    self.ending = ending
    self.iterations = iterations
  }
}

extension DatabaseStore {
  public func checkpoints() throws -> [CheckpointNote] {
    try read { database in
      guard try database.tableExists("checkpoint") else { return [] }
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT DISTINCT key, iteration, definition, ending, iterations
          FROM checkpoint JOIN experiment ON experiment.number = checkpoint.experiment
          """
      )
      return try rows.map { row in
        CheckpointNote(
          experiment: try row.decode(atIndex: 0),
          iteration: try row.decode(atIndex: 1),
          definition: try row.decode(atIndex: 2),
          ending: (try row.decode(String?.self, atIndex: 3)).flatMap(Ending.init(rawValue:)),
          iterations: try row.decode(atIndex: 4)
        )
      }
    }
  }

  public func checkpoint(of experiment: String) throws -> Checkpoint? {
    try read { database in
      guard try database.tableExists("checkpoint") else { return nil }
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT iteration, definition, part, content
          FROM checkpoint JOIN experiment ON experiment.number = checkpoint.experiment
          WHERE key = ? ORDER BY part
          """,
        arguments: [experiment]
      )
      guard let first = rows.first else { return nil }
      return Checkpoint(
        iteration: try first.decode(atIndex: 0),
        definition: try first.decode(atIndex: 1),
        parts: try rows.map { row in
          Checkpoint.Part(try row.decode(atIndex: 2), Array(try row.decode(Data.self, atIndex: 3)))
        }
      )
    }
  }

  /// Has an experiment go on: what it has saved from an iteration on is removed, and how it ended.
  static func resume(
    _ number: Int64,
    at iteration: Int,
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ database: Database
  ) throws {
    for table in ["value", "profile"] {
      try run(
        database,
        "DELETE FROM \(table) WHERE experiment = ? AND iteration >= ?",
        [Cell(number), Cell(iteration)]
      )
    }
    try run(database, "DELETE FROM failure WHERE experiment = ?", [Cell(number)])
    try run(
      database,
      """
      UPDATE experiment SET state = ?, ending = NULL, iterations = NULL, ended = NULL, worker = ?,
        started = ?, ordinal = ?, updates = ?, task = ?, branch = ?, device = ?, attempt = ?, build = ?,
        versions = ?
      WHERE number = ?
      """,
      [
        Cell(ExperimentState.running.rawValue), Cell(start.worker), Cell(start.at),
        Cell(experiment.ordinal), Cell(experiment.updates), Cell(experiment.task),
        Cell(experiment.branch), Cell(start.device), Cell(start.attempt), Cell(start.build),
        Cell(start.versions), Cell(number),
      ]
    )
  }
}

extension Checkpoint {
  /// Writes it in place of an earlier one.
  func write(to database: Database, experiment: Int64) throws {
    try DatabaseStore.run(
      database,
      "DELETE FROM checkpoint WHERE experiment = ?",
      [Cell(experiment)]
    )
    for part in parts {
      try DatabaseStore.run(
        database,
        "INSERT INTO checkpoint (experiment, part, iteration, definition, content) VALUES (?, ?, ?, ?, ?)",
        [
          Cell(experiment), Cell(part.name), Cell(iteration), Cell(definition),
          .blob(Data(part.content)),
        ]
      )
    }
  }
}
