package import FieldworkCore

/// An experiment from its beginning to its end in one record, see ``RunRecord/finished(_:)``.
public final class FinishedExperiment: Sendable {
  package let experiment: PlannedExperiment
  package let start: ExperimentStart
  package let saved: [SavedValue]
  /// The stored texts of the config.
  let row: ExperimentRow
  package let end: ExperimentRow.End
  let sums: StoredChecksum.Sums

  package var ending: Ending { end.ending }
  package var iterations: Int { end.iterations }

  init(
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ saved: [SavedValue],
    _ row: ExperimentRow,
    _ end: ExperimentRow.End,
    _ sums: StoredChecksum.Sums
  ) {
    self.experiment = experiment
    self.start = start
    self.saved = saved
    self.row = row
    self.end = end
    self.sums = sums
  }

  /// The number of bytes up to which an experiment is one record, about.
  private static let sizeLimit = 1 << 16

  /// Takes the records of an experiment, and computes what the store needs of it.
  /// - Parameter records: what follows its beginning.
  /// - Returns: nil if the records are others than plain values and an end without a failure, or too large.
  package convenience init?(
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ records: [RunRecord]
  ) {
    guard start.iteration == nil,
      case .ended(experiment.key, let ending, let iterations, let time)? = records.last,
      ending != .failed, ending != .interrupted
    else { return nil }
    var saved: [SavedValue] = []
    var size = 0
    for record in records.dropLast() {
      guard case .saved(experiment.key, let values) = record else { return nil }
      size += record.size
      saved = saved.isEmpty ? values : saved + values
    }
    guard size <= Self.sizeLimit else { return nil }
    var sum = StoredChecksum.NewValues()
    for value in saved {
      guard value.value.isPlain, sum.add(value, StoredContent.encode(value.value)) else {
        return nil
      }
    }
    let row = ExperimentRow(experiment.config)
    guard row.size <= Self.sizeLimit else { return nil }
    let end = ExperimentRow.End(ending: ending, iterations: iterations, time: time)
    var sums = StoredChecksum.Sums()
    sums.row = StoredChecksum.row(row.cells(experiment, start, end), ordinal: experiment.ordinal)
    sums.values = sum.sum
    self.init(experiment, start, saved, row, end, sums)
  }

  /// Returns the record of the same experiment with other devices.
  package func with(_ experiment: PlannedExperiment) -> FinishedExperiment {
    FinishedExperiment(experiment, start, saved, row, end, sums)
  }

  /// The records in whose place it stands.
  fileprivate var parts: [RunRecord] {
    let key = experiment.key
    var parts: [RunRecord] = [.started(experiment, start)]
    if !saved.isEmpty { parts.append(.saved(experiment: key, saved)) }
    if iterations > 0 {
      parts.append(.iterations(experiment: key, last: iterations - 1, count: iterations))
    }
    parts.append(.ended(experiment: key, ending, iterations: iterations, at: end.time))
    return parts
  }
}

extension RunRecord {
  /// The records in whose place a record of a finished experiment stands; any other record itself.
  package var parts: [RunRecord] {
    if case .finished(let finished) = self { finished.parts } else { [self] }
  }
}

extension Value {
  /// True for a value without others in it.
  fileprivate var isPlain: Bool {
    switch self {
    case .list, .dictionary: false
    case .null, .bool, .int, .double, .string: true
    }
  }
}

/// The texts of a config as the store writes them in the row of an experiment.
package struct ExperimentRow: Sendable {
  /// The end of an experiment.
  package struct End: Sendable {
    let ending: Ending
    let iterations: Int
    /// In seconds since 1970.
    package let time: Double
  }

  /// The identity of the config.
  let point: String
  /// The config as JSON, for queries.
  let config: String
  /// The config as it is restored.
  let entries: String

  init(point: String, config: String, entries: String) {
    self.point = point
    self.config = config
    self.entries = entries
  }

  init(_ config: Config) {
    let all = config.entries
    self.init(
      point: config.identity,
      config: StoredConfig.json(all),
      entries: StoredConfig.encode(all)
    )
  }

  /// The number of bytes of the texts.
  var size: Int { point.utf8.count + config.utf8.count + entries.utf8.count }

  /// Returns the columns that the checksum covers, see ``StoredChecksum/experimentColumns``.
  /// - Parameter end: the end of the experiment; nil while it runs.
  func cells(_ experiment: PlannedExperiment, _ start: ExperimentStart, _ end: End?) -> [Cell] {
    [
      Cell(experiment.key), Cell(experiment.id), Cell(point), Cell(config), Cell(entries),
      Cell(experiment.repetition), Cell(experiment.updates),
      Cell((end?.ending.state ?? .running).rawValue), Cell(start.worker), Cell(start.at),
      Cell(experiment.task), Cell(experiment.branch), Cell(start.device), Cell(start.attempt),
      Cell(start.build), Cell(end?.ending.rawValue), Cell(end?.iterations), Cell(end?.time),
      Cell(start.versions),
    ]
  }
}
