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
