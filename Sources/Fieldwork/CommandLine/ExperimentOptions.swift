import ArgumentParser
import FieldworkCore

/// Which experiments to show.
struct ExperimentOptions: ParsableArguments {
  @Option(
    name: .customLong("id"),
    help: ArgumentHelp(
      "Only experiments whose id is this or begins so. Repeatable.",
      valueName: "id"
    )
  )
  var ids: [String] = []

  /// The ids that are wanted; nil for all.
  /// - Parameter remedy: what shows the ids that there are.
  /// - Throws: ``FieldworkError`` if no experiment has a given id.
  func chosen(among known: [String], remedy: String) throws -> [String]? {
    guard !ids.isEmpty else { return nil }
    return try ids.flatMap { text in
      // A table that is short of room ends its ids with an ellipsis.
      let start = text.hasSuffix("…") ? String(text.dropLast()) : text
      let found = known.filter { $0.hasPrefix(start) }
      guard !found.isEmpty else {
        throw FieldworkError(
          .nothingPasses,
          "--id: no experiment has an id that begins with '\(start)'; \(remedy) shows all"
        )
      }
      return found.contains(start) ? [start] : found
    }
  }
}
