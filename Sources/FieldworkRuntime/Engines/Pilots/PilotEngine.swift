import FieldworkCore
import FieldworkStore
import Foundation

/// Runs workers beside pilots, in jobs of a cluster.
struct PilotEngine: Engine {
  let isPrefetching = true
  let folder: ResearchFolder
  let pool: PilotPool
  /// Returns the environment variables of a worker's process.
  let variables: @Sendable (_ worker: Int) -> [String: String]

  var seats: (any WorkerSeats)? { pool }

  func startWorker(_ index: Int, _ setup: WorkerSetup) throws -> any WorkerLink {
    let session = try WorkerSession.make(in: folder, worker: index, endsWithRun: false)
    let link = FileLink(session, pauses: .shared)
    link.send(.setup(setup))
    do {
      try link.launch(PilotLauncher(pool: pool, variables: variables), index)
    } catch {
      session.remove()
      throw error
    }
    return link
  }
}

/// The machine or the job of a worker is gone.
struct WorkerLost: Error {
  let reason: String
}

/// Has pilots start workers.
struct PilotLauncher: WorkerLauncher {
  let pool: PilotPool
  let variables: @Sendable (_ worker: Int) -> [String: String]

  func launch(_ session: WorkerSession, _ index: Int) throws -> any LaunchedWorker {
    try pool.start(session, worker: index, variables(index))
  }
}

/// A worker that a pilot has started.
final class PilotWorker: LaunchedWorker {
  let pilot: Pilot
  let session: WorkerSession
  private let state = Protected<WorkerEnding?>(nil)

  init(_ pilot: Pilot, _ session: WorkerSession) {
    self.pilot = pilot
    self.session = session
  }

  var process: Int32? { nil }
  var ending: WorkerEnding? { state.withLock { $0 } }
  var leavingReason: String? { pilot.leavingReason }
  var timeLeft: Duration? { pilot.timeLeft }
  var timeLimit: Duration? { pilot.timeLimit }
  func retire(_ reason: String) { pilot.retire(reason) }

  /// The silence after which a pilot is not expected to follow orders.
  private static let patience = Duration.seconds(20)

  func kill() {
    if pilot.silence > Self.patience {
      session.close()
      end(.lost(reason: "its machine gives no sign of life"))
    }
    pilot.order(.kill(session: session.path))
  }

  /// Takes how it has ended; the first one counts.
  func end(_ ending: WorkerEnding) { state.withLock { $0 = $0 ?? ending } }
}

/// A pilot, as its run knows it.
final class Pilot: Sendable {
  private struct State {
    var reader: MessageReader<PilotReport>
    var identity: PilotIdentity?
    var lastHeard = ContinuousClock.now
    /// The looks since something other than a sign of life came.
    var wait = Pilot.pauses.wait()
    var nextLook = ContinuousClock.now
    var leavingReason: String?
    /// Why it is gone; nil if it is there.
    var lossReason: String?
    var deadline: ContinuousClock.Instant?
    /// The time that was left when it was first known.
    var timeLimit: Duration?
    /// By session: the workers that it has.
    var workers: [String: PilotWorker] = [:]
    /// By slot: the number of the worker that has it.
    var slots: [Int: Int] = [:]
    var hasHadWorkers = false
    /// Since when no slot is taken.
    var idleSince: ContinuousClock.Instant? = .now
    var isToEnd = false
  }

  fileprivate static let pauses = PollingPauses.shared

  let name: String
  private let orders: MessageWriter<PilotOrder>
  private let state: Protected<State>

  init(_ files: PilotFiles) {
    name = files.name
    orders = MessageWriter(files.inbox)
    state = Protected(State(reader: MessageReader(files.outbox)))
  }

  var identity: PilotIdentity? { state.withLock { $0.identity } }
  var leavingReason: String? { state.withLock { $0.leavingReason } }
  var isLost: Bool { state.withLock { $0.lossReason != nil } }
  var silence: Duration { .now - state.withLock { $0.lastHeard } }
  var timeLeft: Duration? { state.withLock { $0.deadline }.map { $0 - .now } }
  var isToEnd: Bool { state.withLock { $0.isToEnd } }

  /// True if it takes workers.
  var isOpen: Bool {
    state.withLock {
      $0.identity != nil && $0.leavingReason == nil && $0.lossReason == nil && !$0.isToEnd
    }
  }

  /// The number of workers that it can take beside those that it has.
  var freeSlots: Int {
    guard isOpen else { return 0 }
    return state.withLock { ($0.identity?.slots ?? 0) - $0.slots.count }
  }

