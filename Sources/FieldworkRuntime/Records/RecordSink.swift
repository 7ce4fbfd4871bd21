import FieldworkCore
import FieldworkStore

/// A type that takes the records of experiments: the link of a worker, or the ``Recorder`` of a run.
protocol RecordSink: Sendable {
  /// Takes records in their order.
  /// - Returns: true if too many are waiting; the caller has to call ``room()``.
  func take(_ records: [RunRecord]) -> Bool

  /// Waits while too many records are waiting.
  func room() async

  /// Takes records in their order, from any thread, without waiting.
  func recordAtOnce(_ records: [RunRecord])

  /// Takes a record that must not be lost if the process dies next, and blocks the thread while too many are waiting.
  func recordNow(_ record: RunRecord)

  /// Counts an iteration that has ended.
  func iterationEnded(_ experiment: String, _ iteration: Int)

  /// True if it takes ``RunRecord/unitStarted(experiment:unit:iteration:)``.
  var wantsUnits: Bool { get }
}

extension RecordSink {
  /// Takes records in their order, and waits while too many are waiting.
  func record(_ records: [RunRecord]) async {
    if take(records) { await room() }
  }
}

/// Counts iterations until they are recorded, so that short ones share a record.
struct PendingIterations {
  private var counts: [String: (last: Int, count: Int)] = [:]

  var isEmpty: Bool { counts.isEmpty }

  mutating func add(_ experiment: String, _ iteration: Int) {
    counts[experiment] = (iteration, (counts[experiment]?.count ?? 0) + 1)
  }

  /// Adds the record of an experiment's iterations before the record of its end.
  mutating func take(before record: RunRecord, into records: inout [RunRecord]) {
    guard !counts.isEmpty, case .ended(let key, _, _, _) = record,
      let counted = counts.removeValue(forKey: key)
    else { return }
    records.append(.iterations(experiment: key, last: counted.last, count: counted.count))
  }

  mutating func takeAll(into records: inout [RunRecord]) {
    for (key, counted) in counts {
      records.append(.iterations(experiment: key, last: counted.last, count: counted.count))
    }
    counts.removeAll(keepingCapacity: true)
  }
}
