public import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The worker's side: runs the tasks that its supervisor sends, and reports.
///
/// It ends with its supervisor, however that ends.
public final class WorkerServer: Sendable {
  /// A task that was sent.
  private struct Order {
    let task: PlannedTask
    let attempt: Int
    let continuing: [String: Int]
  }

  private struct State {
    var isStopping = false
    /// Whether no more tasks come.
    var isFinishing = false
    /// The tasks that wait, the next one first.
    var orders: [Order] = []
    /// The one who waits for a task, if somebody does.
    var idle: CheckedContinuation<Void, Never>?
    /// The number of the task that runs, and how to cancel it.
    var running: (number: Int, task: Task<Void, Never>)?
    /// Where the supervisor reads why the process ended, once it is there.
    var board: WorkerBoard?
  }

  private let research: Research
  private let channel: WorkerChannel
  private let state = Protected(State())
  private let errors: ErrorPosition
  private let health: DescriptorHealth
  private let signals: WorkerSignals

  /// Takes the connection that the process was started with.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if there is none.
  public init(_ research: Research) throws {
    self.research = research
    errors = ErrorPosition()
    do {
      channel = try WorkerChannel(descriptor: WorkerSession.Descriptor.channel)
    } catch {
      throw FieldworkError(
        .invalidDefinition,
        "a worker is started by the run that it works for, not by hand"
      )
    }
    // Programs that units start must not hold the connection open.
    close(WorkerSession.Descriptor.channel)
    WorkerServer.wakeAtEndOfSupervisor(channel)
    health = DescriptorHealth(channel: channel.descriptor)
    signals = WorkerSignals()
  }

  /// Works until there is nothing more to do.
  public func run() async {
    do {
      try SystemThread.require(WorkerServer.threads)
      try signals.begin { [state] in
        state.withLock { $0.isStopping || $0.board?.isStopping ?? false }
      }
    } catch {
      channel.add(.refused((error as? FieldworkError)?.description ?? "\(error)"))
      channel.flush()
      return
    }
    channel.add(.hello(WorkerIdentity(research)))
    channel.flush()
    let setup: WorkerSetup? = await withCheckedContinuation { continuation in
      let error = SystemThread.start { self.listen { continuation.resume(returning: $0) } }
      if error != 0 { continuation.resume(returning: nil) }
    }
    guard let setup else {
      channel.add(.refused("cannot start a thread"))
      channel.flush()
      return
    }
    do {
      let board = try WorkerBoard(
        descriptor: WorkerSession.Descriptor.board,
        branches: research.settings.branches.count
      )
      close(WorkerSession.Descriptor.board)
      state.withLock { $0.board = board }
      errors.begin(board)
      let sink = ReportSink(
        channel,
        wantsUnits: setup.wantsUnits,
        hasBranches: research.settings.branches.count > 1,
        errors: errors
      ) {
        board.loseConnection()
        WorkerServer.endWithSupervisor()
      }
      let folder = setup.directory.map { ResearchFolder(path: $0) }
      let services = try RunServices(
        research,
        folder: folder,
        workers: research.settings.wantedWorkers,
        role: .worker
      ) { sink.tell(.warning($0.description)) }
      let host = host(setup, folder, services, sink, board)
      try services.begin()
      // All of it on the thread that runs the units, so that nothing waits for another one.
      let executor = WorkerExecutor(setup.worker)
      await withTaskExecutorPreference(executor) {
        await work(setup.worker, on: executor, host, sink, board)
      }
      services.end()
    } catch {
      channel.add(.refused((error as? FieldworkError)?.description ?? "\(error)"))
    }
    channel.flush()
  }

