import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs workers that are reached through files in the folder of the research, as on a cluster.
struct FileEngine: Engine {
  let isPrefetching = true
  let folder: ResearchFolder
  let launcher: any WorkerLauncher

  func startWorker(_ index: Int, _ setup: WorkerSetup) throws -> any WorkerLink {
    let session = try WorkerSession.make(in: folder, worker: index)
    let link = FileLink(session)
    link.send(.setup(setup))
    do {
      try link.launch(launcher, index)
    } catch {
      session.remove()
      throw error
    }
    return link
  }
}

/// Starts the processes of workers.
protocol WorkerLauncher: Sendable {
  /// Starts a worker for a session.
  /// - Throws: ``SystemError`` or ``FieldworkError`` if it cannot be started.
  func launch(_ session: WorkerSession, _ index: Int) throws -> any LaunchedWorker
}

/// A worker that a launcher has started.
protocol LaunchedWorker: Sendable {
  /// The number of its process; nil if it is on another machine.
  var process: Int32? { get }
  /// How it has ended; nil if it runs, as far as that is known.
  var ending: WorkerEnding? { get }
  /// Why it ends soon and takes no more tasks, such as the time limit of its job; nil if it does not.
  var leavingReason: String? { get }
  /// The time until it is ended from outside; nil if that is not known.
  var timeLeft: Duration? { get }
  /// The whole time that it was given; nil if that is not known.
  var timeLimit: Duration? { get }
  /// Lets its job end, and begin once more, when the workers of the job have ended.
  func retire(_ reason: String)
  /// Ends it at once.
  func kill()
}

extension LaunchedWorker {
  var leavingReason: String? { nil }
  var timeLeft: Duration? { nil }
  var timeLimit: Duration? { nil }
  func retire(_ reason: String) {}
}

/// The facts that a worker leaves behind, as far as they are known.
struct WorkerRemains: Codable, Hashable {
  var wasOutOfMemory = false
  /// The number of bytes that it has written.
  var bytes: Int?
  /// The position in its task.
  var position: WorkerPosition.Snapshot?
}

/// How a worker has ended.
enum WorkerEnding: Hashable {
  /// Its process has ended.
  case ended(ChildProcess.Termination, WorkerRemains)
  /// Its machine or its job is gone. No experiment is to blame.
  case lost(reason: String)
}

/// Starts workers as processes of this machine.
struct LocalLauncher: WorkerLauncher {
  let command: WorkerCommand
  /// Returns the environment variables of a worker's process.
  let variables: @Sendable (_ worker: Int) -> [String: String]

  func launch(_ session: WorkerSession, _ index: Int) throws -> any LaunchedWorker {
    try start(session, index)
  }

  /// Starts the process of a worker.
  /// - Parameter position: the memory that it shares with this process; nil for none.
  /// - Throws: ``SystemError``.
  func start(
    _ session: WorkerSession,
    _ index: Int,
    position: WorkerPosition? = nil
  ) throws -> ChildProcess {
    let errors = try SystemFile(session.errors, O_WRONLY | O_APPEND | O_CREAT)
    var environment = ProcessInfo.processInfo.environment.merging(variables(index)) { $1 }
    environment[WorkerSession.variable] = session.path
    var descriptors = [STDERR_FILENO: errors.descriptor]
    if let position { descriptors[ProcessLink.Descriptor.position] = position.descriptor }
    return try withExtendedLifetime((errors, position)) {
      try ChildProcess(
        command.executable,
        [CommandLine.arguments.first ?? command.executable] + command.arguments,
        descriptors: descriptors,
        environment: environment
      )
    }
  }
}

extension ChildProcess: LaunchedWorker {
  var process: Int32? { id }

  var ending: WorkerEnding? { wait(for: .zero).map { .ended($0, WorkerRemains()) } }
}

/// The link to a worker through the files of a session.
///
/// One thread listens; others may send messages. `@unchecked Sendable`: what changes is used by the thread that listens
/// alone.
final class FileLink: WorkerLink, @unchecked Sendable {
  /// The time between two looks at a standard error without other news.
  private static let errorInterval = Duration.milliseconds(250)
  /// The time for which what a worker wrote before its end may not be seen.
  private static let patience = Duration.seconds(60)
  /// The seconds within which the first messages have to be written.
  private static let writingLimit = 30.0

  private let session: WorkerSession
  private let channel: FileChannel
  private let pauses: PollingPauses
  private let worker = Protected<(any LaunchedWorker)?>(nil)
  private let queue = DispatchQueue(label: "fieldwork.worker.file")
  private var tail = OutputTail()
  private var errorOffset = 0
  private let memoryKills = MemoryKills()

