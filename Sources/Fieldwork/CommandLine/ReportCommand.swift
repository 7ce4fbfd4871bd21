import ArgumentParser
import FieldworkCore
import FieldworkReport
import FieldworkStore

/// `report`: writes everything as one HTML page.
struct ReportCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the results as one HTML page, which needs no network.",
    discussion: """
      The page has learning curves, what each parameter does, importance, a table of the configs that can be sorted and \
      filtered, failures by cause, a timeline, the definition and the recorded provenance. It can be mailed: all \
      that it needs is in it.
      """
  )

  @OptionGroup(title: "Which experiments")
  var experiments: StoredExperiments

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp(
      "The file to write; report.html in the folder of the results by default, - for the standard output.",
      valueName: "path"
    )
  )
  var output: String?

  @Option(
    help: ArgumentHelp("What stands above; the research's name by default.", valueName: "text")
  )
  var title: String?

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if output == "" { throw ValidationError("--output is empty: give a file, or - for the output") }
    if title == "" {
      throw ValidationError("--title is empty: leave it out for the research's name")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let results = try experiments.results(folder, context.research, context.terminal)
    let report = Report(
      results,
      title: title ?? location.name ?? context.research.name,
      objective: Objectives(context.research.settings.objectives),
      provenance: try DatabaseStore.openForReading(folder).provenance()
    )
    _ = try context.terminal.write(report.html, to: output ?? "\(folder.path)/report.html")
    return .done
  }
}
