import FieldworkCore
import FieldworkStore
import Foundation

/// Deals with what one worker process says, and with its death.
///
/// The thread of the worker's supervisor uses it alone.
final class WorkerDesk: WorkerSession.Listener {
  private let supervisor: WorkerSupervisor
  private let run: RunState
  /// Whether the process has got as far as to begin a task.
  private(set) var hasWorked = false
  /// Why the process does not work; nil if it does.
  private(set) var refusal: FieldworkError?
  private var hasSaidHello = false
  private var lastHeard = ContinuousClock.now
  private var isPinged = false
  private var verdict: WorkerDeath.Verdict?
  /// The unit that ran when the time of a task was over.
  private var lateUnit: UnitDescription?
  /// The number of a task whose time is over, and that has not ended.
  private var lateTask: Int?
  /// When the process is killed.
  private var killTime: ContinuousClock.Instant?
  private var isKilled = false
  /// By the key of an experiment: why a record of it could not be read.
  private var spoiled: [String: String] = [:]
  /// Since when the worker has had nothing more to do, and was to end; nil if it has.
  private var idleSince: ContinuousClock.Instant?
  /// True if the process was killed because it did not end after its last task.
  private(set) var wasKilledAtExit = false
  /// True if the worker has ended for another one to take its place.
  private(set) var hasRetired = false
  private let errorOutput: WorkerErrorOutput
  /// The part of the standard error that belongs to the failure that is reported next.
  private var errorRange: Range<Int>?
  /// The end of that part for the task that runs; nil if nothing of it has failed.
  private var errorEnd: Int?
  /// The experiment of the last report, since many follow of one.
  private var last: AssignedExperiment?

  init(_ supervisor: WorkerSupervisor) {
    self.supervisor = supervisor
    run = supervisor.run
    errorOutput = WorkerErrorOutput(supervisor.worker, run)
  }

  // MARK: Reports

  func take(_ frames: [Frame], from session: WorkerSession) throws {
    lastHeard = .now
    isPinged = false
    var batch = Batch()
    // What came before a frame that cannot be read is handed on.
    defer { hand(on: batch) }
    for frame in frames {
      let report: WorkerReport
      do {
        report = try WorkerReport(frame) { assigned($0)?.experiment }
      } catch {
        guard let key = spoiledExperiment(frame) else { throw error }
        // It costs this experiment its results, and no other one.
        spoiled[key] = spoiled[key] ?? "\(error)"
        continue
      }
      try take(report, &batch, session)
    }
  }

  /// The experiment of a record that cannot be read, by its key; nil if that is not known.
  private func spoiledExperiment(_ frame: Frame) -> String? {
    guard hasSaidHello, frame.kind == StoreRecord.frameKind else { return nil }
    var bytes = ByteReader(frame.content)
    guard (try? bytes.byte()) != nil, let key = try? bytes.string(), assigned(key) != nil else {
      return nil
    }
    return key
  }

  private func assigned(_ key: String) -> AssignedExperiment? {
    if let last, last.experiment.key == key { return last }
    last = supervisor.assigned(key)
    return last
  }

  func take(errorOutput bytes: UnsafeRawBufferPointer) { errorOutput.take(bytes) }

  /// What comes of some reports.
  private struct Batch {
    var records: [StoreRecord] = []
    /// What is told once the records are stored.
    var events: [Event] = []
    var endedTasks: [Int] = []
  }

  private func hand(on batch: Batch) {
    if !batch.records.isEmpty {
      let (run, events) = (run, batch.events)
      run.recorder.recordBlocking(batch.records) {
        for event in events { run.relay(event) }
      }
    }
    guard !batch.endedTasks.isEmpty else { return }
    last = nil
    for task in batch.endedTasks { supervisor.taskEnded(task) }
  }

