public import FieldworkCore

/// An object that is built once per experiment, before its first unit runs.
///
///     let model = Instance("model") { run in Network(width: try run[width], random: run.random) }
///     model                                                // builds it, at its line
///     Unit("train", on: model, Network.train, EC(rate))    // calls a method of it
///     Unit("loss", saving: "loss", loss, model)            // hands it to a function
///
/// The object needs no annotations: it never leaves the task that runs its experiment.
public struct Instance<Output>: NamedExpression, ResearchElement {
  package let name: String
  private let place: SourceLocation
  private let creationDependencies: [Dependency]
  private let opensContext: Bool
  private let isRoot: Bool
  private let version: String?
  private let problems: [Problem]
  private let make: @Sendable (RunContext) async throws -> Output

  /// Names an object and says how to build it from the run context.
  ///
  /// - Parameters:
  ///   - version: a text that is part of the definition, see ``Unit``.
  ///   - root: whether it is built once for all branches of a task, which then share it: units
  ///     that use it run for one branch after another.
  public init(
    _ name: String,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ make: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    self.name = name
    isRoot = root
    self.version = version
    place = SourceLocation(file: file, line: line)
    creationDependencies = []
    opensContext = true
    problems = []
    self.make = make
  }

  /// Names an object and says which initialiser or function builds it from named expressions.
  public init<First: NamedExpression, each Rest: NamedExpression>(
    _ name: String,
    version: String? = nil,
    root: Bool = false,
    _ function:
      @escaping @Sendable (First.Output, repeat (each Rest).Output) async throws -> Output,
    _ first: First,
    _ rest: repeat each Rest,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      name,
      version,
      root,
      first.dependencies + allDependencies(repeat each rest),
      SourceLocation(file: file, line: line)
    ) { run in
      let value = try first.evaluate(in: run)
      let values = (repeat try (each rest).evaluate(in: run))
      run.argumentsEvaluated()
      return try await function(value, repeat each values)
    }
  }

  /// Names an object and says which initialiser or function without arguments builds it.
  public init(
    _ name: String,
    version: String? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ function: @escaping @Sendable () async throws -> Output
  ) {
    self.init(name, version, root, [], SourceLocation(file: file, line: line)) { run in
      run.argumentsEvaluated()
      return try await function()
    }
  }

  init(
    _ name: String,
    _ version: String?,
    _ root: Bool,
    _ dependencies: [Dependency],
    _ place: SourceLocation,
    opensContext: Bool = false,
    problems: [Problem] = [],
    _ make: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    self.name = name
    isRoot = root
    self.version = version
    self.place = place
    creationDependencies = dependencies
    self.opensContext = opensContext
    self.problems = problems
    self.make = make
  }

  /// The object of the running experiment.
  public func evaluate(in run: RunContext) throws -> Output { try run.instance(name) }

  public var dependencies: [Dependency] { [.instance(name: name)] }

  public var expressionText: String { name }

  public var parts: [ResearchPart] {
    let make = make
    return [
      .unit(
        UnitDescription(
          name: name,
          kind: .instance,
          when: .at(0),
          saving: nil,
          dependencies: creationDependencies,
          place: place,
          outputType: Output.self,
          opensContext: opensContext,
          isRoot: isRoot,
          version: version,
          problems: problems,
          body: .instance { run in try await make(run) }
        )
      )
    ]
  }
}
