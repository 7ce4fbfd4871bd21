public import Logging

/// What an experiment's units can see and do while it runs.
///
/// One experiment has one context. It is confined to the task that runs the experiment, so neither it
/// nor what it holds needs to be `Sendable`.
public final class RunContext {
  /// The experiment's id, the same on every machine and in every run.
  public let id: String
  /// The name of the research.
  public let name: String
  /// The number of the branch in its task, from 0.
  public let branch: Int
  /// The experiment's config: the values of the parameters.
  public let config: Config
  /// The repetition, counted from 0.
  public let repetition: Int
  /// The number of domains before the one that the config comes from.
  public let updates: Int
  /// The devices that are assigned to the experiment; nil for none.
  public let device: AnyAlias?
  /// Writes to the log of the experiment, and to the one of the research.
  public let logger: Logger
  /// The number of the current iteration, from 0.
  public package(set) var iteration = 0
  /// Whether the experiment ends with this iteration, as far as is known yet.
  public package(set) var isLast = false
  /// The reason for the end of the experiment, in units that run at its `.cleanup`; nil in other units, and if its worker
  /// has died.
  public package(set) var ending: Ending?
  /// The experiment's random numbers. They depend on the research's seed and the experiment's id alone.
  public var random: RandomStream
  /// Random numbers that all configs of one repetition share: they depend on the research's seed and the
  /// repetition alone.
  ///
  /// Draw from it what configs are to have in common, so that they are compared on the same terms: the split of
  /// the data into folds, or the order of the batches.
  ///
  ///     let folds = run.repetitionRandom.split("folds").shuffled(0..<100)   // the same for every config
  public let repetitionRandom: RandomStream

  package var outputs: [String: UnitOutput] = [:]
  package var instances: [String: Any] = [:]
  /// What the branches of the task share. The task's runner holds it as long as it runs.
  package weak var group: BranchGroup?
  /// What the running unit says it reads; nil if it may read anything.
  package var reach: Reach?
  /// The random streams, where the experiment is checkpointed; nil where it is not.
  package private(set) var streams: StreamRegistry?
  /// What root units had last given when they went on without this branch; nil for those that had given
  /// nothing.
  private var keptRootOutputs: [String: UnitOutput?] = [:]
  /// Told when the arguments of a unit have been evaluated; nil if nothing is measured.
  package var stopwatch: Stopwatch?
  /// The names of parameters that were read as optional ones, and that the config does not have.
  package private(set) var missingReads: Set<String> = []
  /// The values that the experiment saves.
  package let savedValues = SavedValues()
  /// The error of a value that was saved and cannot be stored; nil if there is none.
  private var saveError: FieldworkError?

  /// Throws the error of a value that the unit has saved and that cannot be stored. It is thrown once.
  package func checkSaved() throws {
    guard let error = takeSaveError() else { return }
    throw error
  }

  /// Removes and returns the error of a value that cannot be stored.
  package func takeSaveError() -> FieldworkError? {
    defer { saveError = nil }
    return saveError
  }

  /// Keeps the outputs of cached units; nil for none.
  package var cache: (any UnitCache)?
  /// By unit: the last output of a cached unit.
  package var cachedOutputs: [String: (key: CacheKey, output: Any)] = [:]
  /// By unit: the hold on the folder of a cached unit, which is not removed as long as it exists.
  package var cachedFolders: [String: any Sendable] = [:]
  /// Starts programs; nil where none can be run.
  package var programs: (any ProgramLauncher)?
  /// The path of the experiment's folder if it was made for a program; it goes at the end if it is empty.
  package var programDirectory: String?
  private let makeDirectory: @Sendable () throws -> String
  /// Returns the path of the experiment's folder.
  package var directoryPath: @Sendable () throws -> String
  private let makeResults: @Sendable () throws -> any Sendable

