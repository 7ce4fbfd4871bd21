public import FieldworkCore

/// What a table of results shows.
public struct TableOptions: Sendable {
  /// Whether each saved name has a column of its own; else there are columns `name` and `value`.
  public var isWide = true
  /// Whether configs are shown by their shown names; else by their values.
  public var usesAliases = false
  /// Whether there are columns for the config.
  public var includesConfig = true
  /// Whether there are columns for what a run adds: `repetition`, `updates` and how an iteration
  /// `ended`. Without it, `repetition` is shown where there is more than one.
  public var includesAuxiliary = false
  /// Whether iterations that a stop or a failure ended are left out.
  public var completeIterationsOnly = false

  public init() {}
}

extension ResearchResults {
  /// The results as a table: a row for each iteration of each experiment that saved something.
  ///
  /// Rows stand in the order of the plan and of the iterations, whatever ran when. Columns are `id`,
  /// the parameters in order of first appearance, `iteration`, and the saved names. A parameter that a
  /// config lacks and a value that was not saved leave the cell empty.
  public func table(_ options: TableOptions = TableOptions()) -> Table {
    var builder = TableBuilder(self, options)
    if options.isWide {
      for name in variables { builder.declare(name) }
    } else {
      builder.declare("name")
      builder.declare("value")
    }
    for (index, experiment) in experiments.enumerated() {
      var start = values[index].startIndex
      while start < values[index].endIndex {
        let iteration = values[index][start].iteration
        let end =
          values[index][start...].firstIndex { $0.iteration != iteration } ?? values[index].endIndex
        let isLastSaved = end == values[index].endIndex
        let ending = experiment.ending(ofIteration: iteration, isLastSaved: isLastSaved)
        if !options.completeIterationsOnly || ending == .complete {
          builder.add(experiment, iteration, ending, values[index][start..<end], variables)
        }
        start = end
      }
    }
    return builder.finish()
  }

  /// The experiments as a table: a row for each, with its state, iterations and duration in seconds.
  public func configsTable(_ options: TableOptions = TableOptions()) -> Table {
    var builder = TableBuilder(self, options)
    for name in ["state", "iterations", "seconds"] { builder.declare(name) }
    builder.hasIterations = false
    for experiment in experiments {
      builder.addRow(
        experiment,
        [
          "state": .string(experiment.state.rawValue),
          "iterations": experiment.iterations.map { .int($0) },
          "seconds": experiment.duration.map { .double(($0 * 1e6).rounded() / 1e6) },
        ]
      )
    }
    return builder.finish()
  }

  /// The failures as a table: a row for each, with unit, iteration and cause.
  public func failuresTable(_ options: TableOptions = TableOptions()) -> Table {
    var builder = TableBuilder(self, options)
    for name in ["iteration", "unit", "kind", "message", "place"] { builder.declare(name) }
    builder.hasIterations = false
    for experiment in experiments {
      for failure in experiment.failures {
        builder.addRow(
          experiment,
          [
            "iteration": .int(failure.iteration), "unit": .string(failure.unit),
            "kind": .string(failure.kind), "message": .string(failure.message),
            "place": (failure.place?.description).map { .string($0) },
          ]
        )
      }
    }
    return builder.finish()
  }

  /// The values that an experiment saved under a name, by iteration.
  public func values(of name: String, in experiment: String) -> [(iteration: Int, value: Value)] {
    guard let variable = variables.firstIndex(of: name),
      let index = experiments.firstIndex(where: { $0.id == experiment })
    else { return [] }
    return values[index].filter { $0.variable == variable }.map { ($0.iteration, $0.value) }
  }

  /// The last value that each experiment saved under a name, in the order of the plan; nil for one that
  /// saved none.
  public func lastValues(of name: String) -> [Value?] {
    guard let variable = variables.firstIndex(of: name) else {
      return experiments.map { _ in nil }
    }
    return values.map { $0.last { $0.variable == variable }?.value }
  }
}

/// Collects rows into columns.
private struct TableBuilder {
  var hasIterations = true
  private let options: TableOptions
  private var configNames: [String] = []
  private var auxiliaryNames: [String] = []
  private var names: [String] = []
  private var rows: [[Key: Value]] = []

  /// A parameter and another column may have one name.
  private enum Key: Hashable {
    case parameter(String)
    case own(String)
    case declared(String)
  }

  init(_ results: ResearchResults, _ options: TableOptions) {
    self.options = options
    if options.includesConfig {
      var seen = Set<String>()
      for experiment in results.experiments {
        for entry in experiment.config.withoutAuxiliary.entries {
          let name = options.usesAliases ? entry.name.alias : entry.name.key
          if seen.insert(name).inserted { configNames.append(name) }
        }
      }
    }
    if options.includesAuxiliary {
      auxiliaryNames = ["repetition", "updates"]
    } else if options.includesConfig, results.experiments.contains(where: { $0.repetition > 0 }) {
      auxiliaryNames = ["repetition"]
    }
  }

  mutating func declare(_ name: String) { names.append(name) }

  mutating func add(
    _ experiment: ExperimentRecord,
    _ iteration: Int,
    _ ending: Ending?,
    _ values: ArraySlice<ResearchResults.StoredValue>,
    _ variables: [String]
  ) {
    var own: [String: Value] = ["iteration": .int(iteration)]
    if options.includesAuxiliary {
      own["ended"] = .string(ending?.rawValue ?? ExperimentState.running.rawValue)
    }
    if options.isWide {
      var cells: [String: Value] = [:]
      for value in values { cells[variables[value.variable]] = value.value }
      addRow(experiment, cells, own)
    } else {
      for value in values {
        let name = variables[value.variable]
        addRow(experiment, ["name": .string(name), "value": value.value], own)
      }
    }
  }

  mutating func addRow(
    _ experiment: ExperimentRecord,
    _ cells: [String: Value?],
    _ own: [String: Value] = [:]
  ) {
    var row: [Key: Value] = [.own("id"): .string(experiment.id)]
    if options.includesConfig {
      for entry in experiment.config.withoutAuxiliary.entries {
        if options.usesAliases {
          row[.parameter(entry.name.alias)] = .string(entry.value.name)
        } else {
          row[.parameter(entry.name.key)] = entry.value.plain ?? .string(entry.value.name)
        }
      }
    }
    row[.own("repetition")] = .int(experiment.repetition)
    row[.own("updates")] = .int(experiment.updates)
    for (name, value) in own { row[.own(name)] = value }
    for (name, value) in cells { row[.declared(name)] = value }
    rows.append(row)
  }

  /// A declared name that a parameter or a column of the table's own has gets an underscore at its end.
  func finish() -> Table {
    let ended = hasIterations && options.includesAuxiliary ? ["ended"] : []
    let keys: [Key] =
      [.own("id")] + configNames.map(Key.parameter) + auxiliaryNames.map(Key.own)
      + ((hasIterations ? ["iteration"] : []) + ended).map(Key.own) + names.map(Key.declared)
    var taken = Set(configNames + names)
    var seen = Set<String>()
    return Table(
      columns: keys.map { key in
        var title: String
        switch key {
        case .parameter(let name), .own(let name), .declared(let name): title = name
        }
        if !seen.insert(title).inserted {
          repeat { title += "_" } while !taken.insert(title).inserted
          seen.insert(title)
        }
        return Table.Column(name: title, cells: rows.map { $0[key] })
      }
    )
  }
}
