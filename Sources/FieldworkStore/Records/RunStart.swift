/// What is known when a run begins.
public struct RunStart: Sendable, Hashable {
  /// The name of the research.
  public let name: String
  /// The number of experiments in the plan; nil if there is no end.
  public let experiments: Int?
  /// The number of iterations of each experiment; nil if only the units end them.
  public let iterations: Int?
  public let workers: Int
  /// The number of experiments that run together in a worker.
  public let branches: Int
  public let seed: UInt64
  /// The number of experiments whose results are stored from earlier runs.
  public let stored: Int
  /// In seconds since 1970.
  public let at: Double

  package init(
    name: String,
    experiments: Int?,
    iterations: Int?,
    workers: Int,
    branches: Int,
    seed: UInt64,
    stored: Int,
    at: Double = 0
  ) {
    self.name = name
    self.experiments = experiments
    self.iterations = iterations
    self.workers = workers
    self.branches = branches
    self.seed = seed
    self.stored = stored
    self.at = at
  }
}
