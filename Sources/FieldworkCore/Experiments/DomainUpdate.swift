/// A rule by which the domain is replaced while the research runs.
///
/// When it applies, the experiments planned so far are ended first, so that the new domain depends on
/// them alone and not on workers or time. Configs of the old domain that were not planned yet are
/// dropped.
public struct DomainUpdate: Sendable {
  /// When it applies, with the number of configs planned so far, less one, as the iteration: `.every(10)`
  /// after each ten configs, `.at(4)` after the fifth, `.last` after the last one of the domain.
  public let when: When
  /// How the new domain is gone through, see ``IterationSettings``.
  public let configs: Int?
  public let repetitions: Int
  public let repeatEach: Int?
  public let dependencies: [Dependency]
  public let place: SourceLocation
  package let body: @Sendable (UpdateContext) async throws -> Domain?

  package init(
    when: When,
    configs: Int?,
    repetitions: Int,
    repeatEach: Int?,
    dependencies: [Dependency],
    place: SourceLocation,
    body: @escaping @Sendable (UpdateContext) async throws -> Domain?
  ) {
    self.when = when
    self.configs = configs
    self.repetitions = repetitions
    self.repeatEach = repeatEach
    self.dependencies = dependencies
    self.place = place
    self.body = body
  }
}

extension DomainUpdate: CustomStringConvertible {
  public var description: String { "update \(when)" }
}

/// What a domain update can see.
public final class UpdateContext {
  /// The number of domains before the new one: 1 for the first update.
  public let updates: Int
  /// The number of configs planned so far, with repetitions.
  public let produced: Int
  /// The domain that is to be replaced; nil if there was none.
  public let domain: Domain?
  /// Random numbers that depend on the research's seed and the number of the update alone.
  public var random: RandomStream
  /// For the evaluation of named expressions, which see the results alone.
  package let run: RunContext

  package init(updates: Int, produced: Int, domain: Domain?, random: RandomStream, run: RunContext)
  {
    self.updates = updates
    self.produced = produced
    self.domain = domain
    self.random = random
    self.run = run
  }
}
