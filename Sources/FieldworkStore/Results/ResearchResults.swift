import Dispatch
public import FieldworkCore
import GRDB

/// The results of a research, read once: experiments, what they saved, and why some failed.
public struct ResearchResults: Sendable {
  /// The experiments in the order of the plan.
  public private(set) var experiments: [ExperimentRecord]
  /// The names under which values were saved, in the order in which tables show them.
  public let variables: [String]
  /// What is noted about the research as a whole.
  public let notes: [String: Value]
  /// The ids of experiments that are damaged: what is stored of them is not what was stored when they ended. The values
  /// that can be read are in these results; `retry --damaged` runs the experiments again.
  public let damaged: [String]
  /// What was saved under each of `variables`.
  let saved: [SavedVariable]
  /// By the position of the experiment in `experiments`: the last iteration that saved something, whether
  /// or not a filter kept it.
  let lastIterations: [Int?]
  /// The folder of the research; nil if it was in memory.
  let folder: ResearchFolder?
  /// How long units took, if the research was in memory; a folder has it still.
  let calls: [UnitProfile]

  init(
    experiments: [ExperimentRecord],
    variables: [String],
    saved: [SavedVariable],
    lastIterations: [Int?],
    of results: ResearchResults
  ) {
    self.experiments = experiments
    self.variables = variables
    self.saved = saved
    self.lastIterations = lastIterations
    notes = results.notes
    damaged = results.damaged(among: experiments)
    folder = results.folder
    calls = results.calls
  }

  /// Reads what a filter keeps.
  /// - Throws: also what `passes` throws.
  init(
    _ database: Database,
    _ folder: ResearchFolder?,
    _ filter: ResultFilter,
    passes: (ExperimentRecord) throws -> Bool
  ) throws {
    self.folder = folder
    notes = try Schema.notes(database)
    let names = try Row.fetchAll(
      database,
      sql: "SELECT number, name FROM variable ORDER BY declared IS NULL, declared, name"
    )
    // Decoding throws where subscripts trap: a damaged file may hold anything anywhere.
    var variables: [String] = []
    var reader = SavedValueReader(iterations: filter.iterations)
    for row in names {
      let name: String = try row.decode(atIndex: 1)
      let number: Int64 = try row.decode(atIndex: 0)
      reader.names[number] = StoredChecksum.name(name)
      guard filter.names?.contains(name) ?? true else { continue }
      reader.variables[number] = variables.count
      variables.append(name)
    }
    self.variables = variables
    var experiments: [ExperimentRecord] = []
    var damaged = Set<Int>()
    var checksums: [UInt64?] = []
    let unreadable = try ExperimentRecord.forEach(database) { number, experiment, sums in
      guard try passes(experiment) else { return }
      if !sums.isWhole { damaged.insert(experiments.count) }
      reader.experiments[number] = experiments.count
      experiments.append(experiment)
      checksums.append(sums.values)
    }
    self.experiments = experiments
    (saved, lastIterations) = try reader.read(database, isComplete: !filter.choosesExperiments)
    for (position, checksum) in checksums.enumerated() {
      if let checksum, reader.checksums[position] != checksum { damaged.insert(position) }
    }
    damaged.formUnion(reader.unreadable)
    let found = damaged.sorted().map { experiments[$0].id }
    self.damaged = found + unreadable.filter { !found.contains($0) }
    // A store in memory may be gone when someone asks for them.
    calls = folder == nil ? try UnitProfile.all(database) : []
  }
}

extension ResearchResults {
  /// The results as they are if no run goes on: an experiment that its run has left running was interrupted.
  package func withoutRun() -> ResearchResults {
    var results = self
    for index in experiments.indices where experiments[index].state == .running {
      results.experiments[index] = ExperimentRecord(experiments[index], state: .interrupted)
    }
    return results
  }
}

extension ResearchResults {
  /// The damaged experiments among some, and those that could not be read at all.
  private func damaged(among kept: [ExperimentRecord]) -> [String] {
    guard !damaged.isEmpty else { return [] }
    let (kept, all) = (Set(kept.map(\.id)), Set(experiments.map(\.id)))
    return damaged.filter { kept.contains($0) || !all.contains($0) }
  }
}

extension ExperimentRecord {
  /// The checksums of a stored experiment.
  struct Sums {
    /// False if the row or a failure is not as it was when the experiment ended.
    let isWhole: Bool
    /// The checksum of the saved values; nil if the store keeps none, or the experiment has not ended.
    let values: UInt64?
  }

  /// Reads the experiments in the order of the plan.
  /// - Parameter body: is called with the number of a row, the experiment, and its checksums.
  /// - Returns: the ids of experiments that cannot be read.
  @discardableResult
  static func forEach(
    _ database: Database,
    _ body: (Int64, ExperimentRecord, Sums) throws -> Void
  ) throws -> [String] {
    let decoder = try ExperimentDecoder(database)
    var unreadable: [String] = []
    func take(_ decoded: ExperimentDecoder.Decoded) throws {
      unreadable += decoded.unreadable
      for (number, experiment, sums) in decoded.experiments { try body(number, experiment, sums) }
    }
    var rows = StoredRows()
    try StoredChecksum.forEach(database, StoredRows.query(database), []) { statement in
      rows.append(statement)
      guard rows.count == ExperimentDecoder.groupSize else { return }
      if let decoded = try decoder.exchange(rows) { try take(decoded) }
      rows = StoredRows()
    }
    while let decoded = try decoder.next() { try take(decoded) }
    try take(decoder.decode(rows))
    return unreadable
  }

