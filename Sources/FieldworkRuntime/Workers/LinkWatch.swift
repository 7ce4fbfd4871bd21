import FieldworkCore
import FieldworkStore
import Foundation

/// Watches the link to one worker: its messages, its time limits and heartbeats, and its death.
///
/// Records go on to the ``TaskTracker``. `@unchecked Sendable`: the link makes its calls one after another.
final class LinkWatch: LinkListener, @unchecked Sendable {
  private let supervisor: WorkerSupervisor
  private let run: RunState
  let tracker: TaskTracker
  private var link: (any WorkerLink)?
  /// Why the worker cannot be used; nil if it can.
  private(set) var refusal: FieldworkError?
  private var hasSaidHello = false
  private var isInProcess = false
  private var lastHeard = ContinuousClock.now
  private var isPinged = false
  private var verdict: WorkerDeath.Verdict?
  /// The number of a task whose time is over, and that has not ended.
  private var lateTask: Int?
  /// When the worker is killed.
  private var killTime: ContinuousClock.Instant?
  private var isKilled = false
  /// Since when the worker has had nothing more to do and has not ended; nil if it has tasks.
  private var idleSince: ContinuousClock.Instant?
  /// True if the worker was killed because it did not end after its last task.
  private(set) var wasKilledAtExit = false
  /// True if the worker has ended for another one to replace it.
  private(set) var hasRetired = false
  /// True if the worker was sent a task, and has reported about it or ended without having any.
  private var hasWorkedOtherwise = false
  private let errorOutput: WorkerErrorOutput
  /// The part of the standard error that belongs to the next failure.
  private var errorRange: Range<Int>?
  /// The end of that part for the task that runs; nil if nothing of it has failed.
  private var errorEnd: Int?

  init(_ supervisor: WorkerSupervisor) {
    self.supervisor = supervisor
    run = supervisor.run
    tracker = TaskTracker(supervisor)
    errorOutput = WorkerErrorOutput(supervisor.worker, run)
  }

  /// Begins to watch a worker.
  func watch(_ link: any WorkerLink) {
    self.link = link
    // A worker of this process has the same code and research.
    isInProcess = !supervisor.isPrefetching
    hasSaidHello = isInProcess
    link.connect(self)
  }

  /// True if the worker has begun a task, or died without having any.
  var hasWorked: Bool { tracker.hasWorked || hasWorkedOtherwise }

  // MARK: Records

  func take(_ records: [RunRecord]) throws -> Bool {
    // A worker of this process is not watched for silence, and sends only what concerns its tasks.
    if isInProcess { return tracker.take(records) }
    lastHeard = .now
    isPinged = false
    if hasSaidHello, !records.contains(where: isForLink) { return tracker.take(records) }
    var others: [RunRecord] = []
    var isFull = false
    func hand() {
      if tracker.take(others) { isFull = true }
      others.removeAll(keepingCapacity: true)
    }
    defer { hand() }
    for record in records {
      switch record {
      case .link(let link):
        if case .taskEnded = link.message {
          others.append(record)
          taskEnded()
        } else {
          hand()
          try take(link.message)
        }
      case .failed(let key, let failure):
        // The output of branches cannot be separated.
        let isAlone = tracker.assigned(key)?.assignment.progress.count == 1
        let output = isAlone ? errorRange.flatMap { self.link?.errors(in: $0) } ?? "" : ""
        errorRange = nil
        others.append(.failed(experiment: key, failure.with(errorOutput: output)))
      default:
        guard hasSaidHello else {
          throw FieldworkError(.store, "the worker sends a record before its identity")
        }
        others.append(record)
      }
    }
    hand()
    return isFull
  }

  /// Returns true for a record that the link has to see.
  private func isForLink(_ record: RunRecord) -> Bool {
    switch record {
    case .link: true
    case .failed: errorRange != nil
    default: false
    }
  }

