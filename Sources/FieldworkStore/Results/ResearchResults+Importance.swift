public import FieldworkAnalysis
public import FieldworkCore

extension ResearchResults {
  /// How much of the variance of a saved number each parameter explains by itself, over the configs.
  ///
  /// A config counts by the mean of the last values of its repetitions, as in ``best(by:count:)``.
  /// - Returns: nil if no parameter varies, or the number is the same everywhere.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if nothing was saved under the name.
  public func importance(of name: String) throws -> FunctionalANOVA? {
    let (parameters, means) = try parametersAndMeans(of: name)
    return FunctionalANOVA(parameters, means)
  }

  /// The importance of each parameter for being among the best configs, which suits the results of a search; see
  /// ``DensityImportance``.
  /// - Parameter part: the part of the configs that are the best ones.
  /// - Returns: nil if there are fewer than ten configs, or the best ones do not differ from the others.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if nothing was saved under the name.
  public func densityImportance(
    of objective: Objective,
    part: Double = 0.1
  ) throws -> DensityImportance? {
    let (parameters, means) = try parametersAndMeans(of: objective.name)
    return DensityImportance(parameters, losses: means.map { objective.loss($0) }, part: part)
  }

  /// Returns the parameters of the configs that have a finite mean, and the means, in the order of the plan.
  private func parametersAndMeans(
    of name: String
  ) throws -> ([FunctionalANOVA.Parameter], [Double]) {
    try requireVariable(name)
    let configs = ranked(by: .maximize(name)).filter { $0.statistics.mean.isFinite }
      .sorted { $0.experiment < $1.experiment }
    let table = TableBuilder(self, TableOptions())
      .table(configs.map(\.experiment), own: [], declared: [])
    let parameters = table.columns.filter { $0.role == .parameter }.map {
      FunctionalANOVA.Parameter(name: $0.name, values: $0.cells)
    }
    return (parameters, configs.map(\.statistics.mean))
  }

  /// ``importance(of:)`` as a table: `parameter`, `share` from 0 to 1, and its standard deviation over the
  /// trees, `std`; at the end `(together)`, what parameters explain only together.
  /// - Throws: as ``importance(of:)``; ``FieldworkError`` of code `nothingPasses` if there is nothing to
  ///   explain.
  public func importanceTable(of name: String) throws -> Table {
    try requiredImportance(of: name).table
  }

  /// ``importance(of:)`` where there must be some.
  /// - Throws: as ``importanceTable(of:)``.
  package func requiredImportance(of name: String) throws -> FunctionalANOVA {
    guard let importance = try importance(of: name) else {
      throw FieldworkError(
        .nothingPasses,
        "'\(name)' does not vary, or no parameter does, over the configs that are done: nothing is to be explained"
      )
    }
    return importance
  }
}

extension FunctionalANOVA {
  /// The shares as a table, see ``ResearchResults/importanceTable(of:)``.
  package var table: Table {
    Table(columns: [
      Table.Column(
        name: "parameter",
        cells: shares.map { .string($0.parameter) } + ["(together)"],
        role: .key
      ),
      Table.Column(
        name: "share",
        cells: shares.map { .double($0.share) } + [.double(interactions)]
      ),
      Table.Column(
        name: "std",
        cells: shares.map { isExact ? nil : .double($0.deviation) } + [nil]
      ),
    ])
  }
}

extension DensityImportance {
  /// The shares as a table: `parameter` and `share`.
  package var table: Table {
    Table(columns: [
      Table.Column(name: "parameter", cells: shares.map { .string($0.parameter) }, role: .key),
      Table.Column(name: "share", cells: shares.map { .double($0.share) }),
    ])
  }
}