  private func host(
    _ setup: WorkerSetup,
    _ folder: ResearchFolder?,
    _ services: RunServices,
    _ sink: ReportSink,
    _ board: WorkerBoard
  ) -> TaskHost {
    let logs = services.consumers
    return TaskHost(
      TaskHost.Setting(
        research: research,
        seed: setup.seed,
        errorRetries: setup.errorRetries,
        makeDirectory: { experiment in
          guard let folder else { throw FieldworkError.noFolders }
          return try folder.makeDirectory(of: experiment)
        },
        restoresFolder: true,
        setAside: { try folder?.setAsideFiles(of: $0) },
        makeResults: {
          guard let folder else {
            throw FieldworkError(
              .store,
              "results in memory cannot be read in a worker process; run with --parallel threads, or keep the results in files"
            )
          }
          return try ResearchResults.load(folder.root)
        },
        loadCheckpoint: { key in
          guard let folder else { return nil }
          let store = try DatabaseStore.openForReading(folder)
          let checkpoint = try store.checkpoint(of: key)
          try store.close()
          return checkpoint
        },
        loadSaved: { id in
          guard let folder else { return [] }
          let store = try DatabaseStore.openForReading(folder)
          let saved = try store.saved(by: id)
          try store.close()
          return saved
        }
      ),
      services,
      TaskHost.Hooks(
        recorder: sink,
        emit: { event in
          for log in logs { log.consume(event) }
          sink.consume(event)
        },
        wantsUnits: setup.wantsUnits || logs.contains(where: \.wantsUnits),
        shouldStop: { self.shouldStop || board.isStopping },
        board: board
      )
    )
  }

  /// The number of threads that a worker has beside those of its units.
  private static let threads = 6

  private var shouldStop: Bool { Task.isCancelled || state.withLock { $0.isStopping } }

  // MARK: Working

  private func work(
    _ worker: Int,
    on executor: WorkerExecutor,
    _ host: TaskHost,
    _ sink: ReportSink,
    _ board: WorkerBoard
  ) async {
    let executors = host.executors(ofWorker: worker)
    while await hasOrders(board) {
      errors.taskBegins()
      let begun = begin(on: executor) { order in
        _ = await host.run(
          order.task,
          worker: worker,
          attempt: order.attempt,
          continuing: order.continuing,
          executors
        )
      }
      guard let begun else { continue }
      await begun.task.value
      if health.hasLostChannel {
        // The unit of this task has done it, and no other one is to fail for that.
        board.loseConnection()
        WorkerServer.endWithSupervisor()
      }
      sink.taskEnded(begun.number, isLast: end())
      // Until then a death is the task's.
      board.task = nil
      if let problem = health.problem {
        // What waits is sent to the process that takes the place of this one.
        channel.add(.retiring(problem))
        channel.flush()
        return
      }
    }
  }

  /// Waits for tasks.
  /// - Returns: false if none is to be run any more.
  private func hasOrders(_ board: WorkerBoard) async -> Bool {
    while !shouldStop, !board.isStopping {
      let (hasOrders, isFinishing) = state.withLock { (!$0.orders.isEmpty, $0.isFinishing) }
      if hasOrders { return true }
      if isFinishing { return false }
      await withCheckedContinuation { continuation in
        let isLate = state.withLock { state in
          guard state.orders.isEmpty, !state.isFinishing, !state.isStopping else { return true }
          state.idle = continuation
          return false
        }
        if isLate { continuation.resume() }
      }
    }
    return false
  }

  /// Takes the next task and lets it run.
  /// - Returns: nil if they were given back meanwhile.
  private func begin(
    on executor: WorkerExecutor,
    _ run: @escaping @Sendable (Order) async -> Void
  ) -> (number: Int, task: Task<Void, Never>)? {
    state.withLock { state in
      guard !state.orders.isEmpty else { return nil }
      let order = state.orders.removeFirst()
      // With the lock, so that it cannot be missed by who cancels it.
      let task = Task(executorPreference: executor) { await run(order) }
      state.running = (order.task.number, task)
      return state.running
    }
  }

  /// - Returns: whether no task waits.
  private func end() -> Bool {
    state.withLock { state in
      state.running = nil
      return state.orders.isEmpty
    }
  }

  // MARK: Listening

