import Dispatch
import FieldworkStore
import Foundation

/// One run of a program, over when it has ended and nobody holds its streams any more, or when its time is
/// up.
///
/// A thread of its own waits for the streams, the program's end and an interruption at once, so that the
/// program never waits for a reader.
final class ProgramRun: Sendable {
  private struct Notices {
    /// How the program itself ended.
    var exit: ProgramResult.Ending?
    var isInterrupted = false
  }

  private struct Stream {
    let handle: FileHandle
    var output: CapturedOutput
    var hasEnded = false
  }

  /// Held by the one that starts a program.
  private static let starts = Protected(0)

  /// How many bytes of what goes to the stream for errors are kept.
  private static let errorLimit = 100_000

  private let sizeLimit: Int
  private let notices = Protected(Notices())
  /// A byte in it says that there is a notice.
  private let bell = Pipe()

  /// - Parameter sizeLimit: how many bytes of the output are kept.
  init(sizeLimit: Int) { self.sizeLimit = sizeLimit }

  /// Starts the process and waits until the run is over.
  func run(_ process: Process, named name: String, timeLimit: Duration) async -> ProgramResult {
    let queue = DispatchQueue(label: "fieldwork.program")
    return await withCheckedContinuation { continuation in
      queue.async {
        let result = self.runBlocking(process, named: name, timeLimit: timeLimit)
        continuation.resume(returning: result)
      }
    }
  }

  /// Kills the program, if it still runs.
  func interrupt() { notify { $0.isInterrupted = true } }

  private func notify(_ change: (inout Notices) -> Void) {
    notices.withLock(change)
    // The other end may be gone, if a unit has closed descriptors that are not its own.
    try? bell.fileHandleForWriting.write(contentsOf: Data([0]))
  }

  // MARK: On the thread of the run

  private func runBlocking(
    _ process: Process,
    named name: String,
    timeLimit: Duration
  ) -> ProgramResult {
    if notices.withLock({ $0.isInterrupted }) { return ProgramResult(ending: .interrupted) }
    process.standardInput = FileHandle.nullDevice
    process.terminationHandler = { process in
      let status = process.terminationStatus
      let hasExited = process.terminationReason == .exit
      self.notify { $0.exit = hasExited ? .exited(status) : .signalled(status) }
    }
    do {
      let handles = try Self.start(process)
      var streams = [
        Stream(handle: handles.output, output: CapturedOutput(limit: sizeLimit)),
        Stream(
          handle: handles.errors,
          output: CapturedOutput(limit: min(sizeLimit, Self.errorLimit))
        ),
      ]
      let ending = wait(&streams, until: ContinuousClock.now + timeLimit) ?? .overTime(timeLimit)
      Self.stop(process)
      // The handler holds this run, and with it the pipe of the bell.
      process.terminationHandler = nil
      return ProgramResult(ending: ending, output: streams[0].output, errors: streams[1].output)
    } catch {
      return ProgramResult(ending: .refused(name, Self.reason(error)))
    }
  }

  /// Starts a process, alone: another one that started between the making of a pipe and the closing of
  /// its end here would hold that end open as long as it lives.
  /// - Returns: where to read what the process writes.
  private static func start(_ process: Process) throws -> (output: FileHandle, errors: FileHandle) {
    try starts.withLock { _ in
      let (output, errors) = (Pipe(), Pipe())
      process.standardOutput = output
      process.standardError = errors
      try process.run()
      try? output.fileHandleForWriting.close()
      try? errors.fileHandleForWriting.close()
      return (output.fileHandleForReading, errors.fileHandleForReading)
    }
  }

  /// Reads until everything has ended.
  /// - Returns: how the program ended; nil if the deadline came first.
  private func wait(
    _ streams: inout [Stream],
    until deadline: ContinuousClock.Instant
  ) -> ProgramResult.Ending? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let (exit, isInterrupted) = notices.withLock { ($0.exit, $0.isInterrupted) }
      if let exit, streams.allSatisfy(\.hasEnded) { return exit }
      if isInterrupted { return exit ?? .interrupted }
      let left = (deadline - ContinuousClock.now) / .milliseconds(1)
      if left <= 0 { return exit }
      let open = streams.indices.filter { !streams[$0].hasEnded }
      let handles = open.map { streams[$0].handle } + [bell.fileHandleForReading]
      var waits = handles.map {
        pollfd(fd: $0.fileDescriptor, events: Int16(POLLIN), revents: 0)
      }
      guard poll(&waits, nfds_t(waits.count), Int32(min(left.rounded(.up), 1e9))) > 0 else {
        continue
      }
      for (place, wait) in waits.enumerated() where wait.revents != 0 {
        let count = read(wait.fd, &buffer, buffer.count)
        guard place < open.count else { continue }
        if count > 0 {
          buffer.withUnsafeBytes { bytes in
            streams[open[place]].output.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
          }
        } else if count == 0 || errno != EINTR {
          streams[open[place]].hasEnded = true
        }
      }
    }
  }

  /// Kills a process, and with it those that it has started, if they are a group of their own.
  private static func stop(_ process: Process) {
    guard process.isRunning else { return }
    let id = process.processIdentifier
    _ = kill(getpgid(id) == id ? -id : id, SIGKILL)
  }

  private static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let system = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    guard system.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
    return String(cString: strerror(Int32(system.code)))
  }
}
