public import FieldworkAnalysis
public import FieldworkCore

extension ResearchResults {
  /// A config with what its repetitions say of an objective.
  package final class Ranked: Sendable {
    /// The position of the first experiment with the config.
    package let experiment: Int
    package let config: Config
    package let statistics: Statistics
    /// The numbers by increasing repetition, one of each.
    private let repetitions: [(repetition: Int, number: Double)]

    fileprivate init(
      experiment: Int,
      _ config: Config,
      _ numbers: [(repetition: Int, number: Double)]
    ) {
      self.experiment = experiment
      self.config = config
      statistics = Statistics(numbers.map(\.number))
      repetitions = ResearchResults.byRepetition(numbers)
    }

    /// How this config differs from another one, repetition by repetition.
    package func compared(with other: Ranked) -> PairedComparison {
      var pairs: [(Double, Double)] = []
      var rest = other.repetitions[...]
      for (repetition, number) in repetitions {
        rest = rest.drop { $0.repetition < repetition }
        if let first = rest.first, first.repetition == repetition {
          pairs.append((first.number, number))
        }
      }
      return PairedComparison(pairs)
    }

    /// Whether the 95 percent interval of the difference leaves out zero; nil if there is none.
    package func isDistinguishable(from other: Ranked) -> Bool? {
      compared(with: other).differences.interval().flatMap { interval in
        interval.low.isFinite && interval.high.isFinite
          ? interval.low > 0 || interval.high < 0 : nil
      }
    }
  }

  /// How many of ranked configs cannot be told apart from the first one.
  package static func countAlike(_ ranked: [Ranked]) -> Int {
    guard let best = ranked.first else { return 0 }
    return ranked.dropFirst().count { $0.isDistinguishable(from: best) == false }
  }

  /// The best configs by an objective, the best one first; of equal ones the first of the plan.
  ///
  ///     let best = try results.best(by: .minimize("loss"), count: 3)
  ///     try best[0].config["lr", as: Double.self]   // and best[0].mean
  ///
  /// A config counts by the mean of the last values of its repetitions. Experiments that have failed or
  /// not ended are left out, and so are those that saved no number, or one that is NaN.
  /// - Parameter count: how many configs there are at most.
  /// - Returns: fewer, or none, if there are not so many.
  public func best(by objective: Objective, count: Int = 1) -> [ResultDigest.Best] {
    ranked(by: objective).prefix(max(0, count)).map {
      ResultDigest.Best(
        config: $0.config,
        mean: $0.statistics.mean,
        count: $0.statistics.count
      )
    }
  }

  /// The best configs by an objective as a table, the best one first: the id of the first experiment with
  /// the config, its parameters, the mean under the name of the objective, its confidence interval `low` and
  /// `high` (95 percent, Student's t), and the number `n` of experiments.
  ///
  /// See ``best(by:count:)``.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if nothing was saved under the name.
  public func bestTable(
    by objective: Objective,
    count: Int = 10,
    _ options: TableOptions = TableOptions()
  ) throws -> Table {
    try requireVariable(objective.name)
    return table(of: ranked(by: objective).prefix(max(0, count)), objective, options)
  }

  /// Ranked configs as ``bestTable(by:count:_:)`` shows them.
  package func table(
    of ranked: ArraySlice<Ranked>,
    _ objective: Objective,
    _ options: TableOptions
  ) -> Table {
    func column(_ name: String, _ cell: (Statistics) -> Double?) -> Table.Column {
      Table.Column(name: name, cells: ranked.map { cell($0.statistics).map { .double($0) } })
    }
    return table(
      of: ranked.map(\.experiment),
      counts: ranked.map(\.statistics.count),
      columns: [
        column(objective.name, \.mean), column("low") { $0.interval()?.low },
        column("high") { $0.interval()?.high },
      ],
      options
    )
  }

  /// A config with its means of several objectives.
  public struct Compared: Sendable {
    /// The position of the first experiment with the config.
    let experiment: Int
    public let config: Config
    /// The mean of the last values of each objective, over the repetitions that have saved all of them.
    public let means: [Double]
    /// The number of these repetitions.
    public let count: Int
  }

  /// The Pareto front of several objectives: the configs than which no other one is better in an objective and as good in
  /// the others, by the first objective.
  ///
  ///     let front = results.paretoFront(by: [.minimize("loss"), .minimize("seconds")])
  ///     front.first?.means   // the least loss, and its seconds
  ///
  /// A config counts by the means of the last values of its repetitions. Experiments that are not done, and those that lack
  /// an objective, are left out.
  public func paretoFront(by objectives: [Objective]) -> [Compared] {
    Self.front(compared(by: objectives), objectives)
  }

