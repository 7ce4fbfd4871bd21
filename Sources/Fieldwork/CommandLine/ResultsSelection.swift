import ArgumentParser
import FieldworkCore
import FieldworkStore

/// Which rows of the results to show.
struct ResultsSelection: ParsableArguments {
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only rows that satisfy the condition: --where 'lr < 0.1 and iteration == 9'.",
      valueName: "condition"
    )
  )
  var condition: String?

  @Option(
    name: .customLong("id"),
    help: ArgumentHelp(
      "Only experiments whose id is this or begins so. Repeatable.",
      valueName: "id"
    )
  )
  var ids: [String] = []

  @Option(
    name: .customLong("state"),
    help: ArgumentHelp(
      "Only experiments in these states: --state done,failed.",
      valueName: choices(ExperimentState.self)
    ),
    transform: ResultsSelection.states
  )
  var states: [ExperimentState]?

  @Option(
    help: ArgumentHelp("Only these iterations, from 0: --iterations 0,4.", valueName: "numbers"),
    transform: ResultsSelection.iterations
  )
  var iterations: [Int]?

  @Flag(help: "Leave out iterations that a stop or a failure ended.")
  var completeOnly = false

  @Flag(
    help: "With --group-by and --last: count in what is not done, too."
  )
  var unfinished = false

  /// Whether rows are to be left out.
  var isGiven: Bool {
    condition != nil || !ids.isEmpty || states != nil || iterations != nil || completeOnly
      || unfinished
  }

  func validate() throws {
    if unfinished && states != nil {
      throw ValidationError("--state says which experiments count: leave out --unfinished")
    }
  }

  /// The results of the experiments and iterations that are wanted.
  /// - Throws: ``FieldworkError`` if no experiment has a given id.
  func applied(to results: ResearchResults) throws -> ResearchResults {
    try results.filtered(
      ids: try ids.isEmpty ? nil : ids.flatMap { try expanded($0, results) },
      iterations: iterations,
      states: states
    )
  }

  /// The ids that begin with a text; if one is the text, that one alone.
  private func expanded(_ start: String, _ results: ResearchResults) throws -> [String] {
    // A table that is short of room ends its ids with an ellipsis.
    let start = start.hasSuffix("…") ? String(start.dropLast()) : start
    let found = results.ids { $0.id.hasPrefix(start) }
    guard !found.isEmpty else {
      throw FieldworkError(
        .nothingPasses,
        "--id: no experiment has an id that begins with '\(start)'; --experiments shows all"
      )
    }
    return found.contains(start) ? [start] : found
  }

  @Sendable private static func states(_ text: String) throws -> [ExperimentState] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { try choice(String($0)) }
  }

  @Sendable private static func iterations(_ text: String) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Int(part), number >= 0 else {
        throw ValidationError("'\(part)' is no iteration: give numbers from 0 up, with commas")
      }
      return number
    }
  }
}
