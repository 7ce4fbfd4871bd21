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

  /// Experiments whose first failure is the same but for numbers, and values of the config, in its message.
  public struct FailureGroup: Sendable {
    /// That of the first of them.
    public let failure: Failure
    public internal(set) var count: Int
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
    ResultDigest(
      best: objective.flatMap { best(by: $0).first },
      failures: failureGroups
    )
  }

  private var failureGroups: [ResultDigest.FailureGroup] {
    var groups: [[ExperimentRecord]] = []
    var positions: [[String]: Int] = [:]
    let failed = experiments.filter { $0.state == .failed }
    for experiment in failed {
      guard let failure = experiment.failures.first else { continue }
      let key = [
        failure.unit, failure.kind, failure.pattern(replacing: experiment.config),
      ]
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
        exampleConfig: group[0].config
      )
    }
  }
}
