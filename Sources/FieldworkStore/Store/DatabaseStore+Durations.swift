import GRDB

extension DatabaseStore {
  /// How long the experiments that are done have run on the average, in seconds; nil if none is.
  package func meanDuration() throws -> Double? {
    try read { database in
      try Double.fetchOne(
        database,
        sql: """
          SELECT avg(ended - started) FROM experiment
          WHERE state = 'done' AND started IS NOT NULL AND ended >= started
          """
      )
    }
  }
}

extension DatabaseStore {
  /// The mean time of an iteration of the experiments that are done or pruned; nil if there are none.
  package func secondsPerIteration() throws -> Double? {
    try read { database in
      try Double.fetchOne(
        database,
        sql: """
          SELECT sum(max(ended - started, 0.0)) / sum(iterations) FROM experiment
          WHERE state IN ('done', 'pruned') AND iterations > 0
          """
      )
    }
  }
}