  init(_ session: WorkerSession, pauses: PollingPauses = .local) {
    self.session = session
    self.pauses = pauses
    channel = FileChannel(reading: session.outbox, writing: session.inbox) { !session.isClosed }
  }

  /// - Throws: ``FieldworkError`` if the messages so far cannot be written, and the errors of the launcher.
  func launch(_ launcher: any WorkerLauncher, _ index: Int) throws {
    // The messages so far have to be there before the worker looks for them.
    let isWritten = DispatchSemaphore(value: 0)
    queue.async { isWritten.signal() }
    guard isWritten.wait(timeout: .now() + Self.writingLimit) == .success else {
      session.close()
      throw FieldworkError(
        .store,
        "cannot write \(session.inbox) for a worker: the disk may be full, or does not answer; run again when it does"
      )
    }
    let launched = try launcher.launch(session, index)
    worker.withLock { $0 = launched }
  }

  private var launched: (any LaunchedWorker)? { worker.withLock { $0 } }
  var process: Int32? { launched?.process }
  var timeLeft: Duration? { launched?.timeLeft }
  var timeLimit: Duration? { launched?.timeLimit }
  func retire(_ reason: String) { launched?.retire(reason) }
  /// A worker of a pilot shares memory with it, and the pilot reports the position after its end.
  private(set) var position: WorkerPosition.Snapshot?

  func add(_ message: WorkerMessage) -> Bool { channel.add(message) }

  func flush() { queue.async { [channel] in _ = channel.flush() } }

  func stop(cancels: Bool) { send(.stop(cancels: cancels)) }

  func kill() {
    session.close()
    launched?.kill()
  }

  func errors(in range: Range<Int>) -> String { "" }

  func forgetErrors(upTo position: Int?) { tail.forget(upTo: position) }

  func listen(_ listener: any LinkListener) -> LinkEnd {
    var error: FieldworkError?
    var wait = pauses.wait()
    var errorsRead = ContinuousClock.now
    var ending: WorkerEnding?
    var ended: ContinuousClock.Instant?
    var isLeaving = false
    while ending == nil {
      let looked = ContinuousClock.now
      // What it wrote before its end is read after it.
      ending = launched?.ending
      if ending != nil, missesBytes(of: ending, since: &ended) { ending = nil }
      var hasNews = false
      while channel.receiveAtOnce() { hasNews = true }
      if hasNews || ending != nil || .now - errorsRead >= Self.errorInterval {
        errorsRead = .now
        takeErrors(listener)
      }
      do {
        if hasNews { try channel.deliver(to: listener) }
      } catch let failure {
        error = failure as? FieldworkError ?? FieldworkError(.store, "\(failure)")
        kill()
      }
      if !isLeaving, let reason = launched?.leavingReason {
        isLeaving = true
        listener.workerIsLeaving(reason)
      }
      if hasNews { wait = pauses.wait() }
      let pause = wait.pause
      usleep(pause)
      // A file system that does not answer hides the signs of life of the worker, too.
      let excess = (.now - looked) - .microseconds(Int(pause)) - .seconds(1)
      if excess > .zero { listener.wasFrozen(for: excess) }
      if let deadline = listener.deadline, deadline <= .now { listener.deadlineHasCome() }
    }
    takeErrors(listener)
    if case .ended(_, let remains) = ending { position = remains.position }
    session.close()
    let (termination, wasOutOfMemory, lostReason): (ChildProcess.Termination, Bool, String?) =
      switch ending {
      case .ended(let termination, let remains):
        (termination, remains.wasOutOfMemory || memoryKills.hasGrown, nil)
      case .lost(let reason): (.signalled(SIGKILL), false, reason)
      case nil: (.signalled(SIGKILL), false, nil)
      }
    return LinkEnd(
      termination: termination,
      hasDisconnected: false,
      error: error,
      lastErrors: tail.text,
      wasOutOfMemory: wasOutOfMemory,
      lostReason: lostReason
    )
  }

  /// Returns true while bytes that a worker has written before its end have not come. A network file system may show them
  /// later than the report of the end.
  private func missesBytes(
    of ending: WorkerEnding?,
    since ended: inout ContinuousClock.Instant?
  ) -> Bool {
    guard case .ended(_, let remains) = ending, let bytes = remains.bytes, channel.offset < bytes
    else { return false }
    let since = ended ?? .now
    ended = since
    return .now - since < Self.patience
  }

  private func takeErrors(_ listener: any LinkListener) {
    let file = open(session.errors, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0, Int(facts.st_size) > errorOffset else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = pread(file, buffer.baseAddress, buffer.count, off_t(errorOffset))
      guard count > 0 else { return }
      errorOffset += count
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      tail.append(bytes)
      listener.take(errorOutput: bytes)
    }
  }
}
