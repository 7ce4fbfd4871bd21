public import FieldworkCore
import GRDB

extension DatabaseStore {
  /// The digest, computed by the database, so that a large research need not be read for it.
  public func digest(of objective: Objective?, without excluded: Set<String>) throws
    -> ResultDigest
  {
    // Seldom something is left out.
    guard excluded.isEmpty else {
      let results = try contents(ResultFilter(names: objective.map { [$0.name] } ?? []))
      return results.planned(results.keys.subtracting(excluded)).digest(of: objective)
    }
    return try read { database in
      ResultDigest(
        best: try objective.flatMap { try DatabaseStore.best(of: $0, database) },
        failures: try DatabaseStore.failureGroups(database)
      )
    }
  }

  private static func best(
    of objective: Objective,
    _ database: Database
  ) throws -> ResultDigest.Best? {
    let direction = objective.direction == .maximize ? "DESC" : "ASC"
    let row = try Row.fetchOne(
      database,
      sql: """
        WITH last AS (
          SELECT value.experiment, max(value.iteration) AS iteration
          FROM value JOIN variable ON variable.number = value.variable
          WHERE variable.name = ?1 GROUP BY value.experiment
        )
        SELECT experiment.entries, avg(value.content) AS mean, count(*) AS count,
          min(experiment.ordinal) AS ordinal
        FROM last
        JOIN variable ON variable.name = ?1
        JOIN value ON value.experiment = last.experiment AND value.variable = variable.number
          AND value.iteration = last.iteration
        JOIN experiment ON experiment.number = value.experiment
        WHERE experiment.state = 'done' AND value.kind IN ('int', 'double')
          AND value.content IS NOT NULL
        GROUP BY experiment.point HAVING mean IS NOT NULL ORDER BY mean \(direction), ordinal LIMIT 1
        """,
      arguments: [objective.name]
    )
    guard let row else { return nil }
    return ResultDigest.Best(
      config: try StoredConfig.decode(try row.decode(forColumn: "entries")),
      mean: try row.decode(forColumn: "mean"),
      count: try row.decode(forColumn: "count")
    )
  }

  /// The database groups failures with the same message. This function merges the groups whose messages differ only in
  /// numbers and in values of their configs.
  private static func failureGroups(_ database: Database) throws -> [ResultDigest.FailureGroup] {
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT failure.*, count(*) AS count, experiment.id, experiment.entries,
          min(experiment.ordinal) AS ordinal
        FROM failure JOIN experiment ON experiment.number = failure.experiment
        WHERE experiment.state = 'failed' AND failure.rowid =
          (SELECT min(rowid) FROM failure AS other WHERE other.experiment = failure.experiment)
        GROUP BY failure.unit, failure.kind, failure.message ORDER BY ordinal
        """
    )
    var all: [ResultDigest.FailureGroup] = []
    while let row = try rows.next() {
      let config = try StoredConfig.decode(try row.decode(forColumn: "entries"))
      all.append(
        ResultDigest.FailureGroup(
          failure: try Failure(row),
          count: try row.decode(forColumn: "count"),
          exampleID: try row.decode(forColumn: "id"),
          exampleConfig: config
        )
      )
    }
    var groups: [ResultDigest.FailureGroup] = []
    var positions: [[String]: Int] = [:]
    for group in all {
      let failure = group.failure
      let key = [failure.unit, failure.kind, failure.pattern(replacing: group.exampleConfig)]
      if let position = positions[key] {
        groups[position].count += group.count
      } else {
        positions[key] = groups.count
        groups.append(group)
      }
    }
    return groups
  }
}