  private func take(
    _ report: WorkerReport,
    _ batch: inout Batch,
    _ session: WorkerSession
  ) throws {
    guard hasSaidHello || report.mayComeFirst else {
      throw FieldworkError(.store, "the worker says something before it has said what it is")
    }
    switch report {
    case .hello(let identity): try check(identity)
    case .refused(let reason): refusal = FieldworkError(.invalidDefinition, reason)
    case .pong: break
    case .retiring(let reason):
      hasRetired = true
      run.warnOnce("another process takes the place of a worker's: \(reason)")
    case .errors(let range): (errorRange, errorEnd) = (range, range.upperBound)
    case .warning(let text): run.warnOnce(text)
    case .record(.failed(let key, let failure)):
      // The output of branches cannot be separated.
      let isAlone = assigned(key)?.assignment.progress.count == 1
      let output = isAlone ? errorRange.map(session.errors) ?? "" : ""
      errorRange = nil
      batch.records.append(.failed(experiment: key, failure.with(errorOutput: output)))
    case .record(let record): take(record, &batch)
    case .iterations(let key, let last, let count):
      // Those of one that has ended have been told.
      if let assigned = assigned(key), !assigned.assignment.progress[assigned.place].hasEnded {
        tell(key, last, count)
      }
    case .unit(let key, let unit, let iteration):
      if let id = assigned(key)?.experiment.id {
        run.relay(.unitStarted(experiment: id, unit: unit, iteration: iteration))
      }
    case .failed(let key, let failure):
      if let assigned = assigned(key) { run.relay(.unitFailed(assigned.experiment, failure)) }
    case .retrying(let key, let attempt):
      if let assigned = assigned(key) {
        // Each attempt has the whole time.
        assigned.assignment.began = nil
        run.relay(.retrying(assigned.experiment, attempt: attempt))
      }
    case .returned(let numbers):
      last = nil
      supervisor.takeBack(numbers)
    case .taskEnded(let number):
      batch.endedTasks.append(number)
      // What comes after is the next task's, which may have begun.
      session.forgetErrors(upTo: errorEnd)
      (errorRange, errorEnd) = (nil, nil)
      errorOutput.workerLives()
      // It has ended in good order after all.
      if !isKilled {
        killTime = nil
        verdict = nil
        lateTask = nil
      }
    }
  }

  private func check(_ identity: WorkerIdentity) throws {
    hasSaidHello = true
    let own = WorkerIdentity(run.research)
    guard own != identity else { return }
    let difference = ResearchDefinition(run.research).difference(from: identity.definition)
    let reason =
      own.build == identity.build
      ? "the research comes out differently in it, but must be the same each time that it is asked for:\n\(difference)"
      : "it was built from other code; build once more, and run again"
    throw refuse("a worker process cannot be used, since \(reason)")
  }

  private func refuse(_ text: String) -> FieldworkError {
    let error = FieldworkError(.invalidDefinition, text)
    refusal = error
    return error
  }

  private func tell(_ key: String, _ last: Int, _ count: Int) {
    guard let assigned = assigned(key), count > 0 else { return }
    assigned.assignment.progress[assigned.place].iterations += count
    guard !assigned.assignment.progress[assigned.place].isUntold else { return }
    let id = assigned.experiment.id
    for iteration in (last - count + 1)..<(last + 1) {
      run.relay(.iterationEnded(experiment: id, iteration: iteration, worker: supervisor.worker))
    }
  }

  private func take(_ record: StoreRecord, _ batch: inout Batch) {
    switch record {
    case .started(var experiment, let start):
      guard let assigned = assigned(experiment.key) else { return }
      hasWorked = true
      // Stored are the devices by the names that the system knows.
      run.services.place(&experiment, supervisor.worker)
      let assignment = assigned.assignment
      assignment.progress[assigned.place].hasStarted = true
      assignment.progress[assigned.place].iterations = start.iteration ?? 0
      if assignment.began == nil {
        let now = ContinuousClock.now
        assignment.began = now
        assignment.deadline = run.faults.timeLimit.map { now + $0 }
      }
      if !assignment.progress[assigned.place].isUntold {
        run.relay(.experimentStarted(experiment, worker: supervisor.worker))
      }
      run.checkpoints.note(.started(experiment, start))
      batch.records.append(.started(experiment, start))
    case .checkpoint:
      run.checkpoints.note(record)
      batch.records.append(record)
    case .ended(let key, let ending, let iterations, let time):
      end(key, ending, iterations, time, &batch)
    default: batch.records.append(record)
    }
  }

