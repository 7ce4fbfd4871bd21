import Dispatch
import FieldworkStore
import Foundation

/// One run of a program, over when it has ended and nobody holds its streams any more, or when its time is
/// up.
///
/// A thread of its own waits for the streams, the program's end and an interruption at once, so that the
/// program never waits for a reader.
final class ProgramRun: Sendable {
  /// What is run, and how.
  struct Command: Sendable {
    let path: String
    /// The name of the program and its arguments.
    let words: [String]
    let environment: [String: String]
    let folder: String

    var name: String { words.first ?? "" }
  }

  private struct Notices {
    /// How the program itself ended.
    var exit: ProgramResult.Ending?
    var isInterrupted = false
  }

  private struct Stream {
    let file: SystemFile
    var output: CapturedOutput
    var hasEnded = false
  }

  /// How many bytes of what goes to the stream for errors are kept.
  private static let errorLimit = 100_000

  private let sizeLimit: Int
  private let notices = Protected(Notices())
  /// A byte in it says that there is a notice.
  private let bell = Pipe()

  /// - Parameter sizeLimit: how many bytes of the output are kept.
  init(sizeLimit: Int) { self.sizeLimit = sizeLimit }

  /// Starts the program and waits until the run is over.
  func run(_ command: Command, timeLimit: Duration) async -> ProgramResult {
    let queue = DispatchQueue(label: "fieldwork.program")
    return await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: self.runBlocking(command, timeLimit: timeLimit))
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

  private func runBlocking(_ command: Command, timeLimit: Duration) -> ProgramResult {
    if notices.withLock({ $0.isInterrupted }) { return ProgramResult(ending: .interrupted) }
    do {
      let (process, files) = try Self.start(command)
      let error = SystemThread.start {
        let ending = process.wait()
        self.notify { notices in
          switch ending {
          case .exited(let status): notices.exit = .exited(status)
          case .signalled(let signal): notices.exit = .signalled(signal)
          }
        }
      }
      guard error == 0 else {
        process.kill()
        _ = process.wait()
        throw SystemError("cannot start a thread", error)
      }
      var streams = [
        Stream(file: files.output, output: CapturedOutput(limit: sizeLimit)),
        Stream(
          file: files.errors,
          output: CapturedOutput(limit: min(sizeLimit, Self.errorLimit))
        ),
      ]
      let ending = wait(&streams, until: ContinuousClock.now + timeLimit)
      if ending == nil || ending == .interrupted { process.kill() }
      return ProgramResult(
        ending: ending ?? .overTime(timeLimit),
        output: streams[0].output,
        errors: streams[1].output
      )
    } catch {
      let reason = (error as? SystemError).map { String(cString: strerror($0.number)) }
      return ProgramResult(ending: .refused(command.name, reason ?? "\(error)"))
    }
  }

  private static func start(
    _ command: Command
  ) throws -> (ChildProcess, (output: SystemFile, errors: SystemFile)) {
    let (output, errors) = (try SystemFile.pipe(), try SystemFile.pipe())
    // They are closed here when the process has its own.
    let process = try withExtendedLifetime((output.writing, errors.writing)) {
      try ChildProcess(
        command.path,
        command.words,
        descriptors: [
          STDOUT_FILENO: output.writing.descriptor, STDERR_FILENO: errors.writing.descriptor,
        ],
        environment: command.environment,
        folder: command.folder
      )
    }
    return (process, (output.reading, errors.reading))
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
      let descriptors =
        open.map { streams[$0].file.descriptor } + [bell.fileHandleForReading.fileDescriptor]
      var waits = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
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
}
