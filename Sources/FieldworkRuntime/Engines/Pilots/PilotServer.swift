public import FieldworkCore
public import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The signal that the pilot has got last; 0 for none. A signal handler can use nothing else.
private nonisolated(unsafe) var pilotSignal: Int32 = 0

/// The process that a job of a cluster runs: it starts worker processes beside itself as the run asks for them, and reports
/// how they end.
///
/// When a worker dies, the job goes on. The pilot ends when the run orders it, when the run has ended, when its job is to end,
/// or when the run gives no sign of life for a while. In the last case its workers finish what they run, and the next run reads
/// their results.
public final class PilotServer {
  /// The word that leads a playbook to a pilot.
  package static let flag = "--as-pilot"

  private struct Child {
    let session: WorkerSession
    let process: ChildProcess
    let position: WorkerPosition
    let memoryKills = MemoryKills()
  }

  private static let beatInterval = Duration.seconds(5)
  private static let coordinatorInterval = Duration.seconds(1)
  private static let pauses = PollingPauses(longest: 300_000)
  /// The environment variables that the script of a job sets.
  enum Variable {
    static let task = "FIELDWORK_TASK"
    static let slots = "FIELDWORK_SLOTS"
    static let requeue = "FIELDWORK_REQUEUE"
    static let key = "FIELDWORK_KEY"
  }

  private let command: WorkerCommand
  private let folder: PilotFolder
  private let patience: Duration
  private let branches: Int
  private let environment: [String: String]
  private let task: String
  private let slots: Int
  private var children: [Child] = []
  private var beat: PilotFolder.Beat?
  private var coordinatorSeen = ContinuousClock.now
  private var isEnding = false
  private var isToRequeue = false
  private var hasTakenSignal = false

  /// - Parameters:
  ///   - command: starts a worker.
  ///   - research: the research whose experiments the workers run.
  ///   - folder: the folder of the research.
  ///   - patience: the time for which the run may give no sign of life.
  public init(
    _ command: WorkerCommand,
    _ research: Research,
    folder: ResearchFolder,
    patience: Duration
  ) {
    self.command = command
    self.folder = PilotFolder(in: folder)
    self.patience = patience
    branches = research.settings.branches.count
    let environment = ProcessInfo.processInfo.environment
    task = environment[Variable.task] ?? "\(RunHolder.ownHost ?? "")-\(getpid())"
    slots = max(1, environment[Variable.slots].flatMap { Int($0) } ?? 1)
    self.environment = environment
    // What the job says of itself is not for the units.
    for name in [Variable.task, Variable.slots, Variable.requeue, Variable.key] { unsetenv(name) }
  }

  /// Works until nothing is left to do, and blocks the thread.
  public func run() {
    takeSignals()
    while let session = waitForRun() {
      let wasReplaced = serve(session)
      guard wasReplaced else { break }
      (isEnding, isToRequeue) = (false, false)
    }
    if isToRequeue { requeue() }
  }

  /// Waits for a sign of life of a run.
  /// - Returns: its session; nil if none comes.
  private func waitForRun() -> String? {
    let end = ContinuousClock.now + patience
    let first = folder.beat
    while ContinuousClock.now < end, pilotSignal == 0 {
      // One that has been there may be of a run that was killed.
      if let beat = folder.beat, beat != first || beat.isRecent {
        self.beat = beat
        coordinatorSeen = .now
        return beat.session
      }
      usleep(200_000)
    }
    if pilotSignal == 0 {
      note(
        "no run gave a sign of life within \(patience.optionText): this task ends. Is a run going on, and does this machine see \(folder.path)?"
      )
    }
    return nil
  }

  /// Serves one run.
  /// - Returns: true if another run has taken its place.
  private func serve(_ session: String) -> Bool {
    let random = RandomName.make()
    let files = folder.pilot("\(task)-\(random)")
    let reports = MessageWriter<PilotReport>(files.outbox)
    var orders = MessageReader<PilotOrder>(files.inbox)
    do {
      try files.make()
    } catch {
      note("\(error)")
      return false
    }
    reports.write(
      .registered(
        PilotIdentity(
          host: RunHolder.ownHost ?? "",
          process: getpid(),
          task: task,
          slots: slots,
          key: environment[Variable.key] ?? ""
        )
      )
    )
    var (beats, lastBeat, lastLook) = (0, ContinuousClock.now, ContinuousClock.now)
    var wait = Self.pauses.wait()
    var wasReplaced = false
    while !isEnding || !children.isEmpty {
      reports.retry()
      let round = ContinuousClock.now
      let news = orders.next()
      for order in news { follow(order, reports) }
      let ended = reap(reports)
      if !news.isEmpty || ended { wait = Self.pauses.wait() }
      takeSignal(reports)
      let now = ContinuousClock.now
      if now - lastBeat >= Self.beatInterval {
        lastBeat = now
        beats += 1
        reports.write(.beat(beats))
      }
      if now - lastLook >= Self.coordinatorInterval {
        lastLook = now
        if look(session, reports) == .replaced {
          wasReplaced = true
          endAll()
        }
      }
      wait.sleep()
      // A file system that does not answer hides the signs of life of the run, too.
      let excess = (.now - round) - .seconds(2)
      if excess > .zero { coordinatorSeen += excess }
    }
    reports.write(.left)
    return wasReplaced
  }

