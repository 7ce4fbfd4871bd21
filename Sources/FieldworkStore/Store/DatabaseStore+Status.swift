package import FieldworkCore
import GRDB

/// What a store tells of a run that writes it, or has written it.
package struct StoredStatus: Sendable {
  /// An experiment that has begun and not ended.
  package struct Running: Sendable {
    package let id: String
    package let config: Config
    /// The number of the worker, from 0.
    package let worker: Int
    /// In seconds since 1970.
    package let began: Double
    /// The number of iterations up to the last one that saved something.
    package let iterations: Int
  }

  /// An experiment that has failed.
  package struct Failed: Sendable {
    package let key: String
    package let id: String
    /// Its place in the order of the plan.
    package let ordinal: Int
  }

  /// The account of the last run; nil if there is none.
  package let account: RunAccount?
  /// How many experiments are in each state.
  package let counts: [ExperimentState: Int]
  /// Those that the last run has begun and not ended, in order of the workers.
  package let running: [Running]
}

extension DatabaseStore {
  /// How many experiments that run are read.
  private static let runningLimit = 1000

  /// How far the last run has come, as of one moment.
  package func status() throws -> StoredStatus {
    try read { database in
      let account = RunAccount(try Schema.notes(database))
      var counts: [ExperimentState: Int] = [:]
      let states = try Row.fetchCursor(
        database,
        sql: "SELECT state, count(*) FROM experiment GROUP BY state"
      )
      while let row = try states.next() {
        let state: String = try row.decode(atIndex: 0)
        if let state = ExperimentState(rawValue: state) {
          counts[state] = try row.decode(Int.self, atIndex: 1)
        }
      }
      return StoredStatus(
        account: account,
        counts: counts,
        // What is left of runs that were cut off has begun before this one.
        running: try DatabaseStore.running(since: account?.began ?? .infinity, database)
      )
    }
  }

  private static func running(
    since began: Double,
    _ database: Database
  ) throws -> [StoredStatus.Running] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT id, entries, ifnull(worker, 0) AS worker, started,
          (SELECT max(iteration) FROM value WHERE value.experiment = experiment.number) AS last
        FROM experiment WHERE state = 'running' AND started >= ?
        ORDER BY worker, ordinal LIMIT \(runningLimit)
        """,
      arguments: [began]
    )
    return try rows.map { row in
      let last: Int? = try row.decode(forColumn: "last")
      return StoredStatus.Running(
        id: try row.decode(forColumn: "id"),
        config: try StoredConfig.decode(try row.decode(forColumn: "entries")),
        worker: try row.decode(forColumn: "worker"),
        began: try row.decode(forColumn: "started"),
        iterations: last.map { $0 + 1 } ?? 0
      )
    }
  }

  /// The experiments that have failed, in the order of the plan.
  package func failedExperiments() throws -> [StoredStatus.Failed] {
    try read { database in
      let rows = try Row.fetchAll(
        database,
        sql: "SELECT key, id, ordinal FROM experiment WHERE state = 'failed' ORDER BY ordinal"
      )
      return try rows.map { row in
        StoredStatus.Failed(
          key: try row.decode(forColumn: "key"),
          id: try row.decode(forColumn: "id"),
          ordinal: try row.decode(forColumn: "ordinal")
        )
      }
    }
  }

  /// The first experiment whose id begins with a text, and its state; nil if there is none.
  package func experiment(beginning prefix: String) throws -> (id: String, state: ExperimentState)?
  {
    try read { database in
      let row = try Row.fetchOne(
        database,
        sql:
          "SELECT id, state FROM experiment WHERE substr(id, 1, length(?1)) = ?1 ORDER BY ordinal",
        arguments: [prefix]
      )
      guard let row else { return nil }
      let state: String = try row.decode(atIndex: 1)
      return (try row.decode(atIndex: 0), ExperimentState(rawValue: state) ?? .interrupted)
    }
  }
}

extension ResearchFolder {
  /// When something was last written into the store, in seconds since 1970; nil if there is none.
  ///
  /// It costs two calls of the system, and does not open the store.
  package var lastRecord: Double? {
    let times = [databasePath, databasePath + "-wal"].compactMap { FileTime(at: $0)?.seconds }
    return times.max()
  }
}
