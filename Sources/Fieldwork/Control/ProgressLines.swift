import FieldworkCore
import FieldworkStore

/// How far a run is, in a bar and numbers, as others than the run itself show it.
struct ProgressLines {
  private static let linesForWorkers = 4

  private var lastShare = -1
  private var lastTime = 0.0

  /// For a terminal: the bar with the numbers, and what workers do.
  func lines(_ status: ResearchStatus, _ terminal: Terminal, width: Int) -> [String] {
    let numbers = Self.numbers(status)
    var lines: [String] = []
    let space = width - numbers.count - 3
    if let fraction = status.fraction, space >= 10 {
      lines.append("\(terminal.green(Self.bar(fraction, width: min(space, 40)))) \(numbers)")
    } else {
      lines.append(numbers.fitted(width))
    }
    for experiment in status.running.prefix(Self.linesForWorkers) {
      lines.append(terminal.dim(status.text(of: experiment).fitted(width)))
    }
    if status.running.count > Self.linesForWorkers {
      lines.append(terminal.dim("  and \(status.running.count - Self.linesForWorkers) more"))
    }
    return lines
  }

  /// For a file: a line at the start, and then one at each tenth of the work, or after half a minute.
  /// - Returns: nil if it is too early for one.
  mutating func line(_ status: ResearchStatus) -> String? {
    let share = Int((status.fraction ?? 0) * 10)
    guard share > lastShare || status.now - lastTime >= 30 else { return nil }
    lastShare = share
    lastTime = status.now
    return Self.numbers(status)
  }

  private static func bar(_ fraction: Double, width: Int) -> String {
    let full = Int((fraction * Double(width)).rounded(.down))
    return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
  }

  /// `12/90 · 3.4 exp/s · 25 s left · 1 failed`
  private static func numbers(_ status: ResearchStatus) -> String {
    guard let account = status.account else { return "\(status.name) is beginning" }
    let finished = status.ended + account.skipped
    var parts = [
      account.planned.map { "\(finished)/\($0)" } ?? Wording.count(finished, "experiment")
    ]
    if let rate = status.rate { parts.append(Wording.slowRate(rate, "exp")) }
    if let left = status.secondsLeft {
      parts.append("\(Wording.duration(left)) left")
    } else if let duration = status.duration {
      parts.append("\(Wording.duration(duration)) elapsed")
    }
    if account.failed > 0 { parts.append("\(account.failed) failed") }
    return parts.joined(separator: " · ")
  }
}
