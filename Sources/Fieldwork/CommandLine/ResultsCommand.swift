import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// `results`: shows what is stored, as a table.
struct ResultsCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "results",
    abstract: "Show the stored results as a table.",
    discussion: """
      Without --group-by there is a row for each iteration that saved something. With it there is a \
      row for each group, with mean and standard deviation over its experiments; of each experiment \
      the last value counts, unless 'iteration' is among the groups or --every-iteration is given. Groups, --last and --plot leave out \
      experiments that are not done, as the summary of a run does; a curve has those that are running.

      A condition compares columns with values by ==, !=, <, <=, >, >=, in (…), contains, is missing and is \
      nan, joined by and, or, not and parentheses. Names and texts with spaces or signs need quotes. Where last \
      values are shown, it is asked of them, unless it names 'iteration': then the last of the rows that have it count.
      """
  )

  @OptionGroup(title: "Which rows")
  var selection: ResultsSelection

  @OptionGroup(title: "Which table")
  var shape: ResultsShape

  @Option(help: ArgumentHelp("Group by columns: --group-by lr,size.", valueName: "columns"))
  var groupBy: String?

  @Option(
    help: ArgumentHelp(
      "With --group-by: what to show of a group, of \(Aggregate.names); ci and q take other percents: ci99, q90.",
      valueName: "names"
    )
  )
  var aggregate: String?

  @Option(help: ArgumentHelp("Only these columns, in this order.", valueName: "columns"))
  var select: String?

  @Option(help: ArgumentHelp("Sort by columns: --sort size,loss.", valueName: "columns"))
  var sort: String?

  @Flag(help: "With --sort: the largest first.")
  var descending = false

  @Flag(
    help: "With --group-by: count in the values of every iteration, not the last ones alone."
  )
  var everyIteration = false

  @Flag(help: "Only the last value of everything that an experiment saved: one row each.")
  var last = false

  @Option(
    help: ArgumentHelp(
      "Draw a saved value instead: a curve over the iterations, one for each group with --group-by, or bars of the last values with --last.",
      valueName: "name"
    )
  )
  var plot: String?

  @OptionGroup
  var output: TableOutput

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if aggregate != nil && groupBy == nil {
      throw ValidationError("--aggregate says what to show of a group: add --group-by")
    }
    if everyIteration && (groupBy == nil || last || plot != nil) {
      throw ValidationError(
        groupBy == nil
          ? "--every-iteration is for --group-by: all rows are shown without"
          : "--every-iteration contradicts \(last ? "--last" : "--plot"): leave out one"
      )
    }
    if selection.unfinished && groupBy == nil && !last && plot == nil {
      throw ValidationError(
        "--unfinished is for --group-by, --last and --plot: all rows are shown without"
      )
    }
    if let table = shape.otherTable {
      let others = [
        (last, "--last"), (shape.layout == .long, "--long"),
        (selection.completeOnly, "--complete-only"),
        (selection.iterations != nil, "--iteration"), (selection.unfinished, "--unfinished"),
        (aggregate != nil && shape.failures, "--aggregate"),
      ]
      if let other = others.first(where: \.0)?.1 {
        throw ValidationError("\(other) is for saved values: leave out \(table)")
      }
    }
    if shape.provenance && (groupBy != nil || selection.isGiven) {
      throw ValidationError(
        "--provenance is about runs, not experiments: leave out conditions and groups"
      )
    }
    if plot != nil {
      let others = [
        (shape.otherTable != nil, shape.otherTable ?? ""), (shape.layout == .long, "--long"),
        (aggregate != nil, "--aggregate"), (select != nil, "--select"), (sort != nil, "--sort"),
        (output.isGiven, "--format and --limit"),
      ]
      if let other = others.first(where: \.0)?.1 {
        throw ValidationError("--plot draws one saved value: leave out \(other)")
      }
    }
    if descending && sort == nil { throw ValidationError("--descending needs --sort") }
    if shape.layout == .long && (groupBy != nil || last) {
      throw ValidationError("--long has one column of values: leave out --group-by and --last")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    if shape.provenance { return try printProvenance(folder, context.terminal) }
    let stored = try folder.currentResults()
    let chosen = selection.scope.chosen(stored, context.research, context.terminal)
    let results = try selection.applied(to: chosen)
    let (rows, leftOut) = withoutUnfinished(try conditioned(results, context.terminal), results)
    if let plot {
      try results.requireVariable(plot)
      guard rows.count > 0 || leftOut == 0 else {
        throw FieldworkError(
          .nothingPasses,
          "--plot: no experiment is done; --unfinished counts the others in"
        )
      }
      let keys = try groupBy.map(columnNames) ?? []
      let drawing = ResultsDrawing(rows, plot, keys, isLast: last)
      context.terminal.print(try drawing.text(width: context.terminal.width ?? 120))
      printLeftOut(leftOut, context.terminal)
      return .done
    }
    var table = try grouped(rows)
    if let sort { table = try table.sorted(by: try columnNames(sort), descending: descending) }
    if let select { table = try table.select(try columnNames(select)) }
    output.print(table, context.terminal)
    if groupBy != nil, !last, try showsLastValues(rows), rows.hasSeveralRowsOfAnExperiment {
      context.terminal.printError(
        "note: only the last value of each experiment counts; --every-iteration uses all of them, and a group by iteration keeps them apart"
      )
    }
    printLeftOut(leftOut, context.terminal)
    return .done
  }

  private func printLeftOut(_ count: Int, _ terminal: Terminal) {
    guard count > 0 else { return }
    terminal.printError(
      count == 1
        ? "1 experiment that is not done is left out; --unfinished counts it in"
        : "\(count) experiments that are not done are left out; --unfinished counts them in"
    )
  }

  private func printProvenance(_ folder: ResearchFolder, _ terminal: Terminal) throws -> ExitStatus
  {
    let items = try DatabaseStore.openForReading(folder).provenance()
    let runs: ProvenanceReport.Runs = shape.run.map { $0 == 0 ? .all : .number($0) } ?? .last
    let report = ProvenanceReport(items, runs)
    let wantsTable = select != nil || sort != nil || output.limit != nil
    if wantsTable || output.chosenFormat != .text {
      var table = report.table
      if let sort { table = try table.sorted(by: try columnNames(sort), descending: descending) }
      if let select { table = try table.select(try columnNames(select)) }
      output.print(table, terminal)
    } else {
      terminal.print(report.description)
    }
    return .done
  }

  /// The rows that satisfy the condition, which may name parameters that the table does not show.
  private func conditioned(_ results: ResearchResults, _ terminal: Terminal) throws -> Table {
    var table = try shape.table(results, completeOnly: selection.completeOnly)
    guard let condition = selection.condition else { return table }
    let parsed = try Condition(option: condition)
    var whole = try shape.whole.table(results, completeOnly: selection.completeOnly)
    guard whole.count == table.count else {
      throw FieldworkError(
        .store,
        "files were written while they were listed; give the command again"
      )
    }
    if try showsLastValues(table), !parsed.names.contains("iteration") {
      (table, whole) = (try table.lastValues(), try whole.lastValues())
    }
    for name in parsed.names where whole.subjects(called: name) == nil {
      throw FieldworkError(
        .missingParameter,
        "--where: the table has no column '\(name)', it has \(table.columnNames.joined(separator: ", "))"
      )
    }
    let rows = try whole.rowNumbers(parsed)
    if rows.isEmpty {
      for hint in whole.hints(parsed) { terminal.printError("--where: \(hint)") }
    }
    return table.rows(rows)
  }

  /// Whether the last values of each experiment are shown, or summed up.
  private func showsLastValues(_ table: Table) throws -> Bool {
    guard shape.otherTable == nil, !everyIteration, table.columnNames.contains("iteration") else {
      return false
    }
    return try last
      || groupBy.map { try plot == nil && !columnNames($0).contains("iteration") } ?? false
  }

  /// What an experiment saved before it failed says nothing about its config, so where experiments are
  /// summed up those count that are done, as in the summary of a run.
  /// - Returns: the rows that count, and the number of experiments whose rows do not.
  private func withoutUnfinished(
    _ table: Table,
    _ results: ResearchResults
  ) -> (rows: Table, leftOut: Int) {
    guard groupBy != nil || last || plot != nil, shape.otherTable == nil, selection.states == nil,
      !selection.unfinished
    else { return (table, 0) }
    let isCurve = plot != nil && !last
    let unfinished = Set(
      zip(results.experiments, results.areRunning)
        .filter { $0.state != .done && !(isCurve && $1) }.map(\.0.id)
    )
    var leftOut = Set<String>()
    let rows = (0..<table.count).filter { row in
      // Every table begins with the ids.
      guard case .string(let id) = table.columns[0][row], unfinished.contains(id) else {
        return true
      }
      leftOut.insert(id)
      return false
    }
    return (table.rows(rows), leftOut.count)
  }

  private func grouped(_ table: Table) throws -> Table {
    let rows = try showsLastValues(table) ? try table.lastValues() : table
    guard let groupBy else { return rows }
    let keys = try columnNames(groupBy)
    let aggregates = try columnNames(aggregate ?? "mean,std,count").map { name in
      guard let aggregate = Aggregate(name) else {
        throw FieldworkError(
          .unreadableText,
          "--aggregate: '\(name)' is none of \(Aggregate.names); ci and q take percents: ci99, q90"
        )
      }
      return aggregate
    }
    // Parameters are what one groups by; means of them say nothing.
    let measured = rows.columns.filter { column in
      column.role == .value && !keys.contains(column.name)
        && column.holdsNumbers
    }
    return try rows.grouped(by: keys).aggregate(aggregates, columns: measured.map(\.name))
  }
}

extension Table {
  /// True if some experiment has more than one row.
  fileprivate var hasSeveralRowsOfAnExperiment: Bool {
    guard let ids = columns.first else { return false }
    return ids.differentCount < count
  }
}
