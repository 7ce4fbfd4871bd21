import FieldworkCore
import GRDB

extension Profile {
  /// Reads what was measured.
  /// - Throws: ``FieldworkError`` of code `store` if nothing was measured or it cannot be read.
  public init(_ store: any ResultStore) throws {
    // Experiments come second: those that begin meanwhile have no calls here.
    let calls = try store.profile()
    try self.init(calls, store.experiments(), in: store.folder)
  }

  /// Reads what was measured of the research in a folder.
  ///
  /// Nothing is written, and a run that is writing there is not disturbed: experiments that have ended
  /// are in the profile.
  /// - Throws: ``FieldworkError`` of code `store` if the folder has no results, nothing was measured, or
  ///   it cannot be read.
  public static func load(_ path: String) throws -> Profile {
    let store = try DatabaseStore.openForReading(ResearchFolder(path: path))
    defer { try? store.close() }
    return try Profile(store)
  }

  /// - Throws: ``FieldworkError`` of code `store` if nothing was measured.
  fileprivate init(
    _ calls: [UnitProfile],
    _ experiments: [ExperimentRecord],
    in folder: ResearchFolder?
  ) throws {
    self.init(calls, experiments)
    guard self.calls.isEmpty else { return }
    let place = folder.map { " in \($0.path)" } ?? ""
    let remedy =
      "run it with --profile simple or --profile detailed, or say profile: in the playbook"
    let isOver = experiments.contains { $0.state == .done }
    throw FieldworkError(
      .store,
      "no time of the research\(place) was measured; \(remedy)"
        + (isOver ? " (experiments that are done run again with --fresh only)" : "")
    )
  }
}

extension ResearchResults {
  /// Where the time of these experiments went.
  ///
  ///     let profile = try await research.run().profile()
  ///
  /// It is read from the folder of the research now; of a research in memory it came with the results.
  /// - Throws: ``FieldworkError`` of code `store` if nothing was measured or it cannot be read.
  public func profile() throws -> Profile {
    guard let folder else { return try Profile(calls, experiments, in: nil) }
    let store = try DatabaseStore.openForReading(folder)
    defer { try? store.close() }
    return try Profile(store.profile(), experiments, in: folder)
  }
}

extension UnitProfile {
  /// Reads everything that was measured.
  static func all(_ database: Database) throws -> [UnitProfile] {
    // Stores of the first version lack the table.
    guard try database.tableExists("profile") else { return [] }
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT experiment.id, unit, iteration, total, call, evaluation, cpu, memory
        FROM profile JOIN experiment ON experiment.number = profile.experiment
        ORDER BY experiment.ordinal, experiment.number, profile.iteration, profile.rowid
        """
    )
    var profiles: [UnitProfile] = []
    while let row = try rows.next() {
      let timing = UnitTiming(
        unit: try row.decode(atIndex: 1),
        iteration: try row.decode(atIndex: 2),
        total: try row.decode(atIndex: 3),
        call: try row.decode(atIndex: 4),
        evaluation: try row.decode(atIndex: 5),
        cpu: try row.decode(atIndex: 6),
        memory: try row.decode(atIndex: 7)
      )
      profiles.append(UnitProfile(experiment: try row.decode(atIndex: 0), timing: timing))
    }
    return profiles
  }
}
