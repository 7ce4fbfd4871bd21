import FieldworkCore

/// The arguments that all forms of a unit and a generator have.
struct UnitOptions {
  let name: String
  let when: When
  let saving: Saving?
  let dump: When?
  let version: String?
  let root: Bool
  let place: SourceLocation

  init(
    _ name: String,
    _ when: When,
    _ saving: Saving?,
    _ dump: When?,
    _ version: String?,
    _ root: Bool,
    _ place: SourceLocation
  ) {
    self.name = name
    self.when = when
    self.saving = saving
    self.dump = dump
    self.version = version
    self.root = root
    self.place = place
  }

  /// The description of a step of these options.
  func description(
    _ kind: UnitDescription.Kind,
    _ dependencies: [Dependency],
    outputType: Any.Type,
    opensContext: Bool,
    _ body: UnitDescription.Body
  ) -> UnitDescription {
    UnitDescription(
      name: name,
      kind: kind,
      when: when,
      saving: saving,
      dependencies: dependencies,
      place: place,
      outputType: outputType,
      opensContext: opensContext,
      isRoot: root,
      version: version,
      body: body
    )
  }
}

extension ExecutableUnit {
  /// A step of a function.
  /// - Parameter opensContext: whether the body has the run context at hand.
  init<Output>(
    _ options: UnitOptions,
    _ dependencies: [Dependency],
    opensContext: Bool = false,
    _ body: @escaping @Sendable (RunContext) async throws -> Output
  ) {
    dump = options.dump
    description = options.description(
      .function,
      dependencies,
      outputType: Output.self,
      opensContext: opensContext,
      .function { run in try await body(run) }
    )
  }
}

extension UnitDescription {
  /// Returns the step, followed by a step that stores its saved values at the iterations of `dump`.
  func parts(dumping dump: When?) -> [ResearchPart] {
    guard let dump else { return [.unit(self)] }
    return [.unit(self), .unit(.dump(savedNames, when: dump, place: place))]
  }

  /// Returns a step that passes the values saved under the given names, or all values, to the store.
  static func dump(_ names: [String], when: When, place: SourceLocation) -> UnitDescription {
    UnitDescription(
      name: names.isEmpty ? "dump" : "dump \(names.joined(separator: ", "))",
      kind: .dump,
      when: when,
      saving: nil,
      dependencies: [],
      place: place,
      outputType: nil,
      opensContext: false,
      body: .dump(names.isEmpty ? nil : Set(names))
    )
  }
}
