public import FieldworkCore
public import FieldworkStore

extension UpdateContext {
  /// The results of the experiments before the decision, all of which have ended.
  /// - Throws: ``FieldworkError`` of code `store` if they cannot be read.
  public var results: ResearchResults {
    get throws { try R().evaluate(in: run) }
  }
}

extension UpdateContext {
  /// Makes the context of a decision outside of a run.
  /// - Parameter results: returns the results so far.
  convenience init(
    _ decision: Decision,
    of research: Research,
    _ random: Philox,
    _ results: @escaping @Sendable () throws -> ResearchResults
  ) {
    self.init(
      updates: decision.number,
      produced: decision.produced,
      domain: decision.domain,
      random: RandomStream(random),
      run: RunContext(
        id: "",
        name: research.name,
        config: Config(),
        random: RandomStream(random),
        makeDirectory: { throw FieldworkError.noFolders },
        makeResults: { try results() }
      )
    )
  }
}
