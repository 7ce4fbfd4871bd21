/// A sampler of a parameter's values, whatever their type.
public struct AnySampler: Sendable, CustomStringConvertible {
  public let description: String
  public let problem: Problem?
  /// The sampler as a plain value; nil if a function of somebody else's is in it.
  package let encoding: Value?
  /// The types of its distributions.
  let known: [AnyDistribution]
  /// The values that can come up, where they are listed; empty for a range.
  package let listed: [AnyAlias]
  /// The bounds, if all values between them come up equally often; nil elsewhere.
  let evenRange: SearchCodec?
  /// The type of the values.
  package let outputType: any Sendable.Type
  package let draw: @Sendable (inout Philox) throws -> AnyAlias
  private let support: @Sendable (AnyAlias) -> Bool
  /// Returns true if a value has the type of the sampler's values.
  package let isOfType: @Sendable (AnyAlias) -> Bool

  public init<Output: ValueConvertible>(_ sampler: Sampler<Output>) {
    description = sampler.description
    problem = sampler.problem
    encoding = sampler.encoding
    known = sampler.known
    listed = sampler.listed.map { AnyAlias($0) }
    evenRange = sampler.evenRange
    outputType = Output.self
    draw = { AnyAlias(try sampler.draw(using: &$0)) }
    isOfType = { $0.converted(to: Output.self) != nil }
    support = { value in
      guard let output = value.converted(to: Output.self) else { return false }
      return sampler.support?(output) ?? true
    }
  }

  /// Makes a sampler of named values: `.choice([Alias("relu", relu), Alias("tanh", tanh)])`.
  public init<Wrapped>(_ sampler: Sampler<Alias<Wrapped>>) {
    description = sampler.description
    problem = sampler.problem
    encoding = sampler.encoding
    known = sampler.known
    listed = sampler.listed.map { AnyAlias($0) }
    evenRange = sampler.evenRange
    outputType = Wrapped.self
    draw = { AnyAlias(try sampler.draw(using: &$0)) }
    let listed = listed
    isOfType = { value in
      value.converted(to: Wrapped.self) != nil || listed.contains { $0.sameValue(as: value) }
    }
    support = { value in
      if listed.contains(where: { $0.sameValue(as: value) }) { return true }
      guard let wrapped = value.converted(to: Wrapped.self) else { return false }
      return sampler.support?(Alias(value.name, wrapped)) ?? true
    }
  }

  /// Whether a value can come up; true where the sampler does not know.
  package func contains(_ value: AnyAlias) -> Bool { support(value) }
}

extension AnySampler: Equatable {
  /// Compares the encodings; samplers that are functions are equal if they have the same description.
  public static func == (left: AnySampler, right: AnySampler) -> Bool {
    guard left.encoding == nil, right.encoding == nil else {
      return left.encoding == right.encoding
    }
    return left.description == right.description
  }
}

extension AnySampler {
  /// Makes the sampler that a plain value describes.
  /// - Returns: nil if it describes none of those that come with the engine, or one with bad arguments.
  package init?(encoding: Value) {
    guard let sampler = SamplerEncoding().sampler(encoding) else { return nil }
    self = sampler
  }

  /// The names of the distributions that come with the engine.
  package static var distributionNames: [String] { AnyDistribution.builtIn.map(\.name) }
}
