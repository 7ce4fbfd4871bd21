import Dispatch
import FieldworkCore
import FieldworkStore
import Foundation

/// Writes the records of a run to the store in groups, and hands them to the observers after each transaction.
///
/// It is the only writer of the store. What comes within a few hundredths of a second is one transaction.
final class Recorder: RecordSink {
  private struct State {
    var records: [RunRecord] = []
    var iterations = PendingIterations()
    /// The approximate number of bytes of the records.
    var size = 0
    var isScheduled = false
    var failure: FieldworkError?
  }

  /// The time that a record may wait for others, in milliseconds.
  private static let groupInterval = 30
  /// The number of records that may wait before callers have to wait. Each may be a whole experiment.
  private static let limit = 5_000
  /// The approximate number of bytes that may wait.
  private static let sizeLimit = 64 << 20
  /// The number of groups that may wait for the observers.
  private static let observedLimit = 8

  let wantsUnits: Bool
  private let store: any ResultStore
  private let observers: [any RunObserver]
  private let onRecords: @Sendable ([RunRecord]) -> Void
  private let onFailure: @Sendable () -> Void
  private let state = Protected(State())
  /// The progress of the run, as it is stored.
  private let account = Protected<RunAccount?>(nil)
  private let queue = DispatchQueue(label: "fieldwork.store")
  private let observation = DispatchQueue(label: "fieldwork.observers")
  private let observed = DispatchSemaphore(value: Recorder.observedLimit)

  /// - Parameters:
  ///   - onRecords: is called with records as they come, before they are stored.
  ///   - onFailure: is called when nothing can be stored any more.
  init(
    _ store: any ResultStore,
    observers: [any RunObserver] = [],
    onRecords: @escaping @Sendable ([RunRecord]) -> Void = { _ in },
    onFailure: @escaping @Sendable () -> Void
  ) {
    self.store = store
    self.observers = observers
    self.onRecords = onRecords
    self.onFailure = onFailure
    wantsUnits = observers.contains(where: \.wantsUnits)
  }

  /// The numbers of experiments as far as they are stored.
  var counters: RunCounters { account.withLock { $0?.counters ?? RunCounters() } }

  // MARK: Taking records

  func recordAtOnce(_ records: [RunRecord]) { _ = take(records) }

  func recordNow(_ record: RunRecord) {
    if take([record]) { roomBlocking() }
  }

  func iterationEnded(_ experiment: String, _ iteration: Int) {
    state.withLock { state in
      state.iterations.add(experiment, iteration)
      schedule(&state)
    }
  }

  /// Takes records in their order.
  /// - Returns: true if too many are waiting; the caller has to call ``room()`` or ``roomBlocking()``.
  func take(_ records: [RunRecord]) -> Bool {
    guard !records.isEmpty else { return false }
    onRecords(records)
    let size = records.reduce(0) { $0 + $1.size }
    return state.withLock { state in
      if state.iterations.isEmpty {
        state.records += records
      } else {
        for record in records {
          state.iterations.take(before: record, into: &state.records)
          state.records.append(record)
        }
      }
      state.size += size
      schedule(&state)
      return state.records.count > Self.limit || state.size > Self.sizeLimit
    }
  }

  private func schedule(_ state: inout State) {
    guard !state.isScheduled else { return }
    state.isScheduled = true
    queue.asyncAfter(deadline: .now() + .milliseconds(Self.groupInterval)) { self.flush() }
  }

  // MARK: Waiting

  /// Waits until what was taken is stored.
  func room() async {
    await withCheckedContinuation { continuation in
      flush { continuation.resume() }
    }
  }

  /// Waits until what was taken is stored, from a thread that may be blocked.
  func roomBlocking() {
    let isStored = DispatchSemaphore(value: 0)
    flush { isStored.signal() }
    isStored.wait()
  }

  /// Waits until what was taken is stored and the observers have got it.
  /// - Throws: the first error that the store threw.
  func flushed() async throws {
    await withCheckedContinuation { continuation in
      flush { self.observation.async { continuation.resume() } }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  private func flush(then action: @escaping @Sendable () -> Void) {
    queue.async {
      self.flush()
      action()
    }
  }

  // MARK: On the queue

  /// Writes what was taken. It runs on the queue alone, so records keep their order.
  private func flush() {
    let (records, hasFailed) = state.withLock { state in
      state.iterations.takeAll(into: &state.records)
      defer {
        state.records = []
        state.size = 0
        state.isScheduled = false
      }
      return (state.records, state.failure != nil)
    }
    guard !records.isEmpty else { return }
    if !hasFailed {
      do {
        try write(records)
        observe(records)
        return
      } catch {
        let failure =
          error as? FieldworkError
          ?? FieldworkError(.store, "the results cannot be stored", cause: "\(error)")
        state.withLock { $0.failure = failure }
        onFailure()
      }
    }
    observe(records.filter { !$0.isStored })
  }

  /// Writes the records and the account that counts them in one transaction.
  private func write(_ records: [RunRecord]) throws {
    var account = account.withLock { $0 }
    let before = account?.note
    let now = Date().timeIntervalSince1970
    for record in records {
      if case .runStarted(let start) = record { account = RunAccount(start) }
      account?.apply(record, now: now)
    }
    var stored = records.filter(\.isStored)
    if !store.takesFinished { stored = stored.flatMap(\.parts).filter(\.isStored) }
    if let account, account.note != before { stored.append(.note(RunAccount.key, account.note)) }
    if !stored.isEmpty { try store.write(stored) }
    self.account.withLock { $0 = account }
  }

  private func observe(_ records: [RunRecord]) {
    guard !observers.isEmpty, !records.isEmpty else { return }
    observed.wait()
    observation.async { [observers, observed] in
      for record in records {
        if case .link = record { continue }
        for part in record.parts { for observer in observers { observer.observe(part) } }
      }
      observed.signal()
    }
  }
}
