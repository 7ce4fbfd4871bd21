import FieldworkCore
package import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The program of this process, started once more in a session of its own, so that it goes on when the
/// terminal is closed. What it prints goes to a file, and its standard input is empty.
package final class DetachedProcess: Sendable {
  /// What has become of the process when it has been waited for.
  package enum Outcome: Sendable, Hashable {
    /// It runs, and needs nobody any more.
    case ready
    /// It has ended without getting so far, with an exit code or, below 0, by a signal; with what it has
    /// printed.
    case ended(Int32, printed: String)
  }

  /// The descriptor that the process says through that it is ready.
  static let readyDescriptor: Int32 = 3

  private let process: ChildProcess
  private let signal: SystemFile
  private let log: SystemFile
  /// The size of the file before.
  private let logStart: Int

  package var id: Int32 { process.id }

  /// - Parameters:
  ///   - arguments: the words after the program's name; they must lead it to a ``ReadyObserver``.
  ///   - path: the file for what it prints; it is written at its end.
  /// - Throws: ``FieldworkError`` of code `store` if the file cannot be written or nothing be started.
  package init(_ arguments: [String], log path: String) throws {
    do {
      log = try SystemFile(path, O_RDWR | O_CREAT | O_APPEND)
      logStart = log.size
      let (reading, writing) = try SystemFile.pipe()
      signal = reading
      let command = WorkerCommand(arguments: arguments)
      // The end for writing is closed here when it is no longer needed, so that the end of the process shows.
      process = try ChildProcess(
        command.executable,
        [CommandLine.arguments.first ?? command.executable] + command.arguments,
        descriptors: [
          STDOUT_FILENO: log.descriptor, STDERR_FILENO: log.descriptor,
          Self.readyDescriptor: writing.descriptor,
        ],
        isDetached: true
      )
    } catch {
      throw FieldworkError(.store, "the run cannot be detached: \(error)")
    }
  }

  /// Blocks until the process says that it is ready, or has ended.
  package func wait() -> Outcome {
    var byte: UInt8 = 0
    var count: Int
    repeat { count = read(signal.descriptor, &byte, 1) } while count < 0 && errno == EINTR
    if count == 1 { return .ready }
    let code: Int32 =
      switch process.wait() {
      case .exited(let code): code
      case .signalled(let signal): -signal
      }
    var bytes: [UInt8] = []
    try? log.forEachPiece(of: logStart..<max(log.size, logStart)) { bytes += $0 }
    return .ended(code, printed: String(decoding: bytes, as: UTF8.self))
  }
}

/// The other side of a ``DetachedProcess``: reports that the run has begun.
package final class ReadyObserver: RunObserver {
  private let pipe: Protected<SystemFile?>

  /// Takes the descriptor that the process was started with.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if there is none.
  package init() throws {
    let descriptor = DetachedProcess.readyDescriptor
    var facts = stat()
    guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFIFO,
      let file = try? SystemFile(duplicating: descriptor)
    else {
      throw FieldworkError(
        .invalidDefinition,
        "a detached run is started with 'run --detach', not by hand"
      )
    }
    // Workers and other programs must not hold it open.
    close(descriptor)
    pipe = Protected(file)
  }

  package func observe(_ record: RunRecord) {
    guard case .runStarted = record else { return }
    pipe.withLock { pipe in
      // If nobody waits any more, nobody has to be told.
      try? [UInt8(1)].withUnsafeBytes { try pipe?.append($0) }
      pipe = nil
    }
  }
}
