public import FieldworkCore

extension ResearchResults {
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
    var groups: [String: (config: Config, sum: Double, count: Int)] = [:]
    var order: [String] = []
    for (experiment, value) in zip(experiments, lastValues(of: objective.name)) {
      guard experiment.state == .done, let number = value?.number, !number.isNaN else { continue }
      let config = experiment.config.withoutAuxiliary
      let identity = config.identity
      if groups[identity] == nil { order.append(identity) }
      groups[identity, default: (config, 0, 0)].sum += number
      groups[identity]?.count += 1
    }
    let means = order.compactMap { groups[$0] }.map {
      ResultDigest.Best(config: $0.config, mean: $0.sum / Double($0.count), count: $0.count)
    }
    // The mean of both infinities is no number.
    let ranked = means.filter { !$0.mean.isNaN }.enumerated().sorted { left, right in
      guard left.element.mean != right.element.mean else { return left.offset < right.offset }
      return (left.element.mean < right.element.mean) == (objective.direction == .minimize)
    }
    return ranked.prefix(max(0, count)).map(\.element)
  }
}
