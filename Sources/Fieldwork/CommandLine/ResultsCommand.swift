import ArgumentParser
import FieldworkCore
import FieldworkStore
import Foundation

/// `results`: shows what is stored, as a table.
struct ResultsCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "results",
    abstract: "Show the stored results as a table.",
    discussion: """
      Without --group-by there is a row for each iteration that saved something. With it there is a \
      row for each group, with mean and standard deviation over its experiments; of each experiment \
      the last value counts, unless 'iteration' is among the groups.
      """
  )

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only rows that satisfy the condition: --where 'lr < 0.1 and iteration == 9'.",
      valueName: "condition"
    )
  )
  var condition: String?

  @Option(help: ArgumentHelp("Group by columns: --group-by lr,size.", valueName: "columns"))
  var groupBy: String?

  @Option(
    help: ArgumentHelp(
      "With --group-by: what to show of a group, of mean, std, min, max, count, last.",
      valueName: "names"
    )
  )
  var aggregate: String?

  @Option(help: ArgumentHelp("Only these columns, in this order.", valueName: "columns"))
  var columns: String?

  @Option(help: ArgumentHelp("Sort by a column.", valueName: "column"))
  var sort: String?

  @Flag(help: "With --sort: the largest first.")
  var descending = false

  @Flag(help: "Only the last value of everything that an experiment saved: one row each.")
  var last = false

  @Option(help: ArgumentHelp("How many rows to show; 0 for all.", valueName: "n"))
  var limit: Int?

  @Option(
    help: ArgumentHelp("How to write the table.", valueName: choices(TableFormat.self)),
    transform: choice
  )
  var format: TableFormat?

  @Flag(name: .customLong("json"), help: "The same as --format json.")
  var json = false

  @Flag(name: .customLong("long"), help: "A row for each value, with columns 'name' and 'value'.")
  var isLong = false

  @Flag(help: "Show configs by their shown names, as texts.")
  var aliases = false

  @Flag(help: "Show what a run adds: repetition, updates, and how each iteration ended.")
  var auxiliary = false

  @Flag(name: .customLong("no-config"), help: "Leave out the columns of the config.")
  var hidesConfig = false

  @Flag(help: "Leave out iterations that a stop or a failure ended.")
  var completeOnly = false

  @Flag(help: "Show the experiments instead, with their states and durations.")
  var experiments = false

  @Flag(help: "Show the failures instead, with their causes.")
  var failures = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if experiments && failures {
      throw ValidationError("--experiments and --failures show different tables: give one of them")
    }
    if aggregate != nil && groupBy == nil {
      throw ValidationError("--aggregate says what to show of a group: add --group-by")
    }
    if experiments || failures {
      let others = [
        (last, "--last"), (isLong, "--long"), (completeOnly, "--complete-only"),
        (aggregate != nil && failures, "--aggregate"),
      ]
      if let other = others.first(where: \.0)?.1 {
        throw ValidationError(
          "\(other) is for saved values: leave out --experiments and --failures"
        )
      }
    }
    if descending && sort == nil { throw ValidationError("--descending needs --sort") }
    if json, let format, format != .json {
      throw ValidationError("--json is --format json: leave out --format \(format.rawValue)")
    }
    if isLong && (groupBy != nil || last) {
      throw ValidationError("--long has one column of values: leave out --group-by and --last")
    }
    if let limit, limit < 0 { throw ValidationError("--limit is \(limit): give 0 or more") }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let results = try DatabaseStore.openForReading(folder).contents()
    var table = try grouped(try filtered(results), results)
    if let sort { table = try table.sorted(by: sort, descending: descending) }
    if let columns { table = try table.selecting(try names(columns)) }
    print(table, context.terminal)
    return .done
  }

  private func makeTable(_ results: ResearchResults, usesAliases: Bool) -> Table {
    var options = TableOptions()
    options.isWide = !isLong
    options.usesAliases = usesAliases
    options.includesConfig = !hidesConfig
    options.includesAuxiliary = auxiliary
    options.completeIterationsOnly = completeOnly
    if experiments { return results.configsTable(options) }
    if failures { return results.failuresTable(options) }
    return results.table(options)
  }

  /// The rows that satisfy the condition; a value of the config may be given by its shown name too.
  private func filtered(_ results: ResearchResults) throws -> Table {
    let table = makeTable(results, usesAliases: aliases)
    guard let condition else { return table }
    let parsed = try Condition(option: condition)
    let shown = makeTable(results, usesAliases: true)
    let known = table.columnNames + shown.columnNames
    for name in parsed.names where !known.contains(name) {
      throw FieldworkError(
        .missingParameter,
        "--where: the table has no column '\(name)', it has \(table.columnNames.joined(separator: ", "))"
      )
    }
    return table.rows(
      (0..<table.count).filter { row in
        let (values, names) = (table.row(row), shown.row(row))
        return parsed.holds { name -> [Value] in
          [values[name], names[name]].compactMap(\.self)
        }
      }
    )
  }

  private func grouped(_ table: Table, _ results: ResearchResults) throws -> Table {
    guard let groupBy else {
      return last && table.columnNames.contains("iteration") ? try table.lastValues() : table
    }
    let keys = try names(groupBy)
    let aggregates = try names(aggregate ?? "mean,std,count").map { name in
      guard let aggregate = Aggregate(rawValue: name) else {
        throw FieldworkError(
          .unreadableText,
          "--aggregate: '\(name)' is none of \(choices(Aggregate.self))"
        )
      }
      return aggregate
    }
    let isReduced = !keys.contains("iteration") && table.columnNames.contains("iteration")
    let rows = isReduced ? try table.lastValues() : table
    // Parameters are what one groups by; means of them say nothing.
    let measured = try results.variables.filter { name in
      guard rows.columnNames.contains(name), !keys.contains(name) else { return false }
      return try rows[name].allSatisfy { $0 == nil || $0 == .null || $0?.number != nil }
    }
    return try rows.grouped(by: keys)
      .aggregated(aggregates, columns: experiments || failures ? nil : measured)
  }

  /// - Throws: ``FieldworkError`` if a name is missing or stands twice.
  private func names(_ text: String) throws -> [String] {
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      part.trimmingCharacters(in: .whitespaces)
    }
    guard !names.contains(""), Set(names).count == names.count else {
      throw FieldworkError(
        .unreadableText,
        "'\(text)' is no list of names: give each once, with commas between them"
      )
    }
    return names
  }

  private func print(_ table: Table, _ terminal: Terminal) {
    let format = json ? .json : format ?? .text
    guard format == .text else {
      let limited = limit.map { $0 > 0 ? table.rows(0..<min($0, table.count)) : table } ?? table
      let text = limited.formatted(format)
      // An empty line is no JSON.
      if !text.isEmpty { terminal.print(text) }
      return
    }
    let usual = terminal.isInteractive ? 50 : 0
    let rows = limit ?? usual
    terminal.print(
      table.text(
        width: terminal.isInteractive ? terminal.width : nil,
        limit: rows > 0 ? rows : nil
      )
    )
  }
}
