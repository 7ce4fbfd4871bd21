@preconcurrency import Dispatch
import FieldworkCore
import FieldworkStore

/// Stores the saved values of experiments while a long unit runs, so that they can be read and survive a crash before
/// the unit ends.
final class TimedHandover: Sendable {
  private struct State {
    /// By key: the values of the experiments that run.
    var running: [String: SavedValues] = [:]
    var timer: (any DispatchSourceTimer)?
  }

  /// In milliseconds.
  private static let interval = 200

  private let recorder: any RecordSink
  private let state = Protected(State())

  init(_ recorder: any RecordSink) { self.recorder = recorder }

  deinit { state.withLock { $0.timer }?.cancel() }

  func begin(_ experiments: [(key: String, saved: SavedValues)]) {
    state.withLock { state in
      for experiment in experiments { state.running[experiment.key] = experiment.saved }
      if state.timer == nil { state.timer = makeTimer() }
    }
  }

  func end(_ keys: [String]) {
    state.withLock { state in
      for key in keys { state.running[key] = nil }
    }
  }

  private func makeTimer() -> any DispatchSourceTimer {
    // A queue with a thread of its own: units may keep those of the common queues busy.
    let queue = DispatchQueue(label: "fieldwork.handover", qos: .utility)
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.setEventHandler { [weak self] in self?.handOn() }
    timer.schedule(
      deadline: .now() + .milliseconds(Self.interval),
      repeating: .milliseconds(Self.interval),
      leeway: .milliseconds(50)
    )
    timer.activate()
    return timer
  }

  private func handOn() {
    for (key, saved) in state.withLock({ $0.running }) {
      saved.handOn { recorder.recordAtOnce([.saved(experiment: key, $0)]) }
    }
  }
}