  private func end(
    _ key: String,
    _ ending: Ending,
    _ iterations: Int,
    _ time: Double,
    _ batch: inout Batch
  ) {
    guard let assigned = assigned(key) else { return }
    var ending = ending
    if let reason = spoiled.removeValue(forKey: key), ending != .failed {
      ending = .failed
      let failure = Failure(
        unit: "",
        iteration: max(0, iterations - 1),
        kind: "unreadable",
        message: "what it saved cannot be read: \(reason)",
        place: nil
      )
      if let assigned = self.assigned(key) { run.emit(.unitFailed(assigned.experiment, failure)) }
      batch.records.append(.failed(experiment: key, failure))
    }
    let (assignment, experiment) = (assigned.assignment, assigned.experiment)
    assignment.progress[assigned.place].hasEnded = true
    let told = assignment.progress[assigned.place].iterations
    if told < iterations { tell(key, iterations - 1, iterations - told) }
    if assignment.isOverTime, ending == .interrupted, let limit = run.faults.timeLimit {
      ending = .failed
      let failure = WorkerDeath(timeLimit: limit)
        .failure(unit: lateUnit, iteration: max(0, iterations - 1))
      run.emit(.unitFailed(experiment, failure))
      if assignment.attempt <= run.faults.deathRetries, !run.stopSignal.isGiven {
        assignment.retried.append(assigned.place)
        return
      }
      batch.records.append(.failed(experiment: key, failure))
    }
    batch.records.append(.ended(experiment: key, ending, iterations: iterations, at: time))
    guard !assignment.progress[assigned.place].isUntold else { return }
    batch.events.append(
      .experimentEnded(experiment, ending, iterations: iterations, worker: supervisor.worker)
    )
  }

  // MARK: Time

  /// How long the worker may say nothing. It answers once it has made its research, which may have to read
  /// a lot.
  private var silenceLimit: Duration {
    hasSaidHello ? run.faults.silenceLimit : max(run.faults.silenceLimit, .seconds(600))
  }

  var deadline: ContinuousClock.Instant? {
    if isKilled { return nil }
    let now = ContinuousClock.now
    // Half of the time is for the question, half for the answer.
    var times = [lastHeard + silenceLimit * (isPinged ? 1 : 0.5)]
    if let killTime {
      times.append(killTime)
    } else if let time = supervisor.firstDeadline {
      // Waking often shows for how long this process did not run.
      times += [time, now + Self.heartbeat]
    }
    if isToEnd {
      idleSince = idleSince ?? now
      times.append((idleSince ?? now) + exitLimit)
    } else {
      idleSince = nil
    }
    return times.min()
  }

  /// True if nothing keeps the process from ending.
  private var isToEnd: Bool { hasSaidHello && (hasRetired || supervisor.isToEnd) }

  private static let heartbeat = Duration.milliseconds(500)

  /// The time that a worker may take to end after its last task.
  private var exitLimit: Duration { min(run.faults.silenceLimit, .seconds(10)) }

  /// This process did not run for a time, which does not count.
  func wasFrozen(for duration: Duration) {
    lastHeard += duration
    if let time = killTime { killTime = time + duration }
    if let time = idleSince { idleSince = time + duration }
    supervisor.postponeDeadlines(by: duration)
  }

  func deadlineHasCome(_ session: WorkerSession) {
    let now = ContinuousClock.now
    if let idleSince, isToEnd, idleSince + exitLimit <= now {
      wasKilledAtExit = true
      let what =
        hasWorked
        ? "of its last task and was killed: something that a unit has registered to run at the end of the process does not end"
        : "of the end of the run and was killed before it had begun anything"
      run.emit(
        .warning(
          "worker \(supervisor.worker + 1) did not end within \(exitLimit.optionText) \(what)"
        )
      )
      kill(session, nil)
      return
    }
    if let killTime, killTime <= now {
      kill(session, verdict)
      return
    }
    if killTime == nil, let limit = run.faults.timeLimit, let task = supervisor.takeOverTime(now) {
      verdict = .timeLimit(limit)
      killTime = now + run.faults.grace
      lateTask = task
      let unit = session.board.position(ofBranch: session.board.lastBranch)?.unit
      lateUnit = unit.map { run.research.units[$0] }
      session.send(.cancel(task: task))
    }
    guard lastHeard + silenceLimit * 0.5 <= now else { return }
    if isPinged, lastHeard + silenceLimit <= now {
      lateTask = nil
      kill(session, .unresponsive(silenceLimit))
    } else if !isPinged {
      isPinged = true
      // Time may have passed in which this process did not run either.
      lastHeard = now - silenceLimit * 0.5
      session.send(.ping)
    }
  }

  private func kill(_ session: WorkerSession, _ reason: WorkerDeath.Verdict?) {
    verdict = reason
    isKilled = true
    session.kill()
  }

  // MARK: Death

