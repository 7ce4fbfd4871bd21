import FieldworkCore
import FieldworkStore
import Foundation

/// The pilots of a run, and the places that they have for workers.
///
/// One thread reads what pilots write. Another task talks to the batch system, which may take its time to answer: it submits
/// an array when workers wait for places, and finds out about tasks that wait, are held, or are gone.
final class PilotPool: WorkerSeats {
  /// The rules for the jobs of a run.
  struct Plan: Sendable {
    /// The name of the program and its arguments; pilots of others are ended.
    let program: String
    /// The greatest number of tasks at a time.
    let tasks: Int
    /// The number of workers of each task.
    let slots: Int
    let idleTime: Duration
    /// The time for which a pilot may be silent before it has registered. One that has registered is lost after three times as
    /// long, without the batch system.
    let silenceLimit: Duration
  }

  private struct State {
    var pilots: [String: Pilot] = [:]
    /// The pilots that are gone.
    var gone: Set<String> = []
    /// By number: the workers that have a place.
    var places: [Int: Pilot] = [:]
    /// The workers that wait for a place, in the order in which they came.
    var waiting: [(worker: Int, CheckedContinuation<NoSeat?, Never>)] = []
    var isClosed = false
    /// The number of tasks that there may be beside those of the plan.
    var added = 0
    var failure: NoSeat?
    /// True if the batch system is to be asked soon.
    var wantsLook = false
    /// When a silent pilot was the reason to ask last.
    var askedForSilence = ContinuousClock.now
    /// The tasks whose pilots have registered.
    var reached: Set<String> = []
    /// True if another run has taken the place of this one.
    var isReplaced = false
    var hasEnded = false
  }

  private let plan: Plan
  private let folder: PilotFolder
  private let arrays: PilotArrays
  private let session: String
  private let state = Protected(State())
  private let report: @Sendable (RunRecord) -> Void

  /// The silence of a pilot after which the batch system is asked for it: more than two signs of life were missed.
  private static let missedBeats = Duration.seconds(12)
  private static let beatInterval = Duration.seconds(2)
  /// The time between two rounds, in microseconds. A pilot is looked at when it is its time.
  private static let pause: UInt32 = 20_000

  init(
    _ plan: Plan,
    folder: ResearchFolder,
    arrays: PilotArrays,
    report: @escaping @Sendable (RunRecord) -> Void
  ) {
    self.plan = plan
    self.folder = PilotFolder(in: folder)
    self.arrays = arrays
    self.report = report
    session = RandomName.make()
  }

  // MARK: Beginning and end

  /// Begins to look for pilots.
  /// - Throws: ``SystemError`` if the folder cannot be written.
  func begin() throws {
    // Pilots of an earlier run register once more when they see this one.
    let earlier = folder.names()
    try folder.make()
    try folder.write(beat(0))
    folder.remove(earlier)
    let error = SystemThread.start { self.watch() }
    guard error == 0 else { throw SystemError("cannot start a thread", error) }
  }

  /// Ends all pilots and removes the tasks of arrays.
  /// - Parameter following: the task that follows the arrays.
  func end(after following: Task<Void, Never>) async {
    close()
    let (pilots, isReplaced) = state.withLock { state in
      state.hasEnded = true
      return (Array(state.pilots.values), state.isReplaced)
    }
    await following.value
    // Pilots, jobs and the folder belong to the other run.
    guard !isReplaced, !hasSuccessor() else { return }
    for pilot in pilots { pilot.order(.end) }
    await arrays.end(pilots: pilots)
    folder.remove()
  }

  /// Returns true if another run has taken the place of this one.
  private func hasSuccessor() -> Bool { folder.beat.map { $0.session != session } ?? false }

  /// Gives a sign of life, unless another run does.
  private func writeBeat(_ count: Int) {
    guard !state.withLock({ $0.isReplaced }) else { return }
    if hasSuccessor() {
      state.withLock { $0.isReplaced = true }
      fail(
        .failed(
          FieldworkError(
            .busy,
            "another run of the research uses the jobs now: this run ends"
          )
        )
      )
      return
    }
    try? folder.write(beat(count))
  }

  private func beat(_ count: Int) -> PilotFolder.Beat {
    PilotFolder.Beat(session: session, count: count, time: Date().timeIntervalSince1970)
  }

  // MARK: Places

  var idleTime: Duration? { plan.idleTime }

  func take(_ worker: Int) async -> NoSeat? {
    await withCheckedContinuation { continuation in
      let answer = state.withLock { state -> NoSeat?? in
        if let failure = state.failure { return .some(failure) }
        if state.isClosed { return .some(.closed) }
        if place(worker, &state) { return .some(nil) }
        state.waiting.append((worker, continuation))
        state.wantsLook = true
        return .none
      }
      if let answer { continuation.resume(returning: answer) }
    }
  }

