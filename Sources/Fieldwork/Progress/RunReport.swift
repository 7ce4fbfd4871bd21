import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// What is said at the end of a run.
struct RunReport {
  private static let failureLimit = 5

  private let research: Research
  private let context: PlaybookContext
  private let location: String
  private let folder: ResearchFolder?

  init(
    _ research: Research,
    _ context: PlaybookContext,
    location: String,
    folder: ResearchFolder?
  ) {
    self.research = research
    self.context = context
    self.location = location
    self.folder = folder
  }

  func text(_ summary: RunSummary, _ results: ResearchResults) -> String {
    var lines = [headline(summary)]
    if let best = best(results) {
      let spread = best.count > 1 ? " (mean of \(best.count))" : ""
      lines.append(
        "best \(best.name) \(Table.rounded(best.mean))\(spread): \(best.config)"
      )
    }
    lines += failureLines(results)
    let command = "swift run \(context.name)"
    if folder == nil {
      // Nothing is kept, so there is nothing to go on from.
    } else if summary.isCancelled {
      lines.append("Go on with the same command: finished experiments are kept.")
    } else if summary.failed > 0 {
      lines.append("Run the same command again to try the failed ones again.")
    }
    if let folder {
      lines.append("Results: \(folder.path); see them with: \(command) results\(location)")
    } else {
      lines.append((try? results.table().lastValues().text()) ?? "no results")
    }
    return lines.joined(separator: "\n")
  }

  private func headline(_ summary: RunSummary) -> String {
    var parts = ["\(Wording.count(summary.done, "experiment")) done"]
    if summary.failed > 0 { parts.append(context.terminal.redOutput("\(summary.failed) failed")) }
    if summary.interrupted > 0 { parts.append("\(summary.interrupted) interrupted") }
    if summary.skipped > 0 { parts.append("\(summary.skipped) already stored") }
    let start = summary.isCancelled ? "Interrupted. " : ""
    return context.terminal.bold("\(start)\(research.name): ") + parts.joined(separator: ", ")
      + " in \(Wording.duration(summary.duration)) (seed \(summary.seed))"
  }

  private struct Best {
    let name: String
    let config: Config
    let mean: Double
    let count: Int
  }

  /// The config with the best mean of the objective over its repetitions.
  private func best(_ results: ResearchResults) -> Best? {
    guard let objective = research.settings.objective else { return nil }
    var sums: [String: (config: Config, sum: Double, count: Int)] = [:]
    var order: [String] = []
    for (experiment, value) in zip(results.experiments, results.lastValues(of: objective.name)) {
      guard experiment.state == .done, let number = value?.number, !number.isNaN else { continue }
      let config = experiment.config.withoutAuxiliary
      if sums[config.id] == nil { order.append(config.id) }
      sums[config.id, default: (config, 0, 0)].sum += number
      sums[config.id]?.count += 1
    }
    let bests = order.compactMap { id in
      sums[id].map {
        Best(
          name: objective.name,
          config: $0.config,
          mean: $0.sum / Double($0.count),
          count: $0.count
        )
      }
    }
    return objective.direction == .maximize
      ? bests.max { $0.mean < $1.mean } : bests.min { $0.mean < $1.mean }
  }

  private func failureLines(_ results: ResearchResults) -> [String] {
    var groups: [(text: String, example: ExperimentRecord, count: Int)] = []
    for experiment in results.experiments where experiment.state == .failed {
      guard let failure = experiment.failures.first else { continue }
      let place = failure.place.map { " (\($0))" } ?? ""
      let message = failure.message.split(whereSeparator: \.isNewline).joined(separator: " ⏎ ")
      let text = "unit '\(failure.unit)'\(place): \(message)"
      if let index = groups.firstIndex(where: { $0.text == text }) {
        groups[index].count += 1
      } else {
        groups.append((text, experiment, 1))
      }
    }
    guard !groups.isEmpty else { return [] }
    var lines = groups.prefix(Self.failureLimit).map { group in
      "  \(group.count) × \(group.text)\n      such as \(group.example.id) \(group.example.config.withoutAuxiliary)"
    }
    if groups.count > Self.failureLimit {
      lines.append("  and \(groups.count - Self.failureLimit) other kinds of failure")
    }
    return ["Failed:"] + lines
      + (folder == nil
        ? [] : ["  All of them: swift run \(context.name) results --failures\(location)"])
  }

  func json(_ summary: RunSummary, _ results: ResearchResults) -> String {
    var values: [String: Value] = [
      "name": .string(research.name), "done": .int(summary.done), "failed": .int(summary.failed),
      "stored": .int(summary.skipped), "interrupted": .int(summary.interrupted),
      "cancelled": .bool(summary.isCancelled), "seed": .string(String(summary.seed)),
      "seconds": .double(summary.duration), "folder": folder.map { .string($0.path) } ?? .null,
    ]
    if let best = best(results) {
      values["best"] = .dictionary([
        "name": .string(best.name), "mean": .double(best.mean), "count": .int(best.count),
        "config": .dictionary(best.config.plainValues),
      ])
    }
    return Value.dictionary(values).jsonText
  }
}
