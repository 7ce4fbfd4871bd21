import FieldworkCore

extension ResearchResults {
  /// The results of the experiments with the given keys.
  package func planned(_ keys: Set<String>) -> ResearchResults {
    let kept = experiments.indices.filter { keys.contains(String(experiments[$0].id.suffix(16))) }
    return ResearchResults(
      experiments: kept.map { experiments[$0] },
      variables: variables,
      notes: notes,
      values: kept.map { values[$0] }
    )
  }

  private init(
    experiments: [ExperimentRecord],
    variables: [String],
    notes: [String: Value],
    values: [[StoredValue]]
  ) {
    self.experiments = experiments
    self.variables = variables
    self.notes = notes
    self.values = values
  }
}
