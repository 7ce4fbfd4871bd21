import Dispatch
import FieldworkCore
import FieldworkStore

/// Hands records to the store in groups: what comes within a few hundredths of a second is written in
/// one transaction.
///
/// It is the only one that writes the store. An action that comes with a record is done once the record
/// is stored.
final class Recorder: RecordSink {
  private struct State {
    var records: [StoreRecord] = []
    /// About how many bytes they have.
    var size = 0
    var actions: [@Sendable () -> Void] = []
    var isScheduled = false
    var failure: FieldworkError?
  }

  /// How long a record may wait for others, in milliseconds.
  private static let groupInterval = 30
  /// How many records may wait before those who bring more have to wait themselves.
  private static let limit = 20_000
  /// How many bytes may wait, about.
  private static let sizeLimit = 64 << 20

  private let store: any ResultStore
  private let ledger: RunLedger?
  private let onRecords: @Sendable ([StoreRecord]) -> Void
  private let onFailure: @Sendable () -> Void
  private let state = Protected(State())
  private let queue = DispatchQueue(label: "fieldwork.store")

  /// - Parameters:
  ///   - ledger: counts what is stored; nil if nobody does.
  ///   - onRecords: is told of records as they come, before they are stored.
  ///   - onFailure: is told that no more can be stored.
  init(
    _ store: any ResultStore,
    ledger: RunLedger? = nil,
    onRecords: @escaping @Sendable ([StoreRecord]) -> Void = { _ in },
    onFailure: @escaping @Sendable () -> Void
  ) {
    self.store = store
    self.ledger = ledger
    self.onRecords = onRecords
    self.onFailure = onFailure
  }

  func record(_ records: [StoreRecord], then action: (@Sendable () -> Void)?) async {
    guard take(records, then: action) else { return }
    await withCheckedContinuation { continuation in
      flush { continuation.resume() }
    }
  }

  func recordAtOnce(_ records: [StoreRecord]) { _ = take(records, then: nil) }

  /// Takes records from a thread that may be held up while too many others are waiting.
  func recordBlocking(_ records: [StoreRecord], then action: (@Sendable () -> Void)?) {
    guard take(records, then: action) else { return }
    let isStored = DispatchSemaphore(value: 0)
    flush { isStored.signal() }
    isStored.wait()
  }

  /// Stores everything that was taken, from a thread that may be held up.
  func flushBlocking() {
    let isStored = DispatchSemaphore(value: 0)
    flush { isStored.signal() }
    isStored.wait()
  }

  /// - Returns: whether too many records are waiting.
  private func take(_ records: [StoreRecord], then action: (@Sendable () -> Void)?) -> Bool {
    onRecords(records)
    let size = records.reduce(0) { $0 + $1.size }
    return state.withLock { state in
      state.records += records
      state.size += size
      if let action { state.actions.append(action) }
      if !state.isScheduled {
        state.isScheduled = true
        queue.asyncAfter(deadline: .now() + .milliseconds(Self.groupInterval)) { self.flush() }
      }
      return state.records.count > Self.limit || state.size > Self.sizeLimit
    }
  }

  private func flush(then action: @escaping @Sendable () -> Void) {
    queue.async {
      self.flush()
      action()
    }
  }

  /// Stores everything that was taken.
  /// - Throws: the first error that the store threw.
  func flushed() async throws {
    await withCheckedContinuation { continuation in
      flush { continuation.resume() }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Runs on the queue alone, so records keep their order.
  private func flush() {
    var (records, actions, hasFailed) = state.withLock { state in
      defer {
        state.records = []
        state.size = 0
        state.actions = []
        state.isScheduled = false
      }
      return (state.records, state.actions, state.failure != nil)
    }
    guard !records.isEmpty, !hasFailed else { return }
    if let account = ledger?.record(counting: records) { records.append(account) }
    do {
      try store.write(records)
      for action in actions { action() }
    } catch {
      let failure =
        error as? FieldworkError
        ?? FieldworkError(.store, "the results cannot be stored", cause: "\(error)")
      state.withLock { $0.failure = failure }
      onFailure()
    }
  }
}
