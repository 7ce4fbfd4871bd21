import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// The failures of a run, those of one kind counted together.
///
/// Failures are of one kind if they have the same unit and type of error, and their messages differ only in numbers and
/// values of the configs. Deaths of workers are grouped likewise.
struct FailureTally: Sendable {
  struct Group: Sendable {
    /// Where it happened: a unit with its place, or a worker.
    let title: String
    /// The same in few words.
    let shortTitle: String
    /// The message of the first one.
    let message: String
    /// The first experiment that it happened to; nil for the death of a worker.
    let example: PlannedExperiment?
    fileprivate(set) var count = 1
  }

  private struct Key: Hashable {
    let unit: String
    let kind: String
    let pattern: String
  }

  /// How many kinds are told apart. Messages may hold words that are new each time.
  private static let limit = 1000

  private(set) var groups: [Group] = []
  private var positions: [Key: Int] = [:]
  /// The last failure, which the next one mostly is alike.
  private var last: (unit: String, kind: String, message: String, position: Int)?

  /// - Returns: the position of its group, nil if there are too many, and whether it is the first of it.
  mutating func add(_ failure: Failure, _ experiment: PlannedExperiment) -> (Int?, isFirst: Bool) {
    let config = experiment.config
    return add(failure.unit, failure.kind, failure.message, config) {
      Group(
        title: "\(failure.unitText), iteration \(failure.iteration)",
        shortTitle: "unit '\(failure.unit)'",
        message: failure.message,
        example: experiment
      )
    }
  }

  mutating func addDeath(ofWorker worker: Int, _ reason: String) -> (Int?, isFirst: Bool) {
    add("", "death", reason, Config()) {
      Group(
        title: "worker \(worker + 1) died",
        shortTitle: "workers died",
        message: reason,
        example: nil
      )
    }
  }

  /// Takes a failure back, since the experiment is tried again.
  mutating func remove(_ position: Int) { groups[position].count -= 1 }

  private mutating func add(
    _ unit: String,
    _ kind: String,
    _ message: String,
    _ config: Config,
    _ make: () -> Group
  ) -> (Int?, isFirst: Bool) {
    if let last, last.message == message, last.unit == unit, last.kind == kind {
      groups[last.position].count += 1
      return (last.position, false)
    }
    let key = Key(unit: unit, kind: kind, pattern: Failure.pattern(of: message, replacing: config))
    let known = positions[key]
    guard let position = known ?? (groups.count < Self.limit ? groups.count : nil) else {
      return (nil, false)
    }
    if known == nil {
      positions[key] = position
      groups.append(make())
    } else {
      groups[position].count += 1
    }
    last = (unit, kind, message, position)
    return (position, known == nil)
  }
}

extension Failure {
  /// The unit with its place: `unit 'train' (Digits/Digits.swift:31)`.
  var unitText: String {
    (unit.isEmpty ? "between units" : "unit '\(unit)'") + (place.map { " (\($0))" } ?? "")
  }
}
