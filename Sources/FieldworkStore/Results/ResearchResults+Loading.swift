public import FieldworkCore
import GRDB

extension ResearchResults {
  /// Reads the results in a research's folder, without its playbook.
  ///
  ///     let results = try ResearchResults.load("research/ising", ResultFilter(names: ["m"]))
  ///
  /// Nothing is written, and a run that is writing there is not disturbed.
  /// - Parameters:
  ///   - path: the folder of the research.
  ///   - filter: what to read.
  /// - Throws: ``FieldworkError`` of code `store` if the folder has no results or they cannot be read;
  ///   what ``filtered(_:)`` throws.
  public static func load(
    _ path: String,
    _ filter: ResultFilter = ResultFilter()
  ) throws -> ResearchResults {
    let store = try DatabaseStore.openForReading(ResearchFolder(path: path))
    defer { try? store.close() }
    return try store.contents(filter)
  }
}

extension DatabaseStore {
  public func saved(by experiment: String) throws -> [SavedValue] {
    try read { database in
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT variable.name, value.iteration, value.kind, value.content FROM experiment
          JOIN value ON value.experiment = experiment.number
          JOIN variable ON variable.number = value.variable
          WHERE experiment.key = ? ORDER BY variable.number, value.iteration
          """,
        arguments: [experiment]
      )
      var saved: [SavedValue] = []
      while let row = try rows.next() {
        let content: DatabaseValue = try row.decode(atIndex: 3)
        saved.append(
          SavedValue(
            name: try row.decode(atIndex: 0),
            iteration: try row.decode(atIndex: 1),
            value: try StoredContent.decode(kind: try row.decode(atIndex: 2), content)
          )
        )
      }
      return saved
    }
  }

  /// What a filter chooses of everything that is kept; the rest is not held in memory.
  /// - Throws: ``FieldworkError`` of code `store` if it cannot be read, and what
  ///   ``ResearchResults/filtered(_:)`` throws.
  public func contents(_ filter: ResultFilter) throws -> ResearchResults {
    let passes = try filter.condition()
    // An error of a condition is not one of the store.
    var conditionError: (any Error)?
    do {
      return try read { database in
        try ResearchResults(database, folder, filter) { experiment in
          do {
            return try passes(experiment)
          } catch {
            conditionError = error
            throw error
          }
        }
      }
    } catch {
      throw conditionError ?? error
    }
  }
}