  /// Returns the configs that have means of all objectives: of one objective the best one first, of several in the order
  /// of the plan.
  package func compared(by objectives: [Objective]) -> [Compared] {
    if objectives.count == 1 {
      return ranked(by: objectives[0]).map {
        Compared(
          experiment: $0.experiment,
          config: $0.config,
          means: [$0.statistics.mean],
          count: $0.statistics.count
        )
      }
    }
    let values = objectives.map { lastValues(of: $0.name) }
    return configGroups.compactMap { group in
      let rows = group.compactMap { index -> [Double]? in
        guard experiments[index].state == .done else { return nil }
        let row = values.compactMap { $0[index]?.number }
        return row.count == objectives.count && row.allSatisfy { !$0.isNaN } ? row : nil
      }
      let means = objectives.indices.map { objective in
        Statistics(rows.map { $0[objective] }).mean
      }
      guard !rows.isEmpty, means.allSatisfy({ !$0.isNaN }) else { return nil }
      return Compared(
        experiment: group[0],
        config: experiments[group[0]].config,
        means: means,
        count: rows.count
      )
    }
  }

  /// Returns those of compared configs that no other one dominates, by the first objective.
  package static func front(_ compared: [Compared], _ objectives: [Objective]) -> [Compared] {
    let rows = losses(compared, objectives)
    return ParetoFront.front(rows).sorted { first, second in
      rows[first] != rows[second]
        ? rows[first].lexicographicallyPrecedes(rows[second]) : first < second
    }.map { compared[$0] }
  }

  /// Returns the volume that configs dominate, up to a reference.
  /// - Parameter reference: a value of each objective; nil for the worst one among the configs.
  package static func hypervolume(
    _ compared: [Compared],
    _ objectives: [Objective],
    reference: [Double]? = nil
  ) -> (volume: Double, reference: [Double]) {
    let reference =
      reference
      ?? objectives.indices.map { index in
        let values = compared.map { $0.means[index] }.filter(\.isFinite)
        let worst = objectives[index].direction == .minimize ? values.max() : values.min()
        return worst ?? 0
      }
    return (
      ParetoFront.hypervolume(
        losses(compared, objectives),
        reference: zip(objectives, reference).map { $0.loss($1) }
      ), reference
    )
  }

  private static func losses(_ compared: [Compared], _ objectives: [Objective]) -> [[Double]] {
    compared.map { config in zip(objectives, config.means).map { $0.loss($1) } }
  }

  /// Compared configs as a table: the id of the first experiment with the config, its parameters, the means, and the number
  /// `n` of experiments.
  package func table(
    of compared: [Compared],
    _ objectives: [Objective],
    _ options: TableOptions
  ) -> Table {
    table(
      of: compared.map(\.experiment),
      counts: compared.map(\.count),
      columns: objectives.enumerated().map { index, objective in
        Table.Column(name: objective.name, cells: compared.map { .double($0.means[index]) })
      },
      options
    )
  }

  /// A table with one row for each config.
  private func table(
    of experiments: [Int],
    counts: [Int],
    columns: [Table.Column],
    _ options: TableOptions
  ) -> Table {
    let table = TableBuilder(self, options).table(experiments, own: [], declared: columns)
    let count = Table.Column(name: "n", cells: counts.map { .int($0) }, role: .auxiliary)
    return Table(
      columns: Table.withUniqueNames(table.columns.filter { $0.role != .auxiliary } + [count])
    )
  }

  /// All configs that have a mean, the best one first.
  package func ranked(by objective: Objective) -> [Ranked] {
    let values = lastValues(of: objective.name)
    let all = configGroups.compactMap { group -> Ranked? in
      let counted = group.compactMap { index -> (repetition: Int, number: Double)? in
        guard experiments[index].state == .done, let number = values[index]?.number,
          !number.isNaN
        else { return nil }
        return (experiments[index].repetition, number)
      }
      guard !counted.isEmpty else { return nil }
      return Ranked(experiment: group[0], experiments[group[0]].config, counted)
    }
    // The mean of both infinities is no number.
    let sign = objective.direction == .minimize ? 1.0 : -1.0
    return all.enumerated().map { (mean: sign * $1.statistics.mean, place: $0) }
      .filter { !$0.mean.isNaN }
      .sorted { $0 < $1 }
      .map { all[$0.place] }
  }

  /// Returns numbers by increasing repetition. Of several of one repetition the last one counts.
  fileprivate static func byRepetition(
    _ numbers: [(repetition: Int, number: Double)]
  ) -> [(repetition: Int, number: Double)] {
    if zip(numbers, numbers.dropFirst()).allSatisfy({ $0.repetition < $1.repetition }) {
      return numbers
    }
    return Dictionary(
      numbers.map { ($0.repetition, $0.number) },
      uniquingKeysWith: { _, last in last }
    ).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
