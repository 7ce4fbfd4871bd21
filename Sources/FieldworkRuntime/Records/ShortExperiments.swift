import Dispatch
import FieldworkCore
import FieldworkStore

/// Records a short experiment as one record when it has ended. The beginning of a longer one is recorded while it runs.
///
/// The experiments of a worker follow one another, and records keep their order.
final class ShortExperiments: RecordSink {
  private struct State {
    /// The experiment that has begun, if its beginning has not been recorded.
    var begun: (experiment: PlannedExperiment, start: ExperimentStart)?
    /// The iterations of that experiment that have ended.
    var iterations = PendingIterations()
    var isScheduled = false

    /// Removes and returns the records of the experiment so far.
    mutating func takeBegun() -> [RunRecord] {
      guard let (experiment, start) = begun else { return [] }
      begun = nil
      var records = [RunRecord.started(experiment, start)]
      iterations.takeAll(into: &records)
      return records
    }
  }

  private let sink: any RecordSink
  private let interval: DispatchTimeInterval
  private let state = Protected(State())
  private let queue = DispatchQueue(label: "fieldwork.worker.short")

  /// - Parameter interval: the time after which the beginning of an experiment is recorded.
  init(_ sink: any RecordSink, interval: DispatchTimeInterval = .milliseconds(5)) {
    self.sink = sink
    self.interval = interval
  }

  var wantsUnits: Bool { sink.wantsUnits }

  func take(_ records: [RunRecord]) -> Bool {
    state.withLock { state in
      guard let (experiment, start) = state.begun else {
        guard records.count == 1, case .started(let experiment, let start) = records[0] else {
          return sink.take(records)
        }
        state.begun = (experiment, start)
        schedule(&state)
        return false
      }
      if let finished = FinishedExperiment(experiment, start, records) {
        state.begun = nil
        state.iterations = PendingIterations()
        return sink.take([.finished(finished)])
      }
      return sink.take(state.takeBegun() + records)
    }
  }

  func room() async { await sink.room() }

  func recordAtOnce(_ records: [RunRecord]) {
    state.withLock { sink.recordAtOnce($0.takeBegun() + records) }
  }

  func recordNow(_ record: RunRecord) {
    recordBeginning()
    sink.recordNow(record)
  }

  func iterationEnded(_ experiment: String, _ iteration: Int) {
    state.withLock { state in
      if state.begun == nil {
        sink.iterationEnded(experiment, iteration)
      } else {
        state.iterations.add(experiment, iteration)
      }
    }
  }

  private func recordBeginning() {
    state.withLock { state in
      let records = state.takeBegun()
      if !records.isEmpty { sink.recordAtOnce(records) }
    }
  }

  private func schedule(_ state: inout State) {
    guard !state.isScheduled else { return }
    state.isScheduled = true
    queue.asyncAfter(deadline: .now() + interval) { [self] in
      self.state.withLock { $0.isScheduled = false }
      recordBeginning()
    }
  }
}
