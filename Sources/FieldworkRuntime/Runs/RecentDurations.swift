import FieldworkStore

/// The durations of the last tasks, in seconds.
final class RecentDurations: Sendable {
  private static let count = 20
  private let last = Protected<[Double]>([])

  func add(_ seconds: Double) {
    last.withLock { last in
      last.append(seconds)
      if last.count > Self.count { last.removeFirst() }
    }
  }

  /// The longest of them; nil before the first task has ended.
  var longest: Double? { last.withLock { $0.max() } }
}
