import ArgumentParser
import FieldworkStore

/// How configs are shown.
enum ShownConfig: String, EnumerableFlag {
  case value, alias

  static func help(for value: ShownConfig) -> ArgumentHelp? {
    switch value {
    case .value: "Show configs by their values."
    case .alias: "Show configs by their shown names, as texts."
    }
  }
}

/// How saved values stand in a table.
enum TableLayout: String, EnumerableFlag {
  case wide, long

  static func help(for value: TableLayout) -> ArgumentHelp? {
    switch value {
    case .wide: "A column for each saved name."
    case .long: "A row for each value, with columns 'name' and 'value'."
    }
  }
}

/// Which table of the results to show, and its columns.
struct ResultsShape: ParsableArguments {
  @Flag(help: "Show the experiments instead, with their states and durations.")
  var experiments = false

  @Flag(help: "Show the failures instead, with their causes.")
  var failures = false

  @Flag(help: "Show the files instead that units wrote in the folders of their experiments.")
  var artifacts = false

  @Flag(
    help: "Show the recorded provenance of the last run instead: machine, git, command line."
  )
  var provenance = false

  @Option(help: ArgumentHelp("With --provenance: of which run, from 1; 0 for all.", valueName: "n"))
  var run: Int?

  @Option(
    help: ArgumentHelp(
      "With --artifacts: only files whose name looks like this: --matching 'model*'.",
      valueName: "pattern"
    )
  )
  var matching: String?

  @Flag(
    help:
      "With --artifacts: also stdout.txt, stderr.txt and experiment.log, which every run may write."
  )
  var withOutput = false

  @Flag var layout: TableLayout = .wide

  @Flag var shown: ShownConfig = .value

  @Flag(help: "Show what a run adds: repetition, updates, device, and how each iteration ended.")
  var auxiliary = false

  @Flag(name: .customLong("no-config"), help: "Leave out the columns of the config.")
  var hidesConfig = false

  @Flag(name: .customLong("join-config"), help: "Show the config in one column, as text: a_1-b_2.")
  var joinsConfig = false

  @Flag(help: "With --join-config: keep the columns of the parameters too.")
  var keepParameters = false

  /// The option that asks for another table than that of saved values; nil if none does.
  var otherTable: String? { otherTables.first }

  private var otherTables: [String] {
    [
      (experiments, "--experiments"), (failures, "--failures"), (artifacts, "--artifacts"),
      (provenance, "--provenance"),
    ]
    .filter(\.0).map(\.1)
  }

  func validate() throws {
    let tables = otherTables
    if tables.count > 1 {
      throw ValidationError(
        "\(tables[0]) and \(tables[1]) show different tables: give one of them"
      )
    }
    if let run {
      if !provenance { throw ValidationError("--run is about provenance: add --provenance") }
      if run < 0 { throw ValidationError("--run is \(run): give 0 or more") }
    }
    if provenance && (shown == .alias || auxiliary || hidesConfig || joinsConfig || layout == .long)
    {
      throw ValidationError(
        "--provenance is about runs, which have no configs: leave out what shows or hides these"
      )
    }
    if !artifacts && (matching != nil || withOutput) {
      throw ValidationError(
        "\(matching != nil ? "--matching" : "--with-output") is about files: add --artifacts"
      )
    }
    if hidesConfig && joinsConfig {
      throw ValidationError("--no-config leaves out what --join-config shows: give one of them")
    }
    if keepParameters && !joinsConfig {
      throw ValidationError("--keep-parameters is for --join-config: add it")
    }
  }

  /// The same table with all that a condition may name.
  var whole: ResultsShape {
    var shape = self
    (shape.hidesConfig, shape.joinsConfig, shape.keepParameters) = (false, false, false)
    shape.auxiliary = true
    return shape
  }

  func table(_ results: ResearchResults, completeOnly: Bool) throws -> Table {
    let options = TableOptions(
      isWide: layout == .wide,
      usesAliases: shown == .alias,
      includesConfig: !hidesConfig,
      joinsConfig: joinsConfig,
      keepsParameterColumns: keepParameters,
      includesAuxiliary: auxiliary,
      completeIterationsOnly: completeOnly
    )
    if experiments { return results.configsTable(options) }
    if failures { return results.failuresTable(options) }
    if artifacts {
      return try results.artifactsTable(
        options,
        matching: matching,
        includesOutput: withOutput
      )
    }
    return results.table(options)
  }
}
