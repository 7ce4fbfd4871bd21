public import FieldworkCore
public import FieldworkStore

/// Something that happened in a run.
///
/// Events are the only way in which a run tells of itself: progress displays and logs are consumers of
/// them. Of an experiment's end an event tells once its results are stored.
public enum Event: Sendable {
  case runStarted(RunStart)
  /// An experiment was left out because its results are stored already.
  case experimentSkipped(PlannedExperiment)
  case experimentStarted(PlannedExperiment, worker: Int)
  /// A unit's turn begins. Only for consumers that want units.
  case unitStarted(experiment: String, unit: String, iteration: Int)
  case iterationEnded(experiment: String, iteration: Int, worker: Int)
  case unitFailed(PlannedExperiment, Failure)
  case experimentEnded(PlannedExperiment, Ending, iterations: Int, worker: Int)
  /// An experiment is tried again, with the number of the attempt that is to come, from 2: what failed
  /// in the attempt before no longer counts. It comes after that attempt's end, or in its place.
  case retrying(PlannedExperiment, attempt: Int)
  /// The domain was replaced: with the number of domains before it, and the number of experiments that
  /// are known now; nil if there is no end.
  case domainUpdated(number: Int, Domain, experiments: Int?)
  /// The process of a worker has died, and another one takes its place. What becomes of the experiments
  /// that it ran, events of their own tell.
  case workerDied(worker: Int, reason: String)
  /// A worker has written to its standard error: complete lines, each with its end.
  case printed(worker: Int, text: String)
  /// A worker takes no more tasks.
  case workerLeft(worker: Int, reason: String)
  /// Something that does not end the run, but that a person should know.
  case warning(String)
  case runEnded(RunSummary)
}

/// What is known when a run begins.
public struct RunStart: Sendable {
  public let name: String
  /// The number of experiments in the plan; nil if there is no end.
  public let experiments: Int?
  /// The number of iterations of each; nil if only the units end them.
  public let iterations: Int?
  public let workers: Int
  /// The number of experiments that run together in a worker.
  public let branches: Int
  public let seed: UInt64
  /// The number of experiments whose results are stored from earlier runs.
  public let stored: Int

  package init(
    name: String,
    experiments: Int?,
    iterations: Int?,
    workers: Int,
    branches: Int,
    seed: UInt64,
    stored: Int
  ) {
    self.name = name
    self.experiments = experiments
    self.iterations = iterations
    self.workers = workers
    self.branches = branches
    self.seed = seed
    self.stored = stored
  }
}

/// What came out of a run.
public struct RunSummary: Sendable {
  /// Experiments that ended in good order in this run.
  public internal(set) var done = 0
  /// Experiments that failed in this run.
  public internal(set) var failed = 0
  /// Experiments left out because their results are stored already.
  public package(set) var skipped = 0
  /// Experiments that the end of the run interrupted.
  public internal(set) var interrupted = 0
  /// Whether the run was cancelled before the plan was through.
  public internal(set) var isCancelled = false
  /// Why the run ended before the plan was through, if it was not cancelled; for a person.
  public internal(set) var stopExplanation: String?
  /// The number of experiments that a run which ended early has left to run; nil if it is not known.
  public internal(set) var left: Int?
  /// The keys of stored experiments that are no longer part of the research.
  package internal(set) var unplanned: Set<String> = []
  public internal(set) var seed: UInt64 = 0
  /// In seconds.
  public internal(set) var duration = 0.0

  package init() {}

  /// Counts an experiment that has ended.
  package mutating func count(_ ending: Ending) {
    switch ending.state {
    case .done: done += 1
    case .failed: failed += 1
    case .interrupted, .running: interrupted += 1
    }
  }

  /// Whether the run ended before the plan was through.
  package var hasEndedEarly: Bool { isCancelled || stopExplanation != nil }

  /// Whether nothing ran, since all was stored.
  package var isIdle: Bool { done + failed + interrupted == 0 }

  /// Whether the plan had no experiments to run or to leave out.
  public var isEmpty: Bool { done + failed + skipped + interrupted == 0 }
}

/// Something that follows a run.
public protocol EventConsumer: Sendable {
  /// Takes an event. It is called from whatever thread the event happens on, and holds up the run
  /// while it works.
  func consume(_ event: Event)

  /// Whether it is told of each turn of a unit; not by default.
  var wantsUnits: Bool { get }
}

extension EventConsumer {
  public var wantsUnits: Bool { false }
}
