import FieldworkCore

/// What a checkpoint holds beside the bytes of instances.
private struct MemberState: Codable {
  /// An output that later turns may read.
  struct Output: Codable {
    let unit: String
    let iteration: Int
    let kind: Kind
    let value: Value
  }

  enum Kind: String, Codable {
    case plain
    /// Of no value, as most methods give.
    case void
    /// Something that can be read in its own iteration alone.
    case lost
  }

  struct Stream: Codable {
    let path: String
    let words: [UInt64]?
  }

  /// The state of the experiment's random stream.
  let random: [UInt64]
  /// The state of the stream that the configs of a repetition share; nil in a checkpoint of an earlier version.
  let repetitionRandom: [UInt64]?
  /// The states of those that were split off while instances were built, in their order.
  let streams: [Stream]
  /// By instance: the state of the experiment's random stream when it was built.
  let buildings: [String: [UInt64]]
  /// Instances that are plain values.
  let instances: [String: Value]
  let outputs: [Output]
}

/// Stands for an output that a checkpoint has not kept, and that nobody can read.
private struct LostOutput {}

extension TaskMember {
  private static let statePart = "state"

  private static func part(ofInstance name: String) -> String { "instance \(name)" }

  /// Builds an instance, so that it can be built again in the same way.
  func build(
    _ name: String,
    _ make: (RunContext) async throws -> Any
  ) async throws -> Any {
    guard let streams = context.streams else { return try await make(context) }
    buildings[name] = context.random.state
    streams.isBuilding = true
    defer { streams.isBuilding = false }
    return try await make(context)
  }

  // MARK: Saving

  /// The state at the end of an iteration.
  /// - Parameter definition: what tells apart the units that it is of.
  /// - Throws: what an instance throws; ``FieldworkError`` if something cannot be kept.
  func checkpoint(_ definition: String) throws -> Checkpoint {
    try context.streams?.requireRoot(context.random)
    var parts: [Checkpoint.Part] = []
    var plain: [String: Value] = [:]
    for (name, instance) in context.instances.sorted(by: { $0.key < $1.key }) {
      if let instance = instance as? any Checkpointable {
        parts.append(Checkpoint.Part(Self.part(ofInstance: name), try instance.checkpoint()))
      } else if let value = instance as? any ValueConvertible {
        plain[name] = value.value
      } else {
        throw FieldworkError(
          .invalidDefinition,
          "a checkpoint cannot keep the instance '\(name)': \(type(of: instance)) is not Checkpointable"
        )
      }
    }
    let state = MemberState(
      random: context.random.state,
      repetitionRandom: context.repetitionRandom.state,
      streams: try context.streams?.states().map { .init(path: $0.path, words: $0.words) } ?? [],
      buildings: buildings,
      instances: plain,
      outputs: context.outputs.filter { context.instances[$0.key] == nil }
        .sorted { $0.key < $1.key }.map { kept($0.value, of: $0.key) }
    )
    parts.append(Checkpoint.Part(Self.statePart, try CheckpointCoder.encode(state)))
    return Checkpoint(
      iteration: outcome.iterations,
      definition: definition,
      parts: parts
    )
  }

  private func kept(_ output: UnitOutput, of unit: String) -> MemberState.Output {
    var (kind, value) = (MemberState.Kind.lost, Value.null)
    if output.value is Void { kind = .void }
    if let plain = output.value as? any ValueConvertible { (kind, value) = (.plain, plain.value) }
    return .init(unit: unit, iteration: output.iteration, kind: kind, value: value)
  }

  // MARK: Going on

  /// Brings the experiment to where it was: its instances are built as at the beginning, and get their states.
  ///
  /// After an error the member is of no use any more.
  /// - Parameter building: is told which unit's instance is being built, and then nil.
  /// - Throws: what building or an instance throws; ``FieldworkError`` if the checkpoint does not fit.
  func restore(
    _ checkpoint: Checkpoint,
    _ units: [UnitDescription],
    building: (Int?) -> Void
  ) async throws {
    let contents = Dictionary(
      checkpoint.parts.map { ($0.name, $0.content) },
      uniquingKeysWith: { $1 }
    )
    guard let content = contents[Self.statePart] else { throw unreadable("has no state") }
    let state = try CheckpointCoder.decode(content, as: MemberState.self)
    context.iteration = 0
    for (index, unit) in units.enumerated() {
      guard case .instance(let make) = unit.body else { continue }
      let name = unit.instanceName ?? unit.name
      guard let words = state.buildings[name] else { throw unreadable("lacks '\(name)'") }
      building(index)
      defer { building(nil) }
      try context.random.restore(words)
      context.instances[name] = try await build(name, make)
    }
    // What was saved while they were built is in the results already.
    _ = context.takeSaved()
    for unit in units {
      guard case .instance = unit.body else { continue }
      let name = unit.instanceName ?? unit.name
      try restore(unit, name, contents[Self.part(ofInstance: name)], state.instances[name])
      if let instance = context.instances[name] {
        context.outputs[unit.name] = UnitOutput(value: instance, iteration: 0)
      }
    }
    for output in state.outputs { try restore(output, units) }
    try context.streams?.restore(state.streams.map { .init(path: $0.path, words: $0.words) })
    try context.random.restore(state.random)
    if let words = state.repetitionRandom { try context.repetitionRandom.restore(words) }
    outcome.iterations = checkpoint.iteration
    start = checkpoint.iteration
  }

  private func restore(
    _ unit: UnitDescription,
    _ name: String,
    _ content: [UInt8]?,
    _ value: Value?
  ) throws {
    if var instance = context.instances[name] as? any Checkpointable {
      guard let content else { throw unreadable("lacks '\(name)'") }
      try instance.restore(from: content)
      context.instances[name] = instance
    } else if let value {
      context.instances[name] = try plain(value, unit)
    } else {
      throw unreadable("lacks '\(name)'")
    }
  }

  private func restore(_ output: MemberState.Output, _ units: [UnitDescription]) throws {
    guard let unit = units.first(where: { $0.name == output.unit }) else {
      throw unreadable("has an output of '\(output.unit)'")
    }
    let value: Any =
      switch output.kind {
      case .plain: try plain(output.value, unit)
      case .void: ()
      case .lost: LostOutput()
      }
    context.outputs[unit.name] = UnitOutput(value: value, iteration: output.iteration)
  }

  /// A value of the type that the unit gives, as far as that is known.
  private func plain(_ value: Value, _ unit: UnitDescription) throws -> Any {
    guard let type = unit.outputType as? any ValueConvertible.Type else { return value }
    guard let made = type.init(value) else {
      throw unreadable("has \(value) for the \(type) of '\(unit.name)'")
    }
    return made
  }

  private func unreadable(_ what: String) -> FieldworkError {
    FieldworkError(.store, "the checkpoint does not fit the units: it \(what)")
  }
}
