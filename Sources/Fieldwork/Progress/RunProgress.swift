import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// How far a run has come, as its events tell.
///
/// Most events only change some numbers, in a time that does not depend on how much is going on: there may
/// be tens of thousands a second. Times are in seconds on a clock of the caller's.
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
    /// The experiments that have begun and not ended. Their ends are told once they are stored, so they may
    /// belong to tasks before.
    fileprivate(set) var running = 0
    fileprivate(set) var hasLeft = false
    fileprivate var task = -1
    /// The iterations that these experiments have made.
    fileprivate var iterations = 0
  }

  /// An experiment that counts as failed.
  private struct Failed {
    /// Where its failure was counted; nil if it was not.
    var group: Int?
    var hasEnded = false
  }

  private(set) var start: RunStart?
  private(set) var done = 0
  private(set) var failed = 0
  private(set) var interrupted = 0
  private(set) var skipped = 0
  private(set) var retries = 0
  /// The iterations that have ended.
  private(set) var iterations = 0
  /// When the first experiment began; nil if none has.
  private(set) var began: Double?
  private(set) var workers: [Worker] = []
  /// The number of experiments; nil if there is no end.
  private(set) var total: Int?
  private(set) var failures = FailureTally()
  /// The mean duration of the experiments that have ended lately; zero if none has.
  private(set) var meanDuration = 0.0
  private var durations = 0
  private var failedExperiments: [String: Failed] = [:]

  /// - Parameters:
  ///   - now: the time; asked for only where it matters.
  /// - Returns: a group of failures if the event is the first of it.
  mutating func apply(_ event: Event, now: @autoclosure () -> Double) -> FailureTally.Group? {
    switch event {
    case .iterationEnded(_, let iteration, let worker):
      iterations += 1
      withWorker(worker) { worker in
        worker.iteration = iteration + 1
        worker.iterations += 1
      }
    case .experimentStarted(let experiment, let worker): begin(experiment, worker, now())
    case .experimentEnded(let experiment, let ending, let iterations, let worker):
      end(experiment, ending, iterations, worker, now())
    case .experimentSkipped: skipped += 1
    case .runStarted(let start):
      self.start = start
      total = start.experiments
      workers.reserveCapacity(start.workers)
    case .domainUpdated(_, _, let experiments): total = experiments
    case .workerLeft(let worker, _): withWorker(worker) { $0.hasLeft = true }
    case .workerDied(let worker, let reason):
      let (position, isFirst) = failures.addDeath(ofWorker: worker, reason)
      return isFirst ? position.map { failures.groups[$0] } : nil
    case .unitFailed(let experiment, let failure): return add(failure, experiment)
    case .retrying(let experiment, _): forget(experiment)
    case .runEnded: workers = []
    case .unitStarted, .warning, .printed: break
    }
    return nil
  }

  private mutating func withWorker(_ number: Int, _ body: (inout Worker) -> Void) {
    while workers.count <= number { workers.append(Worker()) }
    body(&workers[number])
  }

  private mutating func begin(_ experiment: PlannedExperiment, _ worker: Int, _ now: Double) {
    if began == nil { began = now }
    withWorker(worker) { worker in
      worker.running += 1
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

  private mutating func end(
    _ experiment: PlannedExperiment,
    _ ending: Ending,
    _ iterations: Int,
    _ worker: Int,
    _ now: Double
  ) {
    switch ending.state {
    case .done: done += 1
    case .failed:
      failed += 1
      failedExperiments[experiment.id, default: Failed()].hasEnded = true
    case .interrupted, .running: interrupted += 1
    }
    var duration: Double?
    withWorker(worker) { worker in
      worker.running = max(worker.running - 1, 0)
      worker.iterations = max(worker.iterations - iterations, 0)
      if worker.task == experiment.task { duration = now - worker.began }
    }
    guard let duration, ending.state != .interrupted else { return }
    durations = min(durations + 1, Self.durationWindow)
    meanDuration += (duration - meanDuration) / Double(durations)
  }

  /// Over how many experiments durations are averaged.
  private static let durationWindow = 32

  /// Only the first failure of an experiment is shown: the others mostly follow from it.
  private mutating func add(
    _ failure: Failure,
    _ experiment: PlannedExperiment
  ) -> FailureTally.Group? {
    guard failedExperiments[experiment.id]?.group == nil else { return nil }
    let (position, isFirst) = failures.add(failure, experiment)
    failedExperiments[experiment.id, default: Failed()].group = position
    return isFirst ? position.map { failures.groups[$0] } : nil
  }

  /// An experiment is tried again, whether or not its end was told.
  private mutating func forget(_ experiment: PlannedExperiment) {
    retries += 1
    let failure = failedExperiments.removeValue(forKey: experiment.id)
    if let group = failure?.group { failures.remove(group) }
    if failure?.hasEnded ?? false {
      failed -= 1
    } else if let worker = workers.firstIndex(where: {
      $0.task == experiment.task && $0.running > 0
    }) {
      let running = workers[worker].running
      workers[worker].iterations -= workers[worker].iterations / running
      workers[worker].running -= 1
      // Its next attempt is a new task, although of the same number.
      if running == 1 { workers[worker].task = -1 }
    }
  }

  /// A copy that shares nothing that grows with the run: what is shared is copied by the next event.
  var snapshot: RunProgress {
    var copy = self
    copy.failedExperiments = [:]
    return copy
  }

  /// Experiments that are through, whether in this run or an earlier one.
  var finished: Int { ended + skipped }

  /// Experiments that this run has brought to an end of their own.
  var ended: Int { done + failed }

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
    let unseen = max(0, total - finished - interrupted - running)
    let stored = max(0, start.stored - skipped)
    let seen = finished + interrupted + running
    let skips = stored <= unseen ? stored : seen == 0 ? 0 : unseen * skipped / seen
    return max(0, total - skipped - skips)
  }

  /// The part of all experiments that is done, those of earlier runs included, between 0 and 1; nil if
  /// that is not known.
  func fraction(at now: Double) -> Double? {
    guard start != nil, let total else { return nil }
    return total > 0 ? min((work(at: now) + Double(skipped)) / Double(total), 1) : 1
  }
}
