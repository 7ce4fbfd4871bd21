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
  private let place: SourcePlace
  private let creationDependencies: [Dependency]
  private let opensContext: Bool
  private let isRoot: Bool
  private let problems: [Problem]
  private let make: @Sendable (RunContext) async throws -> Output

  /// Names an object and says how to build it from the run context.
  ///
  /// - Parameter root: whether it is built once for all branches of a task, which then share it: units
  ///   that use it run for one branch after another.
  public init(
    _ name: String,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ make: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    self.name = name
    isRoot = root
    place = SourcePlace(file: file, line: line)
    creationDependencies = []
    opensContext = true
    problems = []
    self.make = make
  }

  /// Names an object and says which initialiser or function builds it from named expressions.
  public init<each Argument: NamedExpression>(
    _ name: String,
    root: Bool = false,
    _ function: @escaping @Sendable (repeat (each Argument).Output) async throws -> Output,
    _ arguments: repeat each Argument,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.name = name
    isRoot = root
    place = SourcePlace(file: file, line: line)
    creationDependencies = allDependencies(repeat each arguments)
    opensContext = false
    problems = []
    make = { run in
      let values = (repeat try (each arguments).evaluate(in: run))
      run.argumentsEvaluated()
      return try await function(repeat each values)
    }
  }

  init(
    _ name: String,
    _ root: Bool,
    _ dependencies: [Dependency],
    _ place: SourcePlace,
    opensContext: Bool = false,
    problems: [Problem] = [],
    _ make: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    self.name = name
    isRoot = root
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
          problems: problems,
          body: .instance { run in try await make(run) }
        )
      )
    ]
  }
}