  package init(
    id: String,
    name: String = "",
    branch: Int = 0,
    config: Config,
    repetition: Int = 0,
    updates: Int = 0,
    device: AnyAlias? = nil,
    random: RandomStream,
    repetitionRandom: RandomStream = RandomStream(seed: 0),
    logger: Logger = Logger(label: "fieldwork") { _ in SwiftLogNoOpLogHandler() },
    makeDirectory: @escaping @Sendable () throws -> String,
    makeResults: @escaping @Sendable () throws -> any Sendable
  ) {
    self.id = id
    self.name = name
    self.branch = branch
    self.config = config
    self.repetition = repetition
    self.updates = updates
    self.device = device
    self.logger = logger
    self.random = random
    self.repetitionRandom = repetitionRandom
    self.makeDirectory = makeDirectory
    directoryPath = makeDirectory
    self.makeResults = makeResults
  }

  /// The value of a parameter.
  /// - Throws: ``FieldworkError`` of code `missingParameter` or `wrongType`.
  public subscript<T>(parameter: Parameter<T>) -> T {
    get throws { try self[parameter.name.key, as: T.self] }
  }

  /// The value of a parameter as the given type.
  /// - Throws: ``FieldworkError`` of code `missingParameter` or `wrongType`.
  public subscript<T>(key: String, as type: T.Type = T.self) -> T {
    get throws {
      // For other types it is an error.
      if type is any OptionalType.Type, !config.has(key), !Config.reservedKeys.contains(key) {
        missingReads.insert(key)
      }
      return try parameter(key, as: type)
    }
  }

  /// The value of a parameter, or of what a run adds to the config: `repetition`, `updates`, `device`.
  package func parameter<T>(_ key: String, as type: T.Type) throws -> T {
    guard Config.reservedKeys.contains(key), !config.has(key) else {
      return try config[key, as: type]
    }
    return try fullConfig[key, as: type]
  }

  /// The config with what a run adds to it: `repetition`, `updates` and, if there is one, `device`.
  public var fullConfig: Config {
    var full = config
    full.set("repetition", to: AnyAlias(Value.int(repetition)))
    full.set("updates", to: AnyAlias(Value.int(updates)))
    if let device { full.set("device", to: device) }
    return full
  }

  /// The last output of a unit: of this iteration if the unit has run in it, else an older one.
  ///
  /// - Returns: nil, for an optional type, before the unit has first run.
  /// - Throws: ``FieldworkError`` of code `missingOutput` or `wrongType`; of code `invalidDefinition` if it
  ///   is an object that branches share, or that of a branch for a root unit, and the unit does not say
  ///   that it reads it.
  public func output<T>(of unit: String, as type: T.Type = T.self) throws -> T {
    guard let output = try unitOutput(unit) else {
      if let none = missingValue(type) { return none }
      throw FieldworkError(.missingOutput, "unit '\(unit)' has not run yet in this experiment")
    }
    return try converted(output.value, to: type, "the output of unit '\(unit)'")
  }

  /// The last output of a unit: the experiment's own, or that of a root unit.
  package func unitOutput(_ unit: String) throws -> UnitOutput? {
    if let kept = keptRootOutputs[unit] { return kept }
    if let own = outputs[unit] {
      try requireKept(own, unit)
      return own
    }
    guard let output = counterpart?.outputs[unit] else { return nil }
    if isRoot || Swift.type(of: output.value) is AnyObject.Type {
      try requireReach(unit, "the output of unit '\(unit)'", "give O(\"\(unit)\") as an argument")
    }
    return output
  }

  private var isRoot: Bool { group?.root === self }

  /// Has the random streams noted, and only such outputs read as a checkpoint keeps.
  package func prepareForCheckpoints() {
    let registry = StreamRegistry(random)
    random.register(in: registry)
    repetitionRandom.register(in: registry, as: "repetitionRandom")
    streams = registry
  }

