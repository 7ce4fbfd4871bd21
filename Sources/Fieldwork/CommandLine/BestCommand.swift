import ArgumentParser
import FieldworkCore
import FieldworkStore

/// `best`: shows the best configs.
struct BestCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "best",
    abstract: "Show the best configs by a saved value.",
    discussion: """
      A config counts by the mean of the last values of its repetitions; low and high are the 95 percent \
      confidence interval of the mean (Student's t), n is the number of experiments. Experiments that are \
      not done are left out.

      Of a research with several objectives, best shows the Pareto front: the configs than which no other one is better \
      in one objective and as good in the others.
      """
  )

  @Option(
    help: ArgumentHelp(
      "By which saved value; the playbook's objective by default, or the Pareto front of several objectives.",
      valueName: "name"
    )
  )
  var by: String?

  @Flag(name: .customLong("max"), help: "The largest is the best.")
  var largest = false

  @Flag(name: .customLong("min"), help: "The smallest is the best.")
  var smallest = false

  @Option(help: ArgumentHelp("How many configs to show; 0 for all.", valueName: "n"))
  var count = 10

  @Option(
    help: ArgumentHelp(
      "With several objectives: the values up to which the hypervolume counts, as loss=2,seconds=10; the worst values of the configs by default.",
      valueName: "values"
    )
  )
  var reference: String?

  @OptionGroup(title: "Which experiments")
  var experiments: StoredExperiments

  @Flag var shown: ShownConfig = .value

  @OptionGroup
  var output: TableOutput

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if largest && smallest { throw ValidationError("give one of --max and --min") }
    if reference != nil, by != nil {
      throw ValidationError("--reference is for several objectives: leave out --by, or --reference")
    }
    if count < 0 { throw ValidationError("--count is \(count): give 0 or more") }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let results = try experiments.results(in: location, context.research, context.terminal)
    if by == nil, context.research.settings.objectives.count > 1 {
      if largest || smallest {
        throw FieldworkError(
          .unreadableText,
          "the research has several objectives: say which saved value with --by, or leave out --max and --min"
        )
      }
      return try showFront(context.research.settings.objectives, results, context.terminal)
    }
    if reference != nil {
      throw FieldworkError(
        .unreadableText,
        "--reference is for a research with several objectives, and this one has \(context.research.settings.objectives.count); leave it out"
      )
    }
    let name = try ValueOption.name(by, "--by", context.research, results)
    let objective = Objective(
      name: name,
      direction: try context.research.direction(of: name, largest: largest, smallest: smallest)
    )
    let ranked = results.ranked(by: objective)
    guard !ranked.isEmpty else {
      throw FieldworkError(
        .nothingPasses,
        "no experiment that is done saved a number '\(name)'; results --experiments shows their states"
      )
    }
    let table = results.table(
      of: ranked.prefix(count == 0 ? .max : count),
      objective,
      TableOptions(usesAliases: shown == .alias)
    )
    output.print(table, context.terminal)
    if context.research.search != nil, experiments.condition == nil {
      let first = results.experiments[ranked[0].experiment].ordinal + 1
      let last = (results.experiments.map(\.ordinal).max() ?? 0) + 1
      context.terminal.printError("the best config was found by experiment \(first) of \(last)")
    }
    let alike = ResearchResults.countAlike(ranked)
    if alike > 0 {
      context.terminal.printError(
        "\(alike) of the other \(Wording.count(ranked.count - 1, "config")) cannot be told from the first: the 95 percent interval of the difference, repetition by repetition, contains 0"
      )
    }
    reportLeftOut([name], results, context.terminal)
    return .done
  }

  private func showFront(
    _ objectives: [Objective],
    _ results: ResearchResults,
    _ terminal: Terminal
  ) throws -> ExitStatus {
    for objective in objectives {
      _ = try ValueOption.name(objective.name, "the objective '\(objective.name)'", nil, results)
    }
    let all = results.compared(by: objectives)
    guard !all.isEmpty else {
      throw FieldworkError(
        .nothingPasses,
        "no experiment that is done saved all of \(objectives.map { "'\($0.name)'" }.joined(separator: ", ")); results --experiments shows their states"
      )
    }
    let front = ResearchResults.front(all, objectives)
    let shown = count == 0 ? front : Array(front.prefix(count))
    output.print(
      results.table(of: shown, objectives, TableOptions(usesAliases: self.shown == .alias)),
      terminal
    )
    if shown.count < front.count {
      terminal.printError(
        "\(front.count - shown.count) more configs of the front; --count 0 shows all"
      )
    }
    let (volume, reference) = ResearchResults.hypervolume(
      all,
      objectives,
      reference: try reference.map { try values(of: $0, objectives) }
    )
    let limits = zip(objectives, reference).map { "\($0.name) \(Table.rounded($1))" }
    terminal.printError(
      "Pareto front: \(front.count) of \(Wording.count(all.count, "config")); hypervolume \(Table.rounded(volume)) up to \(limits.joined(separator: ", "))"
    )
    reportLeftOut(objectives.map(\.name), results, terminal)
    return .done
  }

  /// Reads `loss=2,seconds=10`.
  private func values(of text: String, _ objectives: [Objective]) throws -> [Double] {
    let pairs = text.split(separator: ",").map { $0.split(separator: "=", maxSplits: 1) }
    let names = objectives.map(\.name)
    func error(_ message: String) -> FieldworkError {
      FieldworkError(
        .unreadableText,
        "--reference '\(text)': \(message); write \(names.map { "\($0)=1" }.joined(separator: ","))"
      )
    }
    var found: [String: Double] = [:]
    for pair in pairs {
      guard pair.count == 2, let number = Double(pair[1]), number.isFinite else {
        throw error("'\(pair.joined(separator: "="))' is no name with a number")
      }
      guard names.contains(String(pair[0])) else {
        throw error("'\(pair[0])' is not an objective")
      }
      found[String(pair[0])] = number
    }
    return try names.map { name in
      guard let number = found[name] else { throw error("there is no value of '\(name)'") }
      return number
    }
  }

  /// Reports the experiments that do not count.
  private func reportLeftOut(
    _ names: [String],
    _ results: ResearchResults,
    _ terminal: Terminal
  ) {
    let states = Dictionary(
      results.experiments.filter { $0.state != .done }.map { ($0.state, 1) },
      uniquingKeysWith: +
    )
    let last = names.map { results.lastValues(of: $0) }
    for state in ExperimentState.allCases {
      if let count = states[state] {
        terminal.printError(
          "\(Wording.count(count, "experiment")) \(state.rawValue), left out"
        )
      }
    }
    let bad = results.experiments.indices.count { index in
      results.experiments[index].state == .done
        && last.contains { $0[index]?.number?.isNaN ?? false }
    }
    if bad > 0 {
      terminal.printError(
        "\(Wording.count(bad, "experiment")) that ended with NaN \(bad == 1 ? "is" : "are") left out"
      )
    }
  }
}

extension Research {
  /// Returns the direction in which a saved value gets better.
  /// - Throws: ``FieldworkError`` if neither the command line nor an objective says it.
  func direction(of name: String, largest: Bool, smallest: Bool) throws -> Objective.Direction {
    if largest { return .maximize }
    if smallest { return .minimize }
    if let objective = settings.objectives.first(where: { $0.name == name }) {
      return objective.direction
    }
    throw FieldworkError(
      .unreadableText,
      "say whether the largest '\(name)' is the best, or the smallest: add --max or --min"
    )
  }
}
