@preconcurrency import Dispatch
import FieldworkStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Takes SIGUSR1, which Slurm sends to the job of a run some time before its time limit.
final class HandoverSignal: Sendable {
  private let source: any DispatchSourceSignal
  private let state = Protected(false)

  init(_ action: @escaping @Sendable () -> Void) {
    signal(SIGUSR1, SIG_IGN)
    let state = state
    source = DispatchSource.makeSignalSource(
      signal: SIGUSR1,
      queue: DispatchQueue(label: "fieldwork.handover")
    )
    source.setEventHandler {
      state.withLock { $0 = true }
      action()
    }
    source.resume()
  }

  deinit { source.cancel() }

  var hasCome: Bool { state.withLock { $0 } }
}
