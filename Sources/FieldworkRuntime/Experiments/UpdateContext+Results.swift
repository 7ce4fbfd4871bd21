public import FieldworkCore
public import FieldworkStore

extension UpdateContext {
  /// The results of the experiments that were planned so far. All of them have ended.
  /// - Throws: ``FieldworkError`` of code `store` if they cannot be read.
  public var results: ResearchResults {
    get throws { try R().evaluate(in: run) }
  }
}
