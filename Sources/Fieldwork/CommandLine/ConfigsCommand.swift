import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkSearch
import FieldworkStore
import Foundation

/// `configs`: shows what would run, in order.
struct ConfigsCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "configs",
    abstract: "Show the experiments that the research consists of."
  )

  @OptionGroup(title: "What to run")
  var settings: SettingOptions

  @OptionGroup(visibility: .hidden)
  var execution: ExecutionOptions

  @OptionGroup(visibility: .hidden)
  var cache: CacheOptions

  @OptionGroup(visibility: .hidden)
  var engine: EngineOptions

  @OptionGroup(visibility: .hidden)
  var faults: FaultOptions

  @OptionGroup(visibility: .hidden)
  var record: RecordOptions

  @Flag(
    help: """
      Say of each why it would run or not: done, failed, interrupted, running, new, other version (done with another \
      version of a unit or value, or another value of the same name: runs again), other build (done by another build \
      of the playbook: kept, unless run with --rerun other-build), changed (done by another definition), left out (by \
      --where), or not planned (stored, but not of this research any more).
      """
  )
  var why = false

  @Flag(
    name: .customLong("settings"),
    help:
      "Show the settings in effect, each with its origin: default, playbook, command line or machine. Takes the options of run."
  )
  var showsSettings = false

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("With --settings: those of an earlier run, from 1.", valueName: "n")
  )
  var run: Int?

  @Option(help: ArgumentHelp("How many to show; 0 for all.", valueName: "n"))
  var limit = 20

  @Flag(name: .customLong("json"), help: "Print all of them as JSON, one object per line.")
  var json = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if run != nil, !showsSettings {
      throw ValidationError("--run is about settings: add --settings")
    }
    if showsSettings, why { throw ValidationError("leave out --settings or --why") }
    if limit < 0 { throw ValidationError("--limit is \(limit): give 0 or more") }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    var research = try settings.applied(to: context.research)
    let recorded = try running(research, execution, cache, engine, record)
    // Without options some settings follow from others, too.
    let usual = try running(research, .parse([]), .parse([]), .parse([]), .parse([]))
    guard showsSettings || recorded.settings == usual.settings && !faults.isGiven else {
      throw FieldworkError(
        .unreadableText,
        "how experiments run does not change the configs: leave out the options that say it, or add --settings"
      )
    }
    if showsSettings {
      research = recorded
      if let run { return try showSettings(of: run, folder, context.terminal) }
      if let name = location.name { research.name = name }
      let complete: (inout Research) throws -> Void = {
        try RecordOptions.applyDefaults(to: &$0, keepsFiles: true, debug: false)
      }
      try complete(&research)
      let effective = try EffectiveSettings(
        playbook: context.research,
        effective: research,
        faults: faults,
        complete: complete
      )
      if json {
        for row in effective.rows {
          let value: Value = [
            "setting": .string(row.name), "value": .string(row.value),
            "origin": .string(row.origin.rawValue),
          ]
          context.terminal.print(value.jsonText)
        }
      } else {
        let terminal = context.terminal
        terminal.print(effective.table.text(width: terminal.isInteractive ? terminal.width : nil))
      }
      return .done
    }
    let selection = try settings.selection(in: research)
    try research.requireSound()
    let stored = try DatabaseStore.openIfThere(folder)
    let resume = try ResumePlan(research, stored, selection: why ? selection : nil)
    research = research.adding(try stored?.notes() ?? [:]).choosing(try stored?.updates() ?? [])
    let isForShow = research.settings.seed == nil && resume.seed == nil
    let seed = resume.seed ?? research.settings.seed ?? 0
    if why {
      return try performWhy(
        research,
        resume,
        stored,
        selection,
        seed: seed,
        context.terminal
      )
    }
    research.settings.seed = seed
    let states = resume.states
    let source = try research.source(seed: seed)
    let terminal = context.terminal
    var shown = 0
    try terminal.print(lines: { print in
      var printer = RowPrinter<PlannedExperiment>(
        width: terminal.isInteractive ? terminal.width : nil,
        print
      )
      try forEach(
        try shownSource(research, source, seed),
        selection,
        limit: json || limit == 0 ? nil : limit
      ) { experiment in
        let experiment = experiment.first(ifSkipped: research.settings.duplicates == .skip)
        shown += 1
        if json {
          try print(jsonText(experiment, states))
        } else {
          try printer.add(experiment) { self.table($0, research, states) }
        }
      }
      if !json { try printer.finish { self.table($0, research, states) } }
    })
    if json { return .done }
    terminal.print(try closing(research, source, selection, shown, states))
    if isForShow, research.domain?.isRandom ?? false {
      context.terminal.print(
        "Drawn with seed 0; a run draws a seed of its own, unless --seed is given."
      )
    }
    return .done
  }

  /// Returns the research with options of `run`.
  private func running(
    _ research: Research,
    _ execution: ExecutionOptions,
    _ cache: CacheOptions,
    _ engine: EngineOptions,
    _ record: RecordOptions
  ) throws -> Research {
    var research = research
    try execution.apply(to: &research)
    try cache.apply(to: &research)
    try engine.apply(to: &research, workers: execution.workers)
    try record.apply(to: &research, keepsFiles: true, debug: false)
    return research
  }

  /// Shows the settings that a run had.
  private func showSettings(
    of run: Int,
    _ folder: ResearchFolder,
    _ terminal: Terminal
  ) throws -> ExitStatus {
    let items = try DatabaseStore.openForReading(folder).keptMetadata().filter {
      $0.topic == KeptSources.settingsTopic
    }
    let found = items.filter { $0.run == run }
    guard !found.isEmpty else {
      let runs = Set(items.map(\.run)).sorted().map(String.init).joined(separator: ", ")
      throw FieldworkError(
        .store,
        "the settings of run \(run) are not kept\(runs.isEmpty ? "" : "; there are those of run \(runs)")"
      )
    }
    let seed = try DatabaseStore.openForReading(folder).notes()["seed"].map(\.description)
    let rows = found.map { item -> (name: String, value: String, origin: String) in
      let parts = item.text.hasSuffix(")") ? item.text.range(of: " (", options: .backwards) : nil
      let value = parts.map { String(item.text[..<$0.lowerBound]) } ?? item.text
      let origin = parts.map { String(item.text[$0.upperBound...].dropLast()) } ?? ""
      guard item.item == "seed", value == "none", let seed else {
        return (item.item, value, origin)
      }
      return (item.item, seed, "drawn")
    }
    if json {
      for row in rows {
        let value: Value = [
          "setting": .string(row.name), "value": .string(row.value), "origin": .string(row.origin),
        ]
        terminal.print(value.jsonText)
      }
      return .done
    }
    let table = Table(columns: [
      Table.Column(name: "setting", cells: rows.map { .string($0.name) }),
      Table.Column(name: "value", cells: rows.map { .string($0.value) }),
      Table.Column(name: "origin", cells: rows.map { .string($0.origin) }),
    ])
    terminal.print(table.text(width: terminal.isInteractive ? terminal.width : nil))
    return .done
  }

  /// Returns the source of the experiments that are shown: one for each place in the plan, also where an equal config
  /// has come up and does not run again.
  private func shownSource(
    _ research: Research,
    _ source: any ExperimentSource,
    _ seed: UInt64
  ) throws -> any ExperimentSource {
    guard research.settings.duplicates == .skip else { return source }
    var all = research
    all.settings.duplicates = .run
    return try all.source(seed: seed)
  }

  /// Goes through the experiments of a plan, without holding them.
  private func forEach(
    _ source: any ExperimentSource,
    _ selection: Selection?,
    limit: Int?,
    _ body: (PlannedExperiment) throws -> Void
  ) throws {
    var source = source
    var count = 0
    let limit = limit ?? .max
    guard limit > 0 else { return }
    try source.forEach { experiment in
      // A condition may hold for none of very many.
      if limit < .max, selection != nil, experiment.ordinal >= Self.searchLimit { return false }
      guard selection?.includes(experiment) ?? true else { return true }
      count += 1
      try body(experiment)
      return count < limit
    }
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
    Table(
      columns: [
        Table.Column(name: "id", cells: experiments.map { .string($0.id) }),
        Table.Column(name: "state", cells: experiments.map { .string(state($0, states)) }),
      ] + research.configColumns(experiments)
    )
  }

  private func closing(
    _ research: Research,
    _ source: any ExperimentSource,
    _ selection: Selection?,
    _ shown: Int,
    _ states: [String: ExperimentState]
  ) throws -> String {
    var lines: [String] = []
    let total = try selection.map { try $0.count(in: source) } ?? source.size
    let count = total.map { Wording.count($0, "experiment") } ?? "experiments without end"
    let skips = research.settings.duplicates == .skip
    let isAll =
      skips || research.search != nil ? limit == 0 || shown < limit : shown == total
    lines.append(isAll ? count : "\(shown) of \(count); --limit 0 shows all")
    if selection != nil, shown < limit, limit > 0, source.size ?? .max > Self.searchLimit {
      lines.append(
        "only the first \(Self.searchLimit) experiments were looked at; --limit 0 goes through all"
      )
    }
    var known = source
    if research.search != nil { try known.forEach { _ in true } }
    if let remark = research.openPlanRemark(source.size, known: known.produced) {
      lines.append(remark)
    }
    if let done = try doneCount(source, selection, states), done > 0 {
      lines.append("\(done) stored as done")
    }
    if let domain = research.domain, let size = domain.count, size <= 100_000 {
      let duplicates = try domain.duplicates()
      if let first = duplicates.first {
        let remark = skips ? ", but each runs once" : ""
        lines.append(
          "\(duplicates.count) config\(duplicates.count == 1 ? " comes" : "s come") more than once\(remark): \(first)"
        )
      }
    }
    return lines.joined(separator: "\n")
  }

  /// The number of experiments of the plan that are stored as done; nil for a plan that is too long to go through.
  private func doneCount(
    _ source: any ExperimentSource,
    _ selection: Selection?,
    _ states: [String: ExperimentState]
  ) throws -> Int? {
    guard states.values.contains(.done) else { return 0 }
    guard let size = source.size, size <= 100_000 else { return nil }
    var count = 0
    try forEach(source, selection, limit: nil) { count += states[$0.key] == .done ? 1 : 0 }
    return count
  }

  private func jsonText(
    _ experiment: PlannedExperiment,
    _ states: [String: ExperimentState]
  ) -> String {
    let config = experiment.config
    return Value.dictionary([
      "id": .string(experiment.id), "state": .string(state(experiment, states)),
      "config": .dictionary(config.plainValues), "repetition": .int(experiment.repetition),
    ]).jsonText
  }
}

