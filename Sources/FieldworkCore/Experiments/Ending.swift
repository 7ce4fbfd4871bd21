/// The state of an experiment.
public enum ExperimentState: String, Sendable, Hashable, CaseIterable {
  /// It runs, or was running when everything ended.
  case running
  case done
  /// A rule ended it early, since it was not promising. It is finished: it does not run again.
  case pruned
  case failed
  /// It was interrupted, and has to run again.
  case interrupted

  /// True for an experiment that does not run again by itself.
  package var isFinished: Bool { self == .done || self == .pruned }
}

/// How an experiment ended.
public enum Ending: String, Sendable, Hashable, CaseIterable {
  /// All iterations were made.
  case complete
  /// A unit ended it in good order: a generator had no more elements.
  case stopped
  /// A pruning rule ended it early.
  case pruned
  /// A unit failed.
  case failed
  /// The run was interrupted.
  case interrupted

  public var state: ExperimentState {
    switch self {
    case .complete, .stopped: .done
    case .pruned: .pruned
    case .failed: .failed
    case .interrupted: .interrupted
    }
  }
}
