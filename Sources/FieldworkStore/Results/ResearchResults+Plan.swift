import FieldworkCore

extension ResearchResults {
  /// The keys of the experiments.
  package var keys: Set<String> { Set(experiments.map(\.key)) }

  /// The number of done experiments that another build of the playbook has made, without accepted builds.
  package var otherBuildCount: Int {
    let builds = AcceptedBuilds(notes)
    return experiments.count { $0.state == .done && !builds.isCurrent($0.build) }
  }

  /// The results of the experiments with the given keys.
  package func planned(_ keys: Set<String>) -> ResearchResults {
    selecting(experiments.indices.filter { keys.contains(experiments[$0].key) })
  }
}
