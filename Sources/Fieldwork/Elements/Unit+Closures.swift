public import FieldworkCore

// A closure of one parameter has a type of its own here, which no other form shares: the compiler knows the type
// of `run` before it looks at the closure's body. With one form for any number of arguments it would not, and a
// body of a few operators would take it many seconds.

extension ExecutableUnit {
  /// A step whose body has the run context.
  public init<Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      [],
      opensContext: true,
      body
    )
  }

  /// A step that calls a function without arguments.
  public init<Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ function: @escaping @Sendable () async throws -> Output
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      []
    ) { run in
      run.argumentsEvaluated()
      return try await function()
    }
  }

  /// A step whose body has an instance and the run context.
  public init<I, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (I, RunContext) async throws -> Output
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      instance.dependencies,
      opensContext: true
    ) { run in try await body(try instance.evaluate(in: run), run) }
  }

  /// A step that calls a method of an instance without arguments.
  public init<I, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    file: String = #fileID,
    line: Int = #line,
    _ method: @escaping @Sendable (I) -> () async throws -> Output
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      instance.dependencies
    ) { run in
      let bound = method(try instance.evaluate(in: run))
      run.argumentsEvaluated()
      return try await bound()
    }
  }
}
