public import FieldworkCore

/// What the end of a run tells: the best config, and why experiments failed.
public struct ResultDigest: Sendable {
  /// The config with the best mean of an objective over its repetitions.
  public struct Best: Sendable {
    public let config: Config
    /// The mean of the last saved values.
    public let mean: Double
    /// The number of experiments that it is the mean of.
    public let count: Int
  }

  /// Experiments whose first failure is the same.
  public struct FailureGroup: Sendable {
    public let failure: Failure
    public let count: Int
    /// The id and config of the first of them.
    public let exampleID: String
    public let exampleConfig: Config
  }

  /// nil without an objective, or if nothing was saved for it.
  public let best: Best?
  /// In the order of the plan.
  public let failures: [FailureGroup]

  public init(best: Best?, failures: [FailureGroup]) {
    self.best = best
    self.failures = failures
  }
}

extension ResearchResults {
  /// The digest of results that have been read.
  public func digest(of objective: Objective?) -> ResultDigest {
    ResultDigest(best: objective.flatMap(best), failures: failureGroups)
  }

  private func best(of objective: Objective) -> ResultDigest.Best? {
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
    // Of equal ones the first.
    return means.reduce(nil) { best, next in
      guard let best else { return next }
      let isBetter =
        objective.direction == .maximize ? next.mean > best.mean : next.mean < best.mean
      return isBetter ? next : best
    }
  }

  private var failureGroups: [ResultDigest.FailureGroup] {
    var groups: [[ExperimentRecord]] = []
    var positions: [[String]: Int] = [:]
    for experiment in experiments where experiment.state == .failed {
      guard let failure = experiment.failures.first else { continue }
      let key = [failure.unit, failure.kind, failure.message]
      if let position = positions[key] {
        groups[position].append(experiment)
      } else {
        positions[key] = groups.count
        groups.append([experiment])
      }
    }
    return groups.map { group in
      ResultDigest.FailureGroup(
        failure: group[0].failures[0],
        count: group.count,
        exampleID: group[0].id,
        exampleConfig: group[0].config.withoutAuxiliary
      )
    }
  }
}
