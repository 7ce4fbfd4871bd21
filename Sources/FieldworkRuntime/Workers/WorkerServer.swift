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
  private struct State {
    var isStopping = false
    /// Whether no more tasks come.
    var isFinishing = false
    /// The tasks that wait, the next one first.
    var orders: [TaskOrder] = []
    /// The one who waits for a task, if somebody does.
    var idle: CheckedContinuation<Void, Never>?
    /// The number of the task that runs, and how to cancel it.
    var running: (number: Int, task: Task<Void, Never>)?
    /// The memory from which the supervisor reads why the process ended.
    var position: WorkerPosition?
  }

  private let research: Research
  private let channel: any FrameChannel
  /// True if the supervisor or a pilot shares memory with the worker.
  private let sharesMemory: Bool
  private let hasPilot: Bool
  private let state = Protected(State())
  private let errors: ErrorPosition
  private let health: DescriptorHealth
  private let signals: WorkerSignals

  /// Takes the connection that the process was started with.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if there is none.
  public init(_ research: Research) throws {
    self.research = research
    errors = ErrorPosition()
    if let session = WorkerSession.own() {
      channel = Self.channel(session)
      hasPilot = session.isOfPilot
      sharesMemory = hasPilot
    } else {
      do {
        let socket = try SocketChannel(descriptor: ProcessLink.Descriptor.channel)
        // Programs that units start must not hold the connection open.
        close(ProcessLink.Descriptor.channel)
        WorkerServer.wakeAtEndOfSupervisor(socket)
        channel = socket
        sharesMemory = true
        hasPilot = false
      } catch {
        throw FieldworkError(
          .invalidDefinition,
          "a worker is started by the run that it works for, not by hand"
        )
      }
    }
    health = DescriptorHealth()
    signals = WorkerSignals()
  }

  /// Works until there is nothing more to do.
  public func run() async {
    do {
      try SystemThread.require(WorkerServer.threads)
      let onRequest: (@Sendable (WorkerSignals.Request) -> Void)? =
        hasPilot ? { @Sendable request in self.follow(request) } : nil
      try signals.begin(
        isStopping: { [state] in
          state.withLock { $0.isStopping || $0.position?.isStopping ?? false }
        },
        onRequest: onRequest
      )
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
      let position = try position()
      state.withLock { $0.position = position }
      // The standard error of a worker of a pilot is a file.
      if sharesMemory, !hasPilot { errors.begin(position) }
      let sink = RecordSender(
        channel,
        wantsUnits: setup.wantsUnits,
        hasBranches: research.settings.branches.count > 1,
        sharesMemory: sharesMemory,
        errors: errors
      ) {
        position.loseConnection()
        WorkerServer.endWithSupervisor()
      }
      let folder = setup.directory.map { ResearchFolder(path: $0) }
      let services = try RunServices(
        research,
        folder: folder,
        workers: research.settings.wantedWorkers,
        role: .worker
      ) { sink.recordAtOnce([.warning($0.description)]) }
      let host = host(setup, folder, services, sink, position)
      try services.begin()
      // All of it on the thread that runs the units, so that nothing waits for another one.
      let executor = WorkerExecutor(setup.worker)
      await withTaskExecutorPreference(executor) {
        await work(setup.worker, on: executor, host, sink, position)
      }
      services.end()
    } catch {
      channel.add(.refused((error as? FieldworkError)?.description ?? "\(error)"))
    }
    channel.flush()
  }

  /// The channel of a session, which ends when the run does.
  private static func channel(_ session: WorkerSession) -> FileChannel {
    let lastLook = Protected(ContinuousClock.now)
    let (parent, hasPilot) = (getppid(), session.isOfPilot)
    return FileChannel(
      reading: session.inbox,
      writing: session.outbox,
      pauses: hasPilot ? .shared : .local
    ) {
      // Without its pilot nobody reports how the worker ends.
      if hasPilot, getppid() != parent { return false }
      // Looking costs several calls of the system.
      let isDue = lastLook.withLock { last in
        guard .now - last > .milliseconds(50) else { return false }
        last = .now
        return true
      }
      return !isDue || !(session.isClosed || !hasPilot && session.hasLostRun)
    }
  }

  private func position() throws -> WorkerPosition {
    let branches = research.settings.branches.count
    guard sharesMemory else { return try WorkerPosition(branches: branches) }
    defer { close(ProcessLink.Descriptor.position) }
    return try WorkerPosition(
      descriptor: ProcessLink.Descriptor.position,
      branches: branches
    )
  }

  private func host(
    _ setup: WorkerSetup,
    _ folder: ResearchFolder?,
    _ services: RunServices,
    _ sink: RecordSender,
    _ position: WorkerPosition
  ) -> TaskHost {
    TaskHost(
      TaskHost.Setting(
        research: research,
        seed: setup.seed,
        // Elsewhere nothing but records says what a worker has died of.
        joinsRecords: sharesMemory,
        makeDirectory: { experiment in
          guard let folder else { throw FieldworkError.noFolders }
          return try folder.makeDirectory(of: experiment)
        },
        restoresDirectory: true,
        folder: folder,
        makeResults: {
          guard let folder else {
            throw FieldworkError(
              .store,
              "results in memory cannot be read in a worker process; run with --parallel threads, or keep the results in files"
            )
          }
          return try ResearchResults.load(folder.root)
        },
        loadState: { key in
          guard let folder,
            let checkpoint = try Self.reading(folder, { try $0.checkpoint(of: key) })
          else { return nil }
          return TaskHost.StoredState(checkpoint: checkpoint) {
            try Self.reading(folder) { try $0.saved(by: key) }
          }
        },
        shouldStop: { self.shouldStop || position.isStopping }
      ),
      services,
      sink,
      position: position
    )
  }

  private static func reading<Result>(
    _ folder: ResearchFolder,
    _ body: (DatabaseStore) throws -> Result
  ) throws -> Result {
    let store = try DatabaseStore.openForReading(folder)
    defer { try? store.close() }
    return try body(store)
  }

  /// The number of threads that a worker has beside those of its units.
  private static let threads = 7

  private var shouldStop: Bool { Task.isCancelled || state.withLock { $0.isStopping } }

  // MARK: Working

  private func work(
    _ worker: Int,
    on executor: WorkerExecutor,
    _ host: TaskHost,
    _ sink: RecordSender,
    _ position: WorkerPosition
  ) async {
    let executors = host.executors(ofWorker: worker)
    while await hasOrders(position) {
      errors.taskBegins()
      let begun = begin(on: executor) { order in
        _ = await host.run(order, worker: worker, executors)
      }
      guard let begun else { continue }
      await begun.task.value
      if !channel.isIntact {
        // The unit of this task has done it, and no other one is to fail for that.
        position.loseConnection()
        WorkerServer.endWithSupervisor()
      }
      sink.taskEnded(begun.number, isLast: end())
      // Until then a death is the task's.
      position.task = nil
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
  private func hasOrders(_ position: WorkerPosition) async -> Bool {
    while !shouldStop, !position.isStopping {
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
    _ run: @escaping @Sendable (TaskOrder) async -> Void
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
    let values = KnownValues(research)
    var hasSetup = false
    while channel.receive() {
      do {
        while let frame = try channel.next() {
          switch try WorkerMessage(frame, values) {
          case .setup(let setup):
            guard !hasSetup else { continue }
            hasSetup = true
            setUp(setup)
          case .task(let order): change { $0.orders.append(order) }
          case .finish: change { $0.isFinishing = true }
          case .stop(let cancels):
            change { $0.isStopping = true }
            if cancels { state.withLock { $0.running }?.task.cancel() }
          case .reclaim:
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
    state.withLock { $0.position }?.loseConnection()
    WorkerServer.endWithSupervisor()
  }

  private func follow(_ request: WorkerSignals.Request) {
    switch request {
    case .stop: change { $0.isStopping = true }
    case .finish:
      change { state in
        state.orders = []
        state.isFinishing = true
      }
    }
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
  private static func wakeAtEndOfSupervisor(_ channel: SocketChannel) {
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