  var hasHadWorkers: Bool { state.withLock { $0.hasHadWorkers } }

  /// The time since it had a worker last; nil if it has one.
  var idleTime: Duration? { state.withLock { $0.idleSince }.map { .now - $0 } }

  func order(_ order: PilotOrder) {
    if order == .end { setToEnd() }
    orders.write(order)
  }

  /// The pilot takes no more workers. The order to end follows.
  func setToEnd() { state.withLock { $0.isToEnd = true } }

  func set(timeLeft: Duration) {
    state.withLock { state in
      state.deadline = .now + timeLeft
      state.timeLimit = max(state.timeLimit ?? timeLeft, timeLeft)
    }
  }

  var timeLimit: Duration? { state.withLock { $0.timeLimit } }

  /// The pilot takes no more workers. When those that it has have ended, its task goes back into the queue.
  func retire(_ reason: String) {
    let isNew = state.withLock { state in
      defer { state.leavingReason = state.leavingReason ?? reason }
      return state.leavingReason == nil
    }
    if isNew { order(.requeue) }
  }

  // MARK: Workers

  /// Gives a slot to a worker.
  func takeSlot(_ worker: Int) {
    state.withLock { state in
      let slot = (0..<(state.identity?.slots ?? 0)).first { state.slots[$0] == nil }
      if let slot { state.slots[slot] = worker }
      state.idleSince = nil
      state.hasHadWorkers = true
    }
  }

  func freeSlot(of worker: Int) {
    state.withLock { state in
      for (slot, owner) in state.slots where owner == worker { state.slots[slot] = nil }
      if state.slots.isEmpty { state.idleSince = .now }
    }
  }

  /// Starts a worker.
  /// - Throws: ``WorkerLost`` if the pilot takes none any more.
  func start(
    _ session: WorkerSession,
    worker: Int,
    _ environment: [String: String]
  ) throws -> PilotWorker {
    let launched = PilotWorker(self, session)
    let slot = try state.withLock { state in
      if let reason = state.lossReason ?? state.leavingReason { throw WorkerLost(reason: reason) }
      if state.isToEnd { throw WorkerLost(reason: "its job ends") }
      guard let slot = state.slots.first(where: { $0.value == worker })?.key else {
        throw WorkerLost(reason: "its place is gone")
      }
      state.workers[session.path] = launched
      // It may end at once.
      state.wait = Pilot.pauses.wait()
      state.nextLook = .now
      return slot
    }
    order(.start(session: session.path, slot: slot, environment: environment))
    return launched
  }

  // MARK: Reports

  /// Takes what the pilot has written, if it is time for another look.
  func readIfDue() {
    orders.retry()
    if state.withLock({ $0.nextLook <= .now }) { read() }
  }

  /// Takes what the pilot has written since the last call.
  func read() {
    let (reports, workers) = state.withLock { state in
      let reports = state.reader.next()
      if !reports.isEmpty { state.lastHeard = .now }
      if reports.contains(where: { !$0.isBeat }) { state.wait = Pilot.pauses.wait() }
      state.nextLook = .now + .microseconds(Int(state.wait.pause))
      return (reports, state.workers)
    }
    for report in reports {
      switch report {
      case .registered(let identity): state.withLock { $0.identity = identity }
      case .beat: break
      case .ended(let session, let code, let signal, let remains):
        let termination =
          signal.map { ChildProcess.Termination.signalled($0) } ?? .exited(code ?? 0)
        // The pilot ends its workers when it has to end.
        workers[session]?.end(
          isToEnd ? .lost(reason: "its job ends") : .ended(termination, remains)
        )
        state.withLock { $0.workers[session] = nil }
      case .refused(let session, let reason):
        workers[session]?.end(.lost(reason: reason))
        // It would refuse the next one, too.
        state.withLock { $0.leavingReason = $0.leavingReason ?? reason }
        order(.end)
      case .leaving(let reason): state.withLock { $0.leavingReason = reason }
      case .left: lose(leavingReason ?? "its job has ended")
      }
    }
  }

  /// The pilot is gone, and so are its workers.
  func lose(_ reason: String) {
    let workers = state.withLock { state in
      state.lossReason = state.lossReason ?? reason
      defer { state.workers = [:] }
      return state.workers.values
    }
    for worker in workers {
      // If it lives, nobody reads what it still writes.
      worker.session.close()
      worker.end(.lost(reason: reason))
    }
  }
}
