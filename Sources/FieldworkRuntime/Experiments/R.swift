public import FieldworkCore
public import FieldworkStore

/// The results of the research, as far as they are stored at this moment.
///
/// What is stored when depends on the workers and on time, so a unit that reads it gives results that
/// another run may not repeat. It is meant for decisions about what to run next.
public struct R: NamedExpression {
  public init() {}

  public var expressionText: String { "R()" }

  public var dependencies: [Dependency] { [.results] }

  public func evaluate(in run: RunContext) throws -> ResearchResults {
    guard let results = try run.results() as? ResearchResults else {
      throw FieldworkError(.store, "the research has no results to read")
    }
    return results
  }
}
