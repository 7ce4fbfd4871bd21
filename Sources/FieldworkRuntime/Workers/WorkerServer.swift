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
  private enum Next {
    case task(PlannedTask, attempt: Int)
    case finish
  }

  private struct State {
    var isStopping = false
    /// The number of the task that runs, and how to cancel it.
    var running: (number: Int, task: Task<Void, Never>)?
    /// A task that is to be cancelled when it begins.
    var cancelled: Int?
    /// The number of tasks that wait.
    var waiting = 0
  }

  private let research: Research
  private let channel: WorkerChannel
  private let state = Protected(State())

  /// Takes the connection that the process was started with.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if there is none.
  public init(_ research: Research) throws {
    self.research = research
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
    WorkerServer.wakeAtEndOfSupervisor()
  }

  /// Works until there is nothing more to do.
  public func run() async {
    channel.add(.hello(WorkerIdentity(research)))
    channel.flush()
    let (tasks, feed) = AsyncStream.makeStream(of: Next.self)
    let setup: WorkerSetup = await withCheckedContinuation { continuation in
      let thread = Thread { self.listen(feed) { continuation.resume(returning: $0) } }
      thread.name = "fieldwork.worker.messages"
      thread.start()
    }
    do {
      let board = try WorkerBoard(
        descriptor: WorkerSession.Descriptor.board,
        branches: research.settings.branches.count
      )
      close(WorkerSession.Descriptor.board)
      let hasBranches = research.settings.branches.count > 1
      let sink = ReportSink(channel, hasBranches: hasBranches) {
        board.hasLostConnection = true
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
      await work(tasks, setup, host, sink, board)
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
        makeResults: {
          guard let folder else {
            throw FieldworkError(
              .store,
              "results in memory cannot be read in a worker process; run with --parallel threads, or keep the results in files"
            )
          }
          return try ResearchResults.load(folder.path)
        }
      ),
      services,
      TaskHost.Hooks(
        recorder: sink,
        emit: { event in
          for log in logs { log.consume(event) }
          sink.consume(event)
        },
        wantsUnits: logs.contains(where: \.wantsUnits),
        shouldStop: { self.shouldStop },
        board: board
      )
    )
  }

  private var shouldStop: Bool { Task.isCancelled || state.withLock { $0.isStopping } }

  // MARK: Working

  private func work(
    _ tasks: AsyncStream<Next>,
    _ setup: WorkerSetup,
    _ host: TaskHost,
    _ sink: ReportSink,
    _ board: WorkerBoard
  ) async {
    let executors = host.executors(ofWorker: setup.worker)
    let executor = WorkerExecutor(setup.worker)
    for await next in tasks {
      guard case .task(let task, let attempt) = next, !shouldStop else { return }
      let running = Task(executorPreference: executor) {
        _ = await host.run(task, worker: setup.worker, attempt: attempt, executors)
      }
      let isLate = state.withLock { state in
        state.waiting -= 1
        state.running = (task.number, running)
        return state.cancelled == task.number
      }
      if isLate { running.cancel() }
      await running.value
      let isLast = state.withLock { state in
        state.running = nil
        return state.waiting == 0
      }
      sink.taskEnded(task.number, isLast: isLast)
      // Until then a death is the task's.
      board.task = nil
    }
  }

  // MARK: Listening

  /// Takes messages until there is nobody who sends them.
  private func listen(
    _ feed: AsyncStream<Next>.Continuation,
    _ setUp: (WorkerSetup) -> Void
  ) {
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
          case .task(let task, let attempt):
            state.withLock { $0.waiting += 1 }
            feed.yield(.task(task, attempt: attempt))
          case .stop: state.withLock { $0.isStopping = true }
          case .finish: feed.yield(.finish)
          case .ping:
            channel.add(.pong)
            channel.flush()
          case .cancel(let number):
            let task = state.withLock { state in
              state.cancelled = number
              return state.running?.number == number ? state.running?.task : nil
            }
            task?.cancel()
          }
        }
      } catch {
        channel.add(.refused((error as? FieldworkError)?.message ?? "\(error)"))
        channel.flush()
        break
      }
    }
    WorkerServer.endWithSupervisor()
  }

  /// Has the system wake this process when the one is gone that started it: stopped, it could not see it.
  private static func wakeAtEndOfSupervisor() {
    #if os(Linux)
      typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
      // It takes any number of arguments, so it is not shown to Swift.
      guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "prctl") else { return }
      let setDeathSignal: Int32 = 1
      _ = unsafeBitCast(symbol, to: Control.self)(setDeathSignal, UInt(SIGCONT), 0, 0, 0)
    #endif
  }

  /// Ends the process, and the programs that it has started, at once: nobody wants its results.
  private static func endWithSupervisor() -> Never {
    if getsid(0) == getpid() { ChildProcess.killSession(getpid()) }
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
  private let lost: @Sendable () -> Void

  /// - Parameters:
  ///   - hasBranches: whether several experiments run at once.
  ///   - lost: is called when nothing can be sent any more.
  init(_ channel: WorkerChannel, hasBranches: Bool, lost: @escaping @Sendable () -> Void) {
    self.channel = channel
    self.hasBranches = hasBranches
    self.lost = lost
  }

  private func flush() {
    if !channel.flush() { lost() }
  }

  func record(_ records: [StoreRecord], then action: (@Sendable () -> Void)?) async {
    var waiting = 0
    for record in records {
      if case .ended(let key, _, _, _) = record {
        state.withLock { $0.iterations[key] = nil }
      }
      if let bytes = channel.add(.record(record)) {
        waiting = bytes
      } else {
        tell(
          .warning(
            "what an experiment has saved at once is larger than half a gigabyte and is not kept"
          )
        )
      }
    }
    if waiting > Self.limit || isUrgent(records) { flush() } else { schedule() }
    action?()
  }

  /// Whether something is to be safe from now on, whatever the next unit does: what is handed on before an
  /// experiment ends, and an end while other branches go on.
  private func isUrgent(_ records: [StoreRecord]) -> Bool {
    switch records.last {
    case .saved: true
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
    case .unitFailed(let experiment, let failure):
      tell(.failed(experiment: experiment.key, failure))
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
