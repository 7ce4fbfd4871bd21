import FieldworkAnalysis
import FieldworkCore
import FieldworkStore

/// The progress of a run, computed from its records.
///
/// Most records only change some numbers, in a time that does not depend on how much is going on: there may be tens of
/// thousands a second. Times are in seconds on a clock of the caller's.
struct RunProgress: Sendable {
  /// What a worker is doing.
  struct Worker: Sendable {
    /// The config of the first experiment of its last task.
    fileprivate(set) var config = Config()
    /// The iterations of that task that have ended.
    fileprivate(set) var iteration = 0
    /// The number of experiments that began with that task.
    fileprivate(set) var branches = 0
    /// When that task began.
    fileprivate(set) var began = 0.0
    /// The experiments that have begun and not ended.
    fileprivate(set) var running = 0
    fileprivate(set) var hasLeft = false
    fileprivate var task = -1
    /// The iterations that these experiments have made.
    fileprivate var iterations = 0
  }

  /// An experiment that runs.
  private struct Running {
    let experiment: PlannedExperiment
    let worker: Int
    /// The last number of the objective.
    var value: Double?
  }

  /// The saved value that is minimized or maximized; nil for none.
  private let objective: Objective?
  /// The best last number of the objective among the experiments that this run has completed; nil if there is none.
  private(set) var best: Double?
  private(set) var start: RunStart?
  private(set) var counters = RunCounters()
  /// When the first experiment began; nil if none has.
  private(set) var began: Double?
  private(set) var workers: [Worker] = []
  private(set) var failures = FailureTally()
  /// The mean duration of the last experiments that have ended; zero if none has.
  private(set) var meanDuration = 0.0
  private var durations = 0
  /// By key: the experiments that run.
  private var running: [String: Running] = [:]
  /// By key of an experiment that has failed: the position of the group of its first failure.
  private var failed: [String: Int?] = [:]

  init(_ objective: Objective? = nil) { self.objective = objective }

  /// The best number of the objective so far, with its name; nil if there is none.
  var bestText: String? {
    best.flatMap { best in objective.map { "best \($0.name) \(Table.rounded(best))" } }
  }

  /// The number of experiments; nil if there is no end.
  var total: Int? { counters.planned }

  /// - Parameters:
  ///   - now: the time; evaluated only where it matters.
  /// - Returns: a group of failures if the record is the first of it.
  mutating func apply(_ record: RunRecord, now: @autoclosure () -> Double) -> FailureTally.Group? {
    counters.apply(record)
    switch record {
    case .iterations(let key, let last, let count):
      guard let worker = running[key]?.worker else { break }
      withWorker(worker) { worker in
        worker.iteration = last + 1
        worker.iterations += count
      }
    case .saved(let key, let values):
      guard let objective, running[key] != nil,
        let value = values.last(where: { $0.name == objective.name })?.value.number
      else { break }
      running[key]?.value = value
    case .started(let experiment, let start): begin(experiment, start.worker, now())
    case .ended(let key, let ending, let iterations, _): end(key, ending, iterations, now())
    case .runStarted(let start):
      self.start = start
      workers.reserveCapacity(start.workers)
    case .workerLeft(let worker, _): withWorker(worker) { $0.hasLeft = true }
    case .workerDied(let worker, let reason):
      let (position, isFirst) = failures.addDeath(ofWorker: worker, reason)
      return isFirst ? position.map { failures.groups[$0] } : nil
    case .failed(let key, let failure): return add(failure, key)
    case .retrying(let key, let retry): return forget(key, retry)
    case .runEnded: workers = []
    default: break
    }
    return nil
  }

  private mutating func withWorker(_ number: Int, _ body: (inout Worker) -> Void) {
    while workers.count <= number { workers.append(Worker()) }
    body(&workers[number])
  }

  private mutating func begin(_ experiment: PlannedExperiment, _ worker: Int, _ now: Double) {
    if began == nil { began = now }
    let isNew =
      running.updateValue(
        Running(experiment: experiment, worker: worker),
        forKey: experiment.key
      ) == nil
    guard isNew else { return }
    withWorker(worker) { worker in
      worker.running += 1
      // On a cluster another machine takes the place of one that was lost.
      worker.hasLeft = false
      if worker.task == experiment.task {
        worker.branches += 1
        return
      }
      worker.task = experiment.task
      worker.config = experiment.config
      worker.branches = 1
      worker.iteration = 0
      worker.began = now
      if worker.running == 1 { worker.iterations = 0 }
    }
  }

