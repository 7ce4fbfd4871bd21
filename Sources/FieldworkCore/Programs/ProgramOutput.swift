/// The form in which a program prints what it has computed.
public struct ProgramOutput: Sendable, Hashable {
  package enum Format: Sendable, Hashable {
    case jsonLines, json, csv, none
    case patterns([Pattern])
  }

  /// A saved name and the regular expression of its value.
  package struct Pattern: Sendable, Hashable {
    package let name: String
    package let expression: String
  }

  package let format: Format

  /// Each line of the standard output that is a JSON object is an iteration; its keys are saved names. Other lines are the
  /// experiment's output.
  public static let jsonLines = ProgramOutput(format: .jsonLines)
  /// The whole standard output is one JSON object, whose keys are saved names. The experiment has one iteration.
  public static let json = ProgramOutput(format: .json)
  /// The first line of the standard output has the saved names; each further line is an iteration. Commas or tabs
  /// separate the columns.
  public static let csv = ProgramOutput(format: .csv)
  /// Nothing of the standard output is saved. The experiment has one iteration.
  public static let none = ProgramOutput(format: .none)

  /// Takes values out of lines by regular expressions, each for a saved name.
  ///
  ///     output: .pattern(["energy": #"E = (\S+)"#, "spin": #"M = (\S+)"#])
  ///
  /// The value is the first group of the expression, or all of it if it has no group. An iteration ends when an
  /// expression matches that has a value already, and at the end of the output. All lines are the experiment's output,
  /// too.
  public static func pattern(_ patterns: [String: String]) -> ProgramOutput {
    let sorted = patterns.sorted { $0.key < $1.key }
    return ProgramOutput(
      format: .patterns(sorted.map { Pattern(name: $0.key, expression: $0.value) })
    )
  }
}

extension ProgramOutput {
  /// The names that are known before the program runs; nil if it decides on them itself.
  package var names: [String]? {
    switch format {
    case .jsonLines, .json, .csv: nil
    case .none: []
    case .patterns(let patterns): patterns.map(\.name)
    }
  }

  /// Texts on what is wrong with the patterns, each with a remedy.
  package var problems: [(message: String, remedy: String)] {
    guard case .patterns(let patterns) = format else { return [] }
    if patterns.isEmpty {
      return [("output: .pattern has no patterns", "give one for each saved name, or write .none")]
    }
    return patterns.compactMap { pattern in
      do {
        _ = try Regex(pattern.expression)
        return nil
      } catch {
        return (
          "the pattern of '\(pattern.name)' is not a regular expression: \(pattern.expression) (\(error))",
          "correct it"
        )
      }
    }
  }
}

/// The standard input of a program.
public enum ProgramInput: String, Sendable, Hashable, CaseIterable {
  /// Nothing.
  case none
  /// The config as a JSON object.
  case config
}
