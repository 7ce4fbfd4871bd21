import FieldworkStore
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Detects that units have damaged or used up the descriptors of a worker process.
///
/// The next experiment in it would fail for what another one has done.
struct DescriptorHealth: Sendable {
  private let limit: Int32

  init() { limit = Int32(clamping: DescriptorLimit.current) }

  /// Text on what is wrong; nil if nothing is.
  var problem: String? {
    if let closed = Self.closedStream {
      return "a unit has closed descriptor \(closed), a standard stream"
    }
    // The lowest number that is free.
    let free = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
    if free >= 0 { close(free) }
    guard free < 0 || free > limit / 2 else { return nil }
    return
      "units have left more than \(limit / 2) files or connections open, of \(limit) that a process may have"
  }
}

extension DescriptorHealth {
  /// The first standard stream that is closed; nil if all are open.
  private static var closedStream: Int32? {
    withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 3) { streams in
      for index in 0..<3 {
        streams.initializeElement(
          at: index,
          to: pollfd(fd: Int32(index), events: 0, revents: 0)
        )
      }
      // One call asks for all of them.
      guard poll(streams.baseAddress, 3, 0) != 0 else { return nil }
      return streams.first { fcntl($0.fd, F_GETFD) < 0 }?.fd
    }
  }
}

/// Ends a process that a unit has forked and that goes on in the engine.
///
/// A process that is made without the C library's `fork` is not noticed.
enum ForkGuard {
  /// True in a process that this one has forked.
  private static let isFork = Atomic(false)
  private static let handler: Void = {
    _ = pthread_atfork(nil, nil) { ForkGuard.isFork.store(true, ordering: .relaxed) }
  }()

  /// Watches for forks of this process; once is enough.
  static func begin() {
    // The flag has to be there before: a forked process can initialise nothing.
    _ = isFork.load(ordering: .relaxed)
    handler
  }

  /// Ends this process if it is a fork.
  static func check(_ unit: String) {
    guard isFork.load(ordering: .relaxed) else { return }
    let text =
      "error: a process that unit '\(unit)' has forked went on after the unit and was ended; end it with _exit in the unit\n"
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    _exit(1)
  }
}
