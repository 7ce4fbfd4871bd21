public import FieldworkCore
public import FieldworkStore

extension Research {
  /// Runs the research and gives its results: in memory, or in a store of one's own.
  ///
  /// - Parameters:
  ///   - store: where results are kept; nil for memory.
  ///   - debug: whether to run one experiment after the other and throw the first error of a unit.
  ///   - observers: the types that follow the run.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` with all problems, before anything runs.
  public func run(
    store: (any ResultStore)? = nil,
    debug: Bool = false,
    observers: [any RunObserver] = []
  ) async throws -> ResearchResults {
    let store = try store ?? DatabaseStore.inMemory()
    var research = self
    if debug { research.settings.parallelism = .serial }
    try await ResearchRunner(research, store: store, debug: debug, observers: observers).run()
    return try store.contents()
  }

  /// Begins to run the research and goes on at once.
  ///
  /// - Parameters:
  ///   - store: where results are kept; nil for memory.
  ///   - observers: the types that follow the run.
  /// - Returns: the run, to be watched, waited for or terminated.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` with all problems.
  public func start(
    store: (any ResultStore)? = nil,
    observers: [any RunObserver] = []
  ) throws -> ResearchRun {
    let store = try store ?? DatabaseStore.inMemory()
    let monitor = Monitor()
    // The monitor comes first, so that it has counted what the others get.
    let runner = ResearchRunner(self, store: store, observers: [monitor] + observers)
    try runner.check()
    return ResearchRun(monitor, store, Task { try await runner.checked.run() })
  }

  /// Runs the steps on given configs, as branches of one task, and gives the results in memory; the
  /// domain and its updates are left aside.
  ///
  /// - Parameters:
  ///   - configs: a config for each branch; empty to take those of `branches` alone.
  ///   - branches: merged into the configs, one by one; as many as there are configs.
  ///   - shared: merged into all of them; what comes later wins.
  ///   - iterations: how many iterations to make; nil for as many as the research has.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if the numbers differ or the steps do not
  ///   fit the configs.
  public func execute(
    _ configs: [Config],
    branches: [Config] = [],
    shared: Config = [:],
    iterations: Int? = nil,
    execution: BranchExecution = .concurrent,
    observers: [any RunObserver] = []
  ) async throws -> ResearchResults {
    guard configs.isEmpty || branches.isEmpty || configs.count == branches.count else {
      throw FieldworkError(
        .invalidDefinition,
        "there are \(configs.count) configs for \(branches.count) branches; give one for each"
      )
    }
    let bases = configs.isEmpty ? branches : configs
    guard !bases.isEmpty else {
      throw FieldworkError(.invalidDefinition, "there is no config to run; give at least one")
    }
    var research = fixed(to: Domain(configs: bases))
    research.settings.configs = nil
    research.settings.repetitions = 1
    research.settings.branches =
      branches.isEmpty || configs.isEmpty ? .count(bases.count) : .configs(branches)
    research.settings.workers = shared.isEmpty ? 1 : .configs([shared])
    research.settings.parallelism = .serial
    research.settings.branchExecution = execution
    if let iterations { research.settings.iterations = iterations }
    return try await research.run(observers: observers)
  }
}
