import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// How far a run has come, as its events tell.
struct RunProgress: Sendable {
  /// What a worker is doing.
  struct Activity: Sendable {
    let experiment: PlannedExperiment
    var iterations = 0
  }

  /// Failures that look the same.
  struct FailureGroup: Sendable {
    let failure: Failure
    let example: PlannedExperiment
    var count = 1
  }

  private(set) var start: RunStart?
  private(set) var counts = RunSummary()
  private(set) var iterations = 0
  /// By worker: the experiments of its task that have not ended.
  private(set) var activities: [Int: [Activity]] = [:]
  /// The number of experiments; nil if there is no end.
  private(set) var total: Int?
  private(set) var failures: [FailureGroup] = []
  private var failurePositions: [String: Int] = [:]
  private var failedExperiments: Set<String> = []

  /// - Returns: the failure if it is the first of its kind.
  mutating func apply(_ event: Event) -> FailureGroup? {
    switch event {
    case .runStarted(let start):
      self.start = start
      total = start.experiments
    case .experimentSkipped: counts.skipped += 1
    case .domainUpdated(_, _, let experiments): total = experiments
    case .workerLeft(let worker, _): activities[worker] = nil
    case .unitStarted, .warning, .workerDied, .printed, .retrying: break
    case .experimentStarted(let experiment, let worker):
      activities[worker, default: []].append(Activity(experiment: experiment))
    case .iterationEnded(let id, _, let worker):
      iterations += 1
      let position = activities[worker]?.firstIndex { $0.experiment.id == id }
      if let position { activities[worker]?[position].iterations += 1 }
    case .unitFailed(let experiment, let failure): return add(failure, experiment)
    case .experimentEnded(let experiment, let ending, _, let worker):
      activities[worker]?.removeAll { $0.experiment.id == experiment.id }
      if activities[worker]?.isEmpty ?? false { activities[worker] = nil }
      counts.count(ending)
    case .runEnded: activities = [:]
    }
    return nil
  }

  /// Only the first failure of an experiment is shown: the others mostly follow from it.
  private mutating func add(
    _ failure: Failure,
    _ experiment: PlannedExperiment
  ) -> FailureGroup? {
    guard failedExperiments.insert(experiment.id).inserted else { return nil }
    let key = "\(failure.unit)|\(failure.kind)|\(failure.message)"
    if let position = failurePositions[key] {
      failures[position].count += 1
      return nil
    }
    let group = FailureGroup(failure: failure, example: experiment)
    failurePositions[key] = failures.count
    failures.append(group)
    return group
  }

  /// Experiments that are through, whether in this run or an earlier one.
  var finished: Int { ended + counts.skipped }

  /// Experiments that this run has brought to an end of their own.
  var ended: Int { counts.done + counts.failed }

  /// The part of this run's work that is done, between 0 and 1; nil if that is not known.
  var fraction: Double? {
    guard let start, let total else { return nil }
    let work = total - counts.skipped
    guard work > 0 else { return 1 }
    var share = Double(ended)
    if let iterations = start.iterations {
      for activity in activities.values.joined() {
        share += min(Double(activity.iterations) / Double(iterations), 1)
      }
    }
    return min(share / Double(work), 1)
  }
}

/// Texts for numbers of people.
enum Wording {
  static func duration(_ seconds: Double) -> String {
    if seconds < 0.1 { return "\(Int((seconds * 1000).rounded(.up))) ms" }
    if seconds < 10 { return String(tenths: seconds) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    if whole < 86400 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
    return "\(whole / 86400) d \(whole % 86400 / 3600) h"
  }

  static func rate(_ perSecond: Double, _ unit: String) -> String {
    perSecond >= 100
      ? "\(Int(perSecond.rounded())) \(unit)/s" : "\(String(tenths: perSecond)) \(unit)/s"
  }

  static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}

extension String {
  fileprivate init(tenths number: Double) {
    let tenths = Int((number * 10).rounded())
    self = "\(tenths / 10).\(abs(tenths % 10))"
  }

  /// The text in one line, with marks for line ends and for signs that would move the cursor.
  var inOneLine: String {
    let line = split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .joined(separator: " ⏎ ")
    let scalars = line.unicodeScalars.map { scalar -> Unicode.Scalar in
      scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
    }
    return String(String.UnicodeScalarView(scalars))
  }

  /// The text in at most so many characters, with a mark where it is cut.
  func fitted(_ width: Int) -> String {
    count <= width ? self : String(prefix(max(width - 1, 0))) + "…"
  }
}