  private mutating func end(_ key: String, _ ending: Ending, _ iterations: Int, _ now: Double) {
    guard let ended = running.removeValue(forKey: key) else { return }
    if ending.state == .done, let objective, let value = ended.value, value.isFinite {
      best =
        best.map { objective.direction == .minimize ? min($0, value) : max($0, value) } ?? value
    }
    var duration: Double?
    withWorker(ended.worker) { worker in
      worker.running = max(worker.running - 1, 0)
      worker.iterations = max(worker.iterations - iterations, 0)
      if worker.task == ended.experiment.task { duration = now - worker.began }
    }
    guard let duration, ending.state != .interrupted else { return }
    durations = min(durations + 1, Self.durationWindow)
    meanDuration += (duration - meanDuration) / Double(durations)
  }

  /// The number of experiments over which durations are averaged.
  private static let durationWindow = 32

  /// Only the first failure of an experiment is shown: the others mostly follow from it.
  private mutating func add(_ failure: Failure, _ key: String) -> FailureTally.Group? {
    guard failed[key] == nil, let experiment = running[key]?.experiment else { return nil }
    let (position, isFirst) = failures.add(failure, experiment)
    failed[key] = .some(position)
    return isFirst ? position.map { failures.groups[$0] } : nil
  }

  /// An experiment is tried again. Its failure is shown if it is the first of its kind, and does not count.
  private mutating func forget(_ key: String, _ retry: RunRecord.Retry) -> FailureTally.Group? {
    var shown: FailureTally.Group?
    if failed[key] == nil, let failure = retry.failures.first { shown = add(failure, key) }
    if let group = failed.removeValue(forKey: key) ?? nil { failures.remove(group) }
    guard let ended = running.removeValue(forKey: key) else { return shown }
    withWorker(ended.worker) { worker in
      guard worker.running > 0 else { return }
      worker.iterations -= worker.iterations / worker.running
      worker.running -= 1
      // Its next attempt is a new task, although of the same number.
      if worker.running == 0 { worker.task = -1 }
    }
    return shown
  }

  /// A copy that shares nothing that grows with the run: what is shared is copied by the next record.
  var snapshot: RunProgress {
    var copy = self
    copy.failed = [:]
    copy.running = [:]
    copy.counters.forgetRunning()
    return copy
  }

  /// The experiments that are complete or have failed, whether in this run or an earlier one.
  var finished: Int { ended + counters.skipped }

  /// The experiments that this run has completed or that failed in it.
  var ended: Int { counters.ended }

  /// How many experiments this run has done, with parts of those that are running.
  func work(at now: Double) -> Double {
    workers.reduce(Double(ended)) { $0 + part(of: $1, at: now) }
  }

  /// How much of a worker's running experiments is done, in experiments.
  func part(of worker: Worker, at now: Double) -> Double {
    guard worker.running > 0 else { return 0 }
    if let planned = start?.iterations, planned > 1 {
      return min(Double(worker.iterations) / Double(planned), Double(worker.running))
    }
    // Nothing tells how far they are but how long others took.
    guard meanDuration > 0, worker.running <= worker.branches else { return 0 }
    return Double(worker.running) * min((now - worker.began) / meanDuration, 0.9)
  }

  /// How many experiments this run has to do in all; nil if there is no end.
  ///
  /// What is stored is left out, as far as can be told: stored results may belong to experiments that are
  /// no longer planned.
  var expected: Int? {
    guard let start, let total else { return nil }
    let running = workers.reduce(0) { $0 + $1.running }
    let unseen = max(0, total - finished - counters.interrupted - running)
    let stored = max(0, start.stored - counters.skipped)
    let seen = finished + counters.interrupted + running
    let skips = stored <= unseen ? stored : seen == 0 ? 0 : unseen * counters.skipped / seen
    return max(0, total - counters.skipped - skips)
  }

  /// The part of all experiments that is done, those of earlier runs included, between 0 and 1; nil if
  /// that is not known.
  func fraction(at now: Double) -> Double? {
    guard start != nil, let total else { return nil }
    return total > 0 ? min((work(at: now) + Double(counters.skipped)) / Double(total), 1) : 1
  }
}
