import FieldworkCore
import FieldworkRuntime

/// The texts of a progress display at one moment.
struct ProgressText {
  /// Stands for what is not known yet.
  private static let unknown = "—"
  static let barWidths = 10...40
  /// How many kinds of failure are counted while running.
  private static let failureLimit = 3

  let progress: RunProgress
  let pace: Pace
  /// In seconds, on the clock of the progress.
  let now: Double
  let terminal: Terminal

  // MARK: Everything that is counted

  private struct Part {
    let text: String
    /// Those of the largest number are left out first where there is no room.
    let rank: Int
  }

  /// In the order in which they are shown.
  private var parts: [Part] {
    var parts: [Part] = []
    if let total = progress.total {
      parts.append(Part(text: "\(progress.finished)/\(total)", rank: 0))
    } else {
      parts.append(Part(text: Wording.count(progress.finished, "experiment"), rank: 0))
    }
    if progress.counters.pruned > 0 {
      parts.append(Part(text: "\(progress.counters.pruned) pruned", rank: 5))
    }
    if progress.counters.failed > 0 {
      parts.append(Part(text: "\(progress.counters.failed) failed", rank: 1))
    }
    if progress.counters.retries > 0 {
      parts.append(Part(text: "\(progress.counters.retries) retried", rank: 5))
    }
    if let best = progress.bestText { parts.append(Part(text: best, rank: 4)) }
    guard let began = progress.began else { return parts }
    if progress.start?.iterations == 1 {
      if let rate = pace.experimentRate {
        parts.append(Part(text: Wording.rate(rate, "exp"), rank: 3))
      }
    } else {
      parts.append(Part(text: "\(progress.counters.iterations) it", rank: 6))
      if let rate = pace.iterationRate {
        parts.append(Part(text: Wording.rate(rate, "it"), rank: 3))
      }
    }
    parts.append(Part(text: Wording.rough(now - began) + " elapsed", rank: 4))
    if progress.total != nil {
      let left = pace.left.map(Wording.rough) ?? Self.unknown
      parts.append(Part(text: left + " left", rank: 2))
    }
    return parts
  }

  /// `12/90 · 1 failed · 3.4 it/s · 9 s elapsed · 65 s left`, in as many parts as have room.
  func numbers(columns: Int = .max) -> String {
    var parts = parts
    while true {
      let text = parts.map(\.text).joined(separator: " · ")
      guard text.columns > columns, parts.count > 1 else { return text.fitted(columns) }
      let last = parts.map(\.rank).max()
      parts.removeAll { $0.rank == last }
    }
  }

  // MARK: Lines that are redrawn

  /// - Parameters:
  ///   - columns: how wide a line may be.
  ///   - rows: how many lines there may be.
  func lines(columns: Int, rows: Int) -> [ScreenLine] {
    var lines = [totalLine(columns)]
    lines += failureLines(columns).prefix(max(0, rows - 2))
    return lines + workerLines(columns, limit: rows - lines.count)
  }

  private func totalLine(_ columns: Int) -> ScreenLine {
    guard let fraction = progress.fraction(at: now), columns > Self.barWidths.lowerBound + 20 else {
      return ScreenLine(numbers(columns: columns))
    }
    let numbers = numbers(columns: columns - Self.barWidths.lowerBound - 1)
    let width = min(Self.barWidths.upperBound, columns - numbers.columns - 1)
    var line = ScreenLine(Self.bar(fraction, width: width), color: terminal.green)
    line.append(" " + numbers)
    return line
  }

  static func bar(_ fraction: Double, width: Int) -> String {
    let full = Int((fraction * Double(width)).rounded(.down))
    return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
  }

  /// Failures that have happened more than once: the first one stands above already.
  private func failureLines(_ columns: Int) -> [ScreenLine] {
    progress.failures.groups.filter { $0.count > 1 }.sorted { $0.count > $1.count }
      .prefix(Self.failureLimit)
      .map { group in
        var line = ScreenLine("  \(group.count) × ".fitted(columns), color: terminal.red)
        line.append(
          "\(group.shortTitle): \(group.message.inOneLine)".fitted(columns - line.columns)
        )
        return line
      }
  }

  /// As many workers as there is room for; those that have something to do come first where there is not
  /// enough.
  private func workerLines(_ columns: Int, limit: Int) -> [ScreenLine] {
    var workers = progress.workers.enumerated().filter { !$0.element.hasLeft }
    let count = workers.count
    guard limit > 0, count > 0 else { return [] }
    if count > limit {
      let busy = workers.filter { $0.element.running > 0 }
      let idle = workers.filter { $0.element.running == 0 }
      workers = (busy + idle).prefix(limit - 1).sorted { $0.offset < $1.offset }
    }
    var lines = workers.map { number, worker in
      ScreenLine(text(number, worker, columns), color: terminal.dim)
    }
    if count > workers.count {
      let more = count - workers.count
      let text = workers.isEmpty ? "  \(Wording.count(more, "worker"))" : "  and \(more) more"
      lines.append(ScreenLine(text.fitted(columns), color: terminal.dim))
    }
    return lines
  }

  private func text(_ number: Int, _ worker: RunProgress.Worker, _ columns: Int) -> String {
    var text = "  worker \(number + 1): "
    guard worker.running > 0 else { return (text + "idle").fitted(columns) }
    if let iterations = progress.start?.iterations, iterations > 1 {
      text += "iteration \(worker.iteration)/\(iterations) "
    } else if progress.start?.iterations == nil {
      text += "iteration \(worker.iteration) "
    }
    text += worker.config.description.inOneLine
    var end = worker.branches > 1 ? " and \(worker.branches - 1) more" : ""
    let seconds = now - worker.began
    if seconds >= 1 { end += " · \(Wording.rough(seconds))" }
    return (text.fitted(max(columns - end.columns, 0)) + end).fitted(columns)
  }

  // MARK: Lines that stay

  static func start(_ start: RunStart) -> String {
    let count =
      start.experiments.map { Wording.count($0, "experiment") } ?? "an open number of experiments"
    let stored = start.stored > 0 ? ", \(start.stored) stored" : ""
    let workers = Wording.count(start.workers, "worker")
    return "\(start.name): \(count)\(stored), \(workers), seed \(start.seed)"
  }

  /// One line for the first failure of a kind, and one for the experiment that it happened to.
  static func failure(_ group: FailureTally.Group, _ terminal: Terminal) -> String {
    guard let example = group.example else {
      return "\(terminal.red(group.title + ":")) \(group.message.inOneLine)"
    }
    let config = example.config.description.inOneLine
    return """
      \(terminal.red("failed:")) \(group.title): \(group.message.inOneLine)
        in \(example.id) \(config)
      """
  }
}
