import FieldworkCore

extension ResearchResults {
  /// The results of the experiments with the given keys.
  package func planned(_ keys: Set<String>) -> ResearchResults {
    let kept = experiments.indices.filter { keys.contains(String(experiments[$0].id.suffix(16))) }
    return ResearchResults(
      experiments: kept.map { experiments[$0] },
      variables: variables,
      values: kept.map { values[$0] },
      of: self
    )
  }
}
