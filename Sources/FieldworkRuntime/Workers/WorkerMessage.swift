import FieldworkCore
import FieldworkStore

/// What a supervisor tells a worker.
enum WorkerMessage {
  /// The first message.
  case setup(WorkerSetup)
  /// A task to run after those that were sent before; with the iterations, by key of an experiment, from
  /// which some go on.
  case task(PlannedTask, attempt: Int, continuing: [String: Int])
  /// Experiments are to end with their iteration, and no others to begin. With whether units are told, so
  /// that one that heeds its cancellation ends sooner.
  case stop(cancels: Bool)
  /// Tasks that have not begun are to be given back.
  case callBack
  /// A running task is to end as soon as its units notice.
  case cancel(task: Int)
  /// There are no more tasks: the worker ends after those that it has.
  case finish
  /// The worker is to answer.
  case ping
}

/// What a worker has to know besides the research.
struct WorkerSetup: Hashable {
  let worker: Int
  let seed: UInt64
  /// The path of the folder of the results, nil for none.
  let directory: String?
  /// How often an experiment whose unit failed is tried again.
  let errorRetries: Int
  /// Whether each turn of a unit is to be reported.
  let wantsUnits: Bool
}

/// What a worker tells its supervisor. What is to be stored goes in the same form into a file that is
/// replayed later.
enum WorkerReport {
  /// The first one: of what code the worker is.
  case hello(WorkerIdentity)
  case record(StoreRecord)
  /// Of an experiment, by its key, so many iterations have ended since the last such report.
  case iterations(experiment: String, last: Int, count: Int)
  /// A unit's turn begins in an experiment.
  case unit(experiment: String, unit: String, iteration: Int)
  /// A unit has failed; it is recorded when the experiment ends.
  case failed(experiment: String, Failure)
  /// A task runs again.
  case retrying(experiment: String, attempt: Int)
  /// Tasks that were called back, by their numbers: they will not run.
  case returned([Int])
  /// Everything of a task has been reported.
  case taskEnded(Int)
  case warning(String)
  /// The worker cannot work.
  case refused(String)
  /// The answer to a ping.
  case pong
  /// The worker ends, and another one is to take its place, since a unit has spoilt something of the process.
  case retiring(String)
  /// The part of the standard error, by the numbers of its bytes, that belongs to the failure that comes next.
  case errors(Range<Int>)
}

/// What has to be the same in a worker and its supervisor.
struct WorkerIdentity: Hashable {
  let build: String?
  /// The research as it is declared.
  let definition: String

  init(_ research: Research) {
    build = BuildIdentity.current
    definition = ResearchDefinition(research).text
  }

  init(build: String?, definition: String) {
    self.build = build
    self.definition = definition
  }
}

// MARK: Bytes

/// The kinds of frames in the stream of a worker. A kind keeps its number in all versions.
private enum Kind {
  /// A record, the one kind that a replay reads.
  static let record = StoreRecord.frameKind

  enum Report {
    static let hello: UInt8 = 16
    static let iterations: UInt8 = 17
    static let failed: UInt8 = 18
    static let retrying: UInt8 = 19
    static let taskEnded: UInt8 = 20
    static let warning: UInt8 = 21
    static let refused: UInt8 = 22
    static let pong: UInt8 = 23
    static let unit: UInt8 = 24
    static let returned: UInt8 = 25
    static let errors: UInt8 = 26
    static let retiring: UInt8 = 27
  }

  enum Message {
    static let setup: UInt8 = 32
    static let task: UInt8 = 33
    static let stop: UInt8 = 34
    static let cancel: UInt8 = 35
    static let finish: UInt8 = 36
    static let ping: UInt8 = 37
    static let callBack: UInt8 = 38
  }
}

extension WorkerChannel {
  /// - Returns: false if the message is too long to be sent.
  func add(_ message: WorkerMessage) -> Bool {
    let bytes: Int? =
      switch message {
      case .setup(let setup):
        add(Kind.Message.setup) { bytes in
          bytes.append(setup.worker)
          bytes.append(setup.seed)
          bytes.append(setup.directory) { $0.append($1) }
          bytes.append(setup.errorRetries)
          bytes.append(setup.wantsUnits)
        }
      case .task(let task, let attempt, let continuing):
        add(Kind.Message.task) { bytes in
          bytes.append(attempt)
          bytes.append(Array(continuing)) { bytes, entry in
            bytes.append(entry.key)
            bytes.append(entry.value)
          }
          task.leader.encode(into: &bytes)
          bytes.append(task.experiments) { $1.encode(into: &$0) }
        }
      case .stop(let cancels): add(Kind.Message.stop) { $0.append(cancels) }
      case .callBack: add(Kind.Message.callBack) { _ in }
      case .cancel(let number): add(Kind.Message.cancel) { $0.append(number) }
      case .finish: add(Kind.Message.finish) { _ in }
      case .ping: add(Kind.Message.ping) { _ in }
      }
    return bytes != nil
  }

