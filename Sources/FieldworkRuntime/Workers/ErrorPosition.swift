import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The part of what a worker process has written to its standard error that belongs to the task it runs.
///
/// Whatever has written it, the process itself or a program that a unit has started: it is counted where it is read,
/// in the pipe to the supervisor.
final class ErrorPosition: Sendable {
  private struct State {
    var board: WorkerBoard?
    var start: Int?
  }

  /// The pipe, wherever the standard error of the process goes meanwhile; -1 if there is none.
  private let descriptor: Int32
  private let state = Protected(State())

  init() { descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func begin(_ board: WorkerBoard) { state.withLock { $0.board = board } }

  func taskBegins() { state.withLock { $0.start = position($0.board) } }

  /// The bytes since the task has begun, by their numbers; nil if they cannot be told.
  var ofTask: Range<Int>? {
    state.withLock { state in
      guard let start = state.start, let end = position(state.board), start < end else {
        return nil
      }
      return start..<end
    }
  }

  private func position(_ board: WorkerBoard?) -> Int? {
    board?.errorPosition {
      var count: Int32 = 0
      return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : nil
    }
  }
}
