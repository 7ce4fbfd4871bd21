public import FieldworkAnalysis
import FieldworkCore

extension ResearchResults {
  /// The results as a table: a row for each iteration of each experiment that saved something.
  ///
  /// Rows stand in the order of the plan and of the iterations, whatever ran when. Columns are `id`,
  /// the parameters in order of first appearance, `iteration`, and the saved names. A parameter that a
  /// config lacks and a value that was not saved leave the cell empty.
  public func table(_ options: TableOptions = TableOptions()) -> Table {
    var rows = SavedRows(saved)
    func ending(_ row: Int) -> Ending? {
      experiments[rows.experiments[row]].ending(
        ofIteration: rows.iterations[row],
        isLastSaved: rows.iterations[row] == lastIterations[rows.experiments[row]]
      )
    }
    if options.completeIterationsOnly {
      rows.keep((0..<rows.count).filter { ending($0) == .complete })
    }
    var places = Array(0..<rows.count)
    var declared: [Table.Column] = []
    if options.isWide {
      declared = variables.indices.map { index in
        let values = saved[index].values
        return Table.Column(
          variables[index],
          rows.places[index].map(values.gathered(orEmpty:)) ?? values
        )
      }
    } else {
      let values = (0..<rows.count).flatMap { row in
        variables.indices.compactMap { index -> (row: Int, variable: Int, place: Int)? in
          let place = rows.places[index].map { $0[row] } ?? row
          return place < 0 ? nil : (row, index, place)
        }
      }
      places = values.map(\.row)
      var value = ColumnBuilder(capacity: values.count)
      for saved in values { value.append(self.saved[saved.variable].values[saved.place]) }
      declared = [
        Table.Column(
          name: "name",
          cells: values.map { .string(variables[$0.variable]) },
          role: .key
        ),
        Table.Column("value", value.content),
      ]
    }
    var own = [
      Table.Column("iteration", ColumnContent(.ints(places.map { rows.iterations[$0] })), .key)
    ]
    if options.includesAuxiliary {
      own.append(
        Table.Column(
          name: "ended",
          cells: places.map { .string(ending($0)?.rawValue ?? ExperimentState.running.rawValue) },
          role: .auxiliary
        )
      )
    }
    let builder = TableBuilder(self, options)
    return builder.table(places.map { rows.experiments[$0] }, own: own, declared: declared)
  }

  /// The experiments as a table: a row for each, with its state, iterations and duration in seconds.
  ///
  /// Where an experiment was tried more than once, `attempts` says how often.
  public func configsTable(_ options: TableOptions = TableOptions()) -> Table {
    func column(
      _ name: String,
      _ role: Table.Role = .value,
      _ cell: (ExperimentRecord) -> Value?
    ) -> Table.Column {
      Table.Column(name: name, cells: experiments.map(cell), role: role)
    }
    var columns = [column("state") { .string($0.state.rawValue) }]
    if options.includesAuxiliary {
      columns.append(column("ended", .auxiliary) { $0.ending.map { .string($0.rawValue) } })
    }
    columns.append(column("iterations") { $0.iterations.map { .int($0) } })
    columns.append(column("seconds") { $0.duration.map { .double(($0 * 1e6).rounded() / 1e6) } })
    if experiments.contains(where: { $0.attempts ?? 1 > 1 }) {
      columns.append(column("attempts") { $0.attempts.map { .int($0) } })
    }
    return TableBuilder(self, options).table(
      Array(experiments.indices),
      own: [],
      declared: columns
    )
  }

  /// The failures as a table: a row for each, with unit, iteration and cause.
  ///
  /// With auxiliary columns it also says the `state` of the experiment and how it `ended`. Where a process
  /// died, there are its `cause`, its exit `code` or `signal`, and the end of its `stderr`.
  public func failuresTable(_ options: TableOptions = TableOptions()) -> Table {
    var builder = TableBuilder(self, options)
    if options.includesAuxiliary {
      builder.declare("state", .auxiliary)
      builder.declare("ended", .auxiliary)
    }
    builder.declare("iteration", .key)
    builder.declare("unit", .key)
    builder.declare("kind", .auxiliary)
    declareDeaths(&builder)
    builder.declare("message")
    builder.declare("place", .auxiliary)
    if failures.contains(where: { !($0.1.errorOutput ?? "").isEmpty }) {
      builder.declare("stderr", .detail)
    }
    let rows = experiments.enumerated().flatMap { position, experiment in
      experiment.failures.map { (position, experiment, $0) }
    }
    for (position, experiment, failure) in rows {
      builder.addRow(
        position,
        [
          "state": .string(experiment.state.rawValue),
          "ended": experiment.ending.map { .string($0.rawValue) },
          "iteration": .int(failure.iteration), "unit": .string(failure.unit),
          "kind": .string(failure.kind), "message": .string(failure.message),
          "place": (failure.place?.description).map { .string($0) },
          "cause": (failure.death?.cause.rawValue).map { .string($0) },
          "code": (failure.death?.code).map { .int($0) },
          "signal": (failure.death?.signal).map { .int($0) },
          "stderr": failure.errorOutput.flatMap { $0.isEmpty ? nil : .string($0) },
        ]
      )
    }
    return builder.finish()
  }

  /// Adds the columns of deaths, as far as there are any.
  private func declareDeaths(_ builder: inout TableBuilder) {
    let deaths = failures.compactMap(\.1.death)
    if !deaths.isEmpty { builder.declare("cause") }
    if deaths.contains(where: { $0.code != nil }) { builder.declare("code", .auxiliary) }
    if deaths.contains(where: { $0.signal != nil }) { builder.declare("signal", .auxiliary) }
  }
}
