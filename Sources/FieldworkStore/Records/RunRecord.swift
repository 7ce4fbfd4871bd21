public import FieldworkCore

/// Something that happens in a run.
///
/// A worker sends it, the store writes it, a segment file holds it, and a ``RunObserver`` gets it, always in the same
/// form. Records that name an experiment by its key follow the record ``started(_:_:)`` of that experiment.
///
/// Cases with large values are indirect, so that passing a record on copies a few words.
public enum RunRecord: Sendable {
  // MARK: Records that the store writes

  /// A note about the research as a whole, such as its seed. A later note with the same key replaces it.
  case note(String, Value)
  /// The names under which units save values, in the order of the columns of tables.
  case variables([String])
  /// An experiment begins, or resumes from a checkpoint. Beginning removes what an earlier attempt saved.
  indirect case started(PlannedExperiment, ExperimentStart)
  /// An experiment was left out because its results are stored. The store sets its position in the order of the plan,
  /// which changes when the domain grows before it.
  indirect case skipped(PlannedExperiment)
  /// A stored experiment is about to run again from its start, so it does not count as done any more.
  case reopened(experiment: String)
  /// Everything stored of an experiment is deleted.
  case removed(experiment: String)
  /// The new id of a stored experiment whose prefix has changed. Its folder gets the same name.
  case renamed(experiment: String, id: String)
  case saved(experiment: String, [SavedValue])
  indirect case failed(experiment: String, Failure)
  case ended(experiment: String, Ending, iterations: Int, at: Double)
  /// A short experiment that did not fail, in place of the records of its beginning, values, iterations and end.
  /// Observers, and stores without ``ResultStore/takesFinished``, get those records instead.
  case finished(FinishedExperiment)
  /// The state of an experiment. It replaces an earlier one; the values saved up to it have been recorded before.
  indirect case checkpoint(experiment: String, Checkpoint)
  /// An update of the domain, or the decision to keep it. It replaces an update recorded at the same place.
  indirect case updated(UpdateRecord)
  /// A piece of the provenance of a run.
  indirect case provenance(ProvenanceItem)
  case profiled(experiment: String, [UnitTiming])
  /// What an experiment wrote to a stream, for a store without folders.
  case output(experiment: String, StandardStream, String)

  // MARK: Records of the moment

  indirect case runStarted(RunStart)
  indirect case runEnded(RunSummary)
  /// A unit begins to run. Only observers that ask for units get it.
  indirect case unitStarted(experiment: String, unit: String, iteration: Int)
  /// A unit has written to the log of its experiment.
  indirect case logged(experiment: String, LogEntry)
  /// So many iterations have ended, the last of them with the given number, since the last such record.
  case iterations(experiment: String, last: Int, count: Int)
  /// An experiment runs again.
  indirect case retrying(experiment: String, Retry)
  /// The domain was replaced: the number of domains before it, the domain as text, and the number of experiments
  /// known now; nil if there is no end.
  case domainUpdated(number: Int, domain: String, experiments: Int?)
  /// The number of experiments has changed, since some were added; nil if there is no end.
  case planned(Int?)
  /// A worker has begun, in a process of its own if a number is given.
  case workerStarted(worker: Int, process: Int?)
  /// The process of a worker died. Another process replaces it.
  case workerDied(worker: Int, reason: String)
  /// A worker takes no more tasks.
  case workerLeft(worker: Int, reason: String)
  /// A worker wrote to its standard error: complete lines, each with its end.
  case printed(worker: Int, text: String)
  case warning(String)
  /// A fact on the run that needs no action, such as a job that was submitted.
  case notice(String)
  /// A message between a worker and its supervisor. Observers do not get it.
  indirect case link(LinkRecord)

  /// Why and as which attempt an experiment runs again.
  public struct Retry: Sendable, Hashable {
    /// The number of the attempt that follows, from 2.
    public let attempt: Int
    /// The ending of the attempt before, if that was recorded; nil if the attempt was running.
    public let replaces: Ending?
    /// The failures of the attempt before, which no longer count.
    public let failures: [Failure]

    package init(attempt: Int, replaces: Ending? = nil, failures: [Failure] = []) {
      self.attempt = attempt
      self.replaces = replaces
      self.failures = failures
    }
  }
}

/// A line that a unit writes to the log of its experiment.
public struct LogEntry: Sendable, Hashable {
  /// The name of the level, as swift-log has it.
  public let level: String
  public let message: String
  public let metadata: [String: String]
  /// In seconds since 1970.
  public let at: Double

  package init(level: String, message: String, metadata: [String: String], at: Double) {
    self.level = level
    self.message = message
    self.metadata = metadata
    self.at = at
  }
}

