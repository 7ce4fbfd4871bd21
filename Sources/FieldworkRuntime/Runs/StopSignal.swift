import FieldworkStore

/// Says that nothing more is to begin, and why; once said it stays.
final class StopSignal: Sendable {
  private struct State {
    var reason: StopReason?
    var isGiven = false
    var actions: [@Sendable () -> Void] = []
  }

  private let state = Protected(State())

  /// Why the run ends; nil if it goes on, or was cancelled.
  var reason: StopReason? { state.withLock { $0.reason } }

  var isGiven: Bool { state.withLock { $0.isGiven } }

  /// Gives the signal. Only the first reason counts.
  /// - Parameter reason: nil for a cancellation.
  func give(_ reason: StopReason?) {
    let actions = state.withLock { state in
      if !state.isGiven { state.reason = reason }
      state.isGiven = true
      defer { state.actions = [] }
      return state.actions
    }
    for action in actions { action() }
  }

  /// Says what is to be done when the signal is given; if it has been given, at once.
  func whenGiven(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      if !state.isGiven { state.actions.append(action) }
      return state.isGiven
    }
    if isLate { action() }
  }
}
