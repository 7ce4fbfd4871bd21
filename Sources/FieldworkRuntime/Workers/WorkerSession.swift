import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The life of one worker process, as its supervisor sees it.
///
/// One thread listens; others may send messages.
///
/// `@unchecked Sendable`: what changes is used by the thread that listens alone.
final class WorkerSession: @unchecked Sendable {
  /// Who deals with what the worker says. All calls come from the thread that listens.
  protocol Listener: AnyObject {
    /// Takes reports, in their order.
    /// - Throws: ``FieldworkError`` if the worker cannot be used.
    func take(_ frames: [Frame], from session: WorkerSession) throws
    /// Takes what the worker has written to its standard error.
    func take(errorOutput: UnsafeRawBufferPointer)
    /// When the listener wants to be called at the latest; nil for never.
    var deadline: ContinuousClock.Instant? { get }
    func deadlineHasCome(_ session: WorkerSession)
    /// The time that passed while this process did not run, as it was stopped, or the machine asleep.
    func wasFrozen(for duration: Duration)
  }

  /// How the process ended.
  struct End {
    let ending: ChildProcess.Ending
    /// Whether the process had closed its connection and went on.
    let hasDisconnected: Bool
    /// Why the worker cannot be used; nil if it just ended.
    let error: FieldworkError?
    /// The last lines that it wrote to its standard error.
    let lastErrors: String
    let wasOutOfMemory: Bool
  }

  /// The numbers of the descriptors that a worker process has.
  enum Descriptor {
    static let channel: Int32 = 3
    static let board: Int32 = 4
  }

  let board: WorkerBoard
  private let channel: WorkerChannel
  private let process: ChildProcess
  private let errors: SystemFile
  private var tail = OutputTail()
  /// The bytes that were read from the standard error and not passed on yet.
  private var waitingErrors: [UInt8] = []
  private let memoryKills = MemoryKills()

  var processID: Int32 { process.id }

  /// Starts a worker process.
  /// - Throws: ``SystemError``.
  init(_ command: WorkerCommand, branches: Int, variables: [String: String]) throws {
    board = try WorkerBoard(branches: branches)
    let (own, others) = try WorkerChannel.pair()
    channel = own
    let boardDescriptor = board.descriptor
    let (reading, writing) = try SystemFile.pipe()
    errors = reading
    _ = fcntl(errors.descriptor, F_SETFL, O_NONBLOCK)
    process = try withExtendedLifetime((others, writing)) {
      try ChildProcess(
        command.executable,
        [CommandLine.arguments.first ?? command.executable] + command.arguments,
        descriptors: [
          STDERR_FILENO: writing.descriptor, Descriptor.channel: others.descriptor,
          Descriptor.board: boardDescriptor,
        ],
        environment: ProcessInfo.processInfo.environment.merging(variables) { $1 }
      )
    }
    board.closeFile()
  }

  // MARK: From any thread

  /// Sends a message in a moment, with others that come until then, from another thread: a worker that
  /// does not listen holds up nobody. If it is not there, the thread that listens hears of it.
  /// - Returns: false if the message is too long to be sent.
  @discardableResult
  func send(_ message: WorkerMessage) -> Bool {
    guard add(message) else { return false }
    flush()
    return true
  }

  /// Adds a message to those that are sent together with the next one, or by ``flush()``.
  /// - Returns: false if the message is too long to be sent.
  func add(_ message: WorkerMessage) -> Bool { channel.add(message) }

  /// Sends what was added, in a moment.
  func flush() { channel.flushSoon() }

  /// Ends the process at once, with everything that it has started.
  func kill() { process.kill() }

  // MARK: Listening

  /// What has been written to the standard error so far belongs to what has ended.
  /// - Parameter position: the number of bytes that it has written; nil for all so far.
  func forgetErrors(upTo position: Int?) { tail.forget(upTo: position) }

  /// The last lines of a part of what the process has written to its standard error.
  func errors(in range: Range<Int>) -> String {
    // Output written before a message may still be in the pipe.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    // No further: something that the unit has left running may write without end.
    while tail.end < range.upperBound, hasMoreErrors {
      let count = board.readErrors { read(errors.descriptor, buffer.baseAddress, buffer.count) }
      guard count > 0 else { break }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      tail.append(bytes)
      waitingErrors += bytes
    }
    return tail.text(in: range)
  }

