public import FieldworkCore

/// Something that can stand on a line of a research block.
///
/// Conform a type of one's own by giving the parts that it comes to:
///
///     struct Evaluation: ResearchElement {
///       var parts: [ResearchPart] { Unit("loss", saving: "loss", loss, O("train")).parts }
///     }
public protocol ResearchElement {
  var parts: [ResearchPart] { get }
}

/// What the lines of a research block come to.
public enum ResearchPart: Sendable {
  case domain(Domain)
  case unit(UnitDescription)
  case update(DomainUpdate)
  case pruning(PruningDescription)
  /// - Parameter configs: the number of configs; nil for that of the research.
  case search(SearchDescription, configs: Int?)
}

extension Domain: ResearchElement {
  public var parts: [ResearchPart] { [.domain(self)] }
}

extension Array: ResearchElement where Element: ResearchElement {
  public var parts: [ResearchPart] { flatMap(\.parts) }
}

/// Reads the block of a ``Research``: elements, arrays of them, `if`, `for` and `let`.
@resultBuilder
public enum ResearchBuilder {
  public static func buildExpression(_ element: some ResearchElement) -> [ResearchPart] {
    element.parts
  }

  public static func buildExpression(_ elements: [any ResearchElement]) -> [ResearchPart] {
    elements.flatMap(\.parts)
  }

  public static func buildBlock(
    _ first: [ResearchPart],
    _ rest: [ResearchPart]...
  ) -> [ResearchPart] {
    first + rest.flatMap(\.self)
  }

  public static func buildOptional(_ parts: [ResearchPart]?) -> [ResearchPart] { parts ?? [] }
  public static func buildEither(first parts: [ResearchPart]) -> [ResearchPart] { parts }
  public static func buildEither(second parts: [ResearchPart]) -> [ResearchPart] { parts }
  public static func buildArray(_ parts: [[ResearchPart]]) -> [ResearchPart] {
    parts.flatMap(\.self)
  }
  public static func buildLimitedAvailability(_ parts: [ResearchPart]) -> [ResearchPart] { parts }
}
