public import FieldworkCore
public import FieldworkStore

extension UpdateContext {
  /// The results of the experiments before the decision, all of which have ended.
  /// - Throws: ``FieldworkError`` of code `store` if they cannot be read.
  public var results: ResearchResults {
    get throws { try R().evaluate(in: run) }
  }
}
