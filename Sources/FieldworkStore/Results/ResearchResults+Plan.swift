import FieldworkCore

extension ResearchResults {
  /// The keys of the experiments.
  package var keys: Set<String> { Set(experiments.map(\.key)) }

  /// The results of the experiments with the given keys.
  package func planned(_ keys: Set<String>) -> ResearchResults {
    selecting(experiments.indices.filter { keys.contains(experiments[$0].key) })
  }
}