extension PlannedExperiment {
  /// The first experiment of the same config and repetition, if equal ones run once.
  fileprivate func first(ifSkipped: Bool) -> PlannedExperiment {
    guard ifSkipped, identity.occurrence > 0 else { return self }
    let key = ExperimentIdentity(config: config, repetition: repetition).key
    return PlannedExperiment(
      ordinal: ordinal,
      id: key,
      key: key,
      config: config,
      repetition: repetition,
      updates: updates,
      task: task,
      branch: branch
    )
  }
}

/// Prints a long table in parts, so that it need not be in memory as a whole.
struct RowPrinter<Row> {
  /// The number of rows that are laid out together.
  private static var partSize: Int { 2000 }

  private let width: Int?
  private let print: (String) throws -> Void
  private var rows: [Row] = []
  private var hasPrinted = false
  private var layout = Table.PartLayout()

  init(width: Int?, _ print: @escaping (String) throws -> Void) {
    self.width = width
    self.print = print
  }

  mutating func add(_ row: Row, _ table: ([Row]) -> Table) throws {
    rows.append(row)
    if rows.count == Self.partSize { try flush(table) }
  }

  /// Prints what is left; without any rows, an empty table.
  mutating func finish(_ table: ([Row]) -> Table) throws {
    if !rows.isEmpty || !hasPrinted { try flush(table) }
  }

