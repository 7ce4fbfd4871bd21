public import FieldworkCore

/// Which results are wanted. Each criterion narrows the choice; nil chooses everything.
///
///     ResultFilter(.config(["lr": 0.1]), names: ["loss"], iterations: [9])
///     // the loss of every experiment with this rate, at iteration 9
public struct ResultFilter: Sendable {
  /// What the config of an experiment must have. What a run adds to configs can be asked for too.
  public enum ConfigCriterion: Sendable {
    /// These parameters with these values, by the names that they are read by: numbers are compared by
    /// size, and the names that are shown do not count. A value that is not plain, a function say, is
    /// given by its shown name. A dictionary asks for its values alone: `["net": ["width": 8]]` and
    /// `["net/width": 8]` are the same.
    case config(Config)
    /// These parameters with these values, as they are shown.
    case alias([String: String])
    /// Some config of the domain as a part. The values of a sampler are checked by its range.
    case domain(Domain)
  }

  public var config: ConfigCriterion?
  /// The ids of experiments.
  public var ids: Set<String>?
  /// The names of saved values.
  public var names: Set<String>?
  /// The iterations of saved values, from 0.
  public var iterations: Set<Int>?
  public var states: Set<ExperimentState>?
  /// A condition on experiments.
  public var predicate: (@Sendable (ExperimentRecord) throws -> Bool)?

  public init(
    _ config: ConfigCriterion? = nil,
    ids: [String]? = nil,
    names: [String]? = nil,
    iterations: [Int]? = nil,
    states: [ExperimentState]? = nil,
    where predicate: (@Sendable (ExperimentRecord) throws -> Bool)? = nil
  ) {
    self.config = config
    self.ids = ids.map { Set($0) }
    self.names = names.map { Set($0) }
    self.iterations = iterations.map { Set($0) }
    self.states = states.map { Set($0) }
    self.predicate = predicate
  }

  /// Whether some criterion is about experiments and not about their values.
  var choosesExperiments: Bool {
    config != nil || ids != nil || states != nil || predicate != nil
  }

  /// Whether an experiment is among those wanted; made once for all of them.
  /// - Throws: ``FieldworkError`` if the domain has problems. The condition throws what the predicate or
  ///   a condition of the domain throws.
  func condition() throws -> (ExperimentRecord) throws -> Bool {
    let passes = try configCondition()
    return { experiment in
      try ids?.contains(experiment.id) ?? true && states?.contains(experiment.state) ?? true
        && passes?(experiment.fullConfig) ?? true && predicate?(experiment) ?? true
    }
  }

  /// - Returns: nil if configs do not matter.
  private func configCondition() throws -> ((Config) throws -> Bool)? {
    switch config {
    case nil: return nil
    case .config(let wanted):
      return { config in
        wanted.entries.allSatisfy { entry in
          config.has(entry.value, at: entry.name.key)
        }
      }
    case .alias(let wanted):
      return { config in
        wanted.allSatisfy { pair in
          config.aliases.contains { $0.name == pair.key && $0.value == pair.value }
        }
      }
    case .domain(let domain):
      let parts = try DomainParts(domain)
      return { try parts.occur(in: $0) }
    }
  }
}
