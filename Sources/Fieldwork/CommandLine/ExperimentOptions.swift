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

  /// How an id begins that is given as a table shows it: one that is short of room ends it with an
  /// ellipsis.
  static func idStart(_ text: String) -> String {
    text.hasSuffix("…") ? String(text.dropLast()) : text
  }

  /// The ids that are wanted; nil for all.
  /// - Parameter remedy: what shows the ids that there are.
  /// - Throws: ``FieldworkError`` if no experiment has a given id.
  func chosen(among known: [String], remedy: String) throws -> [String]? {
    guard !ids.isEmpty else { return nil }
    return try ids.flatMap { text in
      let start = Self.idStart(text)
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
