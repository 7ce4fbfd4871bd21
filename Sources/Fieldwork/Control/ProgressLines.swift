import FieldworkCore
import FieldworkStore

/// How far a run is, in a bar and numbers, as others than the run itself show it.
struct ProgressLines {
  private let terminal: Terminal
  private var region: ScreenRegion
  private var schedule = LineSchedule()
  private var hasLine = false

  init(_ terminal: Terminal) {
    self.terminal = terminal
    region = ScreenRegion(breaksLinesAnew: terminal.breaksLinesAnew)
  }

  // MARK: On a terminal

  /// Draws lines in place of those of before.
  /// - Parameter lines: makes them, in no more than so many columns and rows.
  mutating func draw(_ lines: (_ columns: Int, _ rows: Int) -> [ScreenLine]) {
    let size = terminal.size ?? (80, 24)
    let rows = max(1, size.rows - 1)
    let all = lines(size.columns - 1, rows)
    terminal.draw(region.draw(Array(all.prefix(rows)), columns: size.columns))
  }

  /// Takes the lines away.
  mutating func erase() {
    guard terminal.canRedraw else { return }
    terminal.draw(region.draw([], columns: terminal.size?.columns ?? 80))
  }

  /// The bar with the numbers, and what workers do.
  func lines(_ status: ResearchStatus, columns: Int, rows: Int) -> [ScreenLine] {
    let numbers = Self.numbers(status).fitted(columns)
    let width = min(ProgressText.barWidths.upperBound, columns - numbers.columns - 1)
    var total = ScreenLine()
    if let fraction = status.fraction, width >= ProgressText.barWidths.lowerBound {
      total.append(ProgressText.bar(fraction, width: width), color: terminal.green)
      total.append(" ")
    }
    total.append(numbers)
    return [total]
      + status.runningTexts(limit: rows - 1).map {
        ScreenLine($0.fitted(columns), color: terminal.dim)
      }
  }

  // MARK: In a file

  /// A line at the start, and then one now and then.
  /// - Returns: nil if it is too early for one.
  mutating func line(_ status: ResearchStatus) -> String? {
    let isDue = schedule.isDue(
      fraction: status.fraction ?? 0,
      seconds: status.duration ?? 0
    )
    guard isDue || !hasLine, status.account != nil else { return nil }
    hasLine = true
    return Self.numbers(status)
  }

  /// `12/90 · 1 failed · 3.4 exp/s · 9 s elapsed · 25 s left`
  private static func numbers(_ status: ResearchStatus) -> String {
    guard let account = status.account else { return "\(status.name) is beginning" }
    let finished = status.ended + account.counters.skipped
    var parts = [
      account.counters.planned.map { "\(finished)/\($0)" } ?? Wording.count(finished, "experiment")
    ]
    if account.counters.failed > 0 { parts.append("\(account.counters.failed) failed") }
    if let rate = status.rate { parts.append(Wording.rate(rate, "exp")) }
    if let duration = status.duration { parts.append("\(Wording.rough(duration)) elapsed") }
    if let left = status.secondsLeft { parts.append("\(Wording.rough(left)) left") }
    return parts.joined(separator: " · ")
  }
}
