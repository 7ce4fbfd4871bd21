extension Pipeline {
  /// Changes each element.
  public func map<NewElement>(
    _ transform: @escaping @Sendable (Element) async throws -> NewElement
  ) -> Pipeline<NewElement> {
    transformed(traits) { _ in { .given(try await transform($0)) } }
  }

  /// Changes each element with the value of a named expression.
  ///
  ///     .map(EC(scale)) { batch, scale in batch.map { $0 * scale } }
  public func map<First: NamedExpression, NewElement>(
    _ first: First,
    _ transform: @escaping @Sendable (Element, First.Output) async throws -> NewElement
  ) -> Pipeline<NewElement> where First.Output: Sendable {
    transformed(with: first) { .given(try await transform($0, $1)) }
  }

  /// Changes each element with the values of two named expressions.
  public func map<First: NamedExpression, Second: NamedExpression, NewElement>(
    _ first: First,
    _ second: Second,
    _ transform:
      @escaping @Sendable (Element, First.Output, Second.Output) async throws -> NewElement
  ) -> Pipeline<NewElement> where First.Output: Sendable, Second.Output: Sendable {
    transformed(with: first.combined(with: second) { ($0, $1) }) { element, values in
      .given(try await transform(element, values.0, values.1))
    }
  }

  /// Changes each element with the values of three named expressions.
  public func map<
    First: NamedExpression,
    Second: NamedExpression,
    Third: NamedExpression,
    NewElement
  >(
    _ first: First,
    _ second: Second,
    _ third: Third,
    _ transform:
      @escaping @Sendable (Element, First.Output, Second.Output, Third.Output)
      async throws -> NewElement
  ) -> Pipeline<NewElement>
  where First.Output: Sendable, Second.Output: Sendable, Third.Output: Sendable {
    let values = first.combined(with: second) { ($0, $1) }
      .combined(with: third) { ($0.0, $0.1, $1) }
    return transformed(with: values) { element, values in
      .given(try await transform(element, values.0, values.1, values.2))
    }
  }

  /// Changes each element with an instance, which need not be `Sendable`; so this comes after
  /// ``prefetched(_:file:line:)``.
  ///
  ///     .prefetched(2).map(on: model) { batch, model in model.train(batch) }
  public func map<Subject: NamedExpression, NewElement>(
    on subject: Subject,
    _ transform: @escaping @Sendable (Element, Subject.Output) async throws -> NewElement
  ) -> Pipeline<NewElement> {
    transformed(with: subject, isConfined: true) { .given(try await transform($0, $1)) }
  }

  /// Changes each element with an instance and the value of a named expression.
  ///
  ///     .map(on: model, EC(rate)) { batch, model, rate in model.train(batch, rate: rate) }
  public func map<Subject: NamedExpression, First: NamedExpression, NewElement>(
    on subject: Subject,
    _ first: First,
    _ transform:
      @escaping @Sendable (Element, Subject.Output, First.Output) async throws -> NewElement
  ) -> Pipeline<NewElement> {
    let values = subject.combined(with: first) { ($0, $1) }
    return transformed(with: values, isConfined: true) { element, values in
      .given(try await transform(element, values.0, values.1))
    }
  }

  /// Leaves out the elements that do not pass.
  public func filter(
    _ isIncluded: @escaping @Sendable (Element) async throws -> Bool
  ) -> Pipeline {
    transformed(traits) { _ in { try await isIncluded($0) ? .given($0) : .leftOut } }
  }

  /// Leaves out the elements that do not pass beside the value of a named expression.
  public func filter<First: NamedExpression>(
    _ first: First,
    _ isIncluded: @escaping @Sendable (Element, First.Output) async throws -> Bool
  ) -> Pipeline where First.Output: Sendable {
    transformed(with: first) { try await isIncluded($0, $1) ? .given($0) : .leftOut }
  }

  /// Keeps a variable and updates it with each element that passes; the elements stay as they are.
  ///
  ///     .accumulating("total", from: 0.0) { total, batch in total += batch.reduce(0, +) }
  ///
  /// It goes on over the passes of a run, until ``PipelineRun/reset()``. What is prefetched counts once it
  /// is given.
  public func accumulating<Variable: ValueConvertible>(
    _ name: String,
    from initial: Variable,
    file: String = #fileID,
    line: Int = #line,
    _ update: @escaping @Sendable (inout Variable, Element) async throws -> Void
  ) -> Pipeline {
    transformed(accumulatingTraits(name, file, line)) { segment in
      let variable = StageVariable(name, from: initial)
      segment.add(variable)
      return { element in
        try await update(&variable.value, element)
        return .given(element)
      }
    }
  }

  /// Keeps a variable and updates it with each element that passes and the value of a named expression.
  ///
  ///     .accumulating("total", from: 0.0, EC(rate)) { total, batch, rate in total += rate * batch.sum }
  public func accumulating<Variable: ValueConvertible, First: NamedExpression>(
    _ name: String,
    from initial: Variable,
    _ first: First,
    file: String = #fileID,
    line: Int = #line,
    _ update: @escaping @Sendable (inout Variable, Element, First.Output) async throws -> Void
  ) -> Pipeline where First.Output: Sendable {
    var traits = accumulatingTraits(name, file, line)
    traits.dependencies += first.dependencies
    return transformed(traits) { segment in
      let variable = StageVariable(name, from: initial)
      let reading = segment.reading(first)
      segment.add(variable)
      return { element in
        try await update(&variable.value, element, try reading.get())
        return .given(element)
      }
    }
  }

  private func accumulatingTraits(_ name: String, _ file: String, _ line: Int) -> PipelineTraits {
    var traits = traits
    if traits.variableNames.contains(name) {
      traits.add("two variables of a pipeline are named '\(name)'", "rename one", file, line)
    }
    traits.variableNames.append(name)
    return traits
  }

  private func transformed<Expression: NamedExpression, NewElement>(
    with expression: Expression,
    isConfined: Bool = false,
    _ body:
      @escaping @Sendable (Element, Expression.Output) async throws -> Transformed<NewElement>
  ) -> Pipeline<NewElement> {
    var traits = traits
    traits.dependencies += expression.dependencies
    traits.isConfined = traits.isConfined || isConfined
    return transformed(traits) { segment in
      let reading = segment.reading(expression)
      return { try await body($0, try reading.get()) }
    }
  }

  private func transformed<NewElement>(
    _ traits: PipelineTraits,
    _ open:
      @escaping @Sendable (PipelineSegment) -> (Element) async throws -> Transformed<NewElement>
  ) -> Pipeline<NewElement> {
    Pipeline<NewElement>(traits) { [openStage] segment in
      // Upstream first, so that variables come in the order of the stages.
      let upstream = openStage(segment)
      return TransformedStage(upstream, open(segment))
    }
  }
}

/// What becomes of an element.
private enum Transformed<Element> {
  case given(Element)
  case leftOut
}

private final class TransformedStage<Input, Element>: PipelineStage {
  private let upstream: any PipelineStage<Input>
  private let transform: (Input) async throws -> Transformed<Element>

  init(
    _ upstream: any PipelineStage<Input>,
    _ transform: @escaping (Input) async throws -> Transformed<Element>
  ) {
    self.upstream = upstream
    self.transform = transform
  }

  func begin(_ pass: PipelinePass) throws { try upstream.begin(pass) }

  func next() async throws -> Element? {
    while let element = try await upstream.next() {
      if case .given(let result) = try await transform(element) { return result }
      // Nothing may pass for a long time.
      try Task.checkCancellation()
    }
    return nil
  }
}
