import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

/// How a research stands at some moment, as others than its run can see it: what the lock file and the store
/// tell.
struct ResearchStatus: Sendable {
  let name: String
  let folder: ResearchFolder
  /// Whether a run holds the research, and which.
  let holding: RunHolding
  /// What is stored; nil if there is no store yet.
  let stored: StoredStatus?
  /// True if other programs run experiments that they have asked for.
  let isAsked: Bool
  /// When something was stored last, in seconds since 1970.
  let lastRecord: Double?
  /// The moment, in seconds since 1970.
  var now: Double

  /// Looks at a research. A run of it is not disturbed: the store is opened for reading, and closed again.
  /// - Throws: ``FieldworkError`` of code `store` if there is a store that cannot be read.
  init(_ folder: ResearchFolder, name: String) throws {
    self.folder = folder
    self.name = name
    holding = try folder.holding()
    lastRecord = folder.lastRecord
    now = Date().timeIntervalSince1970
    // A run that has just begun has made no tables yet.
    let store = try DatabaseStore.openIfThere(folder)
    defer { try? store?.close() }
    stored = try store?.status()
    isAsked = try store?.notes()[ResearchRunner.askedKey] == true
  }

  var isRunning: Bool { holding != .free }

  /// The numbers of stored experiments by state. What a run has left running that was killed was interrupted.
  var counts: [ExperimentState: Int] {
    var counts = stored?.counts ?? [:]
    if !isRunning, !isAsked, let left = counts.removeValue(forKey: .running) {
      counts[.interrupted, default: 0] += left
    }
    return counts
  }

  var holder: RunHolder? { if case .held(let holder) = holding { holder } else { nil } }

  /// The account of the run that goes on, or of the last one; nil if it has not begun to count.
  var account: RunAccount? {
    guard isRunning else { return stored?.account }
    return account(of: holder).flatMap { $0.ended == nil ? $0 : nil }
  }

  /// The account of a run; nil as long as it has written none, and that of the run before stands there.
  func account(of holder: RunHolder?) -> RunAccount? {
    guard let account = stored?.account else { return nil }
    guard let began = holder?.began, account.began < began else { return account }
    return nil
  }

  var running: [StoredStatus.Running] { isRunning && account != nil ? stored?.running ?? [] : [] }

  /// Experiments that the run has brought to an end of their own.
  var ended: Int { account?.counters.ended ?? 0 }

  /// Experiments that have neither begun nor ended; nil if there is no end, or nobody knows.
  var left: Int? {
    guard let account else { return nil }
    if let left = account.left { return left }
    return account.counters.planned.map {
      max(0, $0 - account.counters.skipped - ended - running.count)
    }
  }

  /// Since when the run goes on.
  var began: Double? { account?.began ?? holder?.began }

  /// For how long the run has gone on, or did.
  var duration: Double? { began.map { max(0, (account?.ended ?? now) - $0) } }

  /// Experiments in a second; nil if none has ended.
  var rate: Double? {
    guard let duration, duration > 0, ended > 0 else { return nil }
    return Double(ended) / duration
  }

  /// The part of the run's work that is done; nil if that is not known.
  var fraction: Double? {
    guard let account, let planned = account.counters.planned else { return nil }
    let work = planned - account.counters.skipped
    guard work > 0 else { return 1 }
    var share = Double(ended)
    if let iterations = account.iterations {
      for experiment in running {
        share += min(Double(experiment.iterations) / Double(iterations), 1)
      }
    }
    return min(share / Double(work), 1)
  }

  /// How long it may go on; nil if that is not known.
  var secondsLeft: Double? {
    guard isRunning, let fraction, fraction > 0, let duration, duration > 1 else { return nil }
    return duration * (1 - fraction) / fraction
  }

  var secondsSinceRecord: Double? { lastRecord.map { max(0, now - $0) } }
}

extension Wording {
  /// The numbers of experiments by state, without states that none has.
  static func states(_ counts: [ExperimentState: Int]) -> String {
    let words: [(ExperimentState, String)] = [
      (.done, "done"), (.pruned, "pruned"), (.failed, "failed"), (.interrupted, "interrupted"),
      (.running, "asked for without a result"),
    ]
    return words.compactMap { state, word in
      counts[state].flatMap { $0 > 0 ? "\($0) \(word)" : nil }
    }.joined(separator: ", ")
  }
}
