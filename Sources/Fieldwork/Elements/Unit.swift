public import FieldworkCore

/// One step of an experiment: a function that runs at scheduled iterations, and whose output other
/// units can read and the results can keep.
///
///     Unit("train", when: .every(10), saving: "loss", train, EC("lr"), EC("layers"))
///     Unit("norm", saving: "norm") { run in try run["lr", as: Double.self] }
///     Unit("sweep", on: lattice, Lattice.sweep)
///     Unit("energy", saving: "e", on: lattice) { lattice, run in lattice.energy }
///
/// The arguments of every form have one order: the name, the options (`when`, `saving`, `dump`, `version`,
/// `root`, `variables`), then what runs.
///
/// A playbook spells it `Unit`. The type has a name of its own because Foundation has a class `Unit`
/// too.
public struct ExecutableUnit: ResearchElement, Sendable {
  let description: UnitDescription
  let dump: When?

  public var parts: [ResearchPart] { description.parts(dumping: dump) }

  /// A step that calls a function with named expressions as arguments.
  ///
  /// - Parameters:
  ///   - name: a second unit of one name gets a postfix.
  ///   - when: the iterations at which it runs.
  ///   - saving: the names under which the output goes into the results.
  ///   - dump: the iterations after which the saved values are handed to the store, as a ``Dump`` on the
  ///     next line does; nil to store them as usual.
  ///   - version: a text that is part of the definition. Experiments that ran with another version run
  ///     again; nil for none.
  ///   - root: whether it runs once for all branches of a task, which share its output and all get what
  ///     it saves. It reads the config of the task's first experiment. Its output is read by branches at
  ///     once, unless it is an object; what hides objects in itself belongs in an ``Instance``.
  ///   - function: synchronous or not; what it throws fails the experiment.
  ///   - first: the first argument, evaluated each time before the function is called.
  ///   - rest: the other arguments, evaluated likewise.
  public init<First: NamedExpression, each Rest: NamedExpression, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
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
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      first.dependencies + allDependencies(repeat each rest)
    ) { run in
      let value = try first.evaluate(in: run)
      let values = (repeat try (each rest).evaluate(in: run))
      run.argumentsEvaluated()
      return try await function(value, repeat each values)
    }
  }

  /// A step that calls a method of an instance with named expressions as arguments.
  public init<I, First: NamedExpression, each Rest: NamedExpression, Output>(
    _ name: String,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    version: String? = nil,
    root: Bool = false,
    on instance: Instance<I>,
    _ method:
      @escaping @Sendable (I) -> (First.Output, repeat (each Rest).Output) async throws -> Output,
    _ first: First,
    _ rest: repeat each Rest,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(
      UnitOptions(name, when, saving, dump, version, root, SourceLocation(file: file, line: line)),
      instance.dependencies + first.dependencies + allDependencies(repeat each rest)
    ) { run in
      let bound = method(try instance.evaluate(in: run))
      let value = try first.evaluate(in: run)
      let values = (repeat try (each rest).evaluate(in: run))
      run.argumentsEvaluated()
      return try await bound(value, repeat each values)
    }
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
