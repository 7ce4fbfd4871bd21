import FieldworkCore
import FieldworkStore

/// Collects the results that a source of experiments depends on: from the records of the run, and of experiments that
/// earlier runs have made from the store.
final class HistoryReader: Sendable {
  private struct Curves {
    var points: [String: [(iteration: Int, value: Value)]] = [:]
    var ending: Ending?

    mutating func add(_ value: SavedValue) {
      if let last = points[value.name]?.last, last.iteration == value.iteration {
        points[value.name]?.removeLast()
      }
      points[value.name, default: []].append((value.iteration, value.value))
    }
  }

  private struct State {
    /// The experiments in the order of the plan.
    var planned: [PlannedExperiment] = []
    /// By key: the experiments of this run.
    var curves: [String: Curves] = [:]
    /// The first experiments, all of which have ended.
    var ended: [EndedExperiment] = []
    /// By key: experiments that an earlier run has made.
    var earlier: [String: EndedExperiment] = [:]
    /// The error with which stored results could not be read; nil if there was none.
    var failure: (any Error)?
  }

  /// The names of the saved values.
  private let names: Set<String>
  private let store: any ResultStore
  private let stored: [String: ExperimentState]
  private let includesLater: Bool
  private let state = Protected(State())

  /// - Parameters:
  ///   - names: the names of the saved values that are collected.
  ///   - stored: the states of stored experiments, by key.
  ///   - includesLater: true to include experiments that have ended before others that precede them.
  init(
    _ names: Set<String>,
    _ store: any ResultStore,
    stored: [String: ExperimentState],
    includesLater: Bool
  ) {
    self.names = names
    self.store = store
    self.stored = stored
    self.includesLater = includesLater
  }

  /// Takes records as they come, before they are stored.
  func take(_ records: [RunRecord]) {
    guard !names.isEmpty else { return }
    state.withLock { state in
      for record in records.lazy.flatMap(\.parts) {
        switch record {
        case .started(let experiment, let start):
          // One that resumes has saved values before.
          var curves = Curves()
          if let iteration = start.iteration {
            do {
              for value in try saved(experiment.key) where value.iteration < iteration {
                curves.add(value)
              }
            } catch {
              state.failure = error
            }
          }
          state.curves[experiment.key] = curves
        case .saved(let key, let values):
          for value in values where names.contains(value.name) {
            state.curves[key, default: Curves()].add(value)
          }
        case .ended(let key, let ending, _, _):
          state.curves[key, default: Curves()].ending = ending
        default: break
        }
      }
    }
  }

  /// Adds experiments that follow in the plan.
  func add(_ experiments: [PlannedExperiment]) {
    state.withLock { $0.planned += experiments }
  }

  /// Returns the results of the first experiments, so many of which have all ended.
  /// - Throws: ``FieldworkError`` of code `store` if results of earlier runs cannot be read.
  func history(ended count: Int) throws -> RunHistory {
    try state.withLock { state in
      if let failure = state.failure { throw failure }
      for experiment in state.planned[state.ended.count..<max(count, state.ended.count)] {
        state.ended.append(
          try ended(experiment, &state) ?? EndedExperiment(experiment.identity, .failed, [:])
        )
      }
      let later =
        includesLater
        ? try state.planned.dropFirst(count).compactMap { try ended($0, &state) } : []
      return RunHistory(
        ended: count,
        experiments: count == state.ended.count ? state.ended : Array(state.ended.prefix(count)),
        later: later
      )
    }
  }

  private func ended(_ experiment: PlannedExperiment, _ state: inout State) throws
    -> EndedExperiment?
  {
    if let curves = state.curves[experiment.key] {
      guard let ending = curves.ending else { return nil }
      return EndedExperiment(experiment.identity, ending, curves.points)
    }
    if let known = state.earlier[experiment.key] { return known }
    let ending: Ending
    switch stored[experiment.key] {
    case .done: ending = .complete
    case .pruned: ending = .pruned
    case .failed: ending = .failed
    case .running, .interrupted, nil: return nil
    }
    var curves = Curves()
    for value in try saved(experiment.key) { curves.add(value) }
    let known = EndedExperiment(experiment.identity, ending, curves.points)
    // The first ones are kept in order already.
    if includesLater { state.earlier[experiment.key] = known }
    return known
  }

  private func saved(_ key: String) throws -> [SavedValue] {
    try store.saved(by: key).filter { names.contains($0.name) }
  }
}
