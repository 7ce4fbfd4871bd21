package import FieldworkCore

extension StoredSeed {
  /// Checks that a research asks for the seed of its stored results, or for none.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition`.
  package static func agree(_ stored: UInt64, with research: Research) throws {
    guard let wanted = research.settings.seed, wanted != stored else { return }
    throw FieldworkError(
      .invalidDefinition,
      "the results of '\(research.name)' were begun with seed \(stored), not \(wanted); leave out the seed, start over with --fresh, or give the research another name"
    )
  }
}