  private func take(_ message: LinkRecord.Message) throws {
    switch message {
    case .hello(let identity): try check(identity)
    case .refused(let reason): refusal = FieldworkError(.invalidDefinition, reason)
    case .pong, .taskEnded: break
    case .retiring(let reason):
      hasRetired = true
      run.warn("another process replaces that of a worker: \(reason)")
    case .errors(let range): (errorRange, errorEnd) = (range, range.upperBound)
    case .returned(let numbers):
      tracker.forgetLast()
      supervisor.takeBack(numbers)
    }
  }

  private func taskEnded() {
    // What comes after is the next task's, which may have begun.
    link?.forgetErrors(upTo: errorEnd)
    (errorRange, errorEnd) = (nil, nil)
    errorOutput.workerLives()
    // The task has ended by itself after all.
    if !isKilled { (killTime, verdict, lateTask) = (nil, nil, nil) }
  }

  func takeUnreadable(_ experiment: String, _ reason: String) {
    tracker.takeUnreadable(experiment, reason)
  }

  func planned(_ key: String) -> PlannedExperiment? {
    hasSaidHello ? tracker.assigned(key)?.experiment : nil
  }

  func take(errorOutput bytes: UnsafeRawBufferPointer) { errorOutput.take(bytes) }

  func waitForRoom() { run.recorder.roomBlocking() }

  private func check(_ identity: WorkerIdentity) throws {
    hasSaidHello = true
    let own = WorkerIdentity(run.research)
    guard own != identity else { return }
    let difference = ResearchDefinition(run.research).difference(fromText: identity.definition)
    let reason =
      own.build == identity.build
      ? "the research differs in it, but must be the same each time that it is computed:\n\(difference)"
      : "it was built from other code; build once more, and run again"
    let error = FieldworkError(
      .invalidDefinition,
      "a worker process cannot be used, since \(reason)"
    )
    refusal = error
    throw error
  }

  // MARK: Time

