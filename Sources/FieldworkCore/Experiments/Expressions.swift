/// The running experiment: `E().iteration`, `E().id`; or the state of one of its units.
public struct E<Output>: NamedExpression {
  public let dependencies: [Dependency]
  public let expressionText: String
  private let body: @Sendable (RunContext) throws -> Output

  public func evaluate(in run: RunContext) throws -> Output { try body(run) }
}

extension E where Output == RunContext {
  public init() {
    dependencies = [.experiment, .anything]
    expressionText = "E()"
    body = { $0 }
  }
}

extension E where Output == UnitState {
  /// The state of a unit: `E("train").iteration`.
  public init(_ unit: String) {
    dependencies = [.unit(name: unit)]
    expressionText = "E(\(Value.quoted(unit)))"
    body = { UnitState(try $0.unitOutput(unit)) }
  }
}

/// What a unit has last done.
public struct UnitState {
  /// The unit's last output; nil before it has first run.
  public let output: Any?
  /// The iteration at which the unit last ran; nil before it has first run.
  public let iteration: Int?

  package init(_ output: UnitOutput?) {
    self.output = output?.value
    iteration = output?.iteration
  }
}

/// The value of a parameter, of the type that the unit's function wants.
public struct EC<Output>: NamedExpression {
  private let key: String?
  private let body: @Sendable (RunContext) throws -> Output

  /// The value of a parameter by name; nil, for an optional type, in configs without the parameter.
  public init(_ key: String) {
    self.key = key
    body = { try $0.parameter(key, as: Output.self) }
  }

  /// The value of a parameter by its typed handle, for a function whose argument is optional; nil in configs
  /// without the parameter.
  public init<Wrapped: Sendable>(_ parameter: Parameter<Wrapped>) where Output == Wrapped? {
    self.init(parameter.name.key)
  }

  public var dependencies: [Dependency] {
    [key.map { .parameter(key: $0, type: Output.self) } ?? .config]
  }

  public var expressionText: String { "EC(\(key.map(Value.quoted) ?? ""))" }

  public func evaluate(in run: RunContext) throws -> Output { try body(run) }
}

extension EC where Output: Sendable {
  /// The value of a parameter by its typed handle.
  public init(_ parameter: Parameter<Output>) { self.init(parameter.name.key) }
}

extension EC where Output == Config {
  /// The whole config; with `full` also the repetition, the number of updates and the device.
  public init(full: Bool = false) {
    key = nil
    body = { full ? $0.fullConfig : $0.config }
  }
}

/// The last output of a unit, of the type that the unit's function wants.
///
/// It is the output of this iteration if the unit has run in it, else an older one. Before the unit has
/// first run it is nil for an optional type, and an error for any other.
public struct O<Output>: NamedExpression {
  private let unit: String

  public init(_ unit: String) { self.unit = unit }

  public init(_ unit: String, as type: Output.Type) { self.unit = unit }

  public var dependencies: [Dependency] { [.output(unit: unit, type: Output.self)] }

  public var expressionText: String { "O(\(Value.quoted(unit)))" }

  public func evaluate(in run: RunContext) throws -> Output { try run.output(of: unit) }
}

/// The path of the experiment's own folder, which is made when it is first asked for.
public struct EP: NamedExpression {
  public init() {}

  public var dependencies: [Dependency] { [.directory] }
  public var expressionText: String { "EP()" }

  public func evaluate(in run: RunContext) throws -> String {
    try named(expressionText) { try run.directory() }
  }
}

/// The experiment's storage, into which a function can save values under names that it chooses.
public struct S: NamedExpression {
  public init() {}

  public var dependencies: [Dependency] { [.storage] }
  public var expressionText: String { "S()" }

  public func evaluate(in run: RunContext) throws -> ExperimentStorage { ExperimentStorage(run) }
}

/// Where the values of one experiment go.
public struct ExperimentStorage {
  private let run: RunContext

  init(_ run: RunContext) { self.run = run }

  /// Saves a value under a name at the current iteration; a second one replaces the first.
  public func save(_ name: String, _ value: some ValueConvertible) { run.save(name, value) }
}

/// A constant among a unit's arguments.
public struct Constant<Output: Sendable>: NamedExpression {
  private let value: Output

  public init(_ value: Output) { self.value = value }

  public var dependencies: [Dependency] { [] }
  public var expressionText: String { "Constant(\(value))" }

  public func evaluate(in run: RunContext) throws -> Output { value }
}

/// The values of an expression in all branches of a task, in the order of the branches.
///
///     Unit("mean", root: true, mean, O<Double>("loss").all)   // func mean(_ losses: [Double]) -> Double
///
/// In a task that has one experiment it is a list of one element. A branch that has ended still counts,
/// with what it had then.
public struct AllBranches<Base: NamedExpression>: NamedExpression {
  private let base: Base

  init(_ base: Base) { self.base = base }

  public var dependencies: [Dependency] { base.dependencies + [.branches] }
  public var expressionText: String { "\(base.expressionText).all" }

  public func evaluate(in run: RunContext) throws -> [Base.Output] {
    try run.branches.map { try base.evaluate(in: $0) }
  }
}

extension NamedExpression {
  /// The values of the expression in all branches of the task.
  public var all: AllBranches<Self> { AllBranches(self) }
}
