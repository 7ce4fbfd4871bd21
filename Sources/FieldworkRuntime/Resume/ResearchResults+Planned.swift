package import FieldworkCore
import FieldworkSearch
package import FieldworkStore

extension ResearchResults {
  /// The results of the experiments that a research plans as it is now.
  ///
  /// What comes from an update of the domain is kept, if the research has updates: what these plan only shows
  /// while they run.
  /// All results are kept if they come from other units, since a run would be refused and its plan does not cover
  /// them.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if the research has problems.
  package func planned(by research: Research) throws -> ResearchResults {
    let stored = ResearchDefinition.Stored(notes)
    guard ResearchDefinition(research).hasSameUnits(as: stored) else { return self }
    try research.requireSound()
    let seed = try StoredSeed.decode(notes["seed"]) ?? research.settings.seed ?? 0
    let source = try research.adding(notes).source(seed: seed)
    let updated = source.decides ? experiments.filter { $0.updates > 0 }.map(\.key) : []
    if try hasAll(of: source) { return self }
    return planned(try source.keys(among: keys.subtracting(updated)).union(updated))
  }

  /// Returns true if the experiments are the first ones of a source, in its order.
  private func hasAll(of source: any ExperimentSource) throws -> Bool {
    var source = source
    var position = 0
    try source.forEach { experiment in
      guard position < experiments.count, experiments[position].key == experiment.key else {
        return false
      }
      position += 1
      return position < experiments.count
    }
    return position == experiments.count
  }
}
