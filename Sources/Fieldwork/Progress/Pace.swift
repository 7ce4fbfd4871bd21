import Foundation

/// How fast a run goes, and how long the rest of it takes.
///
/// Work is counted in experiments, with parts of those that are running. Of both the last part of the run
/// counts, so that a run whose experiments get longer is seen to do so; but never less of it than some
/// experiments take.
struct Pace: Sendable {
  /// A moment of the run.
  private struct Sample {
    let time: Double
    let work: Double
    let ended: Int
    let iterations: Int
  }

  private static let sampleLimit = 256
  /// In seconds.
  private static let sampleInterval = 0.25
  /// In how many seconds the time that is shown comes near to a new estimate.
  private static let inertia = 4.0

  private var samples: [Sample] = []
  private var shown: (left: Double, at: Double)?

  /// Experiments in a second; nil until there is something to go by.
  private(set) var experimentRate: Double?
  private(set) var iterationRate: Double?
  /// In seconds; nil until there is something to go by, or without an end.
  private(set) var left: Double?

  mutating func update(_ progress: RunProgress, at now: Double) {
    guard let began = progress.began else { return }
    let sample = Sample(
      time: now,
      work: progress.work(at: now),
      ended: progress.ended,
      iterations: progress.counters.iterations
    )
    if samples.isEmpty { samples.append(Sample(time: began, work: 0, ended: 0, iterations: 0)) }
    // Before anything has ended nothing is known of the parts that are done, so the start stays the only
    // moment to compare with.
    let isKnown = progress.ended > 0 || progress.counters.iterations > 0
    if isKnown, now - (samples.last?.time ?? now) >= Self.sampleInterval { keep(sample) }
    let duration = max(progress.meanDuration, longestRunning(progress, now))
    let recent = self.sample(before: now - max(10, 4 * duration))
    let seconds = now - recent.time
    if seconds > 0.1 {
      experimentRate =
        sample.ended > recent.ended ? Double(sample.ended - recent.ended) / seconds : nil
      let iterations = sample.iterations - recent.iterations
      iterationRate = iterations > 0 ? Double(iterations) / seconds : nil
    }
    estimate(progress, sample, since: began, duration)
  }

  private mutating func estimate(
    _ progress: RunProgress,
    _ sample: Sample,
    since began: Double,
    _ duration: Double
  ) {
    let now = sample.time
    guard let expected = progress.expected else {
      (left, shown) = (nil, nil)
      return
    }
    // The first iterations may have to wait for what is made once.
    let hasBasis = progress.ended > 0 || progress.counters.iterations >= 3
    guard hasBasis, now - began >= 1 else { return }
    let window = max(20, 4 * duration, (now - began) / 4)
    let reference = self.sample(before: now - window)
    let rate = (sample.work - reference.work) / max(now - reference.time, 1e-9)
    let work = max(0, Double(expected) - sample.work)
    // Nothing has got on for long: the time that was thought to be left stands still.
    guard rate > 0 || work == 0 else {
      shown?.at = now
      return
    }
    let rest = work == 0 ? 0 : max(work / rate, longestRest(progress, now))
    let before = shown.map { max(0, $0.left - (now - $0.at)) }
    let weight = shown.map { 1 - exp(($0.at - now) / Self.inertia) } ?? 1
    let next = before.map { $0 + weight * (rest - $0) } ?? rest
    shown = (next, now)
    left = next
  }

  /// For how long the running experiments have been running at most.
  private func longestRunning(_ progress: RunProgress, _ now: Double) -> Double {
    progress.workers.reduce(0) { $1.running > 0 ? max($0, now - $1.began) : $0 }
  }

  /// How long the running experiment takes that takes longest: at the end of a run the other workers have
  /// nothing to do.
  private func longestRest(_ progress: RunProgress, _ now: Double) -> Double {
    progress.workers.reduce(0) { longest, worker in
      guard worker.running > 0, worker.running <= worker.branches else { return longest }
      let done = progress.part(of: worker, at: now) / Double(worker.running)
      let elapsed = now - worker.began
      let isSteady = (progress.start?.iterations ?? 1) > 1 && done > 0.1
      let all = isSteady ? elapsed / done : max(progress.meanDuration, elapsed)
      return max(longest, all * (1 - done))
    }
  }

  // MARK: Samples

  /// Keeps a sample; of many, every second one goes.
  private mutating func keep(_ sample: Sample) {
    samples.append(sample)
    guard samples.count > Self.sampleLimit else { return }
    samples = samples.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
  }

  /// The last sample up to a time, or the first one.
  private func sample(before time: Double) -> Sample {
    samples.last { $0.time <= time } ?? samples[0]
  }
}
