import ArgumentParser
import FieldworkAnalysis
import FieldworkCore
import FieldworkReport
import FieldworkRuntime
import FieldworkSearch
import FieldworkStore

/// A search that a simulation runs.
enum SimulatedSearch: String, CaseIterable {
  case playbook, auto, tpe, cmaes, gp, qmc, random
}

/// A rule that ends experiments of a simulation early.
enum SimulatedPruning: String, CaseIterable {
  case none, playbook, median, percentile, halving, hyperband, patience, wilcoxon
}

/// `simulate`: shows how soon searches would have found the best of stored configs.
struct SimulateCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Show how soon a search with pruning would have found the best of stored configs.",
    discussion: """
      Replays a research whose grid is stored as if a search had chosen the configs. No experiment runs. Each search runs \
      with each rule and many seeds; numbers are means over the seeds, with 95 percent confidence intervals (Student's t). \
      'best after n' is the mean of the best config after n configs; 'top 5 %' is the median number of configs until the \
      best one is among the best 5 percent of the grid; 'found' is the share of the seeds that have found the best config; \
      'iterations' is the share that pruning leaves.

      swift run Digits simulate --search tpe,random --prune none,median --configs 20 --repeats 200
      """
  )

  @Option(
    help: ArgumentHelp("Searches, with commas.", valueName: choices(SimulatedSearch.self)),
    transform: SimulateCommand.list
  )
  var search: [SimulatedSearch] = [.auto, .tpe, .random]

  @Option(
    help: ArgumentHelp(
      "Rules that end experiments early, with commas; playbook takes those of the block.",
      valueName: choices(SimulatedPruning.self)
    ),
    transform: SimulateCommand.list
  )
  var prune: [SimulatedPruning] = [.none]

  @Option(
    help: ArgumentHelp(
      "The saved value that the rules compare, such as loss:min or accuracy:max; the objective by default.",
      valueName: "name:min|max"
    )
  )
  var pruneBy: String?

  @Option(
    help: ArgumentHelp(
      "The number of configs of a search; a quarter of the grid by default.",
      valueName: "n"
    )
  )
  var configs: Int?

  @Option(
    help: ArgumentHelp(
      "How many experiments may run while a config is chosen, with commas; that of the playbook by default.",
      valueName: "n"
    ),
    transform: SimulateCommand.numbers
  )
  var window: [Int] = []

  @Option(help: ArgumentHelp("How many seeds.", valueName: "n"))
  var repeats = 100

  @Option(
    help: ArgumentHelp(
      "How many stored repetitions of a config count as its result; those of the playbook by default.",
      valueName: "n"
    )
  )
  var repetitions: Int?

  @Option(
    help: ArgumentHelp("By which of several objectives; the first by default.", valueName: "name")
  )
  var by: String?

  @Option(
    help: ArgumentHelp(
      "Replace a parameter's values, as in the run that has stored the grid. Repeatable.",
      valueName: "name=values"
    )
  )
  var set: [String] = []

  @Flag(
    name: .customLong("by-iterations"),
    help: "Draw the best values over the iterations that were made, and not over the configs."
  )
  var drawsIterations = false

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "The picture to write; simulation.svg in the folder of the results by default.",
      valueName: "path"
    )
  )
  var output: String?

  @OptionGroup
  var table: TableOutput

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  @Sendable private static func list<T: RawRepresentable<String> & CaseIterable>(
    _ text: String
  ) throws -> [T] {
    try text.split(separator: ",").map { try choice(String($0)) }
  }

  @Sendable private static func numbers(_ text: String) throws -> [Int] {
    try text.split(separator: ",").map { word in
      guard let number = Int(word), number > 0 else {
        throw ValidationError("'\(word)' is no number from 1 up")
      }
      return number
    }
  }

  func validate() throws {
    for (option, number) in [
      ("--configs", configs), ("--repeats", repeats), ("--repetitions", repetitions),
    ] {
      if let number, number < 1 { throw ValidationError("\(option) is \(number): give 1 or more") }
    }
    if search.isEmpty { throw ValidationError("--search is empty: give auto, tpe or another one") }
    if prune.isEmpty { throw ValidationError("--prune is empty: give none, median or another one") }
    if output == "" || output == "-" {
      throw ValidationError("--output is '\(output ?? "")': give a file that ends with .svg")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let (terminal, folder) = (context.terminal, try location.folder(of: context.research))
    let results = try ResearchResults.load(folder.path)
    let objective = try objective(context.research)
    try results.requireVariable(objective.name)
    let compared = try pruneBy.map(compared) ?? objective
    try results.requireVariable(compared.name)
    let own = try SettingOptions.parse(set.flatMap { ["--set", $0] }).applied(to: context.research)
    var research = SettingOptions.planned(own, results.notes)
    research.settings.repetitions = repetitions ?? research.settings.repetitions
    research.settings.repeatEach = nil
    let simulation = try Simulation(research, objective, by: compared.name, results)
    let windows = window.isEmpty ? [context.research.settings.window ?? 1] : window
    let isSavedOnce = results.iterationCount(of: compared.name) < 2
    if isSavedOnce, prune.contains(where: { ![.none, .playbook].contains($0) }) {
      terminal.printError(
        "note: experiments save '\(compared.name)' once, so no rule ends one by it; give --prune-by another value, such as loss:min"
      )
    }
    let configs = min(configs ?? max(1, simulation.count / 4), simulation.count)
    if simulation.count < simulation.size {
      terminal.printError(
        "note: \(simulation.count) of \(simulation.size) configs are stored; the others are not suggested"
      )
    }
    var rows: [Row] = []
    for search in search {
      for prune in prune {
        for window in windows {
          let outcomes = try await outcomes(
            simulation,
            try description(search, context.research),
            try pruning(prune, context.research, compared),
            configs: configs,
            window: window
          )
          rows.append(Row(search: search, prune: prune, window: window, outcomes: outcomes))
        }
      }
    }
    table.print(shown(rows, simulation, objective, configs: configs), terminal)
    // The first configs are far from the others, and would leave them no room.
    let first = configs >= 16 ? configs / 8 : 0
    let plot = Plot.simulation(
      of: objective.name,
      over: drawsIterations ? "iterations" : "configs",
      leavingOut: first,
      rows.map { row in
        (
          row.label(windows: windows.count),
          (first..<configs).map { index in
            (
              drawsIterations ? row.iterations(index) : Double(index + 1),
              Statistics(row.outcomes.compactMap { $0.value(index) })
            )
          }
        )
      }
    )
    let path = output ?? "\(folder.path)/simulation.svg"
    try plot.write(to: path)
    terminal.printError("picture: \(path)")
    return .done
  }

  private struct Row {
    let search: SimulatedSearch
    let prune: SimulatedPruning
    let window: Int
    let outcomes: [Simulation.Outcome]

    /// - Parameter windows: the number of windows that are compared.
    func label(windows: Int) -> String {
      search.rawValue + (prune == .none ? "" : ", \(prune.rawValue)")
        + (windows > 1 ? ", window \(window)" : "")
    }

    /// The mean number of iterations up to a config.
    func iterations(_ index: Int) -> Double {
      let counts = outcomes.compactMap { outcome in
        outcome.iterations.isEmpty
          ? nil : outcome.iterations[min(index, outcome.iterations.count - 1)]
      }
      return Double(counts.reduce(0, +)) / Double(max(counts.count, 1))
    }
  }

  // MARK: What runs

  private func objective(_ research: Research) throws -> Objective {
    let all = research.settings.objectives
    guard let by else {
      if let first = all.first { return first }
      throw FieldworkError(
        .invalidDefinition,
        "a simulation needs an objective: give the research objective: .minimize(\"name of a saved value\") or .maximize(…)"
      )
    }
    if let found = all.first(where: { $0.name == by }) { return found }
    throw FieldworkError(
      .missingParameter,
      "--by: '\(by)' is not an objective of the research\(all.isEmpty ? "" : ": \(all.map(\.name).joined(separator: ", "))")"
    )
  }

  /// Reads `loss:min`.
  private func compared(_ text: String) throws -> Objective {
    let parts = text.split(separator: ":")
    switch parts.last {
    case "min" where parts.count == 2: return .minimize(String(parts[0]))
    case "max" where parts.count == 2: return .maximize(String(parts[0]))
    default:
      throw FieldworkError(
        .unreadableText,
        "--prune-by '\(text)': write the name of a saved value with :min or :max, such as loss:min"
      )
    }
  }

  private func description(
    _ search: SimulatedSearch,
    _ research: Research
  ) throws -> SearchDescription {
    if search == .playbook {
      guard let own = research.search else {
        throw FieldworkError(
          .invalidDefinition,
          "the playbook has no Search; leave playbook out of --search"
        )
      }
      return SearchDescription(own.algorithm, until: own.end, place: own.place)
    }
    guard let name = SearchAlgorithmName(rawValue: search.rawValue) else {
      throw FieldworkError(.invalidDefinition, "there is no search \(search.rawValue)")
    }
    return SearchDescription(name.algorithm, until: nil, place: research.place)
  }

  private func pruning(
    _ prune: SimulatedPruning,
    _ research: Research,
    _ objective: Objective
  ) throws -> [PruningDescription] {
    let pruner: any Pruner
    switch prune {
    case .none: return []
    case .playbook:
      guard !research.pruning.isEmpty else {
        throw FieldworkError(
          .invalidDefinition,
          "the playbook has no Prune; leave playbook out of --prune"
        )
      }
      return research.pruning
    case .median: pruner = .median()
    case .percentile: pruner = .percentile(25)
    case .halving: pruner = .successiveHalving()
    case .hyperband: pruner = .hyperband(max: max(2, research.iterations ?? 27))
    case .patience: pruner = .patience(5)
    case .wilcoxon: pruner = .wilcoxon()
    }
    return [
      PruningDescription(
        pruner,
        name: objective.name,
        direction: objective.direction,
        place: research.place
      )
    ]
  }

  private func outcomes(
    _ simulation: Simulation,
    _ search: SearchDescription,
    _ pruning: [PruningDescription],
    configs: Int,
    window: Int
  ) async throws -> [Simulation.Outcome] {
    let (repeats, width) = (repeats, AvailableCores.count)
    return try await withThrowingTaskGroup(of: (Int, Simulation.Outcome).self) { group in
      var found: [(Int, Simulation.Outcome)] = []
      for seed in 0..<repeats {
        if seed >= width, let next = try await group.next() { found.append(next) }
        group.addTask {
          let outcome = try await simulation.run(
            search,
            pruning: pruning,
            configs: configs,
            window: window,
            seed: UInt64(seed)
          )
          return (seed, outcome)
        }
      }
      for try await next in group { found.append(next) }
      return found.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  // MARK: What is shown

  private func shown(
    _ rows: [Row],
    _ simulation: Simulation,
    _ objective: Objective,
    configs: Int
  ) -> Table {
    let marks = Set([(configs + 3) / 4, (configs + 1) / 2, configs]).sorted()
    let ranking = simulation.ranking
    let good = ranking[max(0, Int((0.05 * Double(ranking.count)).rounded(.up)) - 1)]
    var columns = [
      Table.Column(name: "search", cells: rows.map { .string($0.search.rawValue) }),
      Table.Column(name: "prune", cells: rows.map { .string($0.prune.rawValue) }),
    ]
    if Set(rows.map(\.window)).count > 1 {
      columns.append(Table.Column(name: "window", cells: rows.map { .int($0.window) }))
    }
    for mark in marks {
      let statistics = rows.map { row in Statistics(row.outcomes.compactMap { $0.value(mark - 1) })
      }
      columns.append(
        Table.Column(
          name: "best after \(mark)",
          cells: statistics.map { $0.count == 0 ? nil : .double($0.mean) }
        )
      )
      columns.append(
        Table.Column(
          name: "± \(mark)",
          cells: statistics.map { statistics in statistics.margin().map { .double($0) } }
        )
      )
    }
    columns.append(
      Table.Column(
        name: "top 5 %",
        cells: rows.map { row in
          let counts = row.outcomes.map { $0.count(reaching: good, objective) ?? .max }.sorted()
          let middle = counts[counts.count / 2]
          return middle == .max ? nil : .int(middle)
        }
      )
    )
    columns.append(
      Table.Column(
        name: "found",
        cells: rows.map { row in
          let found = row.outcomes.count { $0.count(reaching: ranking[0], objective) != nil }
          return .double(Double(found) / Double(row.outcomes.count))
        }
      )
    )
    columns.append(
      Table.Column(
        name: "iterations",
        cells: rows.map { row in
          let whole = row.outcomes.reduce(0) { $0 + $1.whole }
          let made = row.outcomes.reduce(0) { $0 + ($1.iterations.last ?? 0) }
          return .double(Double(made) / Double(max(whole, 1)))
        }
      )
    )
    return Table(columns: columns)
  }
}

extension Simulation.Outcome {
  /// The mean of the best config after some; of a search that has ended before, that at its end.
  fileprivate func value(_ index: Int) -> Double? {
    best.isEmpty ? nil : best[min(index, best.count - 1)]
  }
}
