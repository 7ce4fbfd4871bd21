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
      """
  )

  @Option(
    help: ArgumentHelp(
      "By which saved value; the playbook's objective by default.",
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

  @OptionGroup(title: "Which experiments")
  var experiments: StoredExperiments

  @Flag var shown: ShownConfig = .value

  @OptionGroup
  var output: TableOutput

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if largest && smallest { throw ValidationError("give one of --max and --min") }
    if count < 0 { throw ValidationError("--count is \(count): give 0 or more") }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let results = try experiments.results(in: location, context.research, context.terminal)
    let name = try ValueOption.name(by, "--by", context.research, results)
    let objective = Objective(name: name, direction: try direction(name, context.research))
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
    let alike = ResearchResults.countAlike(ranked)
    if alike > 0 {
      context.terminal.printError(
        "\(alike) of the other \(Wording.count(ranked.count - 1, "config")) cannot be told from the first: the 95 percent interval of the difference, repetition by repetition, contains 0"
      )
    }
    let states = Dictionary(
      results.experiments.filter { $0.state != .done }.map { ($0.state, 1) },
      uniquingKeysWith: +
    )
    for state in ExperimentState.allCases {
      if let count = states[state] {
        context.terminal.printError(
          "\(Wording.count(count, "experiment")) \(state.rawValue), left out"
        )
      }
    }
    let bad = zip(results.experiments, results.lastValues(of: name))
      .count { $0.state == .done && $1?.number?.isNaN ?? false }
    if bad > 0 {
      context.terminal.printError(
        "\(Wording.count(bad, "experiment")) that ended with NaN \(bad == 1 ? "is" : "are") left out"
      )
    }
    return .done
  }

  private func direction(_ name: String, _ research: Research) throws -> Objective.Direction {
    if largest { return .maximize }
    if smallest { return .minimize }
    if let objective = research.settings.objective, objective.name == name {
      return objective.direction
    }
    throw FieldworkError(
      .unreadableText,
      "say whether the largest '\(name)' is the best, or the smallest: add --max or --min"
    )
  }
}