  /// Checks that an output can be read after a checkpoint as well as before. Without an interruption it fails
  /// in the same way.
  private func requireKept(_ output: UnitOutput, _ unit: String) throws {
    guard let streams else { return }
    if streams.isBuilding {
      throw FieldworkError(
        .invalidDefinition,
        "an instance is built of the output of unit '\(unit)', but has to be built again to go on from a checkpoint; build it of parameters and of other instances"
      )
    }
    guard output.iteration != iteration, !output.isPlain, instances[unit] == nil else { return }
    throw FieldworkError(
      .invalidDefinition,
      "the output of unit '\(unit)' is of an earlier iteration and a \(Swift.type(of: output.value)), which a checkpoint cannot keep; read it in the same iteration, make it a plain value, or hold it in an instance"
    )
  }

  /// Checks that the running unit says it reads what branches share, since it has to run for one branch
  /// after another then, and the branches of a task again as a whole.
  private func requireReach(_ name: String, _ what: String, _ remedy: String) throws {
    guard let reach, !reach.names.contains(name) else { return }
    throw FieldworkError(
      .invalidDefinition,
      isRoot
        ? "\(what) is that of a branch, so a root unit that reads it has to say so: \(remedy)"
        : "\(what) is shared by the branches, so a unit that reads it has to say so: \(remedy)"
    )
  }

  /// Goes on seeing what a root unit has given so far, whatever it gives from now on.
  package func keepRootOutput(of unit: String) {
    guard keptRootOutputs[unit] == nil else { return }
    keptRootOutputs[unit] = .some(group?.root?.outputs[unit])
  }

  /// Where to look for what the context itself lacks: a branch looks at the root, and the root at the
  /// first branch.
  private var counterpart: RunContext? {
    guard let group else { return nil }
    return group.root === self ? group.branches.first : group.root
  }

  /// The contexts of all branches of the task.
  var branches: [RunContext] { group?.branches ?? [self] }

  /// The output of a unit in this iteration; nil if the unit has not run in it.
  /// - Throws: ``FieldworkError`` of code `wrongType`.
  public func currentOutput<T>(of unit: String, as type: T.Type = T.self) throws -> T? {
    guard let output = try unitOutput(unit), output.iteration == iteration else { return nil }
    return try converted(output.value, to: type, "the output of unit '\(unit)'")
  }

  /// An instance by its name.
  /// - Throws: ``FieldworkError`` of code `missingOutput` or `wrongType`; of code `invalidDefinition` if
  ///   branches share it and the unit does not say that it uses it.
  public func instance<T>(_ name: String, as type: T.Type = T.self) throws -> T {
    if let own = instances[name] { return try converted(own, to: type, "instance '\(name)'") }
    guard let shared = counterpart?.instances[name] else {
      throw FieldworkError(.missingOutput, "instance '\(name)' has not been built yet")
    }
    try requireReach(name, "instance '\(name)'", "write on: \(name), or give it as an argument")
    return try converted(shared, to: type, "instance '\(name)'")
  }

  /// Saves a value under a name at the current iteration; a second one replaces the first.
  public func save(_ name: String, _ value: some ValueConvertible) {
    save(name: name, value: value.value)
  }

  package func save(name: String, value: Value) {
    if let problem = value.storageProblem {
      saveError =
        saveError ?? FieldworkError(.cannotSave, "'\(name)' cannot be stored: \(problem)")
      return
    }
    savedValues.add(SavedValue(name: name, iteration: iteration, value: value))
  }

  /// The values that this experiment has saved under a name so far, in the order of the iterations.
  ///
  ///     let losses = try run.saved("loss", as: Double.self)   // one for each iteration that saved it
  ///
  /// An experiment that resumes from a checkpoint also has the values of its earlier iterations.
  /// - Returns: an empty array if nothing was saved under the name yet.
  /// - Throws: ``FieldworkError`` of code `missingOutput` if values are missing because the experiment has saved more
  ///   than 64 MB, of code `store` if values of an earlier run cannot be read.
  public func saved(_ name: String) throws -> [SavedValue] { try savedValues.all(name) }

