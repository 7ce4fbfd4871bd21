import FieldworkCore
import GRDB

extension DatabaseStore {
  /// How an experiment has ended.
  private struct End {
    let ending: Ending
    let iterations: Int
    let time: Double
  }

  /// Writes records in the transaction that is going on.
  static func write(
    _ records: [StoreRecord],
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    if numbers.experiments.isEmpty, numbers.mayHaveOthers {
      let sql = "SELECT EXISTS (SELECT 1 FROM experiment)"
      numbers.mayHaveOthers = try Bool.fetchOne(database, sql: sql) ?? true
    }
    // A short experiment begins and ends in one group: its row is written once, as it is at the end.
    let (ends, isWritten) = endsByBeginning(records)
    for (place, record) in records.enumerated() where !isWritten[place] {
      try write(record, ends[place], database, &numbers)
    }
    if numbers.lacksViews {
      try ResultViews(database).make(database)
      numbers.lacksViews = false
    }
  }

  /// The ends of experiments that begin among the same records, by the place of the beginning; and of each
  /// record, whether it is such an end.
  private static func endsByBeginning(_ records: [StoreRecord]) -> ([End?], [Bool]) {
    var places: [String: Int] = [:]
    var ends = [End?](repeating: nil, count: records.count)
    var isWritten = [Bool](repeating: false, count: records.count)
    for place in records.indices.reversed() {
      switch records[place] {
      case .ended(let key, _, _, _): places[key] = place
      case .started(let experiment, let start):
        // The row of one that goes on is there already.
        guard let last = places.removeValue(forKey: experiment.key), start.iteration == nil,
          case .ended(_, let ending, let iterations, let time) = records[last]
        else { continue }
        ends[place] = End(ending: ending, iterations: iterations, time: time)
        isWritten[last] = true
      default: break
      }
    }
    return (ends, isWritten)
  }

