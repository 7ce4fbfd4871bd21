public import FieldworkAnalysis
public import FieldworkCore

extension ResearchResults {
  /// A config with what its repetitions say of an objective.
  package final class Ranked: Sendable {
    /// The position of the first experiment with the config.
    let experiment: Int
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
    let table = TableBuilder(self, options).table(
      ranked.map(\.experiment),
      own: [],
      declared: [
        column(objective.name, \.mean), column("low") { $0.interval()?.low },
        column("high") { $0.interval()?.high },
      ]
    )
    // A row is a config, whatever its repetitions.
    let count = Table.Column(
      name: "n",
      cells: ranked.map { .int($0.statistics.count) },
      role: .auxiliary
    )
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
