public import Fieldwork

extension Playbook {
  /// Runs the playbook's research in memory and gives its results: nothing is written to disk.
  ///
  ///     let results = try await Quickstart().results(configs: 2)
  ///     XCTAssertEqual(try results.table()["distance"].count, 2)
  ///
  /// - Parameters:
  ///   - configs: how many configs to take; nil for what the playbook says.
  ///   - repetitions: how often to run every config; nil for what the playbook says.
  ///   - iterations: how many iterations an experiment has; nil for what the playbook says.
  ///   - seed: the seed of everything random.
  /// - Throws: the first error that a unit throws, or ``FieldworkError`` with all problems of the
  ///   definition.
  public func results(
    configs: Int? = nil,
    repetitions: Int? = nil,
    iterations: Int? = nil,
    seed: UInt64 = 0
  ) async throws -> ResearchResults {
    var research = research
    if let configs { research.settings.configs = configs }
    if let repetitions { research.settings.repetitions = repetitions }
    if let iterations { research.settings.iterations = iterations }
    research.settings.seed = seed
    // A test keeps nothing, and its own output is left alone.
    research.settings.stdout = nil
    research.settings.stderr = nil
    research.settings.logLevel = nil
    research.settings.provenance = nil
    return try await research.run(debug: true)
  }
}
