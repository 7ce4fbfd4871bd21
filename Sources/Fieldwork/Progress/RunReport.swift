import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

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

  func text(_ summary: RunSummary, _ store: DatabaseStore) throws -> String {
    let others = summary.unplanned
    let digest = try store.digest(of: research.settings.objective, without: others)
    var lines = [headline(summary, try secondsSaved(summary, store))] + stopLines(summary)
    lines +=
      research.settings.objectives.count > 1
      ? try frontLines(summary, store) : bestLines(digest.best, summary)
    lines += failureLines(digest.failures)
    if !others.isEmpty {
      lines.append(
        "\(Wording.count(others.count, "other stored experiment")) \(others.count == 1 ? "is" : "are") not part of this research: left out here, results --all shows \(others.count == 1 ? "it" : "them")"
      )
    }
    let command = "swift run \(context.name)"
    if folder == nil {
      // Nothing is kept, so there is nothing to go on from.
    } else if summary.isCancelled {
      lines.append("Go on with the same command: finished experiments are kept.")
    } else if summary.failed > 0 {
      lines.append("Run the same command again to try the failed ones again.")
    }
    if let folder {
      if !summary.isIdle { lines += printedLines(folder) }
      lines.append(
        "Results: \(folder.path); see them with: \(command) results\(location) (or best, report)"
      )
    } else {
      lines.append(try store.contents().table().lastValues().text())
    }
    return lines.joined(separator: "\n")
  }

  /// Where to look for what units have printed.
  private func printedLines(_ folder: ResearchFolder) -> [String] {
    let files = ["stdout.txt", "stderr.txt"].map { "\(folder.path)/\($0)" }.filter { path in
      let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
      return (size ?? 0) > 0
    }
    return files.isEmpty ? [] : ["What units printed: \(files.joined(separator: ", "))"]
  }

  /// The time that the iterations would have taken that pruning has saved; nil if nothing was saved.
  private func secondsSaved(_ summary: RunSummary, _ store: DatabaseStore) throws -> Double? {
    let saved = summary.counters.savedIterations
    guard saved > 0 else { return nil }
    return try store.secondsPerIteration().map { $0 * Double(saved) }
  }

  private func headline(_ summary: RunSummary, _ seconds: Double?) -> String {
    var parts = ["\(Wording.count(summary.done, "experiment")) done"]
    if summary.pruned > 0 { parts.append("\(summary.pruned) pruned\(savings(summary, seconds))") }
    if summary.failed > 0 { parts.append(context.terminal.redOutput("\(summary.failed) failed")) }
    if summary.interrupted > 0 { parts.append("\(summary.interrupted) interrupted") }
    if let left = summary.left { parts.append("\(left) left") }
    if summary.skipped > 0 { parts.append("\(summary.skipped) already stored") }
    let start = summary.isCancelled ? "Interrupted. " : ""
    return context.terminal.bold("\(start)\(research.name): ") + parts.joined(separator: ", ")
      + " in \(Wording.duration(summary.duration)) (seed \(summary.seed))"
  }

  /// Returns the part of the iterations that pruning has saved.
  private func savings(_ summary: RunSummary, _ seconds: Double?) -> String {
    let counters = summary.counters
    guard counters.savedIterations > 0 else { return "" }
    let all = counters.iterations + counters.savedIterations
    let time = seconds.map { ", about \(Wording.duration($0))" } ?? ""
    return " (\(counters.savedIterations) of \(all) iterations saved\(time))"
  }

  /// Why the run ended before it was through, and what to do about it.
  private func stopLines(_ summary: RunSummary) -> [String] {
    let end = summary.searchEnd.map { ["The search has ended: \($0)."] } ?? []
    guard let explanation = summary.stopExplanation else { return end }
    return end + [explanation.inOneLine, "What has not run is left for the next run."]
  }

  private func bestLines(_ best: ResultDigest.Best?, _ summary: RunSummary) -> [String] {
    guard let objective = research.settings.objective else { return [] }
    if let best {
      let spread = best.count > 1 ? " (mean of \(best.count))" : ""
      let config = best.config.description.inOneLine
      return ["best \(objective.name) \(Table.rounded(best.mean))\(spread): \(config)"]
    }
    guard summary.done > 0 else { return [] }
    return [
      "no best: the objective '\(objective.name)' was saved as a number by no finished experiment"
    ]
  }

  /// Returns the size of the Pareto front.
  private func frontLines(_ summary: RunSummary, _ store: DatabaseStore) throws -> [String] {
    let (front, all) = try front(summary, store)
    let names = research.settings.objectives.map(\.name).joined(separator: ", ")
    guard !front.isEmpty else {
      return summary.done > 0
        ? ["no Pareto front: no finished experiment saved numbers as all of \(names)"] : []
    }
    return [
      "Pareto front of \(names): \(front.count) of \(Wording.count(all, "config")), which best shows"
    ]
  }

  /// Returns the Pareto front, and the number of configs that have all objectives.
  private func front(
    _ summary: RunSummary,
    _ store: DatabaseStore
  ) throws -> ([ResearchResults.Compared], Int) {
    let objectives = research.settings.objectives
    let results = try store.contents(ResultFilter(names: objectives.map(\.name)))
    let all = results.planned(results.keys.subtracting(summary.unplanned))
      .compared(by: objectives)
    return (ResearchResults.front(all, objectives), all.count)
  }

  private func failureLines(_ groups: [ResultDigest.FailureGroup]) -> [String] {
    guard !groups.isEmpty else { return [] }
    var lines = groups.prefix(Self.failureLimit).map { group in
      """
        \(group.count) × \(group.failure.unitText): \(group.failure.message.inOneLine)
            such as \(group.exampleID) \(group.exampleConfig.description.inOneLine)
      """
    }
    if groups.count > Self.failureLimit {
      lines.append("  and \(groups.count - Self.failureLimit) other kinds of failure")
    }
    if folder != nil {
      lines.append("  All of them: swift run \(context.name) results --failures\(location)")
    }
    return ["Failed:"] + lines
  }

  func json(_ summary: RunSummary, _ store: DatabaseStore) throws -> String {
    var values: [String: Value] = [
      "name": .string(research.name), "done": .int(summary.done), "failed": .int(summary.failed),
      "pruned": .int(summary.pruned),
      "stored": .int(summary.skipped), "interrupted": .int(summary.interrupted),
      "cancelled": .bool(summary.isCancelled),
      "explanation": summary.stopExplanation.map { .string($0) } ?? .null,
      "seed": .string(String(summary.seed)),
      "seconds": .double(summary.duration), "folder": folder.map { .string($0.path) } ?? .null,
    ]
    values["left"] = summary.left.map(Value.int)
    if summary.pruned > 0 { values["saved_iterations"] = .int(summary.counters.savedIterations) }
    if let seconds = try secondsSaved(summary, store) { values["saved_seconds"] = .double(seconds) }
    if let end = summary.searchEnd { values["search_end"] = .string(end) }
    values["other_stored"] = .int(summary.unplanned.count)
    values["other_build"] = .int(try store.otherBuildCount(in: research).count)
    let objectives = research.settings.objectives
    if objectives.count > 1 {
      values["front"] = .list(
        try front(summary, store).0.map { config in
          .dictionary([
            "values": .dictionary(
              Dictionary(
                zip(objectives.map(\.name), config.means.map { .double($0) }),
                uniquingKeysWith: { $1 }
              )
            ),
            "count": .int(config.count), "config": .dictionary(config.config.plainValues),
          ])
        }
      )
    } else if let objective = objectives.first,
      let best = try store.digest(
        of: objective,
        without: summary.unplanned
      ).best
    {
      values["best"] = .dictionary([
        "name": .string(objective.name), "mean": .double(best.mean), "count": .int(best.count),
        "config": .dictionary(best.config.plainValues),
      ])
    }
    return Value.dictionary(values).jsonText
  }
}
