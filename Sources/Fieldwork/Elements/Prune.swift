public import FieldworkCore

/// Ends experiments early that are not promising.
///
///     Research("digits", iterations: 50, objective: .minimize("loss")) {
///       Domain("rate" <- .logUniform(1e-4...1))
///       Unit("train", saving: "loss", train, EC("rate"))
///       Prune(.median(startup: 5, warmup: 3), by: "loss")
///     }
///
/// After each iteration the saved value is compared with limits that the experiments before have set. A pruned
/// experiment is finished: the units that run at the end run for it, `best` leaves it out, and it does not run again.
/// With `wholeConfigs: true` the other repetitions of a pruned config, that begin when it is known, end after their first
/// value.
///
/// The limits depend on `window:` of the ``Research``, so the table is the same at any number of workers.
public struct Prune: ResearchElement {
  private let description: PruningDescription

  /// Prunes by a saved value that is the objective of the research.
  public init(
    _ pruner: some Pruner,
    by name: String,
    wholeConfigs: Bool = false,
    file: String = #fileID,
    line: Int = #line
  ) {
    description = PruningDescription(
      pruner,
      name: name,
      direction: nil,
      prunesConfigs: wholeConfigs,
      place: SourceLocation(file: file, line: line)
    )
  }

  /// Prunes by a saved value with the direction in which it gets better.
  public init(
    _ pruner: some Pruner,
    by objective: Objective,
    wholeConfigs: Bool = false,
    file: String = #fileID,
    line: Int = #line
  ) {
    description = PruningDescription(
      pruner,
      name: objective.name,
      direction: objective.direction,
      prunesConfigs: wholeConfigs,
      place: SourceLocation(file: file, line: line)
    )
  }

  public var parts: [ResearchPart] { [.pruning(description)] }
}
