@preconcurrency import Dispatch
package import FieldworkCore
import FieldworkRuntime
package import FieldworkStore
import Foundation

/// Shows how a run goes: lines that are redrawn on a terminal, and a line now and then in a file.
///
/// Records only change numbers. Everything else, making texts and writing, is done by a queue, at most
/// some ten times a second, so a fast run is not held up.
package final class ProgressDisplay: RunObserver {
  /// Something to be shown once, in a line that stays.
  private enum Note {
    case record(RunRecord)
    case failure(FailureTally.Group)
    case text(String)
  }

  /// What records change.
  private struct State {
    var progress: RunProgress
    var notes: [Note] = []
    /// How much of what workers have printed waits, in bytes.
    var printedBytes = 0
    /// Whether something is to be drawn that no drawing is scheduled for.
    var isScheduled = false
    var isFinished = false
  }

  /// What drawing changes; only the queue touches it.
  private struct Canvas {
    var pace = Pace()
    var region: ScreenRegion
    var schedule = LineSchedule()
    var shownFailures = 0
  }

  /// Milliseconds from a record to the drawing that shows it.
  private static let delay = 80
  /// How many kinds of failure are shown in lines that stay.
  private static let failureLimit = 10
  /// How much may wait to be shown before those who bring more have to wait themselves.
  private static let (noteLimit, byteLimit) = (1000, 1 << 20)

  private let terminal: Terminal
  private let state: Protected<State>
  private let canvas: Protected<Canvas>
  private let queue = DispatchQueue(label: "fieldwork.progress")
  private let timer: any DispatchSourceTimer
  private let resizes: (any DispatchSourceSignal)?

  /// - Parameter objective: the saved value whose best number is shown; nil for none.
  package init(_ terminal: Terminal, _ objective: Objective? = nil) {
    self.terminal = terminal
    state = Protected(State(progress: RunProgress(objective)))
    canvas = Protected(
      Canvas(region: ScreenRegion(breaksLinesAnew: terminal.breaksLinesAnew))
    )
    timer = DispatchSource.makeTimerSource(queue: queue)
    resizes =
      terminal.canRedraw ? DispatchSource.makeSignalSource(signal: SIGWINCH, queue: queue) : nil
    timer.setEventHandler { [weak self] in self?.draw() }
    // The time goes on while nothing happens.
    timer.schedule(deadline: .now() + 1, repeating: 1)
    timer.resume()
    resizes?.setEventHandler { [weak self] in self?.draw() }
    resizes?.resume()
  }

  package func observe(_ record: RunRecord) {
    let (mustSchedule, isFull) = state.withLock { state in
      let failure = state.progress.apply(record, now: Self.now)
      var hasNote = true
      switch record {
      case .failed, .retrying, .workerDied:
        if let failure { state.notes.append(.failure(failure)) } else { hasNote = false }
      case .printed(_, let text):
        state.printedBytes += text.utf8.count
        state.notes.append(.record(record))
      case .runStarted, .warning, .notice, .workerLeft, .domainUpdated:
        state.notes.append(.record(record))
      default: hasNote = false
      }
      let isFull = state.notes.count > Self.noteLimit || state.printedBytes > Self.byteLimit
      guard hasNote || terminal.canRedraw, !state.isScheduled else { return (false, isFull) }
      state.isScheduled = true
      return (true, isFull)
    }
    if mustSchedule { schedule() }
    if isFull { queue.sync { draw() } }
  }

  /// Shows a line among the others, soon.
  func tell(_ text: String) {
    state.withLock { $0.notes.append(.text(text)) }
    // Who tells may not wait for a terminal that is held.
    queue.async { self.draw() }
  }

  /// Shows what is still to be shown and takes the redrawn lines away; nothing is shown afterwards.
  package func finish() {
    timer.cancel()
    resizes?.cancel()
    queue.sync {
      draw(isLast: true)
      state.withLock { $0.isFinished = true }
    }
  }

  /// In seconds, on a clock that is never set back.
  private static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  private func schedule() {
    // A file gets its lines at once, a terminal all that has come meanwhile in one go.
    let delay = terminal.canRedraw ? Self.delay : 0
    queue.asyncAfter(deadline: .now() + .milliseconds(delay)) { [weak self] in self?.draw() }
  }

  // MARK: On the queue

  private func draw(isLast: Bool = false) {
    let taken = state.withLock { state -> (RunProgress, [Note])? in
      guard !state.isFinished else { return nil }
      state.isScheduled = false
      state.printedBytes = 0
      defer { state.notes = [] }
      return (state.progress.snapshot, state.notes)
    }
    guard let (progress, notes) = taken else { return }
    canvas.withLock { canvas in
      canvas.pace.update(progress, at: Self.now)
      let text = ProgressText(
        progress: progress,
        pace: canvas.pace,
        now: Self.now,
        terminal: terminal
      )
      let lines = notes.compactMap { line(of: $0, &canvas.shownFailures) }.joined()
      if terminal.canRedraw {
        redraw(isLast ? nil : text, below: lines, &canvas.region)
      } else {
        terminal.draw(lines + (isLast ? "" : dueLine(text, &canvas.schedule)))
      }
    }
  }

  /// - Parameter text: nil to take the redrawn lines away.
  private func redraw(_ text: ProgressText?, below notes: String, _ region: inout ScreenRegion) {
    var (lines, size) = ([ScreenLine](), (columns: 0, rows: 0))
    // On a busy machine making the texts may take so long that the terminal has another size meanwhile.
    for _ in 0..<3 {
      size = terminal.size ?? (80, 24)
      guard let text, text.progress.start != nil else { break }
      // Some lines above stay in sight.
      let limit = max(1, size.rows - max(2, size.rows / 6))
      lines = text.lines(columns: size.columns - 1, rows: limit)
      if terminal.size ?? (80, 24) == size { break }
    }
    terminal.draw(region.draw(lines, below: notes, columns: size.columns))
  }

  private func dueLine(_ text: ProgressText, _ schedule: inout LineSchedule) -> String {
    guard let began = text.progress.began else { return "" }
    let fraction = text.progress.fraction(at: text.now) ?? 0
    let isDue = schedule.isDue(fraction: fraction, seconds: text.now - began)
    return isDue ? text.numbers() + "\n" : ""
  }

  /// - Returns: complete lines; nil if there is nothing to show.
  private func line(of note: Note, _ shownFailures: inout Int) -> String? {
    switch note {
    case .text(let text): return shown(text) + "\n"
    case .record(let record): return line(of: record)
    case .failure(let group):
      shownFailures += 1
      if shownFailures > Self.failureLimit + 1 { return nil }
      return shownFailures <= Self.failureLimit
        ? ProgressText.failure(group, terminal) + "\n"
        : "\(terminal.red("failed:")) in other ways too, which the end of the run tells\n"
    }
  }

  private func shown(_ text: String) -> String {
    terminal.canRedraw ? text.withVisibleControls : text
  }

  private func line(of record: RunRecord) -> String? {
    switch record {
    case .runStarted(let start):
      terminal.canRedraw ? nil : ProgressText.start(start) + "\n"
    case .notice(let text): "note: \(shown(text))\n"
    case .warning(let text): "\(terminal.yellow("warning:")) \(shown(text))\n"
    case .workerLeft(let worker, let reason):
      "\(terminal.yellow("warning:")) worker \(worker + 1) takes no more tasks: \(shown(reason))\n"
    case .domainUpdated(let number, let domain, _):
      "update \(number): \(domain.inOneLine)\n"
    case .printed(_, let text): terminal.canRedraw ? text.withoutCursorMoves : text
    default: nil
    }
  }
}

