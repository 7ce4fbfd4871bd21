public import FieldworkAnalysis
import FieldworkCore

extension Profile {
  /// The profile summed up: a row for each unit, or for each unit in each iteration, experiment or group.
  ///
  /// - Columns that tell rows apart: the parameters of `groupedBy`, then `experiment`, `iteration` and
  ///   `unit`.
  /// - `calls`: the number of calls. `share`: the unit's part of the time of all units that stand under
  ///   the same experiment, iteration and group, from 0 to 1.
  /// - Without iterations: `total_time_sum`, `total_time_mean`, `total_time_max`, and the same of
  ///   `unit_time`; in a detailed profile `evaluation_time_sum`, `cpu_time_sum` and `memory_max`, and for
  ///   `columns` also the other ones of `_sum`, `_mean` and `_max` (of memory no sum).
  /// - Per iteration: `total_time` and `unit_time`, and in a detailed profile `evaluation_time`, `cpu_time`
  ///   and `memory`, as means over the experiments in which the unit had a call; and `iteration_time`, the
  ///   time of all units in the iteration, as the mean over experiments.
  /// - Per experiment, without iterations: `duration`, how long the experiment took from its beginning to
  ///   its end, and `outside`, what of that none of its units took; both are empty while it runs. What it
  ///   waited for other branches of its task is outside too.
  ///
  /// Times are in seconds, memory is in bytes. Rows stand in the order of groups, experiments and
  /// iterations, and under them by time, the largest first.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a parameter that no config has, and for a
  ///   column that is not there.
  public func summary(_ options: ProfileOptions = ProfileOptions()) throws -> Table {
    let summary = try ProfileSummary(self, options)
    let usual = summary.usualColumns
    let table = summary.table
    let keys = try usual.filter { try table.column($0).role != .value }
    return try arranged(table, options, usual: usual, keys: keys)
  }

  /// The calls of all units of each experiment's iterations, added up: `experiment`, `iteration`, `calls`,
  /// `total_time`, `unit_time`, and of a detailed profile `evaluation_time`, `cpu_time`, and the largest
  /// `memory`.
  public var iterations: Table {
    struct Place: Hashable {
      let experiment: String
      let iteration: Int
    }
    var positions: [Place: Int] = [:]
    var rows: [(place: Place, tallies: [ProfileMeasure: ProfileTally])] = []
    for call in calls {
      let place = Place(experiment: call.experiment, iteration: call.timing.iteration)
      let position = positions[place, default: rows.count]
      if position == rows.count {
        positions[place] = position
        rows.append((place, [:]))
      }
      for measure in ProfileMeasure.allCases {
        guard let number = measure.number(call.timing) else { continue }
        rows[position].tallies[measure, default: ProfileTally()].add(number)
      }
    }
    let measures = ProfileMeasure.allCases.filter { isDetailed || !$0.isDetailed }
    return Table(
      columns: [
        Table.Column(
          name: "experiment",
          cells: rows.map { .string($0.place.experiment) },
          role: .id
        ),
        Table.Column(name: "iteration", cells: rows.map { .int($0.place.iteration) }, role: .key),
        Table.Column(
          name: "calls",
          cells: rows.map { .int($0.tallies[.totalTime]?.count ?? 0) }
        ),
      ]
        + measures.map { measure in
          Table.Column(
            name: measure.rawValue,
            cells: rows.map { row in
              row.tallies[measure]?.number(measure == .memory ? .max : .sum)
                .map { measure.cell($0) }
            }
          )
        }
    )
  }

  /// The calls one by one, in the order, number and columns that options say.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a column that is not there.
  package func frame(_ options: ProfileOptions) throws -> Table {
    try arranged(frame, options, usual: frame.columnNames)
  }

  /// - Parameters:
  ///   - usual: the columns to show if the options say nothing.
  ///   - keys: the columns that rows are grouped by, which are kept.
  private func arranged(
    _ table: Table,
    _ options: ProfileOptions,
    usual: [String],
    keys: [String] = []
  ) throws -> Table {
    for name in [options.sortedBy].compactMap(\.self) + (options.columns ?? []) {
      try requireColumn(name, of: table)
    }
    var table = table
    if let name = options.sortedBy {
      let isMeasure = try table.column(name).role == .value
      table = try table.sorted(by: name, descending: options.isDescending ?? isMeasure)
    }
    if let limit = options.limit { table = table.rows(0..<min(max(0, limit), table.count)) }
    guard let columns = options.columns else { return try table.select(usual) }
    return try table.select(keys.filter { !columns.contains($0) } + columns)
  }

  private func requireColumn(_ name: String, of table: Table) throws {
    guard !table.columnNames.contains(name) else { return }
    let details = ProfileMeasure.allCases.filter { $0.isDetailed }
    if !isDetailed, details.contains(where: { name.hasPrefix($0.rawValue) }) {
      throw FieldworkError(
        .missingParameter,
        "a simple profile has no '\(name)'; measure with --profile detailed"
      )
    }
    _ = try table.column(name)
  }
}
