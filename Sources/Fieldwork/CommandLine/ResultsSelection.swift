import ArgumentParser
import FieldworkCore
import FieldworkStore

/// Which rows of the results to show.
struct ResultsSelection: ParsableArguments {
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only rows that satisfy the condition: --where 'lr < 0.1 and layers in (2, 4)'.",
      valueName: "condition"
    )
  )
  var condition: String?

  @OptionGroup
  var experiments: ExperimentOptions

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
    name: [.customLong("iteration"), .customLong("iterations")],
    help: ArgumentHelp(
      "Only these iterations, from 0: --iteration 0,4 or 0-9.",
      valueName: "numbers"
    ),
    transform: ResultsSelection.iterations
  )
  var iterations: [Int]?

  @Flag(help: "Leave out iterations that a stop or a failure ended.")
  var completeOnly = false

  @Flag(
    help: "With --group-by and --last: count in what is not done, too."
  )
  var unfinished = false

  @OptionGroup
  var scope: ScopeOptions

  /// Whether rows are to be left out.
  var isGiven: Bool {
    condition != nil || !experiments.ids.isEmpty || states != nil || iterations != nil
      || completeOnly
      || unfinished || scope.all
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
      ids: try experiments.chosen(
        among: results.experiments.map(\.id),
        remedy: "--experiments"
      ),
      iterations: iterations,
      states: states
    )
  }

  @Sendable private static func states(_ text: String) throws -> [ExperimentState] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { try choice(String($0)) }
  }

  @Sendable private static func iterations(_ text: String) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part in
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], last >= first,
        last - first < 10_000_000
      else {
        throw ValidationError(
          "'\(part)' is no iteration: give numbers from 0 up, with commas, or ranges such as 0-9"
        )
      }
      return Array(first...last)
    }
  }
}