  /// - Parameter end: how an experiment ends that begins, if that is known.
  private static func write(
    _ record: StoreRecord,
    _ end: End?,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    switch record {
    case .note(let key, let value):
      try run(
        database,
        "INSERT OR REPLACE INTO note (key, value) VALUES (?, ?)",
        [Cell(key), Cell(value.canonicalText)]
      )
    case .variables(let names):
      for name in names { _ = try variable(name, isDeclared: true, database, &numbers) }
    case .started(let experiment, let start):
      try begin(experiment, start, end, database, &numbers)
    case .moved(let id, let ordinal):
      try run(
        database,
        "UPDATE experiment SET ordinal = ? WHERE key = ? AND ordinal <> ?",
        [Cell(ordinal), Cell(id), Cell(ordinal)]
      )
    case .saved(let id, let values):
      let experiment = try number(of: id, database, &numbers)
      for value in values {
        let variable = try variable(value.name, isDeclared: false, database, &numbers)
        try run(
          database,
          "INSERT OR REPLACE INTO value (experiment, variable, iteration, kind, content) VALUES (?, ?, ?, ?, ?)",
          [
            Cell(experiment), Cell(variable), Cell(value.iteration),
            Cell(value.value.kind.rawValue), StoredContent.encode(value.value),
          ]
        )
      }
    case .failed(let id, let failure):
      try run(
        database,
        """
        INSERT INTO failure
          (experiment, unit, iteration, kind, message, file, line, cause, code, signal, stderr)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          Cell(try number(of: id, database, &numbers)), Cell(failure.unit), Cell(failure.iteration),
          Cell(failure.kind), StoredContent.encode(text: failure.message),
          Cell(failure.place?.file), Cell(failure.place?.line),
          Cell(failure.death?.cause.rawValue), Cell(failure.death?.code),
          Cell(failure.death?.signal),
          failure.errorOutput.map(StoredContent.encode(text:)) ?? .null,
        ]
      )
    case .ended(let id, let ending, let iterations, let time):
      try run(
        database,
        "UPDATE experiment SET state = ?, ending = ?, iterations = ?, ended = ? WHERE number = ?",
        [
          Cell(ending.state.rawValue), Cell(ending.rawValue), Cell(iterations), Cell(time),
          Cell(try number(of: id, database, &numbers)),
        ]
      )
    case .updated(let update): try update.write(to: database)
    case .checkpoint(let id, let checkpoint):
      try checkpoint.write(to: database, experiment: try number(of: id, database, &numbers))
    case .meta, .profiled, .output: try writeCircumstances(record, database, &numbers)
    }
  }

  private static func writeCircumstances(
    _ record: StoreRecord,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    switch record {
    case .meta(let meta):
      try run(
        database,
        "INSERT OR REPLACE INTO meta (run, topic, item, text) VALUES (?, ?, ?, ?)",
        [Cell(meta.run), Cell(meta.topic), Cell(meta.item), Cell(meta.text)]
      )
    case .profiled(let id, let timings):
      let experiment = try number(of: id, database, &numbers)
      for timing in timings {
        try run(
          database,
          """
          INSERT INTO profile (experiment, unit, iteration, total, call, evaluation, cpu, memory)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
          [
            Cell(experiment), Cell(timing.unit), Cell(timing.iteration), Cell(timing.total),
            Cell(timing.call), Cell(timing.evaluation), Cell(timing.cpu), Cell(timing.memory),
          ]
        )
      }
    case .output(let id, let stream, let text):
      try run(
        database,
        """
        INSERT INTO output (experiment, stream, text) VALUES (?, ?, ?)
        ON CONFLICT (experiment, stream) DO UPDATE SET text = text || excluded.text
        """,
        [Cell(try number(of: id, database, &numbers)), Cell(stream.rawValue), Cell(text)]
      )
    default: break
    }
  }

  /// - Parameter end: how the experiment ends, if that is known.
  private static func begin(
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ end: End?,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws {
    for entry in experiment.config.entries
    where !Config.auxiliaryKeys.contains(entry.name.key)
      && numbers.parameters.insert(entry.name.key).inserted
    {
      try run(
        database,
        "INSERT OR IGNORE INTO parameter (name) VALUES (?)",
        [Cell(entry.name.key)]
      )
      numbers.lacksViews = true
    }
    let old = try knownNumber(of: experiment.key, database, &numbers)
    if let old, let iteration = start.iteration {
      try resume(old, at: iteration, experiment, start, database)
      numbers.experiments[experiment.key] = old
      return
    }
    if let old {
      for table in ["value", "failure", "profile", "output", "checkpoint"] {
        try run(database, "DELETE FROM \(table) WHERE experiment = ?", [Cell(old)])
      }
      try run(database, "DELETE FROM experiment WHERE number = ?", [Cell(old)])
    }
    try run(
      database,
      """
      INSERT INTO experiment
        (number, key, id, point, ordinal, config, entries, repetition, updates, state, worker, started,
        task, branch, device, attempt, build, ending, iterations, ended, versions)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        Cell(old), Cell(experiment.key), Cell(experiment.id),
        Cell(experiment.config.withoutAuxiliary.identity), Cell(experiment.ordinal),
        Cell(StoredConfig.json(experiment.config)), Cell(StoredConfig.encode(experiment.config)),
        Cell(experiment.repetition), Cell(experiment.updates),
        Cell((end?.ending.state ?? .running).rawValue), Cell(start.worker), Cell(start.at),
        Cell(experiment.task), Cell(experiment.branch), Cell(start.device), Cell(start.attempt),
        Cell(start.build), Cell(end?.ending.rawValue), Cell(end?.iterations), Cell(end?.time),
        Cell(start.versions),
      ]
    )
    numbers.experiments[experiment.key] = old ?? database.lastInsertedRowID
  }

  private static func number(
    of id: String,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64 {
    guard let number = try knownNumber(of: id, database, &numbers) else {
      throw FieldworkError(.store, "the experiment \(id) was never started")
    }
    return number
  }

  /// - Returns: nil if the store has no such experiment.
  private static func knownNumber(
    of key: String,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64? {
    if let known = numbers.experiments[key] { return known }
    guard numbers.mayHaveOthers else { return nil }
    let found = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT number FROM experiment WHERE key = ?"),
      arguments: [key]
    )
    numbers.experiments[key] = found
    return found
  }

  private static func variable(
    _ name: String,
    isDeclared: Bool,
    _ database: Database,
    _ numbers: inout Numbers
  ) throws -> Int64 {
    if let known = numbers.variables[name] { return known }
    // SQLite's texts end at a null character.
    let stored = name.utf8.contains(0) ? name.replacing("\0", with: "\u{FFFD}") : name
    try run(
      database,
      """
      INSERT INTO variable (name, declared)
      VALUES (?, CASE WHEN ? THEN (SELECT ifnull(max(declared), 0) + 1 FROM variable) END)
      ON CONFLICT (name) DO UPDATE SET declared = excluded.declared
      WHERE variable.declared IS NULL AND excluded.declared IS NOT NULL
      """,
      [Cell(stored), Cell(isDeclared ? 1 : 0)]
    )
    let number = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT number FROM variable WHERE name = ?"),
      arguments: [stored]
    )
    guard let number else { throw FieldworkError(.store, "the variable \(name) is not kept") }
    numbers.variables[name] = number
    numbers.lacksViews = true
    return number
  }
}
