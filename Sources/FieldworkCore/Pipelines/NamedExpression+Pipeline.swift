extension NamedExpression {
  /// A variable of a pipeline's run: `Save("loss", batches.variable("loss", as: Double.self))`.
  /// - Throws: while running, ``FieldworkError`` of code `missingOutput` or `wrongType`.
  public func variable<Element, T: ValueConvertible>(
    _ name: String,
    as type: T.Type = T.self
  ) -> DerivedExpression<T> where Output == PipelineRun<Element> {
    map { try $0.variable(name, as: type) }
  }

  /// The mean of a variable of a pipeline's run that is a list of numbers:
  /// `Save("loss", batches.mean(of: "losses"))`.
  /// - Throws: while running, ``FieldworkError`` of code `missingOutput`, also for an empty list, or
  ///   `wrongType`.
  public func mean<Element>(of name: String) -> DerivedExpression<Double>
  where Output == PipelineRun<Element> {
    variable(name, as: [Double].self).map { values in
      guard !values.isEmpty else {
        throw FieldworkError(.missingOutput, "the pipeline variable '\(name)' is an empty list")
      }
      return values.reduce(0, +) / Double(values.count)
    }
  }
}
