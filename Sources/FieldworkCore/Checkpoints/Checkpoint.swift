/// The state of an experiment after an iteration: what it goes on with.
public struct Checkpoint: Sendable, Hashable {
  /// A part of the state.
  public struct Part: Sendable, Hashable {
    public let name: String
    public let content: [UInt8]

    public init(_ name: String, _ content: [UInt8]) {
      self.name = name
      self.content = content
    }
  }

  /// The number of the iteration that comes next.
  public let iteration: Int
  /// What tells apart the units that the state is of.
  public let definition: String
  public let parts: [Part]

  public init(iteration: Int, definition: String, parts: [Part]) {
    self.iteration = iteration
    self.definition = definition
    self.parts = parts
  }
}

extension Research {
  /// A hash of the units whose experiments can use a checkpoint. The number of iterations does not matter to a state
  /// that was reached before the last.
  package var checkpointDefinition: String {
    let encoding: Value = [
      "version": 2, "units": .list(units.map(\.encoding)), "finalize": .bool(settings.finalize),
      "versions": unitVersions.map { .string($0) } ?? .null,
    ]
    return SHA256.hexDigest(of: encoding.canonicalText, length: 16)
  }
}