  private func place(_ worker: Int, _ state: inout State) -> Bool {
    // The one that has most, so that others fall idle and give their machines back.
    let open = state.pilots.values.filter { $0.freeSlots > 0 && $0.silence <= Self.missedBeats }
    let best = open.min { ($0.freeSlots, $0.name) < ($1.freeSlots, $1.name) }
    guard let best else { return false }
    best.takeSlot(worker)
    state.places[worker] = best
    return true
  }

  func giveBack(_ worker: Int) {
    let pilot = state.withLock { $0.places.removeValue(forKey: worker) }
    pilot?.freeSlot(of: worker)
  }

  func leave(_ workers: [Int]) {
    let leaving = state.withLock { state in
      let leaving = state.waiting.filter { workers.contains($0.worker) }
      state.waiting.removeAll { workers.contains($0.worker) }
      return leaving
    }
    for (_, continuation) in leaving { continuation.resume(returning: .closed) }
  }

  func grow(by workers: Int) {
    state.withLock { $0.added += (workers + plan.slots - 1) / plan.slots }
  }

  /// The greatest number of tasks at a time.
  private var mostTasks: Int { plan.tasks + state.withLock { $0.added } }

  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for (_, continuation) in waiting { continuation.resume(returning: .closed) }
  }

  /// No worker gets a place any more, for a reason.
  private func fail(_ failure: NoSeat) {
    let waiting = state.withLock { state in
      state.failure = state.failure ?? failure
      defer { state.waiting = [] }
      return state.waiting
    }
    for (_, continuation) in waiting { continuation.resume(returning: failure) }
  }

  /// Starts a worker in its place.
  /// - Throws: ``WorkerLost``.
  func start(
    _ session: WorkerSession,
    worker: Int,
    _ environment: [String: String]
  ) throws -> PilotWorker {
    guard let pilot = state.withLock({ $0.places[worker] }) else {
      throw WorkerLost(reason: "its place is gone")
    }
    return try pilot.start(session, worker: worker, environment)
  }

  // MARK: Watching pilots

  private func watch() {
    var (beats, lastBeat, lastLook) = (1, ContinuousClock.now, ContinuousClock.now)
    while !state.withLock({ $0.hasEnded }) {
      let now = ContinuousClock.now
      if now - lastBeat >= Self.beatInterval {
        lastBeat = now
        beats += 1
        writeBeat(beats)
      }
      // While workers wait, a new pilot is found sooner.
      let isWaiting = state.withLock { !$0.waiting.isEmpty }
      if now - lastLook >= (isWaiting ? .milliseconds(200) : .seconds(2)) {
        lastLook = now
        findPilots()
      }
      for pilot in state.withLock({ Array($0.pilots.values) }) { pilot.readIfDue() }
      settlePilots()
      usleep(Self.pause)
    }
  }

  private func findPilots() {
    let names = folder.names()
    state.withLock { state in
      let new = names.filter { state.pilots[$0] == nil && !state.gone.contains($0) }
      for name in new { state.pilots[name] = Pilot(folder.pilot(name)) }
    }
  }

  /// Drops pilots that are gone, ends those that nobody needs, and gives places to workers that wait.
  private func settlePilots() {
    var others: [Pilot] = []
    let (placed, idle) = state.withLock { state in
      for pilot in state.pilots.values where pilot.isLost {
        state.pilots[pilot.name] = nil
        state.gone.insert(pilot.name)
        state.wantsLook = true
      }
      for pilot in state.pilots.values {
        guard let identity = pilot.identity else { continue }
        state.reached.insert(identity.task)
        // Of an earlier build, or with other arguments.
        if identity.key != plan.program, !pilot.isToEnd { others.append(pilot) }
      }
      for pilot in others { pilot.setToEnd() }
      let isSilent = state.pilots.values.contains {
        $0.silence > Self.missedBeats && !$0.isToEnd
      }
      if isSilent, .now - state.askedForSilence > .seconds(5) {
        state.askedForSilence = .now
        state.wantsLook = true
      }
      var placed: [CheckedContinuation<NoSeat?, Never>] = []
      while let first = state.waiting.first, place(first.worker, &state) {
        state.waiting.removeFirst()
        placed.append(first.1)
      }
      let idle = state.pilots.values.filter { pilot in
        pilot.isOpen && pilot.idleTime.map { $0 > idleLimit(of: pilot) } ?? false
      }
      // With the lock, so that no worker is placed meanwhile.
      for pilot in idle { pilot.setToEnd() }
      return (placed, idle)
    }
    for continuation in placed { continuation.resume(returning: nil) }
    for pilot in idle + others { pilot.order(.end) }
    loseSilentPilots()
  }

  /// The time after which a pilot without workers ends. The worker that it had has waited already.
  private func idleLimit(of pilot: Pilot) -> Duration {
    pilot.hasHadWorkers ? min(plan.idleTime, .seconds(5)) : plan.idleTime
  }

  /// Pilots that say nothing for long are lost, whether the batch system knows about them or not.
  private func loseSilentPilots() {
    for pilot in state.withLock({ Array($0.pilots.values) }) {
      let limit = pilot.identity == nil ? plan.silenceLimit : plan.silenceLimit * 3
      guard pilot.silence > limit else { continue }
      // It may have written while nobody could read.
      pilot.read()
      if pilot.silence > limit { lose(pilot, "its machine gives no sign of life") }
    }
  }

  // MARK: The batch system

  /// Submits tasks as they are needed, and follows them. It returns at the end of the run, or when it is cancelled.
  func follow() async {
    // Workers come one after another, and one array for all is better than several.
    try? await Task.sleep(for: .milliseconds(100))
    var interval = Duration.seconds(1)
    var failures = 0
    while !state.withLock({ $0.hasEnded || $0.isReplaced }) {
      do {
        defer { for note in arrays.takeNotes() { report(note) } }
        try await arrays.adopt()
        arrays.noteReached(state.withLock { $0.reached })
        if !state.withLock({ $0.isClosed || $0.failure != nil }) { try await submitMissing() }
        // Those that register while the batch system is asked are not in its answer.
        let pilots = state.withLock { Array($0.pilots.values) }
        let tasks = try await arrays.look()
        failures = 0
        settle(tasks, pilots)
        checkHope()
        let isQuiet = state.withLock { $0.waiting.isEmpty }
        interval = isQuiet ? min(interval * 1.5, .seconds(30)) : min(interval * 1.5, .seconds(5))
      } catch let error as FieldworkError {
        fail(.failed(error))
      } catch BatchError.refused(let reason) {
        fail(
          .failed(
            FieldworkError(
              .invalidDefinition,
              "\(arrays.schedulerName) refuses the jobs: \(reason). Change the options of the jobs (--partition, --time, --slurm-option, …) and run again"
            )
          )
        )
      } catch {
        failures += 1
        interval = min(interval * 2, .seconds(60))
        if failures == 2 {
          report(
            .warning(
              "\(arrays.schedulerName) does not answer (\(Self.text(error))). The run asks again; workers go on"
            )
          )
        }
      }
      await pause(interval)
    }
  }

  private static func text(_ error: any Error) -> String {
    if case BatchError.unreachable(let reason) = error { return reason }
    return "\(error)"
  }

  /// Waits for a time, or until there is something to ask.
  private func pause(_ time: Duration) async {
    let end = ContinuousClock.now + time
    // Not sooner, however much there is to ask.
    try? await Task.sleep(for: .milliseconds(300))
    while ContinuousClock.now < end {
      let isDue = state.withLock { state in
        defer { state.wantsLook = false }
        return state.wantsLook || state.hasEnded
      }
      if isDue { return }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private func submitMissing() async throws {
    let (waiting, free, registered) = state.withLock { state in
      let pilots = state.pilots.values
      return (
        state.waiting.count, pilots.reduce(0) { $0 + $1.freeSlots },
        Set(pilots.compactMap { $0.identity?.task })
      )
    }
    let missing = waiting - free
    guard missing > 0 else { return }
    let tasks = (missing + plan.slots - 1) / plan.slots
    try await arrays.submit(tasks, registered: registered, atMost: mostTasks)
  }

  /// Takes what the batch system says of tasks.
  ///
  /// A pilot that gives signs of life is there, whatever the batch system takes its task for: it may have lost its memory, or
  /// the machine of the pilot from sight.
  private func settle(_ tasks: [String: BatchTask], _ pilots: [Pilot]) {
    for pilot in pilots {
      guard let identity = pilot.identity, let task = tasks[identity.task] else { continue }
      if task.state == .running, let time = task.timeLeft { pilot.set(timeLeft: time) }
      guard pilot.silence > Self.missedBeats else { continue }
      switch task.state {
      case .running:
        // A task that has been put back into the queue may run again already: its later pilot counts.
        let others = pilots.filter { $0 !== pilot && $0.identity?.task == identity.task }
        if others.contains(where: { $0.silence < pilot.silence }) {
          lose(pilot, "its job has been started again")
        }
      case .waiting, .held: lose(pilot, "its job was put back into the queue")
      case .cancelled: lose(pilot, "its job was cancelled")
      case .failed(let reason), .ended(let reason): lose(pilot, "its job has ended (\(reason))")
      }
    }
  }

  private func lose(_ pilot: Pilot, _ reason: String) {
    // What it has written before counts, such as that it has ended well.
    pilot.read()
    guard !pilot.isLost, pilot.silence > Self.missedBeats else { return }
    pilot.order(.end)
    pilot.lose(reason)
  }

  /// Ends the waiting if no task is left and none may be submitted.
  private func checkHope() {
    let isHopeless = state.withLock { state in
      !state.waiting.isEmpty && !state.pilots.values.contains(where: \.isOpen)
    }
    guard isHopeless, let reason = arrays.hopelessReason(atMost: mostTasks) else { return }
    fail(
      .lost(reason: reason, remedy: "run again to go on")
    )
  }
}
