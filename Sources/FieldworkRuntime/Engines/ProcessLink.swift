import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs workers in processes of this machine, each the playbook's program in the role of a worker.
struct ProcessEngine: Engine {
  let isPrefetching = true
  let command: WorkerCommand
  let branches: Int
  /// Returns the environment variables of a worker's process.
  let variables: @Sendable (_ worker: Int) -> [String: String]

  func startWorker(_ index: Int, _ setup: WorkerSetup) throws -> any WorkerLink {
    let link = try ProcessLink(command, branches: branches, variables: variables(index))
    link.send(.setup(setup))
    return link
  }
}

/// The link to a worker process of this machine: a pair of sockets, shared memory, and a pipe for its standard error.
///
/// One thread listens; others may send messages.
///
/// `@unchecked Sendable`: what changes is used by the thread that listens alone.
final class ProcessLink: WorkerLink, @unchecked Sendable {
  /// The numbers of the descriptors that a worker process has.
  enum Descriptor {
    static let channel: Int32 = 3
    static let position: Int32 = 4
  }

  var position: WorkerPosition.Snapshot? { cells.snapshot }
  private let cells: WorkerPosition
  private let channel: SocketChannel
  private let child: ChildProcess
  private let errors: SystemFile
  private var tail = OutputTail()
  /// The bytes that were read from the standard error and not passed on yet.
  private var waitingErrors: [UInt8] = []
  private let memoryKills = MemoryKills()

  var process: Int32? { child.id }

  /// Starts a worker process.
  /// - Throws: ``SystemError``.
  init(_ command: WorkerCommand, branches: Int, variables: [String: String]) throws {
    let cells = try WorkerPosition(branches: branches)
    self.cells = cells
    let (own, others) = try SocketChannel.pair()
    channel = own
    let (reading, writing) = try SystemFile.pipe()
    errors = reading
    _ = fcntl(errors.descriptor, F_SETFL, O_NONBLOCK)
    child = try withExtendedLifetime((others, writing)) {
      try ChildProcess(
        command.executable,
        [CommandLine.arguments.first ?? command.executable] + command.arguments,
        descriptors: [
          STDERR_FILENO: writing.descriptor, Descriptor.channel: others.descriptor,
          Descriptor.position: cells.descriptor,
        ],
        environment: ProcessInfo.processInfo.environment.merging(variables) { $1 }
      )
    }
    cells.closeFile()
  }

  // MARK: From any thread

  func add(_ message: WorkerMessage) -> Bool { channel.add(message) }

  /// Sends what was added from another thread: a worker that does not listen holds up nobody. If it is not there, the
  /// thread that listens finds out.
  func flush() { channel.flushSoon() }

  func stop(cancels: Bool) {
    cells.stop()
    send(.stop(cancels: cancels))
  }

  func kill() { child.kill() }

  // MARK: Listening

  func forgetErrors(upTo position: Int?) { tail.forget(upTo: position) }

  func errors(in range: Range<Int>) -> String {
    // Output written before a message may still be in the pipe.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    // No further: something that the unit has left running may write without end.
    while tail.end < range.upperBound, hasMoreErrors {
      let count = cells.readErrors { read(errors.descriptor, buffer.baseAddress, buffer.count) }
      guard count > 0 else { break }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      tail.append(bytes)
      waitingErrors += bytes
    }
    return tail.text(in: range)
  }

  func listen(_ listener: any LinkListener) -> LinkEnd {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    var error: FieldworkError?
    var hasErrors = true
    while true {
      // One that is not to be waited for has a negative number.
      var waits = [
        channel.descriptor, hasErrors ? errors.descriptor : -1, child.end?.descriptor ?? -1,
      ].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      let most = waitingErrors.isEmpty ? timeout(listener.deadline) : 0
      let began = ContinuousClock.now
      guard poll(&waits, nfds_t(waits.count), most) >= 0 || errno == EINTR
      else { break }
      let excess = (.now - began) - .milliseconds(Int(most))
      if most >= 0, excess > Self.frozenLimit { listener.wasFrozen(for: excess) }
      if waits[1].revents != 0 || !waitingErrors.isEmpty {
        hasErrors = takeErrors(buffer, listener)
      }
      // A process that it has started may hold its connection open.
      if waits[0].revents == 0, waits[2].revents != 0 { break }
      if waits[0].revents != 0 {
        guard channel.receive() else { break }
        do {
          try channel.deliver(to: listener)
        } catch let failure {
          error = failure as? FieldworkError ?? FieldworkError(.store, "\(failure)")
          child.kill()
          break
        }
      }
      // What has come first may have moved the deadline.
      if let deadline = listener.deadline, deadline <= .now { listener.deadlineHasCome() }
    }
    // Closing its descriptors is among the last things that a process does when it ends.
    var ending = child.wait(for: .seconds(2))
    let hasDisconnected = ending == nil || cells.hasLostConnection
    if ending == nil {
      child.kill()
      ending = child.wait()
    }
    while hasErrors, takeErrors(buffer, listener), hasMoreErrors {}
    return LinkEnd(
      termination: ending ?? .signalled(SIGKILL),
      hasDisconnected: hasDisconnected,
      error: error,
      lastErrors: tail.text,
      wasOutOfMemory: memoryKills.hasGrown
    )
  }

  /// A busy machine may run a process later than it asks for, by less than this.
  private static let frozenLimit = Duration.seconds(1)

  private func timeout(_ deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = (deadline - .now) / .milliseconds(1)
    return Int32(min(max(left.rounded(.up), 0), 1e9))
  }

  /// - Returns: false if nothing more will come.
  private func takeErrors(
    _ buffer: UnsafeMutableRawBufferPointer,
    _ listener: any LinkListener
  ) -> Bool {
    if !waitingErrors.isEmpty {
      waitingErrors.withUnsafeBytes { listener.take(errorOutput: $0) }
      waitingErrors = []
    }
    let count = cells.readErrors { read(errors.descriptor, buffer.baseAddress, buffer.count) }
    guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    tail.append(bytes)
    listener.take(errorOutput: bytes)
    return true
  }

  private var hasMoreErrors: Bool {
    var wait = pollfd(fd: errors.descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, 0) > 0 && wait.revents & Int16(POLLIN) != 0
  }
}
