public import FieldworkAnalysis
public import FieldworkCore

/// How the results of some experiments differ from those of others, pair by pair.
public struct ResultComparison: Sendable {
  /// The saved name that is compared, by its last values.
  public let name: String
  /// The pairs, and what they say; see ``PairedComparison``.
  public let pairs: PairedComparison
  /// The numbers of experiments on either side that are done, and have no partner or saved no number.
  public let unpaired: (first: Int, second: Int)
}

extension ResearchResults {
  /// Compares two groups of experiments of this research by what they saved last under a name.
  ///
  ///     try results.compare(Condition("rate == 0.1"), Condition("rate == 0.4"), by: "accuracy")
  ///
  /// Two experiments are a pair if they have the same repetition and the same values of all parameters that
  /// the conditions do not name. Where several on one side have these, their mean counts. Experiments that
  /// are not done are left out.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a name that is not there, of code
  ///   `nothingPasses` if one side has no experiment, or there are no pairs.
  public func compare(
    _ first: Condition,
    _ second: Condition,
    by name: String
  ) throws -> ResultComparison {
    try requireVariable(name)
    let named = Set(first.names + second.names)
    return try filtered(where: first).requiringDone(first)
      .compare(with: filtered(where: second).requiringDone(second), by: name, apartFrom: named)
  }

  /// Compares two configs by what they saved last under a name, repetition by repetition.
  /// - Throws: as ``compare(_:_:by:)-(Condition,_,_)``.
  public func compare(
    _ first: Config,
    _ second: Config,
    by name: String
  ) throws -> ResultComparison {
    try requireVariable(name)
    return try filtered(config: first).requiringDone(first).compare(
      with: filtered(config: second).requiringDone(second),
      by: name,
      apartFrom: Set(parameterNames)
    )
  }

  /// These results, which were chosen by a condition or a config.
  /// - Throws: ``FieldworkError`` of code `nothingPasses` if no experiment is done.
  private func requiringDone(_ choice: some CustomStringConvertible) throws -> ResearchResults {
    guard experiments.contains(where: { $0.state == .done }) else {
      throw FieldworkError(.nothingPasses, "no experiment that is done has \(choice)")
    }
    return self
  }

  /// Compares these results with those of another research by what was saved last under a name.
  ///
  /// Two experiments are a pair if they have the same config and repetition; see
  /// ``compare(_:_:by:)-(Condition,_,_)``.
  /// - Parameter ignored: parameters that need not be the same.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a name that is not there, of code
  ///   `nothingPasses` if there are no pairs.
  public func compare(
    with other: ResearchResults,
    by name: String,
    apartFrom ignored: Set<String> = []
  ) throws -> ResultComparison {
    try requireVariable(name)
    try other.requireVariable(name)
    let (first, second) = (sides(name, ignored), other.sides(name, ignored))
    let common = first.order.filter { second.numbers[$0] != nil }
    guard !common.isEmpty else {
      let apart = parametersWithoutCommonValue(other, ignored)
      throw FieldworkError(
        .nothingPasses,
        "no experiments make a pair that saved a number '\(name)': a pair has one repetition, and the same parameters"
          + (ignored.isEmpty ? "" : " but for \(ignored.sorted().joined(separator: ", "))")
          + (apart.isEmpty
            ? ""
            : "; no value of \(apart.joined(separator: ", ")) is on both sides (--ignoring leaves it out)")
      )
    }
    func unpaired(_ side: Side, _ other: Side) -> Int {
      side.unusable
        + side.numbers.filter { other.numbers[$0.key] == nil }.values.map(\.count).reduce(0, +)
    }
    return ResultComparison(
      name: name,
      pairs: PairedComparison(
        common.map { key in
          (Statistics(first.numbers[key] ?? []).mean, Statistics(second.numbers[key] ?? []).mean)
        }
      ),
      unpaired: (unpaired(first, second), unpaired(second, first))
    )
  }

  /// The parameters of which no value is on both sides, but for those that are left out.
  private func parametersWithoutCommonValue(
    _ other: ResearchResults,
    _ ignored: Set<String>
  ) -> [String] {
    func values(_ results: ResearchResults, _ name: String) -> Set<String> {
      Set(results.experiments.compactMap { $0.config[alias: name]?.name })
    }
    return parameterNames.filter { name in
      !ignored.contains(name) && values(self, name).isDisjoint(with: values(other, name))
    }
  }

  private struct Side {
    /// By what makes a pair: the numbers that were saved last.
    var numbers: [String: [Double]] = [:]
    var order: [String] = []
    var unusable = 0
  }

  private func sides(_ name: String, _ ignored: Set<String>) -> Side {
    var side = Side()
    for (experiment, value) in zip(experiments, lastValues(of: name)) {
      guard experiment.state == .done else { continue }
      guard let number = value?.number else {
        side.unusable += 1
        continue
      }
      let rest = Config(
        experiment.config.entries.filter {
          !ignored.contains($0.name.key) && !ignored.contains($0.name.alias)
        }
      )
      let key = "\(rest.identity)|\(experiment.repetition)"
      if side.numbers[key] == nil { side.order.append(key) }
      side.numbers[key, default: []].append(number)
    }
    return side
  }
}
