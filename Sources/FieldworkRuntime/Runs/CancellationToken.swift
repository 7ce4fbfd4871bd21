import FieldworkStore

/// A request to begin nothing more in a run, with its reason. It can't be withdrawn.
///
/// The request comes from a limit (of time, of failures), from an error of the store, or from the user: a
/// cancellation. A cancellation may follow another request, and then running experiments end, too.
final class CancellationToken: Sendable {
  private struct State {
    var reason: StopReason?
    var isRequested = false
    var isByUser = false
    var actions: [@Sendable () -> Void] = []
  }

  private let state = Protected(State())

  /// The reason of the first request; nil without a request, or if it was a cancellation.
  var reason: StopReason? { state.withLock { $0.reason } }

  /// True once the run is to begin nothing more.
  var isRequested: Bool { state.withLock { $0.isRequested } }

  /// True once the user has cancelled the run, also after another request.
  var isByUser: Bool { state.withLock { $0.isByUser } }

  /// Requests the end of the run. The first reason is kept; a cancellation after it is passed on, too.
  /// - Parameter reason: nil for a cancellation by the user.
  func request(_ reason: StopReason?) {
    let actions = state.withLock { state in
      let isNews = !state.isRequested || reason == nil && !state.isByUser
      if !state.isRequested { state.reason = reason }
      state.isRequested = true
      if reason == nil { state.isByUser = true }
      return isNews ? state.actions : []
    }
    for action in actions { action() }
  }

  /// Adds an action that runs at the first request and at a cancellation after it; at once if the end has
  /// been requested.
  func whenRequested(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      state.actions.append(action)
      return state.isRequested
    }
    if isLate { action() }
  }
}
