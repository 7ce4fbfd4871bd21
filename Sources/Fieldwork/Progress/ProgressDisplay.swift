@preconcurrency import Dispatch
import FieldworkCore
import FieldworkRuntime
import Foundation

/// Shows how a run goes: lines that are redrawn on a terminal, and a line now and then in a file.
///
/// Events only change numbers; drawing happens on a timer, so a fast run is not held up.
final class ProgressDisplay: EventConsumer {
  private struct State {
    var progress = RunProgress()
    var began = ContinuousClock.now
    var drawnLines = 0
    var lastLine = ContinuousClock.now
    var lastShare = 0
    var isFinished = false
  }

  private static let linesForWorkers = 4
  /// Milliseconds between two drawings.
  private static let interval = 100
  /// How many kinds of failure are shown while running.
  private static let failureLimit = 10

  private let terminal: Terminal
  private let state = Protected(State())
  private let timer: (any DispatchSourceTimer)?

  init(_ terminal: Terminal) {
    self.terminal = terminal
    guard terminal.canRedraw else {
      timer = nil
      return
    }
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "fieldwork.progress"))
    self.timer = timer
    timer.setEventHandler { [weak self] in self?.draw() }
    timer.schedule(
      deadline: .now() + .milliseconds(Self.interval),
      repeating: .milliseconds(Self.interval)
    )
    timer.resume()
  }

  func consume(_ event: Event) {
    state.withLock { state in
      if case .runStarted = event { state.began = ContinuousClock.now }
      let failure = state.progress.apply(event)
      if let failure, state.progress.failures.count <= Self.failureLimit {
        show(failure, &state)
      }
      if let text = note(event) { terminal.draw(erasing(&state) + text + "\n") }
      if timer == nil { printLine(for: event, &state) }
    }
  }

  /// What a person is told of an event beside the numbers; nil for most.
  private func note(_ event: Event) -> String? {
    switch event {
    case .warning(let text): terminal.yellow("warning: ") + text
    case .workerLeft(let worker, let reason):
      terminal.yellow("warning: ") + "worker \(worker + 1) takes no more tasks: \(reason)"
    case .domainUpdated(let number, let domain, _):
      "update \(number): \(domain.description.inOneLine)"
    default: nil
    }
  }

  /// Shows a line among the others.
  func tell(_ text: String) {
    state.withLock { state in
      if !state.isFinished { terminal.draw(erasing(&state) + text + "\n") }
    }
  }

  /// Takes the redrawn lines away; nothing is shown afterwards.
  func finish() {
    timer?.cancel()
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      if timer != nil { terminal.draw(erasing(&state)) }
    }
  }

  private func show(_ group: RunProgress.FailureGroup, _ state: inout State) {
    let text = FailureText.text(group, terminal.red("failed:"))
    terminal.draw(erasing(&state) + text + "\n")
  }

  // MARK: On a terminal

  private func draw() {
    state.withLock { state in
      guard !state.isFinished, state.progress.start != nil else { return }
      let width = (terminal.width ?? 80) - 1
      let lines = lines(state, width: width)
      let text = lines.joined(separator: "\n")
      // One write, and each line is overwritten before it is cleared, so nothing flickers.
      let start = state.drawnLines > 0 ? "\u{1B}[\(state.drawnLines)A" : ""
      let cleared = text.replacingOccurrences(of: "\n", with: "\u{1B}[K\n")
      terminal.draw(start + "\r" + cleared + "\u{1B}[K\n\u{1B}[J")
      state.drawnLines = lines.count
    }
  }

  private func erasing(_ state: inout State) -> String {
    defer { state.drawnLines = 0 }
    return state.drawnLines > 0 ? "\u{1B}[\(state.drawnLines)A\r\u{1B}[J" : ""
  }

  private func lines(_ state: State, width: Int) -> [String] {
    let numbers = numbers(state)
    let space = width - numbers.count - 3
    var lines: [String] = []
    if let fraction = state.progress.fraction, space >= 10 {
      let bar = bar(fraction, width: min(space, 40))
      lines.append("\(terminal.green(bar)) \(numbers)")
    } else {
      lines.append(numbers.fitted(width))
    }
    let activities = state.progress.activities.sorted { $0.key < $1.key }
    for (worker, activities) in activities.prefix(Self.linesForWorkers) {
      guard let first = activities.first else { continue }
      let others = activities.count > 1 ? " and \(activities.count - 1) more" : ""
      lines.append(terminal.dim((text(worker, first, state) + others).fitted(width)))
    }
    if activities.count > Self.linesForWorkers {
      lines.append(terminal.dim("  and \(activities.count - Self.linesForWorkers) more"))
    }
    return lines
  }

  private func bar(_ fraction: Double, width: Int) -> String {
    let full = Int((fraction * Double(width)).rounded(.down))
    return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
  }

  private func text(
    _ worker: Int,
    _ activity: RunProgress.Activity,
    _ state: State
  ) -> String {
    let config = activity.experiment.config.withoutAuxiliary
    var text = "  worker \(worker + 1): "
    if let iterations = state.progress.start?.iterations, iterations > 1 {
      text += "iteration \(activity.iterations)/\(iterations) "
    } else if activity.iterations > 0 {
      text += "iteration \(activity.iterations) "
    }
    return (text + config.description).inOneLine
  }

  /// Everything that is counted, in one line: `12/90 experiments · 3.4 it/s · 25 s left · 1 failed`.
  private func numbers(_ state: State) -> String {
    let progress = state.progress
    let seconds = max((ContinuousClock.now - state.began) / .seconds(1), 1e-9)
    var parts: [String] = []
    if let total = progress.total {
      parts.append("\(progress.finished)/\(total)")
    } else {
      parts.append(Wording.count(progress.finished, "experiment"))
    }
    if progress.start?.iterations == 1 {
      parts.append(Wording.rate(Double(progress.ended) / seconds, "exp"))
    } else {
      parts.append("\(progress.iterations) it")
      parts.append(Wording.rate(Double(progress.iterations) / seconds, "it"))
    }
    if let fraction = progress.fraction, fraction > 0, fraction < 1, seconds > 1 {
      parts.append(Wording.duration(seconds * (1 - fraction) / fraction) + " left")
    } else {
      parts.append(Wording.duration(seconds) + " elapsed")
    }
    if progress.counts.failed > 0 { parts.append("\(progress.counts.failed) failed") }
    return parts.joined(separator: " · ")
  }

  // MARK: In a file

  /// A line at the start, and then one at each tenth of the work, but not more than one a second; at
  /// least one every half minute.
  private func printLine(for event: Event, _ state: inout State) {
    switch event {
    case .runStarted(let start): terminal.printError(startText(start))
    case .experimentEnded, .iterationEnded:
      let now = ContinuousClock.now
      guard now - state.lastLine >= .seconds(1) else { return }
      let share = Int((state.progress.fraction ?? 0) * 10)
      guard share > state.lastShare || now - state.lastLine >= .seconds(30) else { return }
      state.lastShare = share
      state.lastLine = now
      terminal.printError(numbers(state))
    default: break
    }
  }

  private func startText(_ start: RunStart) -> String {
    let count =
      start.experiments.map { Wording.count($0, "experiment") } ?? "an open number of experiments"
    let stored = start.stored > 0 ? ", \(start.stored) stored" : ""
    return
      "\(start.name): \(count)\(stored), \(Wording.count(start.workers, "worker")), seed \(start.seed)"
  }
}

/// How a failure is told to a person.
enum FailureText {
  /// One line for the failure and one for an experiment that has it.
  static func text(_ group: RunProgress.FailureGroup, _ title: String) -> String {
    let failure = group.failure
    let message = failure.message.inOneLine
    let config = group.example.config.withoutAuxiliary.description.inOneLine
    return """
      \(title) \(failure.unitText), iteration \(failure.iteration): \(message)
        in \(group.example.id) \(config)
      """
  }
}

extension Failure {
  /// The unit with its place: `unit 'train' (Digits/Digits.swift:31)`.
  var unitText: String {
    (unit.isEmpty ? "between units" : "unit '\(unit)'") + (place.map { " (\($0))" } ?? "")
  }
}
