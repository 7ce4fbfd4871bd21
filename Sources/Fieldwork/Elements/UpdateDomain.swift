public import FieldworkCore

/// A rule that replaces the domain while the research runs, by what the experiments so far have given.
///
///     UpdateDomain(when: .every(20)) { update in
///       guard let best = try update.results.best(by: .minimize("loss")).first else { return nil }
///       let x: Double = try best.config["x"]
///       return Domain("x" <- .uniform((x - 0.1)...(x + 0.1)))
///     }
///
/// All experiments that were planned before it are ended first, whatever the number of workers. Configs
/// that were not planned yet are dropped. Of several rules that apply the first one is used.
public struct UpdateDomain: ResearchElement, Sendable {
  private let update: DomainUpdate

  public var parts: [ResearchPart] { [.update(update)] }

  /// A rule whose body makes the new domain.
  ///
  /// - Parameters:
  ///   - when: after which configs it applies, by their number from 0: `.at(9)` after ten, `.every(10)`
  ///     after each ten, `.last` when the domain is through.
  ///   - configs: how many configs to take of the new domain; nil for all.
  ///   - repetitions: how often to run each of them.
  ///   - repeatEach: the length of the blocks that are repeated as a whole.
  ///   - body: gives the new domain, or nil to go on with the present one; at its end, nil or an empty
  ///     domain ends the research. What it throws ends the run.
  public init(
    when: When,
    configs: Int? = nil,
    repetitions: Int = 1,
    repeatEach: Int? = nil,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (UpdateContext) async throws -> Domain?
  ) {
    update = DomainUpdate(
      when: when,
      configs: configs,
      repetitions: repetitions,
      repeatEach: repeatEach,
      dependencies: [],
      place: SourceLocation(file: file, line: line),
      body: body
    )
  }

  /// A rule whose function makes the new domain of named expressions: ``R``, or constants.
  public init<First: NamedExpression, each Rest: NamedExpression>(
    when: When,
    configs: Int? = nil,
    repetitions: Int = 1,
    repeatEach: Int? = nil,
    _ function:
      @escaping @Sendable (First.Output, repeat (each Rest).Output) async throws -> Domain?,
    _ first: First,
    _ rest: repeat each Rest,
    file: String = #fileID,
    line: Int = #line
  ) {
    update = DomainUpdate(
      when: when,
      configs: configs,
      repetitions: repetitions,
      repeatEach: repeatEach,
      dependencies: first.dependencies + allDependencies(repeat each rest),
      place: SourceLocation(file: file, line: line)
    ) { context in
      let value = try first.evaluate(in: context.run)
      return try await function(value, repeat try (each rest).evaluate(in: context.run))
    }
  }

  /// A rule whose function without arguments makes the new domain.
  public init(
    when: When,
    configs: Int? = nil,
    repetitions: Int = 1,
    repeatEach: Int? = nil,
    file: String = #fileID,
    line: Int = #line,
    _ function: @escaping @Sendable () async throws -> Domain?
  ) {
    update = DomainUpdate(
      when: when,
      configs: configs,
      repetitions: repetitions,
      repeatEach: repeatEach,
      dependencies: [],
      place: SourceLocation(file: file, line: line)
    ) { _ in try await function() }
  }
}
