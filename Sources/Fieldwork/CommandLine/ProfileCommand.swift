import ArgumentParser
import FieldworkCore
import FieldworkStore

/// `profile`: shows where the time of the research went, as a table.
struct ProfileCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Show how long units took, and what memory the process had.",
    discussion: """
      There is something to show if the research was run with --profile simple or --profile detailed. \
      Without options there is a row for each unit: how often it was called, its share of the time of \
      all units, and the sum, mean and maximum over its calls. total_time is the whole call, unit_time \
      leaves out the evaluation of arguments; a detailed profile also has evaluation_time, cpu_time and \
      the memory of the process after the call. Times are in seconds, memory is in bytes.
      """
  )

  @Flag(help: "Each iteration for itself: means over experiments, and the time of the iteration.")
  var perIteration = false

  @Flag(
    help: "Each experiment for itself, with its duration and what of that was outside of its units."
  )
  var perExperiment = false

  @Option(
    help: ArgumentHelp(
      "Each value of these parameters for itself: --group-by lr,size.",
      valueName: "parameters"
    )
  )
  var groupBy: String?

  @Flag(help: "Show every call of a unit instead.")
  var calls = false

  @OptionGroup
  var experiments: ExperimentOptions

  @Option(
    help: ArgumentHelp(
      "Only these columns, in this order; also such as unit_time_max or cpu_time_mean.",
      valueName: "columns"
    )
  )
  var select: String?

  @Option(
    help: ArgumentHelp(
      "Sort by a column: times, counts and memory from the largest, the rest from the smallest.",
      valueName: "column"
    )
  )
  var sort: String?

  @Flag(help: "With --sort: the smallest first.")
  var ascending = false

  @Flag(help: "With --sort: the largest first.")
  var descending = false

  @OptionGroup
  var output: TableOutput

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if calls {
      let others = [
        (perIteration, "--per-iteration"), (perExperiment, "--per-experiment"),
        (groupBy != nil, "--group-by"),
      ]
      if let other = others.first(where: \.0)?.1 {
        throw ValidationError("\(other) sums calls up, --calls shows each: give one of them")
      }
    }
    if ascending && descending {
      throw ValidationError("--ascending and --descending are opposites: give one of them")
    }
    if (ascending || descending) && sort == nil {
      throw ValidationError("\(ascending ? "--ascending" : "--descending") needs --sort")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    var profile = try Profile.load(try location.folder(of: context.research).path)
    let ids = try experiments.chosen(
      among: profile.experiments.map(\.id),
      remedy: "--per-experiment"
    )
    if let ids { profile = try profile.filtered(ResultFilter(ids: ids)) }
    let options = try options()
    var table = try calls ? profile.frame(options) : profile.summary(options)
    if let columns = options.columns { table = try table.select(columns) }
    output.print(table, context.terminal)
    return .done
  }

  private func options() throws -> ProfileOptions {
    var options = ProfileOptions()
    if perIteration { options.levels.insert(.iteration) }
    if perExperiment { options.levels.insert(.experiment) }
    options.groupedBy = try groupBy.map(columnNames) ?? []
    options.columns = try select.map(columnNames)
    options.sortedBy = sort
    if ascending || descending { options.isDescending = descending }
    return options
  }
}