  /// Takes messages until there is nobody who sends them.
  private func listen(_ setUp: (WorkerSetup) -> Void) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    let values = KnownValues(research)
    var hasSetup = false
    while channel.receive(into: buffer) {
      do {
        while let frame = try channel.next() {
          switch try WorkerMessage(frame, values) {
          case .setup(let setup):
            guard !hasSetup else { continue }
            hasSetup = true
            setUp(setup)
          case .task(let task, let attempt, let continuing):
            change {
              $0.orders.append(Order(task: task, attempt: attempt, continuing: continuing))
            }
          case .finish: change { $0.isFinishing = true }
          case .stop(let cancels):
            change { $0.isStopping = true }
            if cancels { state.withLock { $0.running }?.task.cancel() }
          case .callBack:
            let orders = state.withLock { state in
              defer { state.orders = [] }
              return state.orders
            }
            channel.add(.returned(orders.map(\.task.number)))
            channel.flush()
          case .ping:
            channel.add(.pong)
            channel.flush()
          case .cancel(let number):
            // It may have ended meanwhile.
            let running = state.withLock { $0.running }
            if running?.number == number { running?.task.cancel() }
          }
        }
      } catch {
        channel.add(.refused((error as? FieldworkError)?.message ?? "\(error)"))
        channel.flush()
        break
      }
    }
    // Nobody reads it if the supervisor is gone; else a unit has closed the connection.
    state.withLock { $0.board }?.loseConnection()
    WorkerServer.endWithSupervisor()
  }

  /// Changes what there is to do, and wakes the one who waits for it.
  private func change(_ body: (inout State) -> Void) {
    let idle = state.withLock { state in
      body(&state)
      defer { state.idle = nil }
      return state.idle
    }
    idle?.resume()
  }

  /// Has the system wake this process when the one is gone that started it: stopped, it could not see it.
  private static func wakeAtEndOfSupervisor(_ channel: WorkerChannel) {
    #if os(Linux)
      typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
      // It takes any number of arguments, so it is not shown to Swift.
      guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "prctl") else { return }
      let setDeathSignal: Int32 = 1
      _ = unsafeBitCast(symbol, to: Control.self)(setDeathSignal, UInt(SIGCONT), 0, 0, 0)
      // It may have ended before.
      if let peer = channel.peer, getppid() != peer { endWithSupervisor() }
    #endif
  }

  /// Ends the process, and the programs that it has started, at once: nobody wants its results.
  private static func endWithSupervisor() -> Never {
    if getsid(0) == getpid() { ChildProcess.killSession(getpid(), ProcessToken.own) }
    _exit(1)
  }
}

/// Sends what is to be recorded, and how far experiments are, to the supervisor.
///
/// What experiments report while they run is sent every hundredth of a second, and all of it at
/// the end of each that takes longer than that.
final class ReportSink: RecordSink, EventConsumer {
  private struct State {
    var isScheduled = false
    var lastSent = ContinuousClock.now
    /// By experiment: its last iteration, and the number of those that have not been told of.
    var iterations: [String: (last: Int, count: Int)] = [:]
    /// By id: the key of an experiment that runs.
    var keys: [String: String] = [:]
    /// The keys of experiments whose results could not be sent.
    var spoiled: Set<String> = []
  }

  /// In milliseconds.
  private static let interval = 10
  /// How long reports of short tasks may wait for each other.
  private static let pause = Duration.milliseconds(2)
  /// The bytes that may wait, before they are sent at once.
  private static let limit = 1 << 15

  private let channel: WorkerChannel
  private let queue = DispatchQueue(label: "fieldwork.worker.reports")
  private let state = Protected(State())

  private let hasBranches: Bool
  private let errors: ErrorPosition
  private let lost: @Sendable () -> Void

  let wantsUnits: Bool

  /// - Parameters:
  ///   - wantsUnits: whether each turn of a unit is reported.
  ///   - hasBranches: whether several experiments run at once.
  ///   - errors: which part of the standard error belongs to the task that runs.
  ///   - lost: is called when nothing can be sent any more.
  init(
    _ channel: WorkerChannel,
    wantsUnits: Bool,
    hasBranches: Bool,
    errors: ErrorPosition,
    lost: @escaping @Sendable () -> Void
  ) {
    self.channel = channel
    self.wantsUnits = wantsUnits
    self.hasBranches = hasBranches
    self.errors = errors
    self.lost = lost
  }

  private func flush() {
    if !channel.flush() { lost() }
  }

