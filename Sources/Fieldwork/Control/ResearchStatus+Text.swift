import FieldworkCore
import FieldworkRuntime
import FieldworkStore

extension ResearchStatus {
  /// How many experiments that run are shown.
  private static let runningLimit = 8

  /// In lines for a person.
  /// - Parameters:
  ///   - command: how the playbook is run, and where its results are: to tell what to do next.
  ///   - width: in columns; nil for as long lines as there are.
  func lines(_ command: CommandHint, width: Int?) -> [String] {
    let lines = isRunning ? runningLines : restingLines(command)
    guard let width else { return lines }
    return lines.map { $0.fitted(width) }
  }

  // MARK: While it runs

  private var runningLines: [String] {
    var lines = [headline]
    if let command = holder?.command { lines.append("  \(command)") }
    guard account != nil else { return lines + ["  no experiment has begun yet"] }
    lines.append("  \(countsText)")
    lines.append("  \(speedText)")
    return lines + runningTexts(limit: Self.runningLimit)
  }

  /// A line for each experiment that runs, as far as there is room.
  func runningTexts(limit: Int) -> [String] {
    guard running.count > limit else { return running.map(text) }
    let shown = running.prefix(max(0, limit - 1)).map(text)
    return shown + ["  and \(running.count - shown.count) more"].prefix(limit)
  }

  private var headline: String {
    guard let holder else { return "\(name) is run by a process that does not say which" }
    var text = "\(name) is run by process \(holder.process)"
    if !holder.isOnThisHost, let host = holder.host { text += " on \(host)" }
    if let began = holder.began { text += " since \(LocalTime.text(began))" }
    return text + (duration.map { " (\(Wording.rough($0)))" } ?? "")
  }

  /// `34/90: 30 done, 2 failed, 2 stored before; 2 running, 54 left`
  private var countsText: String {
    guard let account else { return "" }
    var ended = ["\(account.counters.done) done"]
    if account.counters.pruned > 0 { ended.append("\(account.counters.pruned) pruned") }
    if account.counters.failed > 0 { ended.append("\(account.counters.failed) failed") }
    if account.counters.interrupted > 0 {
      ended.append("\(account.counters.interrupted) interrupted")
    }
    if account.counters.skipped > 0 { ended.append("\(account.counters.skipped) stored before") }
    let share =
      account.counters.planned.map { "\(self.ended + account.counters.skipped)/\($0)" } ?? "no end"
    let rest = left.map { ", \($0) left" } ?? ""
    return "\(share): " + ended.joined(separator: ", ") + "; \(running.count) running" + rest
  }

  private var speedText: String {
    var parts: [String] = []
    if let rate { parts.append(Wording.rate(rate, "exp")) }
    if let secondsLeft { parts.append("\(Wording.rough(secondsLeft)) left") }
    if let secondsSinceRecord {
      parts.append("last record \(Wording.duration(secondsSinceRecord)) ago")
    }
    return parts.joined(separator: " · ")
  }

  /// `  worker 1: 4 min 3 s, iteration 41/100 {rate: 0.1}`
  private func text(of experiment: StoredStatus.Running) -> String {
    var text = "  worker \(experiment.worker + 1): "
    text += Wording.rough(max(0, now - experiment.began))
    if experiment.iterations > 0, let iterations = account?.iterations, iterations > 1 {
      text += ", iteration \(experiment.iterations)/\(iterations)"
    } else if experiment.iterations > 1 {
      text += ", iteration \(experiment.iterations)"
    }
    return (text + " \(experiment.config)").inOneLine
  }

  // MARK: While it does not

  private func restingLines(_ command: CommandHint) -> [String] {
    guard stored != nil else { return ["nothing runs, and nothing is stored in \(folder.path)"] }
    let all = counts.values.reduce(0, +)
    var lines = ["\(name): nothing runs"]
    lines.append(
      all == 0
        ? "  no experiment is stored"
        : "  \(Wording.count(all, "experiment")) stored: \(Wording.states(counts))"
    )
    guard let account else { return lines }
    lines.append("  \(endText(account))")
    let isUnfinished = account.ended == nil || (account.left ?? 0) > 0 || account.isCancelled
    let failed = counts[.failed, default: 0]
    if isUnfinished { lines.append("  go on with: \(command.text())") }
    if failed > 0 { lines.append("  failed ones again: \(command.text("retry"))") }
    return lines
  }

  private func endText(_ account: RunAccount) -> String {
    let start = "the last run began \(LocalTime.text(account.began)) and"
    guard let ended = account.ended else { return "\(start) was cut off: its process died" }
    let time = Wording.duration(max(0, ended - account.began))
    let left = account.left.map { "\($0) left" }
    if account.isCancelled {
      return "\(start) was ended after \(time)" + (left.map { ": \($0)" } ?? "")
    }
    guard let explanation = account.explanation else { return "\(start) took \(time)" }
    let rest = left.map { " (\($0))" } ?? ""
    return "\(start) ended early after \(time)\(rest): \(explanation.inOneLine)"
  }