extension RunRecord {
  /// True for a record that the store writes, false for a record of the moment.
  public var isStored: Bool {
    switch self {
    case .note, .variables, .started, .skipped, .reopened, .removed, .renamed, .saved, .failed,
      .ended, .finished, .checkpoint, .updated, .provenance, .profiled, .output:
      true
    case .runStarted, .runEnded, .unitStarted, .logged, .iterations, .retrying, .domainUpdated,
      .planned, .workerStarted, .workerDied, .workerLeft, .printed, .warning, .notice, .link:
      false
    }
  }

  /// The key of the experiment whose attempt the record belongs to; nil if it belongs to none.
  package var experimentKey: String? {
    switch self {
    case .started(let experiment, _): experiment.key
    case .finished(let finished): finished.experiment.key
    case .saved(let key, _), .failed(let key, _), .ended(let key, _, _, _), .profiled(let key, _),
      .output(let key, _, _), .checkpoint(let key, _), .unitStarted(let key, _, _),
      .logged(let key, _),
      .iterations(let key, _, _), .retrying(let key, _):
      key
    default: nil
    }
  }

  /// The approximate number of bytes of memory that the record takes.
  package var size: Int {
    let rest = 256
    switch self {
    case .saved(_, let values): return values.reduce(rest) { $0 + 64 + $1.value.size }
    case .finished(let finished):
      return finished.saved.reduce(3 * rest + finished.row.size) { $0 + 64 + $1.value.size }
    case .checkpoint(_, let checkpoint):
      return checkpoint.parts.reduce(rest) { $0 + $1.content.count }
    case .output(_, _, let text), .printed(_, let text): return rest + text.utf8.count
    case .logged(_, let entry): return rest + entry.message.utf8.count
    default: return rest
    }
  }
}

extension Value {
  /// The approximate number of bytes of memory that the contents take, beside the value itself.
  fileprivate var size: Int {
    switch self {
    case .null, .bool, .int, .double: 0
    case .string(let text): text.utf8.count
    case .list(let values): values.reduce(0) { $0 + 17 + $1.size }
    case .dictionary(let values): values.reduce(0) { $0 + 48 + $1.key.utf8.count + $1.value.size }
    }
  }
}

/// When, where and by which attempt an experiment begins.
public struct ExperimentStart: Sendable, Hashable {
  /// In seconds since 1970.
  public let at: Double
  /// The number of the worker, from 0.
  public let worker: Int
  /// The devices assigned to the experiment, as the system names them; nil for none.
  public let device: String?
  /// The number of the attempt in this run, from 1.
  public let attempt: Int
  /// The identity of the executable that runs it; nil if it is not known.
  public let build: String?
  /// The iteration from which the experiment resumes; nil if it begins. What was saved before that iteration is
  /// kept, and so is the checkpoint.
  public let iteration: Int?
  /// The versions of the units that have one, as a text; nil if none has.
  public let versions: String?

  public init(
    at: Double,
    worker: Int,
    device: String?,
    attempt: Int = 1,
    build: String? = nil,
    iteration: Int? = nil,
    versions: String? = nil
  ) {
    self.at = at
    self.worker = worker
    self.device = device
    self.attempt = attempt
    self.build = build
    self.iteration = iteration
    self.versions = versions
  }
}

/// A piece of the provenance of a run: a text under a topic.
public struct ProvenanceItem: Sendable, Hashable {
  /// The number of the run, from 1; each time that the research runs counts.
  public let run: Int
  /// `environment`, or `git` with the folder that was examined.
  public let topic: String
  public let item: String
  public let text: String

  public init(run: Int, topic: String, item: String, text: String) {
    self.run = run
    self.topic = topic
    self.item = item
    self.text = text
  }
}

/// A message of a worker to its supervisor about the link between them.
public struct LinkRecord: Sendable, Hashable {
  package enum Message: Sendable, Hashable {
    /// The first message: the code and the research of the worker.
    case hello(WorkerIdentity)
    /// The worker cannot run tasks.
    case refused(String)
    /// The answer to a ping.
    case pong
    /// The worker ends and another one has to replace it, since a unit has damaged something of the process.
    case retiring(String)
    /// Tasks that were reclaimed, by their numbers. They do not run.
    case returned([Int])
    /// All records of a task have been sent.
    case taskEnded(Int)
    /// The part of the standard error, by the numbers of its bytes, that belongs to the next failure.
    case errors(Range<Int>)
  }

  package let message: Message

  package init(_ message: Message) { self.message = message }
}

/// What has to be the same in a worker and its supervisor.
public struct WorkerIdentity: Sendable, Hashable {
  /// The identity of the executable; nil if it is not known.
  package let build: String?
  /// The definition of the research.
  package let definition: String

  package init(build: String?, definition: String) {
    self.build = build
    self.definition = definition
  }
}
