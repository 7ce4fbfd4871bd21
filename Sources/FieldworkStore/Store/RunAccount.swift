import FieldworkCore

/// How far a run has come, as it stands in the store: others read it there while the run goes on.
///
/// It is written together with what it counts.
package struct RunAccount: Sendable, Hashable {
  /// The note that holds it.
  package static let key = "run"

  /// When the run began, in seconds since 1970.
  package var began: Double
  /// The number of experiments that it has to look at; nil if there is no end.
  package var planned: Int?
  package var workers: Int
  /// The number of iterations of each experiment; nil if only the units end them.
  package var iterations: Int?
  /// Experiments that were left out so far, since they are stored.
  package var skipped = 0
  package var done = 0
  package var failed = 0
  package var interrupted = 0
  /// When the run ended, in seconds since 1970; nil while it goes on, and if it was cut off.
  package var ended: Double?
  package var isCancelled = false
  /// Why it ended early, for a person; nil if it did not, or was cancelled.
  package var explanation: String?
  /// The number of experiments that the end of the run left to others; nil if that is not known.
  package var left: Int?

  package init(began: Double, planned: Int?, workers: Int, iterations: Int?) {
    self.began = began
    self.planned = planned
    self.workers = workers
    self.iterations = iterations
  }

  package var record: StoreRecord {
    var values: [String: Value] = [
      "began": .double(began), "workers": .int(workers), "skipped": .int(skipped),
      "done": .int(done), "failed": .int(failed), "interrupted": .int(interrupted),
      "cancelled": .bool(isCancelled),
    ]
    values["planned"] = planned.map(Value.int)
    values["iterations"] = iterations.map(Value.int)
    values["ended"] = ended.map(Value.double)
    values["explanation"] = explanation.map(Value.string)
    values["left"] = left.map(Value.int)
    return .note(Self.key, .dictionary(values))
  }

  /// - Returns: nil if the store has none, as those of earlier versions.
  init?(_ notes: [String: Value]) {
    guard case .dictionary(let values)? = notes[Self.key],
      let began = values["began"].flatMap(Double.init)
    else { return nil }
    func number(_ key: String) -> Int? { values[key].flatMap(Int.init) }
    self.init(
      began: began,
      planned: number("planned"),
      workers: number("workers") ?? 1,
      iterations: number("iterations")
    )
    skipped = number("skipped") ?? 0
    done = number("done") ?? 0
    failed = number("failed") ?? 0
    interrupted = number("interrupted") ?? 0
    ended = values["ended"].flatMap(Double.init)
    isCancelled = values["cancelled"] == true
    explanation = values["explanation"].flatMap(String.init)
    left = number("left")
  }
}