  private mutating func flush(_ table: ([Row]) -> Table) throws {
    try print(layout.text(table(rows), width: width))
    hasPrinted = true
    rows = []
  }
}

extension Research {
  /// The parameters of experiments as columns, and the repetition if there are several.
  func configColumns(_ experiments: [PlannedExperiment]) -> [Table.Column] {
    configColumns(experiments.map { ($0.config, $0.repetition) })
  }

  /// The same for experiments that need not be planned: what they alone have comes after the rest.
  func configColumns(_ experiments: [(config: Config, repetition: Int)]) -> [Table.Column] {
    var names = parameterList
    for entry in experiments.lazy.flatMap(\.config.entries)
    where !names.contains(where: { $0.key == entry.name.key || $0.alias == entry.name.alias }) {
      names.append(entry.name)
    }
    var columns = names.map { name in
      Table.Column(
        name: name.alias,
        cells: experiments.map { experiment in
          experiment.config[alias: name.key].map {
            $0.isNamed ? .string($0.name) : $0.plain ?? .string($0.name)
          }
        }
      )
    }
    if settings.repetitions > 1 || experiments.contains(where: { $0.repetition > 0 }) {
      columns.append(
        Table.Column(name: "repetition", cells: experiments.map { .int($0.repetition) })
      )
    }
    return columns
  }
}
