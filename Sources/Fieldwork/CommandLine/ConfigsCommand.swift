import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// `configs`: shows what would run, in order.
struct ConfigsCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "configs",
    abstract: "Show the experiments that the research consists of."
  )

  @OptionGroup(title: "What to run")
  var settings: SettingOptions

  @Option(help: ArgumentHelp("How many to show; 0 for all.", valueName: "n"))
  var limit = 20

  @Flag(name: .customLong("json"), help: "Print all of them as JSON, one object per line.")
  var json = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if limit < 0 { throw ValidationError("--limit is \(limit): give 0 or more") }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    var research = try settings.applied(to: context.research)
    let selection = try settings.selection(in: research)
    try research.requireSound()
    let stored = folder.hasStore ? try DatabaseStore.openForReading(folder) : nil
    let storedSeed = try StoredSeed.decode(try stored?.notes()["seed"])
    let isForShow = research.settings.seed == nil && storedSeed == nil
    let seed = try seed(of: research, stored: storedSeed)
    research.settings.seed = seed
    let states = try stored?.states() ?? [:]
    let plan = try ExperimentPlan(research, seed: seed)
    let shown = try rows(plan, selection, limit: json || limit == 0 ? nil : limit)
    if json {
      for row in shown { context.terminal.print(jsonText(row, states)) }
      return .done
    }
    let table = table(shown, research, states)
    context.terminal.print(
      table.text(width: context.terminal.isInteractive ? context.terminal.width : nil)
    )
    context.terminal.print(try closing(research, plan, selection, shown.count, states))
    if isForShow, research.domain?.isRandom ?? false {
      context.terminal.print(
        "Drawn with seed 0; a run draws a seed of its own, unless --seed is given."
      )
    }
    return .done
  }

  /// The seed of the stored results, the research's own, or one for show.
  private func seed(of research: Research, stored: UInt64?) throws -> UInt64 {
    let wanted = research.settings.seed
    guard let stored else { return wanted ?? 0 }
    if let wanted, wanted != stored {
      throw FieldworkError(
        .invalidDefinition,
        "the results of '\(research.name)' were begun with seed \(stored), not \(wanted); leave out the seed, or give another --name"
      )
    }
    return stored
  }

  private func rows(
    _ plan: ExperimentPlan,
    _ selection: Selection?,
    limit: Int?
  ) throws -> [PlannedExperiment] {
    var plan = plan
    var rows: [PlannedExperiment] = []
    while rows.count < limit ?? .max, let experiment = try plan.next() {
      if selection?.includes(experiment) ?? true { rows.append(experiment) }
    }
    return rows
  }

  private func state(_ experiment: PlannedExperiment, _ states: [String: ExperimentState]) -> String
  {
    states[experiment.key]?.rawValue ?? "new"
  }

  private func table(
    _ experiments: [PlannedExperiment],
    _ research: Research,
    _ states: [String: ExperimentState]
  ) -> Table {
    var columns = [
      Table.Column(name: "id", cells: experiments.map { .string($0.id) }),
      Table.Column(name: "state", cells: experiments.map { .string(state($0, states)) }),
    ]
    for name in research.parameterList {
      columns.append(
        Table.Column(
          name: name.alias,
          cells: experiments.map { experiment in
            experiment.config[alias: name.key].map {
              $0.isNamed ? .string($0.name) : $0.plain ?? .string($0.name)
            }
          }
        )
      )
    }
    if research.settings.repetitions > 1 {
      columns.append(
        Table.Column(name: "repetition", cells: experiments.map { .int($0.repetition) })
      )
    }
    return Table(columns: columns)
  }

  private func closing(
    _ research: Research,
    _ plan: ExperimentPlan,
    _ selection: Selection?,
    _ shown: Int,
    _ states: [String: ExperimentState]
  ) throws -> String {
    var lines: [String] = []
    let total = try selection.map { try $0.count(in: plan) } ?? plan.size
    let count = total.map { Wording.count($0, "experiment") } ?? "experiments without end"
    lines.append(shown == total ? count : "\(shown) of \(count); --limit 0 shows all")
    if !research.updates.isEmpty {
      lines.append("domain updates may change the experiments while the research runs")
    }
    let done = states.values.count { $0 == .done }
    if done > 0 { lines.append("\(done) stored as done") }
    if let domain = research.domain, let size = domain.count, size <= 100_000 {
      let duplicates = try domain.duplicates()
      if let first = duplicates.first {
        lines.append(
          "\(duplicates.count) config\(duplicates.count == 1 ? " comes" : "s come") more than once: \(first)"
        )
      }
    }
    return lines.joined(separator: "\n")
  }

  private func jsonText(
    _ experiment: PlannedExperiment,
    _ states: [String: ExperimentState]
  ) -> String {
    let config = experiment.config.withoutAuxiliary
    return Value.dictionary([
      "id": .string(experiment.id), "state": .string(state(experiment, states)),
      "config": .dictionary(config.plainValues), "repetition": .int(experiment.repetition),
    ]).jsonText
  }
}
