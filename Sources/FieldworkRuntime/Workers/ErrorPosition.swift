import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The part of a worker process's standard error that belongs to the running task.
///
/// It includes the output of programs that a unit has started. The supervisor counts the bytes that it reads from the
/// pipe.
final class ErrorPosition: Sendable {
  private struct State {
    var position: WorkerPosition?
    var start: Int?
  }

  /// The pipe, also while the standard error of the process is redirected; -1 if there is none.
  private let descriptor: Int32
  private let state = Protected(State())

  init() { descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func begin(_ position: WorkerPosition) { state.withLock { $0.position = position } }

  func taskBegins() { state.withLock { $0.start = position($0.position) } }

  /// The range of the bytes written since the task began; nil if it is empty or not known.
  var ofTask: Range<Int>? {
    state.withLock { state in
      guard let start = state.start, let end = position(state.position), start < end else {
        return nil
      }
      return start..<end
    }
  }

  private func position(_ position: WorkerPosition?) -> Int? {
    position?.errorPosition {
      var count: Int32 = 0
      return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : nil
    }
  }
}
