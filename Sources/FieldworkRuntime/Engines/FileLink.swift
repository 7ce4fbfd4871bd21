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
  var termination: ChildProcess.Termination? { get }
  /// Ends it at once.
  func kill()
}

/// Starts workers as processes of this machine.
struct LocalLauncher: WorkerLauncher {
  let command: WorkerCommand
  /// Returns the environment variables of a worker's process.
  let variables: @Sendable (_ worker: Int) -> [String: String]

  func launch(_ session: WorkerSession, _ index: Int) throws -> any LaunchedWorker {
    let errors = try SystemFile(session.errors, O_WRONLY | O_APPEND | O_CREAT)
    var environment = ProcessInfo.processInfo.environment.merging(variables(index)) { $1 }
    environment[WorkerSession.variable] = session.path
    return try withExtendedLifetime(errors) {
      try ChildProcess(
        command.executable,
        [CommandLine.arguments.first ?? command.executable] + command.arguments,
        descriptors: [STDERR_FILENO: errors.descriptor],
        environment: environment
      )
    }
  }
}

extension ChildProcess: LaunchedWorker {
  var process: Int32? { id }
  var termination: Termination? { wait(for: .zero) }
}

/// The link to a worker through the files of a session.
///
/// One thread listens; others may send messages. `@unchecked Sendable`: what changes is used by the thread that listens
/// alone.
final class FileLink: WorkerLink, @unchecked Sendable {
  /// The time after which the run writes to a worker that hears nothing else, so that it knows that the run goes on.
  static let heartbeat = Duration.seconds(10)
  private static let (shortest, longest): (UInt32, UInt32) = (500, 20_000)

  private let session: WorkerSession
  private let channel: FileChannel
  private let worker = Protected<(any LaunchedWorker)?>(nil)
  private let queue = DispatchQueue(label: "fieldwork.worker.file")
  private var tail = OutputTail()
  private var errorOffset = 0
  private let memoryKills = MemoryKills()

  init(_ session: WorkerSession) {
    self.session = session
    channel = FileChannel(reading: session.outbox, writing: session.inbox) { !session.isClosed }
  }

  func launch(_ launcher: any WorkerLauncher, _ index: Int) throws {
    // The messages so far have to be there before the worker looks for them.
    queue.sync {}
    let launched = try launcher.launch(session, index)
    worker.withLock { $0 = launched }
  }

  var process: Int32? { worker.withLock { $0?.process } }
  let position: WorkerPosition? = nil

  func add(_ message: WorkerMessage) -> Bool { channel.add(message) }

  func flush() { queue.async { [channel] in _ = channel.flush() } }

  func stop(cancels: Bool) { send(.stop(cancels: cancels)) }

  func kill() {
    session.close()
    worker.withLock { $0 }?.kill()
  }

  func errors(in range: Range<Int>) -> String { "" }

  func forgetErrors(upTo position: Int?) { tail.forget(upTo: position) }

  func listen(_ listener: any LinkListener) -> LinkEnd {
    var error: FieldworkError?
    var pause = Self.shortest
    var lastSent = ContinuousClock.now
    var termination: ChildProcess.Termination?
    while termination == nil {
      // What it wrote before its end is read after it.
      termination = worker.withLock { $0 }?.termination
      takeErrors(listener)
      var hasNews = false
      while channel.receiveAtOnce() { hasNews = true }
      do {
        if hasNews { try channel.deliver(to: listener) }
      } catch let failure {
        error = failure as? FieldworkError ?? FieldworkError(.store, "\(failure)")
        kill()
      }
      if let deadline = listener.deadline, deadline <= .now { listener.deadlineHasCome() }
      let looked = ContinuousClock.now
      if looked - lastSent > Self.heartbeat {
        lastSent = looked
        send(.ping)
      }
      pause = hasNews ? Self.shortest : min(pause * 2, Self.longest)
      usleep(pause)
      let excess = (.now - looked) - .seconds(1)
      if excess > .zero { listener.wasFrozen(for: excess) }
    }
    takeErrors(listener)
    session.close()
    return LinkEnd(
      termination: termination ?? .signalled(SIGKILL),
      hasDisconnected: false,
      error: error,
      lastErrors: tail.text,
      wasOutOfMemory: memoryKills.hasGrown
    )
  }

  private func takeErrors(_ listener: any LinkListener) {
    let file = open(session.errors, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
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
