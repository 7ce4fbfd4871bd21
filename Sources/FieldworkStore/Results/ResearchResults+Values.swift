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
    return values[index].kept
      .filter { $0.variable == variable && wanted?.contains($0.iteration) ?? true }
      .map { ($0.iteration, $0.value) }
  }

  /// The last value that each experiment saved under a name, in the order of the plan; nil for one that
  /// saved none.
  public func lastValues(of name: String) -> [Value?] {
    guard let variable = variables.firstIndex(of: name) else {
      return experiments.map { _ in nil }
    }
    return values.map { $0.kept.last { $0.variable == variable }?.value }
  }

  /// Why experiments failed, in the order of the plan.
  public var failures: [(experiment: ExperimentRecord, failure: Failure)] {
    experiments.flatMap { experiment in experiment.failures.map { (experiment, $0) } }
  }
}
