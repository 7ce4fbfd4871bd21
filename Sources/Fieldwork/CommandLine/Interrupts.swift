@preconcurrency import Dispatch
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Turns Ctrl-C, SIGTERM and SIGHUP into an action; a second Ctrl-C or SIGTERM ends the process at once.
///
/// SIGHUP comes when the terminal is closed, often more than once and together with SIGTERM, so that it never
/// counts as the second one. Where it was ignored already, as `nohup` does, it stays so.
final class Interrupts: Sendable {
  private struct State {
    var count = 0
    var hasHungUp = false
    var action: (@Sendable () -> Void)?
  }

  private final class Shared: Sendable {
    let state = Protected(State())
  }

  private let sources: [any DispatchSourceSignal]
  private let numbers: [Int32]
  private let shared: Shared

  /// Takes the signals from here on.
  /// - Parameter outlivesTerminal: whether SIGHUP is to be ignored.
  init(outlivesTerminal: Bool = false) {
    let shared = Shared()
    self.shared = shared
    let registration = DispatchGroup()
    // A queue with a thread of its own: units may keep those of the common queues busy.
    let queue = DispatchQueue(label: "fieldwork.interrupts", qos: .userInteractive)
    let isIgnored = Interrupts.ignore(SIGHUP)
    numbers = isIgnored || outlivesTerminal ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
    sources = numbers.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        // Signals that came close together are told at once.
        Interrupts.take(number, times: max(1, Int(source.data)), shared)
      }
      registration.enter()
      source.setRegistrationHandler { registration.leave() }
      source.resume()
      return source
    }
    // A signal that came before would be lost.
    registration.wait()
  }

  /// Lets the process ignore a signal.
  /// - Returns: whether it did so before.
  private static func ignore(_ number: Int32) -> Bool {
    let before = signal(number, SIG_IGN)
    return unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static func take(_ number: Int32, times: Int, _ shared: Shared) {
    let (count, action) = shared.state.withLock { state -> (Int, (@Sendable () -> Void)?) in
      if number == SIGHUP {
        defer { state.hasHungUp = true }
        return (0, state.hasHungUp ? nil : state.action)
      }
      state.count += times
      return (state.count, state.action)
    }
    if count > 1 { _exit(ExitStatus.interrupted.rawValue) }
    action?()
  }

  /// Says what the first signal does; if it has come already, at once.
  func whenFirst(_ action: @escaping @Sendable () -> Void) {
    let hasCome = shared.state.withLock { state in
      state.action = action
      return state.count > 0 || state.hasHungUp
    }
    if hasCome { action() }
  }

  /// Gives the signals back their usual meaning.
  func stop() {
    for source in sources { source.cancel() }
    for number in numbers { signal(number, SIG_DFL) }
  }
}
