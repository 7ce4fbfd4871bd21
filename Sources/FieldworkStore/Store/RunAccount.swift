package import FieldworkCore

/// The progress of a run as the store holds it, so that other processes can read it while the run goes on.
///
/// It is written in the same transaction as the records that it counts.
package struct RunAccount: Sendable, Hashable {
  /// The key of the note that holds it.
  package static let key = "run"

  /// When the run began, in seconds since 1970.
  package var began: Double
  package var workers: Int
  /// The number of iterations of each experiment; nil if only the units end them.
  package var iterations: Int?
  package var counters: RunCounters
  /// When the run ended, in seconds since 1970; nil while it goes on, and if it was cut off.
  package var ended: Double?
  package var isCancelled = false
  /// Why it ended early, for a person; nil if it did not, or was cancelled.
  package var explanation: String?
  /// The number of experiments that the end of the run left to others; nil if that is not known.
  package var left: Int?

  package init(_ start: RunStart) {
    self.init(began: start.at, workers: start.workers, iterations: start.iterations)
    counters.planned = start.experiments
  }

  private init(began: Double, workers: Int, iterations: Int?) {
    self.began = began
    self.workers = workers
    self.iterations = iterations
    counters = RunCounters()
  }

  /// Counts a record.
  package mutating func apply(_ record: RunRecord, now: @autoclosure () -> Double) {
    guard case .runEnded(let summary) = record else {
      counters.apply(record)
      return
    }
    ended = now()
    isCancelled = summary.isCancelled
    explanation = summary.stopExplanation
    left = summary.left
  }

  /// The note that holds the account.
  package var note: Value {
    var values: [String: Value] = [
      "began": .double(began), "workers": .int(workers), "skipped": .int(counters.skipped),
      "done": .int(counters.done), "failed": .int(counters.failed),
      "interrupted": .int(counters.interrupted), "cancelled": .bool(isCancelled),
      "pruned": .int(counters.pruned),
    ]
    values["planned"] = counters.planned.map(Value.int)
    values["iterations"] = iterations.map(Value.int)
    values["ended"] = ended.map(Value.double)
    values["explanation"] = explanation.map(Value.string)
    values["left"] = left.map(Value.int)
    return .dictionary(values)
  }

  /// Reads the account.
  /// - Returns: nil if the store has none, as a store of an earlier version.
  init?(_ notes: [String: Value]) {
    guard case .dictionary(let values)? = notes[Self.key],
      let began = values["began"].flatMap(Double.init)
    else { return nil }
    func number(_ key: String) -> Int? { values[key].flatMap(Int.init) }
    self.init(began: began, workers: number("workers") ?? 1, iterations: number("iterations"))
    counters.planned = number("planned")
    counters.skipped = number("skipped") ?? 0
    counters.done = number("done") ?? 0
    counters.failed = number("failed") ?? 0
    counters.pruned = number("pruned") ?? 0
    counters.interrupted = number("interrupted") ?? 0
    ended = values["ended"].flatMap(Double.init)
    isCancelled = values["cancelled"] == true
    explanation = values["explanation"].flatMap(String.init)
    left = number("left")
  }
}
