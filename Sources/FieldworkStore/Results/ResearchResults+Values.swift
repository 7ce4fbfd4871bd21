import FieldworkAnalysis
public import FieldworkCore

extension ResearchResults {
  /// The values that an experiment saved under a name, by iteration.
  /// - Parameters:
  ///   - experiment: the id of the experiment.
  ///   - iterations: which iterations; nil for all.
  /// - Returns: nothing if there is no such experiment or name.
  public func values(
    of name: String,
    in experiment: String,
    iterations: [Int]? = nil
  ) -> [(iteration: Int, value: Value)] {
    guard let variable = variables.firstIndex(of: name),
      let index = experiments.firstIndex(where: { $0.id == experiment })
    else { return [] }
    let wanted = iterations.map { Set($0) }
    let saved = saved[variable]
    return saved.rows(of: index).compactMap { row in
      guard wanted?.contains(saved.iterations[row]) ?? true, let value = saved.values[row] else {
        return nil
      }
      return (saved.iterations[row], value)
    }
  }

  /// Returns the values that an experiment has saved, by its id, in the order of the names and iterations.
  package func savedValues(by experiment: String) -> [SavedValue] {
    variables.flatMap { name in
      values(of: name, in: experiment).map {
        SavedValue(name: name, iteration: $0.iteration, value: $0.value)
      }
    }
  }

  /// Returns by name the values that each experiment has saved, in the order of the plan and of the iterations.
  package func curves(of names: [String]) -> [[String: [(iteration: Int, value: Value)]]] {
    let known = names.compactMap { name in
      variables.firstIndex(of: name).map { (name, saved[$0]) }
    }
    return experiments.indices.map { index in
      Dictionary(
        known.map { name, saved in
          let points = saved.rows(of: index).compactMap { row in
            saved.values[row].map { (iteration: saved.iterations[row], value: $0) }
          }
          return (name, points)
        },
        uniquingKeysWith: { $1 }
      )
    }
  }

  /// The last value that each experiment saved under a name, in the order of the plan; nil for one that
  /// saved none.
  public func lastValues(of name: String) -> [Value?] {
    guard let variable = variables.firstIndex(of: name) else {
      return experiments.map { _ in nil }
    }
    let saved = saved[variable]
    return saved.lastRows(experiments.count).map { row in row.flatMap { saved.values[$0] } }
  }

  /// Why experiments failed, in the order of the plan.
  public var failures: [(experiment: ExperimentRecord, failure: Failure)] {
    experiments.flatMap { experiment in experiment.failures.map { (experiment, $0) } }
  }
}
