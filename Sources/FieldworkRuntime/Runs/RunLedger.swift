import FieldworkCore
import FieldworkStore

/// Keeps the account of a run, which is stored with what it counts.
final class RunLedger: EventConsumer {
  private struct State {
    var account: RunAccount?
    /// What was written last.
    var written: RunAccount?
  }

  private let state = Protected(State())

  func consume(_ event: Event) {
    state.withLock { state in
      switch event {
      case .runStarted(let start):
        state.account = RunAccount(
          began: TaskHost.now(),
          planned: start.experiments,
          workers: start.workers,
          iterations: start.iterations
        )
      case .experimentSkipped: state.account?.skipped += 1
      case .domainUpdated(_, _, let experiments): state.account?.planned = experiments
      default: break
      }
    }
  }

  /// Counts the experiments that end with some records.
  /// - Returns: what is to be stored with them; nil if nothing has changed.
  func record(counting records: [StoreRecord]) -> StoreRecord? {
    state.withLock { state in
      guard var account = state.account else { return nil }
      for case .ended(_, let ending, _, _) in records {
        switch ending.state {
        case .done: account.done += 1
        case .failed: account.failed += 1
        case .interrupted, .running: account.interrupted += 1
        }
      }
      state.account = account
      guard account != state.written else { return nil }
      state.written = account
      return account.record
    }
  }

  /// Closes the account.
  /// - Returns: what is to be stored at the end of the run.
  func close(_ summary: RunSummary) -> [StoreRecord] {
    state.withLock { state in
      state.account?.ended = TaskHost.now()
      state.account?.isCancelled = summary.isCancelled
      state.account?.explanation = summary.stopExplanation
      state.account?.left = summary.left
      state.written = state.account
      return state.account.map { [$0.record] } ?? []
    }
  }
}