  func record(_ records: [StoreRecord], then action: (@Sendable () -> Void)?) async {
    let waiting = add(records)
    if isUrgent(records) || waiting > Self.limit { flush() } else { schedule() }
    action?()
  }

  func recordAtOnce(_ records: [StoreRecord]) {
    _ = add(records)
    schedule()
  }

  /// - Returns: the number of bytes that wait to be sent.
  private func add(_ records: [StoreRecord]) -> Int {
    var waiting = 0
    for record in records {
      var record = record
      if case .ended(let key, _, let iterations, let time) = record {
        let isSpoiled = state.withLock { state in
          state.iterations[key] = nil
          return state.spoiled.remove(key) != nil
        }
        if isSpoiled {
          channel.add(.record(.failed(experiment: key, ReportSink.tooLarge(iterations))))
          record = .ended(experiment: key, .failed, iterations: iterations, at: time)
        }
      }
      // The output of branches cannot be separated.
      if !hasBranches, case .failed = record, let range = errors.ofTask {
        channel.add(.errors(range))
      }
      if let bytes = channel.add(.record(record)) {
        waiting = bytes
      } else {
        if let key = record.experimentKey { state.withLock { _ = $0.spoiled.insert(key) } }
      }
    }
    return waiting
  }

  private static func tooLarge(_ iterations: Int) -> Failure {
    Failure(
      unit: "",
      iteration: max(0, iterations - 1),
      kind: "too large",
      message:
        "what it saved at once is larger than half a gigabyte and cannot be kept; save less, write files into run.directory(), or hand it on in parts with Dump",
      place: nil
    )
  }

  /// Whether something is to be safe from now on, whatever the next unit does: what is handed on before an
  /// experiment ends, and an end while other branches go on.
  private func isUrgent(_ records: [StoreRecord]) -> Bool {
    switch records.last {
    case .saved, .checkpoint: true
    case .ended: hasBranches
    default: false
    }
  }

  func tell(_ report: WorkerReport) {
    channel.add(report)
    schedule()
  }

  /// Tells that a task has ended, at once if the last time that something was sent is not just past:
  /// short tasks are told of together.
  /// - Parameter isLast: whether no task waits to be run.
  func taskEnded(_ number: Int, isLast: Bool) {
    channel.add(.taskEnded(number))
    let now = ContinuousClock.now
    let isDue = state.withLock { state in
      guard isLast || now - state.lastSent >= Self.pause else { return false }
      state.lastSent = now
      return true
    }
    if isDue { flush() } else { schedule() }
  }

  func consume(_ event: Event) {
    switch event {
    case .experimentStarted(let experiment, _):
      state.withLock { $0.keys[experiment.id] = experiment.key }
    case .experimentEnded(let experiment, _, _, _):
      state.withLock { $0.keys[experiment.id] = nil }
    case .iterationEnded(let id, let iteration, _):
      let isFirst = state.withLock { state in
        guard let key = state.keys[id] else { return false }
        let count = state.iterations[key]?.count ?? 0
        state.iterations[key] = (iteration, count + 1)
        return count == 0
      }
      if isFirst { schedule() }
    case .unitStarted(let id, let unit, let iteration):
      guard wantsUnits, let key = state.withLock({ $0.keys[id] }) else { return }
      tell(.unit(experiment: key, unit: unit, iteration: iteration))
    case .unitFailed(let experiment, let failure):
      tell(.failed(experiment: experiment.key, failure))
    case .warning(let text): tell(.warning(text))
    case .retrying(let experiment, let attempt):
      tell(.retrying(experiment: experiment.key, attempt: attempt))
    default: break
    }
  }

  private func schedule() {
    let isNew = state.withLock { state in
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    guard isNew else { return }
    queue.asyncAfter(deadline: .now() + .milliseconds(Self.interval)) { self.report() }
  }

  private func report() {
    let iterations = state.withLock { state in
      defer { state.iterations = [:] }
      state.isScheduled = false
      return state.iterations
    }
    for (key, told) in iterations {
      channel.add(.iterations(experiment: key, last: told.last, count: told.count))
    }
    flush()
  }
}
