import FieldworkCore

/// Makes tables whose rows belong to experiments, with the columns that options ask for.
struct TableBuilder {
  private let options: TableOptions
  private let experiments: [ExperimentRecord]
  /// The columns of rows added one by one.
  private var declared: [(name: String, role: Table.Role)] = []
  private var rows: [(experiment: Int, cells: [String: Value?])] = []

  init(_ results: ResearchResults, _ options: TableOptions) {
    self.options = options
    experiments = results.experiments
  }

  /// Adds a column for cells of this name.
  mutating func declare(_ name: String, _ role: Table.Role = .value) {
    declared.append((name, role))
  }

  /// Adds a row.
  /// - Parameters:
  ///   - experiment: the position of its experiment.
  ///   - cells: by declared names.
  mutating func addRow(_ experiment: Int, _ cells: [String: Value?]) {
    rows.append((experiment, cells))
  }

  /// The table of the rows that were added.
  func finish() -> Table {
    table(
      rows.map(\.experiment),
      own: [],
      declared: declared.map { name, role in
        Table.Column(name: name, cells: rows.map { $0.cells[name] ?? nil }, role: role)
      }
    )
  }

  /// A table with a row for each position of an experiment. A declared name that a parameter or a column of
  /// the table's own has gets an underscore at its end.
  func table(_ rows: [Int], own: [Table.Column], declared: [Table.Column]) -> Table {
    let perExperiment = [idColumn] + configColumns + auxiliaryColumns
    let isWhole = rows.count == experiments.count && rows.elementsEqual(experiments.indices)
    return Table(
      columns: Table.withUniqueNames(
        perExperiment.map { isWhole ? $0 : $0.rows(rows) } + own + declared
      )
    )
  }

  private var idColumn: Table.Column {
    Table.Column(name: "id", cells: experiments.map { .string($0.id) }, role: .id)
  }

  private var configColumns: [Table.Column] {
    var columns: [Table.Column] = []
    if options.includesConfig && options.joinsConfig {
      columns.append(
        Table.Column(
          name: "config",
          cells: experiments.map { .string($0.config.withoutAuxiliary.aliasText()) },
          role: .parameter
        )
      )
    }
    guard options.hasParameterColumns else { return columns }
    var places: [String: Int] = [:]
    var names: [String] = []
    var builders: [ColumnBuilder] = []
    var filled: [Int] = []
    for (index, experiment) in experiments.enumerated() {
      let entries = experiment.config.withoutAuxiliary.entries.map { entry in
        (name: options.usesAliases ? entry.name.alias : entry.name.key, value: entry.value)
      }
      for (position, (name, value)) in entries.enumerated() {
        let place: Int
        if let known = places[name] {
          place = known
        } else {
          place = names.count
          places[name] = place
          names.append(name)
          builders.append(ColumnBuilder(capacity: experiments.count))
          filled.append(0)
        }
        // Of entries of one name the last one counts.
        guard !entries[(position + 1)...].contains(where: { $0.name == name }) else { continue }
        for _ in filled[place]..<index { builders[place].append(Value?.none) }
        builders[place].append(
          options.usesAliases ? .string(value.name) : value.plain ?? .string(value.name)
        )
        filled[place] = index + 1
      }
    }
    return columns
      + names.indices.map { place in
        for _ in filled[place]..<experiments.count { builders[place].append(Value?.none) }
        return Table.Column(names[place], builders[place].content, .parameter)
      }
  }

  private var auxiliaryColumns: [Table.Column] {
    let isWhole = options.includesAuxiliary
    guard isWhole || options.includesConfig else { return [] }
    let candidates: [(name: String, isShown: Bool, cell: (ExperimentRecord) -> Value?)] = [
      (
        "repetition", isWhole || experiments.contains { $0.repetition > 0 },
        { .int($0.repetition) }
      ),
      ("updates", isWhole || differInUpdatesAlone, { .int($0.updates) }),
      (
        "device", isWhole && experiments.contains { $0.device != nil },
        { $0.device.map { .string($0) } }
      ),
      ("occurrence", experiments.contains { $0.occurrence > 0 }, { .int($0.occurrence) }),
    ]
    return candidates.filter(\.isShown).map { candidate in
      Table.Column(name: candidate.name, cells: experiments.map(candidate.cell), role: .auxiliary)
    }
  }

  private var differInUpdatesAlone: Bool {
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
}
