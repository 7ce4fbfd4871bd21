public import FieldworkCore

// The forms of `Unit+Arities.swift`, for instances.

extension Instance {
  /// Names an object that a function builds from one named expression, whose value is a function.
  public init<First: NamedExpression, X, Y>(
    _ name: String,
    version: String? = nil,
    root: Bool = false,
    _ function:
      @escaping @Sendable (@escaping @Sendable (X) -> Y) async throws -> Output,
    _ first: First,
    file: String = #fileID,
    line: Int = #line
  ) where First.Output == @Sendable (X) -> Y {
    self.init(name, version, root, allDependencies(first), SourceLocation(file: file, line: line)) {
      run in
      let value = try first.evaluate(in: run)
      run.argumentsEvaluated()
      return try await function(value)
    }
  }

  /// Names an object that a function builds from one named expression, whose value is a function.
  public init<First: NamedExpression, X, Z, Y>(
    _ name: String,
    version: String? = nil,
    root: Bool = false,
    _ function:
      @escaping @Sendable (@escaping @Sendable (X, Z) -> Y) async throws -> Output,
    _ first: First,
    file: String = #fileID,
    line: Int = #line
  ) where First.Output == @Sendable (X, Z) -> Y {
    self.init(name, version, root, allDependencies(first), SourceLocation(file: file, line: line)) {
      run in
      let value = try first.evaluate(in: run)
      run.argumentsEvaluated()
      return try await function(value)
    }
  }

  /// Names an object that a function builds from two named expressions.
  public init<First: NamedExpression, Second: NamedExpression>(
    _ name: String,
    version: String? = nil,
    root: Bool = false,
    _ function: @escaping @Sendable (First.Output, Second.Output) async throws -> Output,
    _ first: First,
    _ second: Second,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      name,
      version,
      root,
      allDependencies(first, second),
      SourceLocation(file: file, line: line)
    ) {
      run in
      let values = (try first.evaluate(in: run), try second.evaluate(in: run))
      run.argumentsEvaluated()
      return try await function(values.0, values.1)
    }
  }

  /// Names an object that a function builds from three named expressions.
  public init<First: NamedExpression, Second: NamedExpression, Third: NamedExpression>(
    _ name: String,
    version: String? = nil,
    root: Bool = false,
    _ function:
      @escaping @Sendable (First.Output, Second.Output, Third.Output) async throws -> Output,
    _ first: First,
    _ second: Second,
    _ third: Third,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      name,
      version,
      root,
      allDependencies(first, second, third),
      SourceLocation(file: file, line: line)
    ) {
      run in
      let values = (
        try first.evaluate(in: run), try second.evaluate(in: run), try third.evaluate(in: run)
      )
      run.argumentsEvaluated()
      return try await function(values.0, values.1, values.2)
    }
  }
}
