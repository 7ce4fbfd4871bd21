import FieldworkCore
import FieldworkStore
import Foundation

/// Sends the records of a worker to its supervisor.
///
/// What experiments record while they run is sent every hundredth of a second, and all of it at the end of each task that
/// takes longer than that.
final class RecordSender: RecordSink {
  private struct State {
    var isScheduled = false
    var lastSent = ContinuousClock.now
    var iterations = PendingIterations()
    /// The keys of experiments whose results could not be sent.
    var tooLarge: Set<String> = []
  }

  /// In milliseconds.
  private static let interval = 10
  /// The time that records of short tasks may wait for each other.
  private static let pause = Duration.milliseconds(2)
  /// The bytes that may wait, before they are sent at once.
  private static let limit = 1 << 15

  private let channel: any FrameChannel
  private let queue = DispatchQueue(label: "fieldwork.worker.records")
  private let state = Protected(State())
  private let hasBranches: Bool
  private let sharesMemory: Bool
  private let errors: ErrorPosition
  private let lost: @Sendable () -> Void

  let wantsUnits: Bool

  /// - Parameters:
  ///   - wantsUnits: true to send each unit that begins.
  ///   - hasBranches: true if several experiments run at once.
  ///   - sharesMemory: true if the supervisor sees the position of this worker, also after its death.
  ///   - errors: the part of the standard error that belongs to the task that runs.
  ///   - lost: is called when nothing can be sent any more.
  init(
    _ channel: any FrameChannel,
    wantsUnits: Bool,
    hasBranches: Bool,
    sharesMemory: Bool,
    errors: ErrorPosition,
    lost: @escaping @Sendable () -> Void
  ) {
    self.channel = channel
    self.wantsUnits = wantsUnits
    self.hasBranches = hasBranches
    self.sharesMemory = sharesMemory
    self.errors = errors
    self.lost = lost
  }

  func flush() {
    if !channel.flush() { lost() }
  }

  func take(_ records: [RunRecord]) -> Bool {
    let waiting = add(records)
    if isUrgent(records) || waiting > Self.limit { flush() } else { schedule() }
    return false
  }

  func room() async {}

  func recordAtOnce(_ records: [RunRecord]) {
    _ = add(records)
    schedule()
  }

  func recordNow(_ record: RunRecord) {
    _ = add([record])
    flush()
  }

  func iterationEnded(_ experiment: String, _ iteration: Int) {
    let isFirst = state.withLock { state in
      defer { state.iterations.add(experiment, iteration) }
      return state.iterations.isEmpty
    }
    if isFirst { schedule() }
  }

  /// - Returns: the number of bytes that wait to be sent.
  private func add(_ records: [RunRecord]) -> Int {
    var waiting = 0
    for record in records {
      var record = record
      if case .ended(let key, _, let iterations, let time) = record {
        var counted: [RunRecord] = []
        let isTooLarge = state.withLock { state in
          state.iterations.take(before: record, into: &counted)
          return state.tooLarge.remove(key) != nil
        }
        for record in counted { channel.add(record) }
        if isTooLarge {
          channel.add(.failed(experiment: key, Self.tooLarge(iterations)))
          record = .ended(experiment: key, .failed, iterations: iterations, at: time)
        }
      }
      // The output of branches cannot be separated.
      if !hasBranches, case .failed = record, let range = errors.ofTask {
        channel.add(.errors(range))
      }
      if let bytes = channel.add(record) {
        waiting = bytes
      } else if let key = record.experimentKey {
        state.withLock { _ = $0.tooLarge.insert(key) }
      }
    }
    return waiting
  }

  private static func tooLarge(_ iterations: Int) -> Failure {
    Failure(
      unit: "",
      iteration: max(0, iterations - 1),
      kind: "too large",
      message:
        "what it saved at once is larger than half a gigabyte and cannot be kept; save less, write files into run.directory(), or hand it on in parts with Dump",
      place: nil
    )
  }

  /// Returns true for records that have to be safe at once, whatever the next unit does: what is handed on before an
  /// experiment ends, an end while other branches go on, and a beginning if nothing else shows what a worker died of.
  private func isUrgent(_ records: [RunRecord]) -> Bool {
    switch records.last {
    case .saved, .checkpoint: true
    case .started: !sharesMemory
    case .ended: hasBranches
    default: false
    }
  }

  /// Sends that a task has ended, at once if nothing was sent just before: short tasks are sent together.
  /// - Parameter isLast: true if no task waits to be run.
  func taskEnded(_ number: Int, isLast: Bool) {
    channel.add(.taskEnded(number))
    let now = ContinuousClock.now
    let isDue = state.withLock { state in
      guard isLast || now - state.lastSent >= Self.pause else { return false }
      state.lastSent = now
      return true
    }
    if isDue { flush() } else { schedule() }
  }

  private func schedule() {
    let isNew = state.withLock { state in
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    guard isNew else { return }
    queue.asyncAfter(deadline: .now() + .milliseconds(Self.interval)) { self.report() }
  }

  private func report() {
    var records: [RunRecord] = []
    state.withLock { state in
      state.isScheduled = false
      state.iterations.takeAll(into: &records)
    }
    for record in records { channel.add(record) }
    flush()
  }
}
