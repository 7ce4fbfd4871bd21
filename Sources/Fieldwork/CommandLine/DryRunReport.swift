import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// What a run would do, in words.
struct DryRunReport {
  private let research: Research
  private let preview: RunPreview
  private let folder: ResearchFolder?
  /// Whether a changed definition is no reason to refuse.
  private let acceptsChange: Bool
  private let keepsFailed: Bool
  private let deletes: Bool

  /// - Parameters:
  ///   - folder: where results would go; nil for memory.
  ///   - deletes: whether stored results would be deleted first.
  init(
    _ research: Research,
    _ preview: RunPreview,
    folder: ResearchFolder?,
    acceptsChange: Bool,
    keepsFailed: Bool,
    deletes: Bool
  ) {
    self.research = research
    self.preview = preview
    self.folder = folder
    self.acceptsChange = acceptsChange
    self.keepsFailed = keepsFailed
    self.deletes = deletes
  }

  private func count(_ status: ResumeStatus) -> Int { preview.counts[status, default: 0] }

  func text(width: Int?) -> String {
    var lines = [headline]
    if !preview.isComplete {
      lines.append("of the first \(preview.examined) experiments:")
    }
    if deletes { lines.append("  the stored results would be deleted first") }
    lines += statusLines
    lines += changeLines
    if preview.experimentsToRun > 0 || !preview.isComplete {
      lines.append(
        "\(Wording.count(preview.tasks, "task")), "
          + "\(Wording.count(preview.workers, "worker")), \(branchText)"
      )
      lines.append("estimated time: \(estimate)")
      lines.append(
        preview.first.count < preview.experimentsToRun
          ? "the first \(preview.first.count) to run:" : "to run:"
      )
      lines.append(Reason.table(preview.first.map(Reason.init), research).text(width: width))
    } else if research.search == nil || preview.experiments == preview.examined {
      lines.append("nothing to run")
    }
    if let remark = research.openPlanRemark(preview.experiments, known: preview.examined) {
      lines.append(remark)
    }
    if preview.drawsSeed, research.domain?.isRandom ?? false {
      lines.append("drawn with seed 0; a run draws a seed of its own, unless --seed is given")
    }
    lines.append(folder.map { "results would go to \($0.path)" } ?? "results would stay in memory")
    return lines.joined(separator: "\n")
  }

  private var headline: String {
    let count =
      preview.experiments.map { Wording.count($0, "experiment") } ?? "experiments without end"
    let iterations =
      research.iterations.map { "of \(Wording.count($0, "iteration"))" } ?? "until a unit ends them"
    return "\(research.name): \(count) \(iterations)"
  }

  private var statusLines: [String] {
    let again = preview.experimentsToRun - statusesToRun.reduce(0) { $0 + count($1) }
    let lines = [
      (count(.done) + count(.changed), "done", "left out"),
      (count(.pruned), "pruned", "left out"),
      (
        count(.otherBuild), "done by another build",
        research.settings.otherBuilds == .rerun ? "run again" : "left out"
      ),
      (count(.otherVersion), "done with another version or value", "run again"),
      (again, "of these", "run again, with others of their tasks"),
      (count(.failed), "failed", keepsFailed ? "left out" : "run again"),
      (count(.interrupted), "interrupted", "run again"),
      (count(.extended), "done with fewer iterations", "go on"),
      (count(.running), "running now", "run again if they are not done by then"),
      (count(.new), "new", "run"),
      (count(.leftOut), "not asked for", "left out"),
    ]
    return lines.filter { $0.0 > 0 }.map { "  \($0.0) \($0.1): \($0.2)" }
  }

  /// What runs by itself, and not with others of its task.
  private var statusesToRun: [ResumeStatus] {
    [.interrupted, .running, .extended, .new, .otherVersion] + (keepsFailed ? [] : [.failed])
      + (research.settings.otherBuilds == .rerun ? [.otherBuild] : [])
  }

  private var changeLines: [String] {
    guard let change = preview.change else { return [] }
    return [
      "the definition has changed since the results were begun:", change,
      acceptsChange
        ? "  (--continue goes on with the stored results)"
        : "  (a run is refused: start over with --fresh, go on with --continue, or give another --name)",
    ]
  }

  private var branchText: String {
    preview.branches == 1 ? "no branches" : "\(preview.branches) branches in each task"
  }

  private var estimate: String {
    guard let mean = preview.secondsPerExperiment else {
      return "unknown, since no experiment is done yet"
    }
    let each = "\(Wording.duration(mean)) for an experiment"
    guard let seconds = preview.seconds else { return "without end, \(each)" }
    return "\(Wording.duration(seconds)), by \(each)"
  }

  /// One JSON object.
  func json(warnings: [Problem]) -> String {
    let statuses = ResumeStatus.allCases.filter { $0 != .unplanned }
    let counts = statuses.map { ($0.rawValue, Value.int(count($0))) }
    let definition = preview.change != nil ? "changed" : preview.isBegun ? "same" : "new"
    return Value.dictionary([
      "name": .string(research.name),
      "experiments": preview.experiments.map(Value.int) ?? .null,
      "iterations": research.iterations.map(Value.int) ?? .null,
      "examined": .int(preview.examined), "complete": .bool(preview.isComplete),
      "counts": .dictionary(Dictionary(uniqueKeysWithValues: counts)),
      "to_run": .int(preview.experimentsToRun), "tasks": .int(preview.tasks),
      "workers": .int(preview.workers), "branches": .int(preview.branches),
      "seed": preview.drawsSeed ? .null : .string(String(preview.seed)),
      "definition": .string(definition), "change": preview.change.map(Value.string) ?? .null,
      "seconds_per_experiment": preview.secondsPerExperiment.map(Value.double) ?? .null,
      "seconds": preview.seconds.map(Value.double) ?? .null,
      "first": .list(preview.first.map { Reason($0).value }),
      "folder": folder.map { .string($0.path) } ?? .null,
      "warnings": .list(warnings.map { .string($0.description) }),
    ]).jsonText
  }
}
