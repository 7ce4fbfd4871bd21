public import FieldworkCore

/// A step that yields one element of a sequence at each scheduled iteration; the sequence's end ends the
/// experiment.
///
///     Generator("epoch", saving: "loss") { run in Training(rate: try run[rate]) }  // a Sequence
///     Generator("batch", batches, EC("size"))              // func batches(_ size: Int) -> [Batch]
///
/// The sequence is made when the step first runs, once per experiment. It may be asynchronous. The arguments
/// have the order of a ``Unit``: the name, the options, then what makes the sequence.
public struct Generator: ResearchElement, Sendable {
  let description: UnitDescription
  let dump: When?

  public var parts: [ResearchPart] { description.parts(dumping: dump) }

  private init(
    _ options: UnitOptions,
    _ dependencies: [Dependency],
    _ outputType: Any.Type,
    opensContext: Bool = false,
    _ open: @escaping @Sendable (RunContext) async throws -> NextElement
  ) {
    dump = options.dump
    description = options.description(
      .generator,
      dependencies,
      outputType: outputType,
      opensContext: opensContext,
      .generator(open)
    )
  }

  // If forms differ only in what a closure returns, all but one are disfavoured. Otherwise the
  // compiler checks the closure's body once for each form, with every choice of its operators.

  /// A step that yields the elements of the sequence that its body makes.
  public init<Elements: Sequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (RunContext) async throws -> Elements
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      [],
      Elements.Element.self,
      opensContext: true
    ) { run in
      source(try await body(run))
    }
  }

  /// A step that yields the elements of the asynchronous sequence that its body makes.
  @_disfavoredOverload
  public init<Elements: AsyncSequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (RunContext) async throws -> Elements
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      [],
      Elements.Element.self,
      opensContext: true
    ) { run in
      asyncSource(try await body(run))
    }
  }

  /// A step that yields what the iterator that its body makes gives.
  @_disfavoredOverload
  public init<Elements: IteratorProtocol & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (RunContext) async throws -> Elements
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      [],
      Elements.Element.self,
      opensContext: true
    ) { run in
      iteratorSource(try await body(run))
    }
  }

  /// A step that yields the elements of the sequence that a function without arguments makes.
  public init<Elements: Sequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ function: @escaping @Sendable () async throws -> Elements
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      [],
      Elements.Element.self
    ) { run in
      run.argumentsEvaluated()
      return source(try await function())
    }
  }

  /// A step that yields the elements of the asynchronous sequence that a function without arguments makes.
  @_disfavoredOverload
  public init<Elements: AsyncSequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ function: @escaping @Sendable () async throws -> Elements
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      [],
      Elements.Element.self
    ) { run in
      run.argumentsEvaluated()
      return asyncSource(try await function())
    }
  }

  /// A step that yields the elements of the sequence that a function makes of named expressions.
  public init<
    First: NamedExpression,
    each Rest: NamedExpression,
    Elements: Sequence & SendableMetatype
  >(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    _ function:
      @escaping @Sendable (First.Output, repeat (each Rest).Output) async throws -> Elements,
    _ first: First,
    _ rest: repeat each Rest,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      first.dependencies + allDependencies(repeat each rest),
      Elements.Element.self
    ) { run in
      let value = try first.evaluate(in: run)
      let values = (repeat try (each rest).evaluate(in: run))
      run.argumentsEvaluated()
      return source(try await function(value, repeat each values))
    }
  }

  /// A step that yields the elements of the asynchronous sequence that a function makes of named
  /// expressions.
  @_disfavoredOverload
  public init<
    First: NamedExpression,
    each Rest: NamedExpression,
    Elements: AsyncSequence & SendableMetatype
  >(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    _ function:
      @escaping @Sendable (First.Output, repeat (each Rest).Output) async throws -> Elements,
    _ first: First,
    _ rest: repeat each Rest,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      first.dependencies + allDependencies(repeat each rest),
      Elements.Element.self
    ) { run in
      let value = try first.evaluate(in: run)
      let values = (repeat try (each rest).evaluate(in: run))
      run.argumentsEvaluated()
      return asyncSource(try await function(value, repeat each values))
    }
  }

  /// A step that yields the elements of the sequence that its body makes of an instance.
  public init<I, Elements: Sequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (I, RunContext) async throws -> Elements
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      instance.dependencies,
      Elements.Element.self,
      opensContext: true
    ) { run in
      source(try await body(try instance.evaluate(in: run), run))
    }
  }

  /// A step that yields the elements of the sequence that a method of an instance without arguments makes.
  public init<I, Elements: Sequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    file: String = #fileID,
    line: Int = #line,
    _ method: @escaping @Sendable (I) -> () async throws -> Elements
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      instance.dependencies,
      Elements.Element.self
    ) { run in
      let bound = method(try instance.evaluate(in: run))
      run.argumentsEvaluated()
      return source(try await bound())
    }
  }

  /// A step that yields the elements of the sequence that a method of an instance makes of named
  /// expressions.
  public init<
    I,
    First: NamedExpression,
    each Rest: NamedExpression,
    Elements: Sequence & SendableMetatype
  >(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    _ method:
      @escaping @Sendable (I) -> (First.Output, repeat (each Rest).Output) async throws -> Elements,
    _ first: First,
    _ rest: repeat each Rest,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      instance.dependencies + first.dependencies + allDependencies(repeat each rest),
      Elements.Element.self
    ) { run in
      let bound = method(try instance.evaluate(in: run))
      let value = try first.evaluate(in: run)
      let values = (repeat try (each rest).evaluate(in: run))
      run.argumentsEvaluated()
      return source(try await bound(value, repeat each values))
    }
  }
}

private func source(_ elements: some Sequence) -> NextElement {
  iteratorSource(elements.makeIterator())
}

private func iteratorSource(_ elements: some IteratorProtocol) -> NextElement {
  var iterator = elements
  return { iterator.next() }
}

private func asyncSource(_ elements: some AsyncSequence) -> NextElement {
  var iterator = elements.makeAsyncIterator()
  return { try await iterator.next() }
}
