import FieldworkCore
import FieldworkStore

/// Why a run ends before its plan is through.
enum StopReason: Sendable {
  /// Results can no longer be stored, so that running on would be in vain.
  case unwritable
  /// Worker processes cannot be started or used.
  case noWorkers(FieldworkError)
  /// An experiment has failed, and the first failure was to end the run.
  case failedFast(Failure)
  /// So many experiments were the first ones, and all failed in the same way.
  case equalFailures(Int, Failure)
  /// The time that the run may take is over.
  case budget(Duration)

  /// For a person; nil if an error says it.
  var explanation: String? {
    switch self {
    case .unwritable, .noWorkers: nil
    case .budget(let time):
      "The budget of \(time.optionText) is used up: run again to go on."
    case .failedFast(let failure):
      "The run was ended by its first failure: \(failure.message)"
    case .equalFailures(let count, let failure):
      "The run was ended, since the first \(count) experiments all failed in the same way (--keep-going goes on all the same): \(failure.message)"
    }
  }
}

/// Looks whether failures are a reason to end the run.
final class FailureWatch: Sendable {
  private struct State {
    /// By experiment that has not ended: its first failure.
    var failures: [String: Failure] = [:]
    /// The first failure of all; nil once experiments have ended differently.
    var common: Failure?
    var count = 0
    var isOver = false
  }

  private let faults: FaultPolicy
  private let isNeeded: Bool
  private let state = Protected(State())

  init(_ faults: FaultPolicy) {
    self.faults = faults
    isNeeded = faults.failsFast || faults.equalFailureLimit != nil
  }

  /// Whether the next failure may be a reason, so that little is to be sent ahead.
  var isOpen: Bool {
    isNeeded && (faults.failsFast || !state.withLock { $0.isOver })
  }

  /// - Parameter record: something that is about to be stored; until it is, much may run in vain.
  func reason(toStopAfter record: RunRecord) -> StopReason? {
    guard isNeeded else { return nil }
    return state.withLock { state in
      switch record {
      case .failed(let key, let failure):
        if state.failures[key] == nil { state.failures[key] = failure }
        return nil
      case .started(let experiment, _):
        // What an earlier attempt met does not count.
        state.failures[experiment.key] = nil
        return nil
      case .ended(let key, let ending, _, _):
        return reason(toStopAfter: ending, state.failures.removeValue(forKey: key), &state)
      case .finished(let finished): return reason(toStopAfter: finished.ending, nil, &state)
      default: return nil
      }
    }
  }

  private func reason(
    toStopAfter ending: Ending,
    _ failure: Failure?,
    _ state: inout State
  ) -> StopReason? {
    guard ending == .failed, let failure else {
      if ending != .interrupted { state.isOver = true }
      return nil
    }
    if faults.failsFast { return .failedFast(failure) }
    guard let limit = faults.equalFailureLimit, !state.isOver else { return nil }
    let common = state.common ?? failure
    guard common.unit == failure.unit, common.pattern == failure.pattern else {
      state.isOver = true
      return nil
    }
    state.common = common
    state.count += 1
    return state.count >= limit ? .equalFailures(state.count, common) : nil
  }
}
