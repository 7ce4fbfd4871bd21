import Dispatch
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The call of the system, which has the name of a method below.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  read(descriptor, buffer.baseAddress, buffer.count)
}

/// A program that was started, with its standard output and error as pipes.
///
/// The thread that calls ``read(until:_:)`` reads them, and nothing is read between the calls: a program that prints
/// more than a pipe holds waits for its reader. The program is over when its own process has ended; what it has started
/// and left behind is killed then.
///
/// `@unchecked Sendable`: one thread at a time reads. ``terminate(after:)`` and ``kill()`` may be called by any thread.
final class StartedProgram: @unchecked Sendable {
  /// A standard stream of the program.
  enum Stream: Int {
    case output, errors
  }

  /// The state after a read.
  enum Progress: Equatable {
    case running
    case ended(ChildProcess.Termination)
    /// The deadline has come.
    case overTime
  }

  private static let bufferSize = 1 << 16
  private static let queue = DispatchQueue(label: "fieldwork.programs", qos: .utility)

  private let process: ChildProcess
  /// By stream: both ends of a pipe; nil once it is read to its end. The writing end is open, so that nothing wakes
  /// the reader when the program closes its own.
  private var streams: [(reading: SystemFile, writing: SystemFile)?]
  private var termination: ChildProcess.Termination?
  private var buffer = [UInt8](repeating: 0, count: StartedProgram.bufferSize)
  private let isTerminating = Protected(false)

  /// Starts a program.
  /// - Parameters:
  ///   - path: the file to run.
  ///   - words: the name of the program and its arguments.
  ///   - environment: nil for that of this process, with `changes`.
  ///   - input: the file that it reads from its standard input; nil for nothing.
  /// - Throws: ``SystemError``.
  init(
    _ path: String,
    _ words: [String],
    environment: [String: String]? = nil,
    changes: [String: String] = [:],
    without removed: Set<String> = [],
    folder: String,
    input: SystemFile? = nil
  ) throws {
    let (output, errors) = (try SystemFile.pipe(), try SystemFile.pipe())
    var descriptors = [
      STDOUT_FILENO: output.writing.descriptor, STDERR_FILENO: errors.writing.descriptor,
    ]
    if let input { descriptors[STDIN_FILENO] = input.descriptor }
    process = try ChildProcess(
      path,
      words,
      descriptors: descriptors,
      environment: environment,
      changes: changes,
      without: removed,
      folder: folder,
      remains: .descendants
    )
    streams = [output, errors]
    for stream in [output, errors] {
      _ = fcntl(stream.reading.descriptor, F_SETFL, O_NONBLOCK)
    }
  }

  deinit {
    guard termination == nil else { return }
    let process = process
    process.kill()
    Self.queue.async { _ = process.wait() }
  }

  /// The termination, once the program has ended.
  var ending: ChildProcess.Termination? { termination }

  /// Waits for bytes or the end, and reads some of what there is.
  /// - Parameter take: takes what was read.
  /// - Throws: the errors of `take`.
  func read(
    until deadline: ContinuousClock.Instant? = nil,
    _ take: (Stream, UnsafeRawBufferPointer) throws -> Void
  ) throws -> Progress {
    if let termination {
      // What the program has printed last.
      var hasMore = false
      for stream in streams.indices where streams[stream] != nil {
        if try readSome(stream, take) { hasMore = true } else { streams[stream] = nil }
      }
      return hasMore ? .running : .ended(termination)
    }
    var waits = streams.map {
      pollfd(fd: $0?.reading.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
    }
    waits.append(pollfd(fd: process.end?.descriptor ?? -1, events: Int16(POLLIN), revents: 0))
    var milliseconds = deadline.map { ($0 - ContinuousClock.now) / .milliseconds(1) } ?? -1
    if deadline != nil, milliseconds <= 0 { return .overTime }
    // A system without a descriptor of a process is asked time and again.
    if process.end == nil { milliseconds = milliseconds < 0 ? 10 : min(milliseconds, 10) }
    let count = poll(&waits, nfds_t(waits.count), Int32(min(milliseconds.rounded(.up), 1e9)))
    if count > 0 {
      for stream in streams.indices where waits[stream].revents != 0 {
        _ = try readSome(stream, take)
      }
    }
    if waits[2].revents != 0 {
      termination = process.wait()
    } else if process.end == nil {
      termination = process.wait(for: .zero)
    }
    return .running
  }

  /// Reads once from a stream.
  /// - Returns: false if there is nothing to read.
  private func readSome(
    _ stream: Int,
    _ take: (Stream, UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    guard let descriptor = streams[stream]?.reading.descriptor, let kind = Stream(rawValue: stream)
    else {
      return false
    }
    var count: Int
    repeat {
      count = buffer.withUnsafeMutableBytes { bytes in
        readBytes(descriptor, bytes)
      }
    } while count < 0 && errno == EINTR
    if count > 0 {
      try buffer.withUnsafeBytes { bytes in
        try take(kind, UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      }
      return true
    }
    if count == 0 || errno != EAGAIN { streams[stream] = nil }
    return false
  }

  /// Sends SIGTERM to the program's process group, and SIGKILL to all that is left after a time. Further calls do
  /// nothing.
  func terminate(after grace: Duration) {
    let isFirst = isTerminating.withLock { isTerminating in
      defer { isTerminating = true }
      return !isTerminating
    }
    guard isFirst else { return }
    process.signalGroup(SIGTERM)
    let process = process
    let time = DispatchTime.now() + .milliseconds(max(0, Int(grace / .milliseconds(1))))
    Self.queue.asyncAfter(deadline: time) { process.killUnlessEnded() }
  }

  /// True if ``terminate(after:)`` was called.
  var isTerminated: Bool { isTerminating.withLock { $0 } }

  /// Kills the program and all that it has started.
  func kill() { process.killUnlessEnded() }
}
