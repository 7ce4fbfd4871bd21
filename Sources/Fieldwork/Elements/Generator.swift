public import FieldworkCore

/// A step that yields one element of a sequence at each scheduled iteration; the sequence's end ends the
/// experiment.
///
///     Generator("epoch", saving: "loss") { run in Training(rate: try run[rate]) }  // a Sequence
///     Generator("batch", batches, EC("size"))              // func batches(_ size: Int) -> [Batch]
///
/// The sequence is made when the step first runs, once per experiment. It may be asynchronous.
public struct Generator: ResearchElement, Sendable {
  let description: UnitDescription

  public var parts: [ResearchPart] { [.unit(description)] }

  private init(
    _ name: String,
    _ when: When,
    _ saving: Saving?,
    _ root: Bool,
    _ dependencies: [Dependency],
    _ place: SourcePlace,
    _ outputType: Any.Type,
    opensContext: Bool,
    _ open: @escaping @Sendable (RunContext) async throws -> ElementSource
  ) {
    description = UnitDescription(
      name: name,
      kind: .generator,
      when: when,
      saving: saving,
      dependencies: dependencies,
      place: place,
      outputType: outputType,
      opensContext: opensContext,
      isRoot: root,
      body: .generator(open)
    )
  }

  /// A step that yields the elements of the sequence that its body makes.
  public init<Elements: Sequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (RunContext) async throws -> Elements
  ) {
    self.init(
      name,
      when,
      saving,
      root,
      [],
      SourcePlace(file: file, line: line),
      Elements.Element.self,
      opensContext: true
    ) { run in source(try await body(run)) }
  }

  /// A step that yields the elements of the asynchronous sequence that its body makes.
  public init<Elements: AsyncSequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (RunContext) async throws -> Elements
  ) {
    self.init(
      name,
      when,
      saving,
      root,
      [],
      SourcePlace(file: file, line: line),
      Elements.Element.self,
      opensContext: true
    ) { run in asyncSource(try await body(run)) }
  }

  /// A step that yields what the iterator that its body makes gives.
  @_disfavoredOverload
  public init<Elements: IteratorProtocol & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (RunContext) async throws -> Elements
  ) {
    self.init(
      name,
      when,
      saving,
      root,
      [],
      SourcePlace(file: file, line: line),
      Elements.Element.self,
      opensContext: true
    ) { run in iteratorSource(try await body(run)) }
  }

  /// A step that yields the elements of the sequence that a function makes of named expressions.
  public init<each Argument: NamedExpression, Elements: Sequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    _ function: @escaping @Sendable (repeat (each Argument).Output) async throws -> Elements,
    _ arguments: repeat each Argument,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      name,
      when,
      saving,
      root,
      allDependencies(repeat each arguments),
      SourcePlace(file: file, line: line),
      Elements.Element.self,
      opensContext: false
    ) { run in
      let values = (repeat try (each arguments).evaluate(in: run))
      run.argumentsEvaluated()
      return source(try await function(repeat each values))
    }
  }

  /// A step that yields the elements of the asynchronous sequence that a function makes of named
  /// expressions.
  public init<each Argument: NamedExpression, Elements: AsyncSequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    _ function: @escaping @Sendable (repeat (each Argument).Output) async throws -> Elements,
    _ arguments: repeat each Argument,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      name,
      when,
      saving,
      root,
      allDependencies(repeat each arguments),
      SourcePlace(file: file, line: line),
      Elements.Element.self,
      opensContext: false
    ) { run in
      let values = (repeat try (each arguments).evaluate(in: run))
      run.argumentsEvaluated()
      return asyncSource(try await function(repeat each values))
    }
  }

  /// A step that yields the elements of the sequence that its body makes of an instance.
  public init<I, Elements: Sequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (I, RunContext) async throws -> Elements
  ) {
    self.init(
      name,
      when,
      saving,
      root,
      instance.dependencies,
      SourcePlace(file: file, line: line),
      Elements.Element.self,
      opensContext: true
    ) { run in source(try await body(try instance.evaluate(in: run), run)) }
  }

  /// A step that yields the elements of the sequence that a method of an instance makes of named
  /// expressions.
  public init<I, each Argument: NamedExpression, Elements: Sequence & SendableMetatype>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    _ method: @escaping @Sendable (I) -> (repeat (each Argument).Output) async throws -> Elements,
    _ arguments: repeat each Argument,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      name,
      when,
      saving,
      root,
      instance.dependencies + allDependencies(repeat each arguments),
      SourcePlace(file: file, line: line),
      Elements.Element.self,
      opensContext: false
    ) { run in
      let bound = method(try instance.evaluate(in: run))
      let values = (repeat try (each arguments).evaluate(in: run))
      run.argumentsEvaluated()
      return source(try await bound(repeat each values))
    }
  }
}

private func source(_ elements: some Sequence) -> ElementSource {
  iteratorSource(elements.makeIterator())
}

private func iteratorSource(_ elements: some IteratorProtocol) -> ElementSource {
  var iterator = elements
  return ElementSource { iterator.next() }
}

private func asyncSource(_ elements: some AsyncSequence) -> ElementSource {
  var iterator = elements.makeAsyncIterator()
  return ElementSource { try await iterator.next() }
}