  /// What a run came to that has ended.
  func outcome(_ command: CommandHint, of holder: RunHolder?) -> String {
    guard let account = account(of: holder) else {
      return "\(name) has ended before it ran anything"
    }
    var parts = ["\(Wording.count(account.counters.done, "experiment")) done"]
    if account.counters.pruned > 0 { parts.append("\(account.counters.pruned) pruned") }
    if account.counters.failed > 0 { parts.append("\(account.counters.failed) failed") }
    let cutOff = account.ended == nil ? stored?.running.count ?? 0 : 0
    let interrupted = account.counters.interrupted + cutOff
    if interrupted > 0 { parts.append("\(interrupted) interrupted") }
    if let left = account.left ?? (account.ended == nil ? leftOfCutOff(account) : nil), left > 0 {
      parts.append("\(left) left")
    }
    var text = "\(name) has ended: " + parts.joined(separator: ", ")
    if let explanation = account.explanation { text += "\n\(explanation)" }
    if account.ended == nil || account.isCancelled {
      text += "\ngo on with: \(command.text(repeating: holder?.command))"
    }
    return text
  }

  private func leftOfCutOff(_ account: RunAccount) -> Int? {
    account.counters.planned.map { max(0, $0 - account.counters.skipped - account.counters.ended) }
  }

  // MARK: For programs

  var json: String {
    var values: [String: Value] = [
      "name": .string(name), "folder": .string(folder.path), "running": .bool(isRunning),
      "experiments": .list(running.map(json)),
    ]
    let counts = counts
    values["stored"] = .dictionary(
      Dictionary(
        uniqueKeysWithValues: ExperimentState.allCases.map {
          ($0.rawValue, .int(counts[$0, default: 0]))
        }
      )
    )
    values["process"] = holder.map { .int(Int($0.process)) } ?? .null
    values["host"] = holder?.host.map(Value.string) ?? .null
    values["command"] = holder?.command.map(Value.string) ?? .null
    values["began"] = began.map(Value.double) ?? .null
    values["ended"] = account?.ended.map(Value.double) ?? .null
    values["planned"] = account?.counters.planned.map(Value.int) ?? .null
    values["skipped"] = account.map { .int($0.counters.skipped) } ?? .null
    values["done"] = account.map { .int($0.counters.done) } ?? .null
    values["pruned"] = account.map { .int($0.counters.pruned) } ?? .null
    values["failed"] = account.map { .int($0.counters.failed) } ?? .null
    values["interrupted"] = account.map { .int($0.counters.interrupted) } ?? .null
    values["left"] = left.map(Value.int) ?? .null
    values["per_second"] = rate.map(Value.double) ?? .null
    values["seconds"] = duration.map(Value.double) ?? .null
    values["seconds_left"] = secondsLeft.map(Value.double) ?? .null
    values["last_record"] = lastRecord.map(Value.double) ?? .null
    values["explanation"] = account?.explanation.map(Value.string) ?? .null
    return Value.dictionary(values).jsonText
  }

  private func json(_ experiment: StoredStatus.Running) -> Value {
    .dictionary([
      "id": .string(experiment.id), "worker": .int(experiment.worker),
      "seconds": .double(max(0, now - experiment.began)),
      "iterations": .int(experiment.iterations),
      "config": .dictionary(experiment.config.plainValues),
    ])
  }
}

/// How the playbook is called, to tell a person what to do next.
struct CommandHint: Sendable {
  let name: String
  /// The options that say where results are, with a space before each.
  let location: String

  func text(_ subcommand: String? = nil) -> String {
    "swift run \(name)" + (subcommand.map { " \($0)" } ?? "") + location
  }

  /// The options that concern one run, and not those that go on with it.
  private static let options: Set<Substring> = [
    "--fresh", "--yes", "--take-over", "--rerun-changed", "--accept",
  ]

  /// The command line of a run again, with the options that it had; without one, the command that runs the research.
  func text(repeating command: String?) -> String {
    guard let command else { return text() }
    var words = command.split(separator: " ", omittingEmptySubsequences: false)
    if let index = words.firstIndex(of: "--rerun") {
      words.removeSubrange(index..<min(index + 2, words.count))
    }
    words.removeAll { Self.options.contains($0) || $0.hasPrefix("--rerun=") }
    guard let first = words.first, first.hasSuffix(name) else {
      return words.joined(separator: " ")
    }
    return (["swift run \(name)"] + words.dropFirst()).joined(separator: " ")
  }
}
