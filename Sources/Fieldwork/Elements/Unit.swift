public import FieldworkCore

/// One step of an experiment: a function that runs at scheduled iterations, and whose output other
/// units can read and the results can keep.
///
///     Unit("train", when: .every(10), saving: "loss", train, EC("lr"), EC("layers"))
///     Unit("norm", saving: "norm") { run in try run["lr", as: Double.self] }
///     Unit("sweep", on: lattice, Lattice.sweep)
///     Unit("energy", saving: "e", on: lattice) { lattice, run in lattice.energy }
///
/// A playbook spells it `Unit`. The type has a name of its own because Foundation has a class `Unit`
/// too.
public struct ExecutableUnit: ResearchElement, Sendable {
  let description: UnitDescription

  public var parts: [ResearchPart] { [.unit(description)] }

  /// A step that calls a function with named expressions as arguments.
  ///
  /// - Parameters:
  ///   - name: a second unit of one name gets a postfix.
  ///   - when: the iterations at which it runs.
  ///   - saving: the names under which the output goes into the results.
  ///   - root: whether it runs once for all branches of a task, which share its output and all get what
  ///     it saves. It reads the config of the task's first experiment. Its output is read by branches at
  ///     once, unless it is an object; what hides objects in itself belongs in an ``Instance``.
  ///   - function: synchronous or not; what it throws fails the experiment.
  ///   - arguments: evaluated each time before the function is called.
  public init<each Argument: NamedExpression, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    _ function: @escaping @Sendable (repeat (each Argument).Output) async throws -> Output,
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
      SourcePlace(file: file, line: line)
    ) { run in
      let values = (repeat try (each arguments).evaluate(in: run))
      run.argumentsEvaluated()
      return try await function(repeat each values)
    }
  }

  /// A step whose body has the run context.
  public init<Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    description = UnitDescription(
      name: name,
      kind: .function,
      when: when,
      saving: saving,
      dependencies: [],
      place: SourcePlace(file: file, line: line),
      outputType: Output.self,
      opensContext: true,
      isRoot: root,
      body: .function { run in try await body(run) }
    )
  }

  /// A step whose body has an instance and the run context.
  public init<I, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    file: String = #fileID,
    line: Int = #line,
    _ body: @escaping @Sendable (I, RunContext) async throws -> Output
  ) {
    description = UnitDescription(
      name: name,
      kind: .function,
      when: when,
      saving: saving,
      dependencies: instance.dependencies,
      place: SourcePlace(file: file, line: line),
      outputType: Output.self,
      opensContext: true,
      isRoot: root,
      body: .function { run in try await body(try instance.evaluate(in: run), run) }
    )
  }

  /// A step that calls a method of an instance with named expressions as arguments.
  public init<I, each Argument: NamedExpression, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    _ method: @escaping @Sendable (I) -> (repeat (each Argument).Output) async throws -> Output,
    _ arguments: repeat each Argument,
    file: String = #fileID,
    line: Int = #line
  ) {
    description = UnitDescription(
      name: name,
      kind: .function,
      when: when,
      saving: saving,
      dependencies: instance.dependencies + allDependencies(repeat each arguments),
      place: SourcePlace(file: file, line: line),
      outputType: Output.self,
      opensContext: false,
      isRoot: root,
      body: .function { run in
        let bound = method(try instance.evaluate(in: run))
        let values = (repeat try (each arguments).evaluate(in: run))
        run.argumentsEvaluated()
        return try await bound(repeat each values)
      }
    )
  }
}

extension ExecutableUnit {
  /// A step whose body evaluates its own arguments.
  init<Output>(
    _ name: String,
    _ when: When,
    _ saving: Saving?,
    _ root: Bool,
    _ dependencies: [Dependency],
    _ place: SourcePlace,
    _ body: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    description = UnitDescription(
      name: name,
      kind: .function,
      when: when,
      saving: saving,
      dependencies: dependencies,
      place: place,
      outputType: Output.self,
      opensContext: false,
      isRoot: root,
      body: .function { run in try await body(run) }
    )
  }
}

/// The spelling of ``ExecutableUnit`` in a playbook.
public typealias Unit = ExecutableUnit

func allDependencies<each Argument: NamedExpression>(
  _ arguments: repeat each Argument
) -> [Dependency] {
  var all: [Dependency] = []
  for argument in repeat each arguments { all += argument.dependencies }
  return all
}
