import ArgumentParser
import FieldworkCore
import FieldworkStore

/// The methods of computing importance.
enum ImportanceMethod: String, CaseIterable {
  case anova, ped
}

/// `importance`: shows how much each parameter explains.
struct ImportanceCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "importance",
    abstract: "Show how much of a saved value's variance each parameter explains.",
    discussion: """
      By functional ANOVA: share is the part of the value's variance over the domain that a parameter explains alone, \
      and (together) what only several explain. Of a whole grid that is exact; of other configs a random forest of 64 \
      trees learns the value first, and std is the deviation over the trees (Hutter, Hoos and Leyton-Brown, 2014). \
      A config counts by the mean of the last values of its repetitions.

      --method ped compares the best tenth of the configs with all of them: share is the part of a parameter in the \
      differences of their densities (Watanabe, Bansal and Hutter, 2023). It suits the results of a search, which has tried \
      good configs more often.
      """
  )

  @Option(
    help: ArgumentHelp(
      "Of which saved value; the playbook's objective by default.",
      valueName: "name"
    )
  )
  var of: String?

  @Option(
    help: ArgumentHelp("How it is computed.", valueName: choices(ImportanceMethod.self)),
    transform: choice
  )
  var method: ImportanceMethod = .anova

  @Flag(name: .customLong("max"), help: "With --method ped: the largest values are the best.")
  var largest = false

  @Flag(name: .customLong("min"), help: "With --method ped: the smallest values are the best.")
  var smallest = false

  @OptionGroup(title: "Which experiments")
  var experiments: StoredExperiments

  @OptionGroup
  var output: TableOutput

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if largest && smallest { throw ValidationError("give one of --max and --min") }
    if largest || smallest, method != .ped {
      throw ValidationError("--max and --min are for --method ped: leave them out")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let results = try experiments.results(in: location, context.research, context.terminal)
    let name = try ValueOption.name(of, "--of", context.research, results)
    if method == .ped {
      let objective = Objective(
        name: name,
        direction: try context.research.direction(of: name, largest: largest, smallest: smallest)
      )
      guard let importance = try results.densityImportance(of: objective) else {
        throw FieldworkError(
          .nothingPasses,
          "the best configs by '\(name)' do not differ from the others, or fewer than ten are done"
        )
      }
      output.print(importance.table, context.terminal)
      context.terminal.printError(
        "the best \(importance.bestCount) of \(importance.count) configs"
      )
      return .done
    }
    let importance = try results.requiredImportance(of: name)
    output.print(importance.table, context.terminal)
    if !importance.isExact, importance.count < 10 * importance.shares.count {
      context.terminal.printError(
        "from \(importance.count) configs that are no whole grid: the shares are rough"
      )
    }
    return .done
  }
}
