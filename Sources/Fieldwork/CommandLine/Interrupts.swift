@preconcurrency import Dispatch
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Turns Ctrl-C and SIGTERM into an action; a second one ends the process at once.
final class Interrupts: Sendable {
  private struct State {
    var count = 0
    var action: (@Sendable () -> Void)?
  }

  private final class Shared: Sendable {
    let state = Protected(State())
  }

  private let sources: [any DispatchSourceSignal]
  private let shared: Shared

  /// Takes the signals from here on.
  init() {
    let shared = Shared()
    self.shared = shared
    let registration = DispatchGroup()
    // A queue with a thread of its own: units may keep those of the common queues busy.
    let queue = DispatchQueue(label: "fieldwork.interrupts", qos: .userInteractive)
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        // Signals that came close together are told at once.
        let arrived = max(1, Int(source.data))
        let (count, action) = shared.state.withLock { state in
          state.count += arrived
          return (state.count, state.action)
        }
        if count > 1 { _exit(ExitStatus.interrupted.rawValue) }
        action?()
      }
      registration.enter()
      source.setRegistrationHandler { registration.leave() }
      source.resume()
      return source
    }
    // A signal that came before would be lost.
    registration.wait()
  }

  /// Says what the first signal does; if it has come already, at once.
  func whenFirst(_ action: @escaping @Sendable () -> Void) {
    let hasCome = shared.state.withLock { state in
      state.action = action
      return state.count > 0
    }
    if hasCome { action() }
  }

  /// Gives the signals back their usual meaning.
  func stop() {
    for source in sources { source.cancel() }
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }
}
