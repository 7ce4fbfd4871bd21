import Foundation

/// State that one thread at a time can touch.
///
/// It stands for the standard library's `Mutex`, whose locking the thread sanitizer does not see on
/// Linux, so that every use of it would be reported as a race.
package final class Protected<State>: @unchecked Sendable {
  // Sendable, since `state` is only ever touched while the lock is held.
  private let lock = NSLock()
  private var state: State

  package init(_ state: sending State) { self.state = state }

  package func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&state)
  }
}
