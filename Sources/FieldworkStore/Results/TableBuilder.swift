import FieldworkCore

/// Collects rows into the columns that options ask for.
struct TableBuilder {
  private let options: TableOptions
  private let hasIterations: Bool
  private var configNames: [String] = []
  private var auxiliaryNames: [String] = []
  private var declared: [(name: String, role: Table.Role)] = []
  private var rows: [[Key: Value]] = []

  /// A parameter and another column may have one name.
  private enum Key: Hashable {
    case parameter(String)
    case own(String)
    case declared(String)

    var name: String {
      switch self {
      case .parameter(let name), .own(let name), .declared(let name): name
      }
    }
  }

  init(_ results: ResearchResults, _ options: TableOptions, hasIterations: Bool = false) {
    self.options = options
    self.hasIterations = hasIterations
    if options.hasParameterColumns {
      var seen = Set<String>()
      for experiment in results.experiments {
        for entry in experiment.config.withoutAuxiliary.entries {
          let name = options.usesAliases ? entry.name.alias : entry.name.key
          if seen.insert(name).inserted { configNames.append(name) }
        }
      }
    }
    auxiliaryNames = TableBuilder.auxiliaryNames(results.experiments, options)
  }

  private static func auxiliaryNames(
    _ experiments: [ExperimentRecord],
    _ options: TableOptions
  ) -> [String] {
    let isWhole = options.includesAuxiliary
    guard isWhole || options.includesConfig else { return [] }
    let needed = [
      ("repetition", isWhole || experiments.contains { $0.repetition > 0 }),
      ("updates", isWhole || differInUpdatesAlone(experiments)),
      ("device", isWhole && experiments.contains { $0.device != nil }),
      ("occurrence", experiments.contains { $0.occurrence > 0 }),
    ]
    return needed.filter(\.1).map(\.0)
  }

  private static func differInUpdatesAlone(_ experiments: [ExperimentRecord]) -> Bool {
    guard experiments.contains(where: { $0.updates > 0 }) else { return false }
    var updates: [ExperimentRecord.Place: Int] = [:]
    return experiments.contains { experiment in
      let place = ExperimentRecord.Place(
        point: experiment.point,
        repetition: experiment.repetition,
        updates: 0
      )
      defer { updates[place] = experiment.updates }
      return updates[place].map { $0 != experiment.updates } ?? false
    }
  }

  /// Adds a column for cells of this name.
  mutating func declare(_ name: String, _ role: Table.Role = .value) {
    declared.append((name, role))
  }

  /// Adds a row for an iteration.
  mutating func addRow(
    _ experiment: ExperimentRecord,
    iteration: Int,
    _ ending: Ending?,
    _ cells: [String: Value]
  ) {
    addRow(
      experiment,
      cells,
      own: [
        "iteration": .int(iteration),
        "ended": .string(ending?.rawValue ?? ExperimentState.running.rawValue),
      ]
    )
  }

  /// Adds a row.
  /// - Parameter cells: by declared names.
  mutating func addRow(_ experiment: ExperimentRecord, _ cells: [String: Value?]) {
    addRow(experiment, cells, own: [:])
  }

  private mutating func addRow(
    _ experiment: ExperimentRecord,
    _ cells: [String: Value?],
    own: [String: Value]
  ) {
    var row: [Key: Value] = [.own("id"): .string(experiment.id)]
    let config = experiment.config.withoutAuxiliary
    if options.joinsConfig { row[.own("config")] = .string(config.aliasText()) }
    if options.hasParameterColumns {
      for entry in config.entries {
        if options.usesAliases {
          row[.parameter(entry.name.alias)] = .string(entry.value.name)
        } else {
          row[.parameter(entry.name.key)] = entry.value.plain ?? .string(entry.value.name)
        }
      }
    }
    row[.own("repetition")] = .int(experiment.repetition)
    row[.own("updates")] = .int(experiment.updates)
    row[.own("device")] = experiment.device.map { .string($0) }
    row[.own("occurrence")] = .int(experiment.occurrence)
    for (name, value) in own { row[.own(name)] = value }
    for (name, value) in cells { row[.declared(name)] = value }
    rows.append(row)
  }

  /// A declared name that a parameter or a column of the table's own has gets an underscore at its end.
  func finish() -> Table {
    var columns: [(key: Key, role: Table.Role)] = [(.own("id"), .id)]
    if options.includesConfig && options.joinsConfig {
      columns.append((.own("config"), .parameter))
    }
    columns += configNames.map { (.parameter($0), .parameter) }
    columns += auxiliaryNames.map { (.own($0), .auxiliary) }
    if hasIterations { columns.append((.own("iteration"), .key)) }
    if hasIterations && options.includesAuxiliary { columns.append((.own("ended"), .auxiliary)) }
    columns += declared.map { (.declared($0.name), $0.role) }
    var taken = Set(configNames + declared.map(\.name))
    var seen = Set<String>()
    return Table(
      columns: columns.map { key, role in
        var title = key.name
        if !seen.insert(title).inserted {
          repeat { title += "_" } while !taken.insert(title).inserted
          seen.insert(title)
        }
        return Table.Column(name: title, cells: rows.map { $0[key] }, role: role)
      }
    )
  }
}
