@preconcurrency import Dispatch
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Turns Ctrl-C and SIGTERM into an action; a second one ends the process at once.
final class Interrupts: Sendable {
  private let sources: [any DispatchSourceSignal]
  private let count: Counter

  private final class Counter: Sendable {
    let value = Protected(0)
  }

  init(_ action: @escaping @Sendable () -> Void) {
    let count = Counter()
    self.count = count
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        let times = count.value.withLock { value in
          value += 1
          return value
        }
        if times > 1 { _exit(ExitStatus.interrupted.rawValue) }
        action()
      }
      source.resume()
      return source
    }
  }

  /// Gives the signals back their usual meaning.
  func stop() {
    for source in sources { source.cancel() }
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }
}
