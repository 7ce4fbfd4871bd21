/// A type that follows a run.
///
///     final class Bell: RunObserver {
///       func observe(_ record: RunRecord) {
///         if case .runEnded(let summary) = record { print("\(summary.done) experiments done") }
///       }
///     }
public protocol RunObserver: Sendable {
  /// Takes a record of the run.
  ///
  /// A record that the store writes comes after its transaction, so its results can be read. Records come one at a
  /// time, in their order. While an observer works, the next records wait; when many wait, so does the run.
  func observe(_ record: RunRecord)

  /// True to get ``RunRecord/unitStarted(experiment:unit:iteration:)`` for each unit that runs; false by default.
  var wantsUnits: Bool { get }
}

extension RunObserver {
  public var wantsUnits: Bool { false }
}