  /// The time that the worker may be silent. It answers once it has made its research, which may have to read a lot.
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
    } else if let idleTime = supervisor.idleTime, hasSaidHello, supervisor.hasNothing {
      idleSince = idleSince ?? now
      times.append((idleSince ?? now) + idleTime)
    } else {
      idleSince = nil
    }
    return times.min()
  }

  /// True if nothing keeps the worker from ending.
  private var isToEnd: Bool { hasSaidHello && (hasRetired || supervisor.isToEnd) }

  private static let heartbeat = Duration.milliseconds(500)

  /// The time that a worker may take to end after its last task.
  private var exitLimit: Duration {
    // On a cluster the worker may see the message that ends it late.
    min(run.faults.silenceLimit, supervisor.mayLeave ? .seconds(60) : .seconds(10))
  }

  func wasFrozen(for duration: Duration) {
    lastHeard += duration
    if let time = killTime { killTime = time + duration }
    if let time = idleSince { idleSince = time + duration }
    supervisor.postponeDeadlines(by: duration)
  }

  func deadlineHasCome() {
    let now = ContinuousClock.now
    if let idleSince, isToEnd, idleSince + exitLimit <= now {
      wasKilledAtExit = true
      let what =
        hasWorked
        ? "of its last task and was killed: something that a unit has registered to run at the end of the process does not end"
        : "of the end of the run and was killed before it had begun anything"
      run.warn("worker \(supervisor.worker + 1) did not end within \(exitLimit.optionText) \(what)")
      kill(nil)
      return
    }
    if let idleSince, !isToEnd, let idleTime = supervisor.idleTime, idleSince + idleTime <= now {
      self.idleSince = nil
      supervisor.endIdle()
    }
    if let killTime, killTime <= now {
      kill(verdict)
      return
    }
    if killTime == nil, let limit = run.faults.timeLimit, let task = supervisor.takeOverTime(now) {
      verdict = .timeLimit(limit)
      killTime = now + run.faults.grace
      lateTask = task
      let position = link?.position
      let unit = position?.place(ofBranch: position?.lastBranch ?? 0)?.unit
      tracker.lateUnit = unit.map { run.research.units[$0] }
      link?.send(.cancel(task: task))
    }
    guard lastHeard + silenceLimit * 0.5 <= now else { return }
    if isPinged, lastHeard + silenceLimit <= now {
      lateTask = nil
      kill(.unresponsive(silenceLimit))
    } else if !isPinged {
      isPinged = true
      // Time may have passed in which this process did not run either.
      lastHeard = now - silenceLimit * 0.5
      link?.send(.ping)
    }
  }

  private func kill(_ reason: WorkerDeath.Verdict?) {
    verdict = reason
    isKilled = true
    link?.kill()
  }

  func workerIsLeaving(_ reason: String) { supervisor.leave(reason) }

  // MARK: Death

  /// The number of times that the place of a worker may be lost with one experiment, which may be the cause of it.
  private static let lossLimit = 3

  /// Settles what a worker was running whose place is gone: it runs elsewhere, and no experiment has failed.
  func settleLoss(_ end: LinkEnd) {
    let reason = end.lostReason ?? supervisor.leavingReason ?? "its job has ended"
    tracker.forgetLast()
    for assignment in supervisor.takeBegun().reversed() {
      if assignment.live.isEmpty {
        supervisor.settleOrRetry(assignment)
      } else if end.lostReason != nil || run.research.settings.checkpoint == nil,
        run.countLoss(of: assignment.task) >= Self.lossLimit
      {
        let remedy =
          end.lostReason == nil
          ? "; give the jobs a longer --time, or the research a checkpoint" : ""
        let text =
          "the machine or the job of its worker ended \(Self.lossLimit) times while it ran, last since \(reason)\(remedy)"
        settle(assignment, WorkerDeath(lost: text))
      } else {
        supervisor.retry(assignment, assignment.unsettled, after: assignment.retryCause)
      }
    }
    // The next worker gets what is stored.
    if run.research.settings.checkpoint != nil { run.recorder.roomBlocking() }
    guard !run.cancellation.isRequested else { return }
    let worker = supervisor.worker + 1
    run.report(
      supervisor.isDrained
        ? .notice("worker \(worker) has ended: \(reason)")
        : .warning("worker \(worker) has lost its place (\(reason)); its experiments run elsewhere")
    )
  }

  /// Settles what the worker was running when it died: experiments fail, or run again. What it had not begun stays
  /// with the supervisor.
  func settleDeath(_ end: LinkEnd) {
    let lastErrors = salvage(end)
    let death = WorkerDeath(end, verdict, lastErrors: lastErrors)
    run.countDeath()
    tracker.forgetLast()
    let running = link?.position.map(\.task) ?? supervisor.firstBegun
    let assignment = running.flatMap { supervisor.takeAssignment($0) }
    settleUnreported()
    guard let assignment, !assignment.live.isEmpty else {
      // It ran nothing, or all that it ran has been reported.
      run.recorder.recordAtOnce([
        .workerDied(worker: supervisor.worker, reason: death.message)
      ])
      // A worker without tasks did not die of any.
      if hasSaidHello, supervisor.hasNothing { hasWorkedOtherwise = true }
      if let assignment { supervisor.settleOrRetry(assignment) }
      return
    }
    hasWorkedOtherwise = true
    if let lateTask, lateTask != assignment.task.number {
      // The late task has ended at the last moment, and the kill has met the next one.
      supervisor.retry(assignment, assignment.unsettled, after: assignment.retryCause)
      return
    }
    settle(assignment, death)
  }

  private func settle(_ assignment: WorkerAssignment, _ death: WorkerDeath) {
    if let dead = assignment.dead {
      run.warn("a worker died while it cleaned up after an experiment: \(death.message)")
      supervisor.settleDead(dead)
      return
    }
    let experiments = assignment.task.experiments
    for place in assignment.live {
      let experiment = experiments[place]
      let failure = failure(place, death, assignment)
      if !assignment.progress[place].hasStarted {
        assignment.progress[place].hasStarted = true
        run.recorder.recordAtOnce([start(experiment, assignment)])
      }
      assignment.progress[place].failures.append(failure)
      assignment.progress[place].pending = [
        .failed(experiment: experiment.key, failure),
        .ended(
          experiment: experiment.key,
          .failed,
          iterations: failure.iteration + 1,
          at: TaskHost.now()
        ),
      ]
    }
    if run.faults.retries.allows(.death, after: assignment.attempts), !run.cancellation.isRequested
    {
      // The next process reads what is stored.
      if run.research.settings.checkpoint != nil { run.recorder.roomBlocking() }
      supervisor.retry(
        assignment,
        assignment.unsettled,
        after: .death,
        cleansUp: !diedOfCleanup(assignment)
      )
    } else if run.research.hasCleanup, !run.cancellation.isRequested, !diedOfCleanup(assignment) {
      supervisor.cleanUp(assignment)
    } else {
      supervisor.settleDead(assignment)
    }
  }

  /// Returns true if the worker died in a unit that runs when an experiment is over.
  private func diedOfCleanup(_ assignment: WorkerAssignment) -> Bool {
    let position = link?.position
    return assignment.live.contains { place in
      guard let unit = position?.place(ofBranch: place)?.unit else { return false }
      return run.research.units[unit].when.includesCleanup
    }
  }

  /// Settles the tasks that the worker has run and not reported to the end. They run again, but for the experiments
  /// that are known to have ended.
  private func settleUnreported() {
    for assignment in supervisor.takeBegun().reversed() {
      if assignment.live.isEmpty {
        supervisor.settleOrRetry(assignment)
      } else {
        supervisor.retry(assignment, assignment.unsettled, after: assignment.retryCause)
      }
    }
  }

  /// - Parameter place: the position of an experiment in its task.
  private func failure(
    _ place: Int,
    _ death: WorkerDeath,
    _ assignment: WorkerAssignment
  ) -> Failure {
    let position = link?.position
    let own = position?.place(ofBranch: place)
    // A branch between two units has died of the unit that another branch was running.
    let unit = own?.unit ?? position.flatMap { $0.place(ofBranch: $0.lastBranch)?.unit }
    return death.failure(
      unit: unit.map { run.research.units[$0] },
      iteration: own?.iteration
        ?? (position == nil ? assignment.progress[place].iterations : 0)
    )
  }

  /// The record of the beginning of an experiment whose worker died before it could report it.
  private func start(
    _ experiment: PlannedExperiment,
    _ assignment: WorkerAssignment
  ) -> RunRecord {
    let worker = supervisor.worker
    let start = ExperimentStart(
      at: TaskHost.now(),
      worker: worker,
      device: run.services.deviceName(of: experiment, worker: worker),
      attempt: assignment.attempts.number,
      build: run.code.current,
      iteration: run.services.folder == nil
        ? nil : run.resume.checkpoints.iteration(of: experiment),
      versions: run.research.unitVersions
    )
    var placed = experiment
    run.services.place(&placed, worker)
    return .started(placed, start)
  }

  /// Moves what the process wrote last to its place, where its output goes to files.
  /// - Returns: the last lines of its standard error.
  private func salvage(_ end: LinkEnd) -> String {
    errorOutput.finish()
    guard let folder = run.services.folder, let process = link?.process else {
      return end.lastErrors
    }
    var lines = end.lastErrors
    if let hidden = OutputCapture.lastErrors(in: folder, process: process) {
      lines = lines.isEmpty ? hidden : lines + "\n" + hidden
    }
    do {
      try OutputCapture.salvage(in: folder, process: process)
    } catch {
      run.warn("\(error)")
    }
    return lines
  }
}
