package import FieldworkCore

extension Research {
  /// Returns the source of the experiments that a run makes.
  /// - Throws: ``FieldworkError`` if the domain has problems, a condition fails, or if there are no workers or branches.
  package func source(seed: UInt64) throws -> any ExperimentSource {
    let source: any ExperimentSource =
      if let search {
        try SearchSource(search, self, seed: seed)
      } else {
        try ExperimentPlan(self, seed: seed)
      }
    return pruning.isEmpty ? source : PrunedSource(source, self)
  }
}