  /// - Returns: failures by the number of the experiment's row, and the numbers of those that have unreadable ones.
  fileprivate static func failures(
    _ database: Database
  ) throws -> (readable: [Int64: [Failure]], unreadable: Set<Int64>) {
    var failures: [Int64: [Failure]] = [:]
    var unreadable = Set<Int64>()
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM failure ORDER BY rowid")
    while let row = try rows.next() {
      guard let number: Int64 = try? row.decode(forColumn: "experiment") else { continue }
      do {
        failures[number, default: []].append(try Failure(row))
      } catch {
        unreadable.insert(number)
      }
    }
    return (failures, unreadable)
  }
}

/// Decodes the rows of experiments in their order, on another thread than the one that reads them.
///
/// `@unchecked Sendable`: the queue decodes one group after another, and the thread that reads decodes the last rows when
/// the queue has nothing left.
private final class ExperimentDecoder: @unchecked Sendable {
  struct Decoded: Sendable {
    var experiments: [(Int64, ExperimentRecord, ExperimentRecord.Sums)] = []
    /// The ids of experiments that cannot be read.
    var unreadable: [String] = []
  }

  private final class Group: Sendable {
    let isDecoded = DispatchSemaphore(value: 0)
    let result = Protected<Result<Decoded, any Error>>(.success(Decoded()))
  }

  /// The number of rows that are decoded together.
  static let groupSize = 1000
  /// The number of groups that may wait.
  private static let limit = 4

  private let failures: (readable: [Int64: [Failure]], unreadable: Set<Int64>)
  private let sums: [Int64: StoredChecksum.Sums]?
  private var configs: ConfigNumbers
  private var texts = StoredTexts()
  private let queue = DispatchQueue(label: "fieldwork.results")
  /// The groups in their order. The thread that reads uses them.
  private var groups: [Group] = []

  init(_ database: Database) throws {
    failures = try ExperimentRecord.failures(database)
    sums =
      try StoredChecksum.areKept(database)
      ? StoredChecksum.sums(database, [.failures]) : nil
    configs = ConfigNumbers(capacity: try DatabaseStore.estimatedCount(database))
  }

  /// Takes rows to decode.
  /// - Returns: the result of earlier ones, if many wait.
  func exchange(_ rows: StoredRows) throws -> Decoded? {
    let group = Group()
    groups.append(group)
    queue.async { [self] in
      let result = Result { try decode(rows) }
      group.result.withLock { $0 = result }
      group.isDecoded.signal()
    }
    return groups.count > Self.limit ? try next() : nil
  }

  /// Waits for the first of the groups that were not returned.
  /// - Returns: nil if there is none.
  func next() throws -> Decoded? {
    guard !groups.isEmpty else { return nil }
    let group = groups.removeFirst()
    group.isDecoded.wait()
    return try group.result.withLock { try $0.get() }
  }

  /// - Throws: ``FieldworkError`` of code `store` if a row has no number.
  func decode(_ rows: StoredRows) throws -> Decoded {
    var decoded = Decoded()
    decoded.experiments.reserveCapacity(rows.count)
    for index in 0..<rows.count {
      let row = rows[index]
      let number = Int64(try row.integer(.number))
      do {
        let experiment = try ExperimentRecord(
          row,
          &texts,
          failures: failures.readable[number] ?? [],
          &configs
        )
        if failures.unreadable.contains(number) { decoded.unreadable.append(experiment.id) }
        let own = ExperimentRecord.Sums(
          isWhole: sums.map { row.isWhole($0[number]?.row ?? 0) } ?? true,
          values: sums == nil ? nil : row.valueChecksum
        )
        decoded.experiments.append((number, experiment, own))
      } catch {
        decoded.unreadable.append((try? row.text(.id)) ?? "(without a readable id)")
      }
    }
    return decoded
  }
}

extension Failure {
  init(_ row: Row) throws {
    let file: String? = try row.decode(forColumn: "file")
    let line: Int? = try row.decode(forColumn: "line")
    var errorOutput: String?
    if row.hasColumn("stderr") {
      let content: DatabaseValue = try row.decode(forColumn: "stderr")
      if !content.isNull { errorOutput = try StoredContent.decode(text: content) }
    }
    self.init(
      unit: try row.decode(forColumn: "unit"),
      iteration: try row.decode(forColumn: "iteration"),
      kind: try row.decode(forColumn: "kind"),
      message: try StoredContent.decode(text: try row.decode(forColumn: "message")),
      place: file.map { SourceLocation(file: $0, line: line ?? 0) },
      death: try Death(row),
      errorOutput: errorOutput
    )
  }
}

extension Death {
  /// - Returns: nil if the process lived on, or the store is of an earlier version.
  fileprivate init?(_ row: Row) throws {
    guard row.hasColumn("cause"), let text = try row.decode(String?.self, forColumn: "cause") else {
      return nil
    }
    guard let cause = Cause(rawValue: text) else {
      throw FieldworkError(.store, "the stored cause of a failure is unknown: '\(text)'")
    }
    let stderr: DatabaseValue = try row.decode(forColumn: "stderr")
    self.init(
      cause,
      code: try row.decode(forColumn: "code"),
      signal: try row.decode(forColumn: "signal"),
      stderr: stderr.isNull ? "" : try StoredContent.decode(text: stderr)
    )
  }
}