  /// Settles what the process was running when it died: experiments fail, or are tried again. What it had
  /// not begun stays with the supervisor.
  func settleDeath(_ end: WorkerSession.End, _ session: WorkerSession) {
    let lastErrors = salvage(end, session.processID)
    let death = WorkerDeath(end, verdict, lastErrors: lastErrors)
    run.countDeath()
    last = nil
    let assignment = session.board.task.flatMap { supervisor.takeAssignment($0) }
    settleUnreported()
    guard let assignment, !assignment.live.isEmpty else {
      // It ran nothing, or what it ran has been told to the end.
      run.emit(.workerDied(worker: supervisor.worker, reason: death.message))
      // One that had nothing to do did not die for anything that it was given.
      if hasSaidHello, supervisor.hasNothing { hasWorked = true }
      if assignment != nil { supervisor.settled() }
      return
    }
    hasWorked = true
    if let lateTask, lateTask != assignment.task.number {
      // The task that was late has ended at the last moment, and the kill has met the next one.
      retry(assignment, attempt: assignment.attempt)
      return
    }
    let experiments = assignment.task.experiments
    let failures = assignment.live.map { ($0, failure($0, death, session.board)) }
    for (place, failure) in failures {
      if !assignment.progress[place].hasStarted {
        run.relay(.experimentStarted(experiments[place], worker: supervisor.worker))
      }
      run.emit(.unitFailed(experiments[place], failure))
    }
    if assignment.attempt <= run.faults.deathRetries, !run.stopSignal.isGiven {
      // The next process reads what is stored.
      if run.research.settings.checkpoint != nil { run.recorder.flushBlocking() }
      for (place, _) in failures { assignment.progress[place].hasStarted = true }
      retry(assignment, attempt: assignment.attempt + 1)
      return
    }
    for (place, failure) in failures {
      record(
        experiments[place],
        failure,
        assignment,
        hasStarted: assignment.progress[place].hasStarted
      )
    }
    supervisor.settled()
  }

  /// Tasks that the process has run may not have been told of to the end. They run again, but for what is
  /// known to have ended.
  private func settleUnreported() {
    for assignment in supervisor.takeBegun().reversed() {
      if assignment.live.isEmpty {
        supervisor.settled()
      } else {
        retry(assignment, attempt: assignment.attempt)
      }
    }
  }

  /// Has a task run again before the others.
  private func retry(_ assignment: WorkerAssignment, attempt: Int) {
    supervisor.retry(assignment.again(attempt: attempt, isWhole: supervisor.retriesWholeTasks))
    for place in assignment.live where assignment.progress[place].hasStarted {
      run.emit(.retrying(assignment.task.experiments[place], attempt: attempt))
    }
  }

  /// - Parameter place: the place of an experiment in its task.
  private func failure(_ place: Int, _ death: WorkerDeath, _ board: WorkerBoard) -> Failure {
    let own = board.position(ofBranch: place)
    // A branch that is between two turns has died of the one that another branch was in.
    let unit = own?.unit ?? board.position(ofBranch: board.lastBranch)?.unit
    return death.failure(
      unit: unit.map { run.research.units[$0] },
      iteration: own?.iteration ?? 0
    )
  }

  private func record(
    _ experiment: PlannedExperiment,
    _ failure: Failure,
    _ assignment: WorkerAssignment,
    hasStarted: Bool
  ) {
    let (run, worker, now) = (run, supervisor.worker, TaskHost.now())
    var records: [StoreRecord] = []
    if !hasStarted {
      let start = ExperimentStart(
        at: now,
        worker: worker,
        device: run.services.deviceName(of: experiment, worker: worker),
        attempt: assignment.attempt,
        build: BuildIdentity.current,
        iteration: run.services.folder == nil ? nil : run.checkpoints.iteration(of: experiment),
        versions: run.research.unitVersions
      )
      var placed = experiment
      run.services.place(&placed, worker)
      records.append(.started(placed, start))
    }
    let iterations = failure.iteration + 1
    records.append(.failed(experiment: experiment.key, failure))
    records.append(.ended(experiment: experiment.key, .failed, iterations: iterations, at: now))
    run.recorder.recordBlocking(records) {
      run.emit(.experimentEnded(experiment, .failed, iterations: iterations, worker: worker))
    }
  }

  /// Makes seen what the process wrote last, where its output goes to files.
  /// - Returns: the last lines of its standard error.
  private func salvage(_ end: WorkerSession.End, _ process: Int32) -> String {
    errorOutput.finish()
    guard let folder = run.services.folder else { return end.lastErrors }
    var lines = end.lastErrors
    if let hidden = OutputCapture.lastErrors(in: folder, process: process) {
      lines = lines.isEmpty ? hidden : lines + "\n" + hidden
    }
    do {
      try OutputCapture.salvage(in: folder, process: process)
    } catch {
      run.emit(.warning("\(error)"))
    }
    return lines
  }
}
