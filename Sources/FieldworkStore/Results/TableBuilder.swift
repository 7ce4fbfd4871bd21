import FieldworkAnalysis
import FieldworkCore

/// Makes tables whose rows belong to experiments, with the columns that options ask for.
struct TableBuilder {
  private let options: TableOptions
  private let experiments: [ExperimentRecord]
  private let builds: AcceptedBuilds
  /// The columns of rows added one by one.
  private var declared: [(name: String, role: Table.Role)] = []
  private var rows: [(experiment: Int, cells: [String: Value?])] = []

  init(_ results: ResearchResults, _ options: TableOptions) {
    self.options = options
    experiments = results.experiments
    builds = AcceptedBuilds(results.notes)
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
    let perExperiment = configColumns + auxiliaryColumns
    let isWhole = rows.count == experiments.count && rows.elementsEqual(experiments.indices)
    return Table(
      columns: Table.withUniqueNames(
        [idColumn(rows)] + perExperiment.map { isWhole ? $0 : $0.rows(rows) } + own + declared
      )
    )
  }

  private func idColumn(_ rows: [Int]) -> Table.Column {
    // Each id is looked up once.
    let isMany = rows.count > experiments.count
    let shown = isMany ? Array(experiments.indices) : rows
    let ids = Table.Column(
      name: "id",
      cells: shown.map { .string(experiments[$0].id) },
      role: .id
    )
    return isMany ? ids.rows(rows) : ids
  }

  private var configColumns: [Table.Column] {
    var columns: [Table.Column] = []
    if options.includesConfig && options.joinsConfig {
      columns.append(
        Table.Column(
          name: "config",
          cells: experiments.map { .string($0.config.aliasText()) },
          role: .parameter
        )
      )
    }
    guard options.hasParameterColumns else { return columns }
    var places: [String: Int] = [:]
    var parameters: [ParameterColumn] = []
    for (index, experiment) in experiments.enumerated() {
      let config = experiment.config
      let hasRepeatedKeys = config.count < config.entries.count
      let entries = config.entries
      for (position, entry) in entries.enumerated() {
        let place = places[entry.name.key] ?? parameters.count
        if place == parameters.count {
          places[entry.name.key] = place
          parameters.append(ParameterColumn(capacity: experiments.count, options.usesAliases))
        }
        // Of entries of one parameter the last one counts.
        if hasRepeatedKeys,
          entries[(position + 1)...].contains(where: { $0.name.key == entry.name.key })
        {
          continue
        }
        parameters[place].append(entry, at: index)
      }
    }
    return columns + parameters.map { $0.column(count: experiments.count) }
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
    let columns = candidates.filter(\.isShown).map { candidate in
      Table.Column(name: candidate.name, cells: experiments.map(candidate.cell), role: .auxiliary)
    }
    return isWhole && experiments.contains { $0.build != nil } ? columns + [buildColumn] : columns
  }

  /// The builds that ran the experiments; the present one may be called `current` in conditions.
  private var buildColumn: Table.Column {
    var shown = ColumnBuilder(capacity: experiments.count)
    var names = ColumnBuilder(capacity: experiments.count)
    for experiment in experiments {
      shown.append(experiment.build.map { .string($0) })
      let isCurrent = experiment.build != nil && builds.isCurrent(experiment.build)
      names.append(isCurrent ? .string("current") : nil)
    }
    let content = shown.content
    return Table.Column(
      "build",
      content,
      .auxiliary,
      Table.Column.Subjects(names: ["build"], values: content, shown: names.content)
    )
  }

  private var differInUpdatesAlone: Bool {
    guard experiments.contains(where: { $0.updates > 0 }) else { return false }
    var updates: [[Int]: Int] = [:]
    return experiments.contains { experiment in
      let place = [experiment.number, experiment.repetition]
      defer { updates[place] = experiment.updates }
      return updates[place].map { $0 != experiment.updates } ?? false
    }
  }
}

/// A column of a parameter in the making.
private struct ParameterColumn {
  private let usesAliases: Bool
  /// The names of the parameter, the last one last.
  private var names: [ParameterName] = []
  private var values: ColumnBuilder
  /// The names that the playbook gives values.
  private var given: ColumnBuilder
  /// The cells that are shown.
  private var shown: ColumnBuilder
  private var hasNames = false
  private var filled = 0

  init(capacity: Int, _ usesAliases: Bool) {
    self.usesAliases = usesAliases
    values = ColumnBuilder(capacity: capacity)
    given = ColumnBuilder(capacity: capacity)
    shown = ColumnBuilder(capacity: capacity)
  }

  mutating func append(_ entry: Config.Entry, at index: Int) {
    fill(to: index)
    if names.last != entry.name {
      names.removeAll { $0 == entry.name }
      names.append(entry.name)
    }
    let value = entry.value
    let isNamed = value.isNamed || value.plain == nil
    hasNames = hasNames || isNamed
    values.append(value.plain)
    given.append(isNamed ? .string(value.name) : nil)
    shown.append(usesAliases ? .string(value.name) : value.plain ?? .string(value.name))
    filled = index + 1
  }

  private mutating func fill(to count: Int) {
    for _ in filled..<count {
      values.append(Value?.none)
      given.append(Value?.none)
      shown.append(Value?.none)
    }
    filled = count
  }

  func column(count: Int) -> Table.Column {
    var full = self
    full.fill(to: count)
    let name = names.last ?? ""
    let all = Set(names.flatMap { [$0.key, $0.alias] })
    let subjects =
      hasNames || usesAliases || all.count > 1
      ? Table.Column.Subjects(
        names: all,
        values: full.values.content,
        shown: full.given.content
      ) : nil
    return Table.Column(
      usesAliases ? name.alias : name.key,
      full.shown.content,
      .parameter,
      subjects
    )
  }
}
