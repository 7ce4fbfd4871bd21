/// The number of tasks that a worker is sent ahead.
///
/// Short tasks are sent ahead for a few hundredths of a second, so that the worker never waits for its supervisor. Of
/// long ones none is sent ahead: another worker may be free for it sooner, and sending one takes no time in comparison.
struct PrefetchWindow {
  private static let most = 256

  private let lead: Double
  private let longTask: Double

  /// - Parameters:
  ///   - lead: the seconds for which a worker has tasks ahead.
  ///   - longTask: the seconds above which no task is sent ahead.
  init(lead: Double = 0.02, longTask: Double = 0.1) {
    self.lead = lead
    self.longTask = longTask
  }

  /// The mean duration of tasks, in seconds, of which later ones count more; nil before the first.
  private var mean: Double?

  mutating func add(_ seconds: Double) {
    mean = mean.map { 0.8 * $0 + 0.2 * seconds } ?? seconds
  }

  /// The number of tasks that the worker may have, with the one that it runs.
  var limit: Int {
    // The first may take hours, and what is sent with it would wait while other workers are free.
    guard let mean else { return 1 }
    if mean > longTask { return 1 }
    return 1 + max(1, min(Self.most, Int(lead / max(mean, 1e-6))))
  }
}