/// When a line about a run is due where lines stay: at each tenth of the work, but not more than one a
/// second, and at least one every half minute.
///
/// After an hour the half minutes get longer, to a hundred and twentieth of the run: a run of weeks has
/// hundreds of lines, not ten thousands.
struct LineSchedule: Sendable {
  private var last = 0.0
  private var tenths = 0

  /// - Parameters:
  ///   - fraction: the part of the work that is done.
  ///   - seconds: since the first experiment began.
  mutating func isDue(fraction: Double, seconds: Double) -> Bool {
    let tenths = Int(fraction * 10 + 1e-9)
    let pause = max(30, seconds / 120)
    guard seconds - last >= 1, tenths > self.tenths || seconds - last >= pause else { return false }
    self.tenths = tenths
    last = seconds
    return true
  }
}

extension String {
  /// The text for the lines above a region: colors stay, everything else that moves a cursor is left out.
  var withoutCursorMoves: String {
    var result = String.UnicodeScalarView()
    var rest = Substring(self).unicodeScalars
    var hasColor = false
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\n", "\t": result.append(scalar)
      case "\r":
        // What stands before it in its line would be written over, if something comes after it.
        guard let next = rest.first, next != "\n" else { continue }
        let line = result.lastIndex(of: "\n").map { result.index(after: $0) } ?? result.startIndex
        result.removeSubrange(line...)
      case "\u{1B}":
        guard rest.first == "[" else { continue }
        let end = rest.firstIndex { (0x40...0x7E).contains($0.value) && $0 != "[" }
        guard let end else { return String(result) }
        if rest[end] == "m" {
          result.append(scalar)
          result.append(contentsOf: rest[...end])
          hasColor = true
        }
        rest = rest[rest.index(after: end)...]
      default:
        if scalar.properties.generalCategory != .control, !scalar.turnsText {
          result.append(scalar)
        }
      }
    }
    return String(result) + (hasColor ? "\u{1B}[0m" : "")
  }
}
