public import FieldworkCore
public import FieldworkStore

extension Research {
  /// Runs the research and gives its results: in memory, or in a store of one's own.
  ///
  /// - Parameters:
  ///   - store: where results are kept; nil for memory.
  ///   - debug: whether to run one experiment after the other and throw the first error of a unit.
  ///   - consumers: who is told what happens.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` with all problems, before anything runs.
  public func run(
    store: (any ResultStore)? = nil,
    debug: Bool = false,
    consumers: [any EventConsumer] = []
  ) async throws -> ResearchResults {
    let store = try store ?? DatabaseStore.inMemory()
    var research = self
    if debug { research.settings.parallelism = .serial }
    try await ResearchRunner(research, store: store, debug: debug, consumers: consumers).run()
    return try store.contents()
  }
}