  /// - Returns: the number of bytes that wait to be sent; nil if the report is too long.
  @discardableResult
  func add(_ report: WorkerReport) -> Int? {
    switch report {
    case .hello(let identity):
      add(Kind.Report.hello) { bytes in
        bytes.append(identity.build) { $0.append($1) }
        bytes.append(identity.definition)
      }
    case .record(let record): add(Kind.record) { record.encode(into: &$0) }
    case .iterations(let experiment, let last, let count):
      add(Kind.Report.iterations) { bytes in
        bytes.append(experiment)
        bytes.append(last)
        bytes.append(count)
      }
    case .unit(let experiment, let unit, let iteration):
      add(Kind.Report.unit) { bytes in
        bytes.append(experiment)
        bytes.append(unit)
        bytes.append(iteration)
      }
    case .failed(let experiment, let failure):
      add(Kind.Report.failed) { bytes in
        bytes.append(experiment)
        failure.encode(into: &bytes)
      }
    case .retrying(let experiment, let attempt):
      add(Kind.Report.retrying) { bytes in
        bytes.append(experiment)
        bytes.append(attempt)
      }
    case .returned(let numbers):
      add(Kind.Report.returned) { $0.append(numbers) { $0.append($1) } }
    case .taskEnded(let number): add(Kind.Report.taskEnded) { $0.append(number) }
    case .warning(let text): add(Kind.Report.warning) { $0.append(text) }
    case .refused(let text): add(Kind.Report.refused) { $0.append(text) }
    case .retiring(let text): add(Kind.Report.retiring) { $0.append(text) }
    case .pong: add(Kind.Report.pong) { _ in }
    case .errors(let range):
      add(Kind.Report.errors) { bytes in
        bytes.append(range.lowerBound)
        bytes.append(range.upperBound)
      }
    }
  }
}

extension WorkerMessage {
  /// - Throws: ``FieldworkError`` if the frame is none of a supervisor, or holds a value that is not
  ///   known here.
  init(_ frame: Frame, _ values: KnownValues) throws {
    var bytes = ByteReader(frame.content)
    switch frame.kind {
    case Kind.Message.setup:
      let worker = try bytes.int()
      let seed = try bytes.unsigned()
      self = .setup(
        WorkerSetup(
          worker: worker,
          seed: seed,
          directory: try bytes.optional { try $0.string() },
          errorRetries: try bytes.int(),
          wantsUnits: try bytes.bool()
        )
      )
    case Kind.Message.task:
      let attempt = try bytes.int()
      let continuing = try bytes.list { bytes in
        let key = try bytes.string()
        return (key, try bytes.int())
      }
      func experiment(_ bytes: inout ByteReader) throws -> PlannedExperiment {
        try PlannedExperiment(from: &bytes) { try values.value(of: $0, named: $1) }
      }
      let leader = try experiment(&bytes)
      let experiments = try bytes.list(experiment)
      self = .task(
        PlannedTask(experiments: experiments, leader: leader),
        attempt: attempt,
        continuing: Dictionary(continuing) { $1 }
      )
    case Kind.Message.stop: self = .stop(cancels: try bytes.bool())
    case Kind.Message.callBack: self = .callBack
    case Kind.Message.cancel: self = .cancel(task: try bytes.int())
    case Kind.Message.finish: self = .finish
    case Kind.Message.ping: self = .ping
    default: throw WorkerMessage.unknown(frame)
    }
  }

  fileprivate static func unknown(_ frame: Frame) -> FieldworkError {
    FieldworkError(.store, "a message of kind \(frame.kind) is not known; build the playbook anew")
  }
}

extension WorkerReport {
  /// Whether it may come before the worker has said what it is.
  var mayComeFirst: Bool {
    switch self {
    case .hello, .refused: true
    default: false
    }
  }

  /// - Parameter planned: gives an experiment that the worker was sent, by its key.
  /// - Throws: ``FieldworkError`` if the frame is none of a worker.
  init(_ frame: Frame, _ planned: (String) -> PlannedExperiment?) throws {
    var bytes = ByteReader(frame.content)
    switch frame.kind {
    case Kind.Report.hello:
      let build = try bytes.optional { try $0.string() }
      self = .hello(WorkerIdentity(build: build, definition: try bytes.string()))
    case Kind.record: self = .record(try StoreRecord(from: &bytes, planned: planned))
    case Kind.Report.iterations:
      self = .iterations(
        experiment: try bytes.string(),
        last: try bytes.int(),
        count: try bytes.int()
      )
    case Kind.Report.unit:
      self = .unit(
        experiment: try bytes.string(),
        unit: try bytes.string(),
        iteration: try bytes.int()
      )
    case Kind.Report.failed:
      self = .failed(experiment: try bytes.string(), try Failure(from: &bytes))
    case Kind.Report.retrying:
      self = .retrying(experiment: try bytes.string(), attempt: try bytes.int())
    case Kind.Report.returned: self = .returned(try bytes.list { try $0.int() })
    case Kind.Report.taskEnded: self = .taskEnded(try bytes.int())
    case Kind.Report.warning: self = .warning(try bytes.string())
    case Kind.Report.refused: self = .refused(try bytes.string())
    case Kind.Report.retiring: self = .retiring(try bytes.string())
    case Kind.Report.pong: self = .pong
    case Kind.Report.errors:
      let (start, end) = (try bytes.int(), try bytes.int())
      guard start <= end else { throw WorkerMessage.unknown(frame) }
      self = .errors(start..<end)
    default: throw WorkerMessage.unknown(frame)
    }
  }
}
