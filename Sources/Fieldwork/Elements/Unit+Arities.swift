public import FieldworkCore

// The same as the initialisers with a pack of arguments, for few of them. Swift 6.3 crashes when a function
// that itself takes a function is passed where a pack of arguments is expected, and functions are what
// aliases are mostly for. A single argument has to be a function here: one of any type would take a
// function of two parameters too, as one of a pair.

extension ExecutableUnit {
  /// A step that calls a function with one named expression, whose value is a function.
  public init<First: NamedExpression, X, Y, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    _ function:
      @escaping @Sendable (@escaping @Sendable (X) -> Y) async throws -> Output,
    _ first: First,
    file: String = #fileID,
    line: Int = #line
  ) where First.Output == @Sendable (X) -> Y {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      allDependencies(first)
    ) { run in
      let value = try first.evaluate(in: run)
      run.argumentsEvaluated()
      return try await function(value)
    }
  }

  /// A step that calls a function with one named expression, whose value is a function.
  public init<First: NamedExpression, X, Z, Y, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    _ function:
      @escaping @Sendable (@escaping @Sendable (X, Z) -> Y) async throws -> Output,
    _ first: First,
    file: String = #fileID,
    line: Int = #line
  ) where First.Output == @Sendable (X, Z) -> Y {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      allDependencies(first)
    ) { run in
      let value = try first.evaluate(in: run)
      run.argumentsEvaluated()
      return try await function(value)
    }
  }

  /// A step that calls a function with two named expressions as arguments.
  public init<First: NamedExpression, Second: NamedExpression, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    _ function: @escaping @Sendable (First.Output, Second.Output) async throws -> Output,
    _ first: First,
    _ second: Second,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      allDependencies(first, second)
    ) { run in
      let values = (try first.evaluate(in: run), try second.evaluate(in: run))
      run.argumentsEvaluated()
      return try await function(values.0, values.1)
    }
  }

  /// A step that calls a function with three named expressions as arguments.
  public init<First: NamedExpression, Second: NamedExpression, Third: NamedExpression, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
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
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      allDependencies(first, second, third)
    ) { run in
      let values = (
        try first.evaluate(in: run), try second.evaluate(in: run), try third.evaluate(in: run)
      )
      run.argumentsEvaluated()
      return try await function(values.0, values.1, values.2)
    }
  }
}
