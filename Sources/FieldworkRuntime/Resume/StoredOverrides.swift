package import FieldworkCore

/// The options of the last run that changed how many experiments are planned: `--configs`, `--repetitions`,
/// `--repeat-each`. Other values of a parameter are no part of them, since they make another research.
package enum StoredOverrides {
  static let noteKey = "overrides"

  /// - Parameter notes: those of the store.
  package static func decode(_ notes: [String: Value]) -> [String] {
    guard case .list(let words) = notes[noteKey] else { return [] }
    return words.compactMap { if case .string(let word) = $0 { word } else { nil } }
  }
}