  private func follow(_ order: PilotOrder, _ reports: MessageWriter<PilotReport>) {
    switch order {
    case .start(let path, let slot, let variables):
      guard !isEnding else {
        reports.write(.refused(session: path, reason: "the job ends"))
        return
      }
      let session = WorkerSession(path: path)
      do {
        let variables = devices(ofSlot: slot).merging(variables) { $1 }
        let launcher = LocalLauncher(command: command) { _ in variables }
        let position = try WorkerPosition(branches: branches)
        let process = try launcher.start(session, slot, position: position)
        position.closeFile()
        children.append(Child(session: session, process: process, position: position))
      } catch {
        reports.write(.refused(session: path, reason: "\(error)"))
      }
    case .kill(let path):
      for child in children where child.session.path == path { child.process.kill() }
    case .requeue:
      isEnding = true
      isToRequeue = true
    case .end:
      isToRequeue = false
      endAll()
    }
  }

  private func endAll() {
    isEnding = true
    for child in children { child.process.kill() }
  }

  /// The devices of the job, shared out among its workers.
  private func devices(ofSlot slot: Int) -> [String: String] {
    guard slots > 1, let mask = DeviceMask(environment), !mask.devices.isEmpty else { return [:] }
    let list = DeviceList.list((0..<mask.devices.count).map(DeviceList.number))
    let assignment = try? DeviceAssignment(list, workers: slots, branches: branches)
    return assignment?.environment(ofWorker: slot % slots, within: mask) ?? [:]
  }

  /// Reports the workers that have ended.
  /// - Returns: true if there were some.
  private func reap(_ reports: MessageWriter<PilotReport>) -> Bool {
    var hasEnded = false
    children.removeAll { child in
      guard let termination = child.process.wait(for: .zero) else { return false }
      hasEnded = true
      let (code, signal): (Int32?, Int32?) =
        switch termination {
        case .exited(let code): (code, nil)
        case .signalled(let signal): (nil, signal)
        }
      reports.write(
        .ended(
          session: child.session.path,
          code: code,
          signal: signal,
          WorkerRemains(
            wasOutOfMemory: signal == SIGKILL && child.memoryKills.hasGrown,
            bytes: child.session.outboxSize,
            position: child.position.snapshot
          )
        )
      )
      return true
    }
    return hasEnded
  }

  // MARK: The run

  private enum RunState {
    case alive, replaced, gone
  }

  private func look(_ session: String, _ reports: MessageWriter<PilotReport>) -> RunState {
    // A run that has ended removes the folder.
    guard folder.exists else {
      endAll()
      return .gone
    }
    if let now = folder.beat, now != beat {
      beat = now
      coordinatorSeen = .now
      if now.session != session { return .replaced }
    }
    guard !isEnding, .now - coordinatorSeen > patience else { return .alive }
    reports.write(.leaving(reason: "its pilot saw no sign of life of the run"))
    note(
      "the run has given no sign of life for \(patience.optionText): workers finish their experiments, and this task ends"
    )
    isEnding = true
    for child in children { child.process.signal(SIGUSR2) }
    return .gone
  }

  // MARK: Signals

  private func takeSignals() {
    for number in [SIGTERM, SIGINT, SIGUSR1] { signal(number) { pilotSignal = $0 } }
    signal(SIGUSR2, SIG_IGN)
  }

  private func takeSignal(_ reports: MessageWriter<PilotReport>) {
    let number = pilotSignal
    guard number != 0, !hasTakenSignal else { return }
    hasTakenSignal = true
    isEnding = true
    isToRequeue = number == SIGUSR1
    let reason =
      isToRequeue ? "its job has reached its time limit" : "its job was cancelled or preempted"
    reports.write(.leaving(reason: reason))
    note("\(reason); running iterations end first")
    for child in children { child.process.signal(SIGUSR1) }
  }

  /// Puts the task of the batch system back into its queue. If that is refused, the run submits another one.
  private func requeue() {
    guard let words = environment[Variable.requeue]?.split(separator: " ").map(String.init),
      let program = words.first
    else { return }
    let process = try? ChildProcess("/usr/bin/env", [program] + words, isDetached: true)
    guard process?.wait() != .exited(0) else { return }
    note(
      "the task could not be queued again (\(words.joined(separator: " "))): the run submits another one if there is work"
    )
  }

  private func note(_ text: String) {
    FileHandle.standardError.write(
      Data("\(LocalTime.text(Date().timeIntervalSince1970)) \(text)\n".utf8)
    )
  }
}
