public import FieldworkCore

extension ExecutableUnit {
  /// A step whose output is computed once for each combination of its arguments, over all experiments, workers and runs.
  ///
  ///     Unit("load", cached: .version("1"), load, EC(dataset), EC(size))   // func load(_: String, _: Int) -> Table
  ///
  /// The key is the name of the step, the version, the type of the output and the values of the arguments. Workers that
  /// need one output at the same time wait for the one that computes it.
  /// - Parameters:
  ///   - caching: the version. Give another one when the function has changed.
  ///   - function: depends on its arguments alone.
  ///   - arguments: plain values, `Encodable` values or parameters.
  public init<each Argument: NamedExpression, Output: Codable & SendableMetatype>(
    _ name: String,
    cached caching: ValueCaching,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    root: Bool = false,
    _ function: @escaping @Sendable (repeat (each Argument).Output) async throws -> Output,
    _ arguments: repeat each Argument,
    file: String = #fileID,
    line: Int = #line
  ) {
    let place = SourceLocation(file: file, line: line)
    let options = UnitOptions(name, when, saving, dump, caching.text, root, place)
    self.init(options, repeat each arguments, output: Output.self) { run in
      let values = (repeat try (each arguments).evaluate(in: run))
      run.argumentsEvaluated()
      var key = CacheKeyBuilder(options, Output.self, run)
      (repeat try key.add(each values, each arguments))
      switch try await run.cachedOutput(of: key.key, as: Output.self) {
      case .found(let output): return output
      case .missing(let place):
        let output = try await function(repeat each values)
        try place.publish(output)
        return output
      }
    }
  }

  /// A step that fills a folder once for each combination of its arguments. Its output is the path of the folder.
  ///
  ///     Unit("prepare", cached: .directory("1"), prepare, EC(dataset))   // func prepare(_ path: String, _: String) throws
  ///
  /// The function writes into the folder whose path is its first argument. The folder gets its final path when the
  /// function has returned. Nothing may be written into it afterwards.
  /// - Parameters:
  ///   - caching: the version. Give another one when the function has changed.
  ///   - function: depends on its arguments alone.
  ///   - arguments: plain values, `Encodable` values or parameters.
  public init<each Argument: NamedExpression>(
    _ name: String,
    cached caching: DirectoryCaching,
    when: When = .every(1),
    saving: Saving? = nil,
    dump: When? = nil,
    root: Bool = false,
    _ function: @escaping @Sendable (String, repeat (each Argument).Output) async throws -> Void,
    _ arguments: repeat each Argument,
    file: String = #fileID,
    line: Int = #line
  ) {
    let place = SourceLocation(file: file, line: line)
    let options = UnitOptions(name, when, saving, dump, caching.text, root, place)
    self.init(options, repeat each arguments, output: String.self) { run in
      let values = (repeat try (each arguments).evaluate(in: run))
      run.argumentsEvaluated()
      var key = CacheKeyBuilder(options, String.self, run)
      (repeat try key.add(each values, each arguments))
      switch try await run.cachedDirectory(of: key.key) {
      case .found(let path): return path
      case .missing(let place):
        try await function(place.path, repeat each values)
        return try place.publish()
      }
    }
  }

  private init<each Argument: NamedExpression, Output>(
    _ options: UnitOptions,
    _ arguments: repeat each Argument,
    output: Output.Type,
    body: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    var problems: [Problem] = []
    for argument in repeat each arguments {
      guard let reason = CacheArgument.problem(of: argument) else { continue }
      problems.append(
        Problem(
          "the cached unit '\(options.name)' reads what cannot identify its output: \(reason)",
          remedy: "give it parameters and plain values, or leave out cached:",
          place: options.place
        )
      )
    }
    dump = options.dump
    description = UnitDescription(
      name: options.name,
      kind: .function,
      when: options.when,
      saving: options.saving,
      dependencies: allDependencies(repeat each arguments),
      place: options.place,
      outputType: Output.self,
      opensContext: false,
      isRoot: options.root,
      version: options.version,
      isCached: true,
      problems: problems,
      body: .function { run in try await body(run) }
    )
  }
}

/// Makes the key of a cached output from the values of the arguments, added one by one.
private struct CacheKeyBuilder {
  private let options: UnitOptions
  private let type: Any.Type
  private let run: RunContext
  private var arguments: [Value] = []

  init(_ options: UnitOptions, _ type: Any.Type, _ run: RunContext) {
    self.options = options
    self.type = type
    self.run = run
  }

  mutating func add(_ argument: Any, _ expression: some NamedExpression) throws {
    arguments.append(try CacheArgument.value(of: argument, expression, run))
  }

  var key: CacheKey {
    CacheKey(
      unit: options.name,
      version: options.version ?? "",
      type: String(reflecting: type),
      arguments: arguments
    )
  }
}