  /// The values that this experiment has saved under a name so far, in the order of the iterations.
  /// - Throws: ``FieldworkError`` as ``saved(_:)``, and of code `wrongType` if a value is of another type.
  public func saved<T: ValueConvertible>(_ name: String, as type: T.Type) throws -> [T] {
    try saved(name).map { saved in
      guard let value = T(saved.value) else {
        throw FieldworkError(
          .wrongType,
          "'\(name)' was saved as \(saved.value.literalText) at iteration \(saved.iteration), which is not a \(type)"
        )
      }
      return value
    }
  }

  /// Removes and returns the saved values with the given names that are not stored yet, or all of them.
  package func takeSaved(_ names: Set<String>? = nil) -> [SavedValue] { savedValues.take(names) }

  /// Ends the experiment in good order, as the end of a generator does.
  public func stop() throws -> Never { throw StopExperiment() }

  /// The path of the experiment's own folder, which is made at the first call. Whatever is written
  /// there is kept with the results.
  /// - Throws: ``FieldworkError`` if the research runs in memory or the folder cannot be made.
  public func directory() throws -> String { try makeDirectory() }

  /// The results of the research as far as they are stored, see ``R``.
  package func results() throws -> any Sendable { try makeResults() }

  private func converted<T>(_ value: Any, to type: T.Type, _ what: String) throws -> T {
    if let result = value as? T { return result }
    if let plain = value as? any ValueConvertible,
      let convertible = type as? any ValueConvertible.Type,
      let instance = convertible.init(plain.value), let result = instance as? T
    {
      return result
    }
    throw FieldworkError(.wrongType, "\(what) is a \(Swift.type(of: value)), not a \(type)")
  }

  private func missingValue<T>(_ type: T.Type) -> T? {
    (type as? any OptionalType.Type).flatMap { $0.nothing as? T }
  }
}

/// The branches of a task, and the root that they share.
package final class BranchGroup {
  /// The context of root units, with the config of the task's first experiment; nil if there are none.
  package let root: RunContext?
  package let branches: [RunContext]

  package init(root: RunContext?, branches: [RunContext]) {
    self.root = root
    self.branches = branches
    root?.group = self
    for branch in branches { branch.group = self }
  }
}

/// Notes the moment at which a unit's arguments were evaluated.
package final class Stopwatch {
  package private(set) var evaluated: ContinuousClock.Instant?

  package init() {}

  package func start() { evaluated = nil }

  func argumentsEvaluated() { evaluated = .now }
}

extension RunContext {
  /// Tells that the arguments of the unit have been evaluated and its function is called now.
  package func argumentsEvaluated() { stopwatch?.argumentsEvaluated() }
}

/// The last output of a unit.
package struct UnitOutput {
  package let value: Any
  package let iteration: Int

  /// Whether a checkpoint can keep it.
  package var isPlain: Bool { value is any ValueConvertible || value is Void }

  package init(value: Any, iteration: Int) {
    self.value = value
    self.iteration = iteration
  }
}

/// A value that an experiment saved.
public struct SavedValue: Sendable, Hashable {
  public let name: String
  /// The iteration at which it was saved, from 0.
  public let iteration: Int
  public let value: Value

  public init(name: String, iteration: Int, value: Value) {
    self.name = name
    self.iteration = iteration
    self.value = value
  }
}

/// Thrown by a unit to end its experiment in good order.
public struct StopExperiment: Error, Sendable {
  public init() {}
}

/// A type with a value that means "nothing".
package protocol OptionalType {
  static var nothing: Any { get }
  static var wrapped: Any.Type { get }
}

extension Optional: OptionalType {
  package static var nothing: Any { Optional<Wrapped>.none as Any }
  package static var wrapped: Any.Type { Wrapped.self }
}
