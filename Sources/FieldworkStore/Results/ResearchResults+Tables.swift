import FieldworkCore

extension ResearchResults {
  /// The results as a table: a row for each iteration of each experiment that saved something.
  ///
  /// Rows stand in the order of the plan and of the iterations, whatever ran when. Columns are `id`,
  /// the parameters in order of first appearance, `iteration`, and the saved names. A parameter that a
  /// config lacks and a value that was not saved leave the cell empty.
  public func table(_ options: TableOptions = TableOptions()) -> Table {
    var builder = TableBuilder(self, options, hasIterations: true)
    if options.isWide {
      for name in variables { builder.declare(name) }
    } else {
      builder.declare("name", .key)
      builder.declare("value")
    }
    for (experiment, saved) in zip(experiments, values) {
      var rest = saved.kept[...]
      while let iteration = rest.first?.iteration {
        let row = rest.prefix { $0.iteration == iteration }
        rest = rest.dropFirst(row.count)
        let ending = experiment.ending(
          ofIteration: iteration,
          isLastSaved: iteration == saved.lastIteration
        )
        guard !options.completeIterationsOnly || ending == .complete else { continue }
        if options.isWide {
          var cells: [String: Value] = [:]
          for value in row { cells[variables[value.variable]] = value.value }
          builder.addRow(experiment, iteration: iteration, ending, cells)
        } else {
          for value in row {
            builder.addRow(
              experiment,
              iteration: iteration,
              ending,
              ["name": .string(variables[value.variable]), "value": value.value]
            )
          }
        }
      }
    }
    return builder.finish()
  }

  /// The experiments as a table: a row for each, with its state, iterations and duration in seconds.
  ///
  /// Where an experiment was tried more than once, `attempts` says how often.
  public func configsTable(_ options: TableOptions = TableOptions()) -> Table {
    var builder = TableBuilder(self, options)
    builder.declare("state")
    if options.includesAuxiliary { builder.declare("ended", .auxiliary) }
    builder.declare("iterations")
    builder.declare("seconds")
    if experiments.contains(where: { $0.attempts ?? 1 > 1 }) { builder.declare("attempts") }
    for experiment in experiments {
      builder.addRow(
        experiment,
        [
          "state": .string(experiment.state.rawValue),
          "ended": experiment.ending.map { .string($0.rawValue) },
          "iterations": experiment.iterations.map { .int($0) },
          "seconds": experiment.duration.map { .double(($0 * 1e6).rounded() / 1e6) },
          "attempts": experiment.attempts.map { .int($0) },
        ]
      )
    }
    return builder.finish()
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
    if failures.contains(where: { !($0.1.death?.stderr ?? "").isEmpty }) {
      builder.declare("stderr", .detail)
    }
    for (experiment, failure) in failures {
      builder.addRow(
        experiment,
        [
          "state": .string(experiment.state.rawValue),
          "ended": experiment.ending.map { .string($0.rawValue) },
          "iteration": .int(failure.iteration), "unit": .string(failure.unit),
          "kind": .string(failure.kind), "message": .string(failure.message),
          "place": (failure.place?.description).map { .string($0) },
          "cause": (failure.death?.cause.rawValue).map { .string($0) },
          "code": (failure.death?.code).map { .int($0) },
          "signal": (failure.death?.signal).map { .int($0) },
          "stderr": (failure.death?.stderr).flatMap { $0.isEmpty ? nil : .string($0) },
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