  /// Listens until the process has ended.
  func listen(_ listener: some Listener) -> End {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    var error: FieldworkError?
    var hasErrors = true
    while true {
      // One that is not to be waited for has a negative number.
      var waits = [
        channel.descriptor, hasErrors ? errors.descriptor : -1, process.end?.descriptor ?? -1,
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
        guard channel.receive(into: buffer) else { break }
        do {
          try takeFrames(listener)
        } catch let failure {
          error = failure as? FieldworkError ?? FieldworkError(.store, "\(failure)")
          process.kill()
          break
        }
      }
      // What has come first may have moved the deadline.
      if let deadline = listener.deadline, deadline <= .now { listener.deadlineHasCome(self) }
    }
    // Closing its descriptors is among the last things that a process does when it ends.
    var ending = process.wait(for: .seconds(2))
    let hasDisconnected = ending == nil || board.hasLostConnection
    if ending == nil {
      process.kill()
      ending = process.wait()
    }
    while hasErrors, takeErrors(buffer, listener), hasMoreErrors {}
    return End(
      ending: ending ?? .signalled(SIGKILL),
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

  private func takeFrames(_ listener: some Listener) throws {
    var frames: [Frame] = []
    while let frame = try channel.next() { frames.append(frame) }
    if !frames.isEmpty { try listener.take(frames, from: self) }
  }

  /// - Returns: false if nothing more will come.
  private func takeErrors(
    _ buffer: UnsafeMutableRawBufferPointer,
    _ listener: some Listener
  ) -> Bool {
    if !waitingErrors.isEmpty {
      waitingErrors.withUnsafeBytes { listener.take(errorOutput: $0) }
      waitingErrors = []
    }
    let count = board.readErrors { read(errors.descriptor, buffer.baseAddress, buffer.count) }
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

/// The last lines of what a process writes: those around its last words, if it has trapped, since what is
/// printed after them can be long.
struct OutputTail {
  private static let byteLimit = 64_000
  private static let lineLimit = 20
  private static let linesBefore = 5

  private var bytes: [UInt8] = []
  /// The number of all bytes so far.
  private(set) var end = 0
  /// The number of bytes that belong to what has ended.
  private var forgotten = 0

  mutating func append(_ more: UnsafeRawBufferPointer) {
    end += more.count
    bytes += more.suffix(4 * Self.byteLimit)
    if bytes.count > 4 * Self.byteLimit { bytes.removeFirst(bytes.count - 2 * Self.byteLimit) }
  }

  /// Leaves what was written so far out of the text.
  /// - Parameter position: the number of bytes that what has ended has written; nil for all so far.
  mutating func forget(upTo position: Int?) { forgotten = min(position ?? end, end) }

  var text: String { text(in: forgotten..<end) }

  /// Returns the text of a range of bytes, as far as they are kept.
  func text(in range: Range<Int>) -> String {
    let start = end - bytes.count
    let first = max(0, range.lowerBound - start)
    let last = min(range.upperBound, end) - start
    return first < last ? OutputTail.text(bytes[first..<last]) : ""
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes.suffix(Self.byteLimit), as: UTF8.self)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while lines.last?.isEmpty ?? false { lines.removeLast() }
    let words = WorkerDeath.lastWords(in: lines)
    if let words { lines = lines[max(lines.startIndex, words - Self.linesBefore)...] }
    let kept =
      words == nil
      ? Array(lines.suffix(Self.lineLimit)) : WorkerDeath.trace(lines, most: Self.lineLimit)
    return kept.map { String($0.prefix(500)) }.joined(separator: "\n")
  }
}

/// Tells whether the system has killed processes because memory ran out.
struct MemoryKills {
  private let before = MemoryKills.count

  var hasGrown: Bool { MemoryKills.count > before }

  /// The kills so far, in the group of processes that this one belongs to, or else in the machine.
  private static var count: Int {
    #if os(Linux)
      // In a container the second one counts its neighbours, too.
      for path in ["/sys/fs/cgroup/memory.events", "/proc/vmstat"] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        if let count = line?.split(separator: " ").last.flatMap({ Int($0) }) { return count }
      }
      return 0
    #else
      return 0
    #endif
  }
}
