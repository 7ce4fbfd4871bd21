import FieldworkStore

/// Says that nothing more is to begin, and why; once said it stays.
final class StopSignal: Sendable {
  private struct State {
    var reason: StopReason?
    var isGiven = false
    var isCancelled = false
    var actions: [@Sendable () -> Void] = []
  }

  private let state = Protected(State())

  /// Why the run ends; nil if it goes on, or was cancelled.
  var reason: StopReason? { state.withLock { $0.reason } }

  var isGiven: Bool { state.withLock { $0.isGiven } }

  /// Whether the run was cancelled, be it after another reason.
  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Gives the signal. Only the first reason counts, but a cancellation is told after another one, too.
  /// - Parameter reason: nil for a cancellation.
  func give(_ reason: StopReason?) {
    let actions = state.withLock { state in
      let isNews = !state.isGiven || reason == nil && !state.isCancelled
      if !state.isGiven { state.reason = reason }
      state.isGiven = true
      if reason == nil { state.isCancelled = true }
      return isNews ? state.actions : []
    }
    for action in actions { action() }
  }

  /// Says what is to be done when the signal is given, and again at a cancellation after it; if it has been
  /// given, at once.
  func whenGiven(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      state.actions.append(action)
      return state.isGiven
    }
    if isLate { action() }
  }
}
