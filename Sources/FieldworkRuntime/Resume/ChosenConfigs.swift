package import FieldworkCore
package import FieldworkStore

extension Research {
  /// The research with the configs that the searches of earlier runs have chosen.
  package func choosing(_ records: [UpdateRecord]) -> Research {
    guard search != nil, !records.isEmpty else { return self }
    var research = self
    let values = KnownValues(self)
    let distributions = domain?.distributions ?? []
    for record in records {
      guard case .replaced(let value) = record.outcome,
        record.premise.hasPrefix(Self.searchPremise),
        let made = try? Domain(
          recorded: value,
          distributions: distributions,
          resolve: { try values.value(of: $0, named: $1) }
        ), let config = try? made.configs().first
      else { continue }
      research.chosen[record.produced] = config
    }
    return research
  }

  /// Begins the premises of recorded decisions about one config.
  static var searchPremise: String { "config " }
}
