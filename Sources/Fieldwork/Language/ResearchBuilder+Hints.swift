public import FieldworkCore

// Lines that one is likely to write, each with a sentence that says what to write instead.

extension ResearchBuilder {
  @available(*, unavailable, message: "the block is empty: write at least one Unit(…)")
  public static func buildBlock() -> [ResearchPart] { fatalError() }

  @available(
    *,
    unavailable,
    message: "wrap the option in a domain: write Domain(\"name\" <- [values])"
  )
  public static func buildExpression(_ option: ParameterOption) -> [ResearchPart] { fatalError() }

  @available(*, unavailable, message: "this is a type: write a value of it, with its parentheses")
  public static func buildExpression<T>(_ type: T.Type) -> [ResearchPart] { fatalError() }

  @available(
    *,
    unavailable,
    message: "this is a named expression: write Save(\"name\", expression)"
  )
  @_disfavoredOverload
  public static func buildExpression(_ expression: some NamedExpression) -> [ResearchPart] {
    fatalError()
  }

  @available(
    *,
    unavailable,
    message:
      "this is no part of a research: write Domain(…), Unit(…), Generator(…), Instance(…), Save(…) or Dump(…)"
  )
  @_disfavoredOverload
  public static func buildExpression<T>(_ value: T) -> [ResearchPart] { fatalError() }
}

extension ExecutableUnit {
  @available(
    *,
    unavailable,
    message:
      "a unit needs a body: write Unit(\"name\") { run in … } or Unit(\"name\", function, arguments)"
  )
  public init(_ name: String, when: When = .every(1), saving: Saving? = nil) { fatalError() }

  @available(
    *,
    unavailable,
    message:
      "a unit needs a body: write Unit(\"name\", on: instance) { instance, run in … } or Unit(\"name\", on: instance, Type.method)"
  )
  public init<I>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    on instance: Instance<I>
  ) { fatalError() }
}

extension Generator {
  @available(
    *,
    unavailable,
    message:
      "a generator needs a body: write Generator(\"name\") { run in sequence } or Generator(\"name\", function, arguments)"
  )
  public init(_ name: String, when: When = .every(1), saving: Saving? = nil) { fatalError() }
}

extension EC {
  @available(
    *,
    unavailable,
    message:
      "the parameter is of another type than the function's argument: change one of them, or write EC(parameter).map { … }"
  )
  @_disfavoredOverload
  public init<T>(_ parameter: Parameter<T>) { fatalError() }
}
