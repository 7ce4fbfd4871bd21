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

  /// By key: the builds of the program that ran the experiments that are done, where they are known.
  package func builds() throws -> [String: String] {
    try read { database in
      guard try database.columns(in: "experiment").contains(where: { $0.name == "build" }) else {
        return [:]
      }
      let rows = try Row.fetchCursor(
        database,
        sql: "SELECT key, build FROM experiment WHERE state = 'done' AND build IS NOT NULL"
      )
      var builds: [String: String] = [:]
      while let row = try rows.next() {
        builds[try row.decode(atIndex: 0)] = try row.decode(String.self, atIndex: 1)
      }
      return builds
    }
  }

  /// The number of experiments that are done and were run by another build of the program.
  package func count(otherThanBuild build: String) throws -> Int {
    try read { database in
      try Int.fetchOne(
        database,
        sql: """
          SELECT count(*) FROM experiment
          WHERE state = 'done' AND build IS NOT NULL AND build <> ?
          """,
        arguments: [build]
      ) ?? 0
    }
  }
}
