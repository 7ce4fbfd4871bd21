import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The end for writing of a pipe that wakes the thread of ``WorkerSignals``. A signal handler can use nothing else.
private nonisolated(unsafe) var wakingDescriptor: Int32 = -1
/// The process that takes the signals. One that a unit has forked has the same handlers.
private nonisolated(unsafe) var takingProcess: Int32 = -1

/// Takes SIGTERM, SIGINT and SIGHUP in a worker process, and the signals of a pilot.
///
/// Schedulers send the first three to the run and to all its workers at once. The run then tells its workers to end their
/// iterations. If it does not, the signal was for the worker alone, which dies of it.
final class WorkerSignals: Sendable {
  /// The requests of a pilot to its workers.
  enum Request {
    /// To end running experiments with their iteration.
    case stop
    /// To finish what runs, and to begin nothing more.
    case finish
  }

  private static let numbers = [SIGTERM, SIGINT, SIGHUP]
  private static let requests: [Int32: Request] = [SIGUSR1: .stop, SIGUSR2: .finish]
  /// The time within which the run has to stop the worker, in seconds.
  private static let limit = 5.0

  /// Takes the signals from here on.
  /// - Parameters:
  ///   - isStopping: returns true if the run has told the worker to stop.
  ///   - onRequest: takes the requests of a pilot; nil for a worker without one, which does not take their signals.
  /// - Throws: ``SystemError`` if the system has no room for it.
  func begin(
    isStopping: @escaping @Sendable () -> Bool,
    onRequest: (@Sendable (Request) -> Void)?
  ) throws {
    let (reading, writing) = try SystemFile.pipe()
    wakingDescriptor = writing.descriptor
    takingProcess = getpid()
    let error = SystemThread.start {
      withExtendedLifetime(writing) {
        var number: UInt8 = 0
        while true {
          let count = read(reading.descriptor, &number, 1)
          if count == 1 {
            if let onRequest {
              // A batch system may signal the workers beside the pilot, which asks for the same.
              onRequest(Self.requests[Int32(number)] ?? .stop)
            } else {
              WorkerSignals.take(Int32(number), isStopping)
            }
          } else if count == 0 || errno != EINTR {
            return
          }
        }
      }
    }
    guard error == 0 else { throw SystemError("cannot start a thread", error) }
    for number in Self.numbers + (onRequest == nil ? [] : Array(Self.requests.keys)) {
      // Not ignored: programs that units start would inherit that.
      signal(number) { number in
        guard getpid() == takingProcess else {
          signal(number, SIG_DFL)
          kill(getpid(), number)
          return
        }
        var byte = UInt8(truncatingIfNeeded: number)
        let before = errno
        _ = write(wakingDescriptor, &byte, 1)
        errno = before
      }
    }
  }

  private static func take(_ number: Int32, _ isStopping: () -> Bool) {
    let end = Date().addingTimeInterval(limit)
    while Date() < end {
      if isStopping() { return }
      usleep(50_000)
    }
    signal(number, SIG_DFL)
    kill(getpid(), number)
  }
}
