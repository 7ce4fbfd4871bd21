package import FieldworkCore

/// An experiment from its beginning to its end in one record, see ``RunRecord/finished(_:)``.
public final class FinishedExperiment: Sendable {
  package let experiment: PlannedExperiment
  package let start: ExperimentStart
  package let saved: [SavedValue]
  package let ending: Ending
  package let iterations: Int
  /// In seconds since 1970.
  package let ended: Double
  /// The parts of the stored row that take time to make.
  let row: ExperimentRow

  init(
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ saved: [SavedValue],
    _ ending: Ending,
    iterations: Int,
    ended: Double,
    _ row: ExperimentRow
  ) {
    self.experiment = experiment
    self.start = start
    self.saved = saved
    self.ending = ending
    self.iterations = iterations
    self.ended = ended
    self.row = row
  }

  /// The number of values up to which an experiment is one record.
  private static let limit = 1000

  /// Takes the records of an experiment, and computes what the store needs of it.
  /// - Parameter records: what follows its beginning.
  /// - Returns: nil if the records are others than plain values and an end without a failure, or too many.
  package convenience init?(
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ records: [RunRecord]
  ) {
    guard start.iteration == nil,
      case .ended(experiment.key, let ending, let iterations, let ended)? = records.last,
      ending != .failed, ending != .interrupted
    else { return nil }
    var saved: [SavedValue] = []
    for record in records.dropLast() {
      guard case .saved(experiment.key, let values) = record else { return nil }
      saved = saved.isEmpty ? values : saved + values
    }
    guard saved.count <= Self.limit, saved.allSatisfy(\.value.isPlain),
      let values = StoredChecksum.sum(ofNew: saved)
    else { return nil }
    self.init(
      experiment,
      start,
      saved,
      ending,
      iterations: iterations,
      ended: ended,
      ExperimentRow(
        experiment,
        start,
        ExperimentRow.End(ending: ending, iterations: iterations, time: ended),
        StoredChecksum.Sums(values: values)
      )
    )
  }

  /// Returns the record of the same experiment with other devices.
  package func with(_ experiment: PlannedExperiment) -> FinishedExperiment {
    FinishedExperiment(
      experiment,
      start,
      saved,
      ending,
      iterations: iterations,
      ended: ended,
      row
    )
  }

  /// The records in whose place it stands.
  fileprivate var parts: [RunRecord] {
    let key = experiment.key
    var parts: [RunRecord] = [.started(experiment, start)]
    if !saved.isEmpty { parts.append(.saved(experiment: key, saved)) }
    if iterations > 0 {
      parts.append(.iterations(experiment: key, last: iterations - 1, count: iterations))
    }
    parts.append(.ended(experiment: key, ending, iterations: iterations, at: ended))
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

/// The row of an experiment as the store writes it.
struct ExperimentRow: Sendable {
  /// The end of an experiment.
  struct End: Sendable {
    let ending: Ending
    let iterations: Int
    /// In seconds since 1970.
    let time: Double
  }

  /// The identity of the config.
  let point: String
  /// The config as JSON, for queries.
  let config: String
  /// The config as it is restored.
  let entries: String
  /// The checksums of the experiment; zero while it runs.
  private(set) var sums: StoredChecksum.Sums

  init(point: String, config: String, entries: String, sums: StoredChecksum.Sums) {
    self.point = point
    self.config = config
    self.entries = entries
    self.sums = sums
  }

  /// - Parameters:
  ///   - end: the end of the experiment; nil if it is not known.
  ///   - sums: the checksums of what is stored beside the row.
  init(
    _ experiment: PlannedExperiment,
    _ start: ExperimentStart,
    _ end: End?,
    _ sums: StoredChecksum.Sums
  ) {
    let all = experiment.config.entries
    point = experiment.config.identity
    config = StoredConfig.json(all)
    entries = StoredConfig.encode(all)
    self.sums = sums
    guard end != nil else { return }
    self.sums.row &+= StoredChecksum.row(
      cells(experiment, start, end),
      ordinal: experiment.ordinal
    )
  }

  /// The columns that the checksum covers, see ``StoredChecksum/experimentColumns``.
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
