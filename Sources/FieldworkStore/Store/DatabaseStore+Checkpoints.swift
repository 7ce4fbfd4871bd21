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
          SELECT checkpoint.* FROM checkpoint JOIN experiment ON experiment.number = checkpoint.experiment
          WHERE key = ? ORDER BY part
          """,
        arguments: [experiment]
      )
      guard let first = rows.first else { return nil }
      // What it rests on is what the experiment had saved.
      let number: Int64 = try first.decode(forColumn: "experiment")
      if try StoredChecksum.isDamaged(number, database) {
        throw FieldworkError(.store, "what is stored of it is damaged")
      }
      let found = Checkpoint(
        iteration: try first.decode(forColumn: "iteration"),
        definition: try first.decode(forColumn: "definition"),
        parts: try rows.map { row in
          Checkpoint.Part(
            try row.decode(forColumn: "part"),
            Array(try row.decode(Data.self, forColumn: "content"))
          )
        }
      )
      // Stores of earlier versions have none.
      if first.hasColumn("checksum"),
        let stored = try first.decode(Int64?.self, forColumn: "checksum"),
        Cell(stored) != found.checksum(experiment)
      {
        throw FieldworkError(.store, "its checkpoint is damaged")
      }
      return found
    }
  }

  /// The ids of the experiments whose checkpoints are damaged, in the order of the plan.
  static func damagedCheckpoints(_ database: Database) throws -> [String] {
    guard try StoredChecksum.areKept(database) else { return [] }
    var parts: [String: [Checkpoint.Part]] = [:]
    var damaged: [(ordinal: Int, id: String)] = []
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT key, id, ordinal, part, iteration, definition, content, checkpoint.checksum AS stored
        FROM checkpoint JOIN experiment ON experiment.number = checkpoint.experiment
        ORDER BY experiment.number, part
        """
    )
    var last: (key: String, checkpoint: Checkpoint, stored: Int64?, id: String, ordinal: Int)?
    func close() {
      guard let found = last, let stored = found.stored else { return }
      if Cell(stored) != found.checkpoint.checksum(found.key) {
        damaged.append((found.ordinal, found.id))
      }
    }
    while let row = try rows.next() {
      let key: String = try row.decode(forColumn: "key")
      if key != last?.key {
        close()
        parts = [:]
      }
      parts[key, default: []].append(
        Checkpoint.Part(
          try row.decode(forColumn: "part"),
          Array(try row.decode(Data.self, forColumn: "content"))
        )
      )
      last = (
        key,
        Checkpoint(
          iteration: try row.decode(forColumn: "iteration"),
          definition: try row.decode(forColumn: "definition"),
          parts: parts[key] ?? []
        ),
        try row.decode(forColumn: "stored"), try row.decode(forColumn: "id"),
        try row.decode(forColumn: "ordinal")
      )
    }
    close()
    return damaged.sorted { $0.ordinal < $1.ordinal }.map(\.id)
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
        versions = ?, checksum = NULL, value_checksum = NULL, detail_checksum = NULL
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
  /// The checksum of the whole checkpoint of an experiment.
  fileprivate func checksum(_ experiment: String) -> Cell {
    let sorted = parts.sorted { $0.name < $1.name }
    let cells = sorted.flatMap { [Cell($0.name), .blob(Data($0.content))] }
    return StoredChecksum.row(
      "checkpoint",
      [Cell(experiment), Cell(iteration), Cell(definition), Cell(parts.count)] + cells
    )
  }

  /// Writes it in place of an earlier one.
  /// - Parameters:
  ///   - key: the key of the experiment.
  ///   - experiment: the number of its row.
  func write(to database: Database, _ key: String, experiment: Int64) throws {
    try DatabaseStore.run(
      database,
      "DELETE FROM checkpoint WHERE experiment = ?",
      [Cell(experiment)]
    )
    let checksum = checksum(key)
    for part in parts {
      try DatabaseStore.run(
        database,
        "INSERT INTO checkpoint (experiment, part, iteration, definition, content, checksum) VALUES (?, ?, ?, ?, ?, ?)",
        [
          Cell(experiment), Cell(part.name), Cell(iteration), Cell(definition),
          .blob(Data(part.content)), checksum,
        ]
      )
    }
  }
}
