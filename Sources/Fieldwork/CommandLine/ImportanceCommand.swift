import ArgumentParser
import FieldworkCore
import FieldworkStore

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
      """
  )

  @Option(
    help: ArgumentHelp(
      "Of which saved value; the playbook's objective by default.",
      valueName: "name"
    )
  )
  var of: String?

  @OptionGroup(title: "Which experiments")
  var experiments: StoredExperiments

  @OptionGroup
  var output: TableOutput

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let results = try experiments.results(in: location, context.research, context.terminal)
    let name = try ValueOption.name(of, "--of", context.research, results)
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
