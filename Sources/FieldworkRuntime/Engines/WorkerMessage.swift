import FieldworkCore
import FieldworkStore

/// A message of a supervisor to its worker.
enum WorkerMessage {
  /// The first message.
  case setup(WorkerSetup)
  /// A task to run after those that were sent before.
  case task(TaskOrder)
  /// Experiments have to end with their iteration, and no others to begin. With `cancels`, units are cancelled, so that
  /// one that checks for cancellation ends sooner.
  case stop(cancels: Bool)
  /// Tasks that have not begun have to be returned.
  case reclaim
  /// A running task has to end as soon as its units check for cancellation.
  case cancel(task: Int)
  /// There are no more tasks: the worker ends after those that it has.
  case finish
  /// The worker has to answer.
  case ping
}

/// The facts that a worker needs beside the research.
struct WorkerSetup: Hashable {
  let worker: Int
  let seed: UInt64
  /// The path of the folder of the results; nil for none.
  let directory: String?
  /// True if each unit that begins has to be recorded.
  let wantsUnits: Bool
}

extension WorkerIdentity {
  init(_ research: Research) {
    self.init(
      build: BuildIdentity.current,
      definition: ResearchDefinition(research).encoding.canonicalText
    )
  }
}

// MARK: Bytes

/// The kinds of frames with messages to a worker. A kind keeps its number in all versions.
private enum Kind {
  static let setup: UInt8 = 32
  static let task: UInt8 = 33
  static let stop: UInt8 = 34
  static let cancel: UInt8 = 35
  static let finish: UInt8 = 36
  static let ping: UInt8 = 37
  static let reclaim: UInt8 = 38
}

extension FrameChannel {
  /// Adds a message.
  /// - Returns: false if the message is too long to be sent.
  func add(_ message: WorkerMessage) -> Bool {
    let bytes: Int? =
      switch message {
      case .setup(let setup):
        add(Kind.setup) { bytes in
          bytes.append(setup.worker)
          bytes.append(setup.seed)
          bytes.append(setup.directory) { $0.append($1) }
          bytes.append(setup.wantsUnits)
        }
      case .task(let order): add(Kind.task) { order.encode(into: &$0) }
      case .stop(let cancels): add(Kind.stop) { $0.append(cancels) }
      case .reclaim: add(Kind.reclaim) { _ in }
      case .cancel(let number): add(Kind.cancel) { $0.append(number) }
      case .finish: add(Kind.finish) { _ in }
      case .ping: add(Kind.ping) { _ in }
      }
    return bytes != nil
  }
}

extension TaskOrder {
  fileprivate func encode(into bytes: inout ByteWriter) {
    bytes.append(attempt)
    bytes.append(cleansUp.sorted()) { $0.append($1) }
    bytes.append(isCleanup)
    bytes.append(Array(iterations)) { bytes, entry in
      bytes.append(entry.key)
      bytes.append(entry.value)
    }
    bytes.append(Array(states)) { bytes, state in
      let key = state.key
      RunRecord.checkpoint(experiment: key, state.value.checkpoint).encode(into: &bytes)
      RunRecord.saved(experiment: key, state.value.saved).encode(into: &bytes)
    }
    bytes.append(task.pruning) { bytes, pruning in
      bytes.append(pruning.name)
      pruning.rule.encode(into: &bytes)
    }
    bytes.append(configs) { $0.append($1) }
    let isLeading = task.leader.key == task.experiments.first?.key
    bytes.append(isLeading ? nil : task.leader) { $1.encode(into: &$0) }
    bytes.append(task.experiments) { $1.encode(into: &$0, hasConfig: configs.isEmpty) }
  }

  fileprivate init(from bytes: inout ByteReader, _ values: KnownValues) throws {
    func experiment(_ bytes: inout ByteReader) throws -> PlannedExperiment {
      try PlannedExperiment(from: &bytes) { try values.value(of: $0, named: $1) }
    }
    let attempt = try bytes.int()
    let cleansUp = try bytes.list { try $0.string() }
    let isCleanup = try bytes.bool()
    let iterations = try bytes.list { bytes in
      let key = try bytes.string()
      return (key, try bytes.int())
    }
    let states = try bytes.list { bytes in
      (try RunRecord(from: &bytes), try RunRecord(from: &bytes))
    }
    let pruning = try bytes.list { bytes in
      let name = try bytes.string()
      return TaskPruning(name: name, rule: try PruningRule(from: &bytes))
    }
    let configs = try bytes.list { try $0.int() }
    let leader = try bytes.optional(experiment)
    var experiments = try bytes.list(experiment)
    for (place, number) in configs.enumerated() where experiments.indices.contains(place) {
      experiments[place] = try values.experiment(experiments[place], config: number)
    }
    guard let leader = leader ?? experiments.first else {
      throw bytes.damaged("a task has no experiments")
    }
    self.init(
      task: PlannedTask(experiments: experiments, leader: leader, pruning: pruning),
      attempt: attempt,
      cleansUp: Set(cleansUp),
      isCleanup: isCleanup,
      iterations: Dictionary(iterations) { $1 }
    )
    for case (.checkpoint(let key, let checkpoint), .saved(_, let saved)) in states {
      self.states[key] = (checkpoint, saved)
    }
  }
}

extension WorkerMessage {
  /// - Throws: ``FieldworkError`` if the frame is none of a supervisor, or holds a value that is not known here.
  init(_ frame: Frame, _ values: KnownValues) throws {
    var bytes = ByteReader(frame.content)
    switch frame.kind {
    case Kind.setup:
      let worker = try bytes.int()
      let seed = try bytes.unsigned()
      let directory = try bytes.optional { try $0.string() }
      self = .setup(
        WorkerSetup(
          worker: worker,
          seed: seed,
          directory: directory,
          wantsUnits: try bytes.bool()
        )
      )
    case Kind.task: self = .task(try TaskOrder(from: &bytes, values))
    case Kind.stop: self = .stop(cancels: try bytes.bool())
    case Kind.reclaim: self = .reclaim
    case Kind.cancel: self = .cancel(task: try bytes.int())
    case Kind.finish: self = .finish
    case Kind.ping: self = .ping
    default: throw WorkerMessage.unknown(frame)
    }
  }

  static func unknown(_ frame: Frame) -> FieldworkError {
    FieldworkError(.store, "a message of kind \(frame.kind) is not known; build the playbook again")
  }
}
