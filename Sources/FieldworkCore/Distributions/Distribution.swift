/// A distribution of a parameter's values: how they are drawn, and what is known of them.
///
/// A domain is recorded with the name and the arguments of its distributions. Search algorithms read the support. A
/// distribution of one's own is a type with its arguments as properties:
///
///     struct Ramp: Distribution {
///       static let name = "ramp"
///       let top: Double
///
///       var support: Support<Double> { Support(lower: 0, upper: top) }
///       func draw(using generator: inout Philox) -> Double { top * generator.nextUnit().squareRoot() }
///     }
///
///     Domain("lr" <- Sampler(Ramp(top: 2)))
public protocol Distribution<Output>: Sendable, Codable {
  associatedtype Output: Sendable

  /// The name by which the distribution is recorded.
  static var name: String { get }

  /// The values that can come up.
  var support: Support<Output> { get }

  /// True if all values of the support come up equally often, on its scale; false by default.
  ///
  /// A search knows a uniform distribution by its bounds, and another one of numbers by samples of it.
  var isUniform: Bool { get }

  /// The distribution as one writes it; by default its name with the arguments.
  var text: String { get }

  /// The reason why the arguments are no distribution; nil if they are one.
  var problem: String? { get }

  /// Returns the next value. It must take all its randomness from the generator.
  /// - Throws: an error if there is no value.
  func draw(using generator: inout Philox) throws -> Output
}

extension Distribution {
  public var problem: String? { nil }

  public var isUniform: Bool { false }

  public var text: String {
    guard case .dictionary(let values)? = arguments, !values.isEmpty else {
      return ".\(Self.name)()"
    }
    let list = values.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.literalText)" }
    return ".\(Self.name)(\(list.joined(separator: ", ")))"
  }

  /// The arguments as a plain value; nil if they cannot be encoded.
  package var arguments: Value? { try? ValueEncoder.encode(self) }
}

/// The values that can come up, as far as they are known.
public struct Support<Output: Sendable>: Sendable {
  /// How values lie between the bounds.
  public enum Scale: String, Sendable, Hashable {
    case linear, logarithmic
  }

  /// The least value; nil for none.
  public let lower: Output?
  /// The greatest value; nil for none.
  public let upper: Output?
  public let scale: Scale
  /// The distance between neighbours; nil if any number between the bounds can come up.
  public let step: Output?
  /// All values, where they are listed; nil for a range.
  public let values: [Output]?

  /// The numbers between two bounds.
  public init(
    lower: Output? = nil,
    upper: Output? = nil,
    scale: Scale = .linear,
    step: Output? = nil
  ) {
    self.lower = lower
    self.upper = upper
    self.scale = scale
    self.step = step
    values = nil
  }

  /// A list of values.
  public init(values: [Output]) {
    self.values = values
    (lower, upper, scale, step) = (nil, nil, .linear, nil)
  }
}

extension Support where Output: Comparable {
  /// Returns true if a value lies between the bounds.
  public func contains(_ value: Output) -> Bool {
    lower.map { value >= $0 } ?? true && upper.map { value <= $0 } ?? true
  }
}

extension Sampler {
  /// Makes a sampler that draws from a distribution.
  public init(
    _ distribution: some Distribution<Output>,
    file: String = #fileID,
    line: Int = #line
  ) {
    self.init(distribution, contains: nil, file: file, line: line)
  }

  fileprivate init<Source: Distribution<Output>>(
    _ distribution: Source,
    contains: (@Sendable (Output) -> Bool)?,
    file: String,
    line: Int
  ) {
    let text = distribution.text
    let problem = distribution.problem.map {
      Problem("\(text): \($0)", place: SourceLocation(file: file, line: line))
    }
    self.init(text, problem: problem, support: contains) { try distribution.draw(using: &$0) }
    encode(SamplerEncoding.distribution(distribution))
    known = [AnyDistribution(Source.self)]
    if problem == nil, distribution.isUniform { evenRange = Self.range(distribution.support) }
  }

  private static func range(_ support: Support<Output>) -> SearchCodec? {
    if let lower = support.lower as? Int, let upper = support.upper as? Int {
      let isEach = support.step.map { $0 as? Int == 1 } ?? true
      return isEach && support.scale == .linear && lower <= upper ? .integers(lower...upper) : nil
    }
    guard let lower = support.lower as? Double, let upper = support.upper as? Double,
      support.step == nil, lower <= upper, support.scale == .linear || lower > 0
    else { return nil }
    return .range(lower: lower, upper: upper, isLogarithmic: support.scale == .logarithmic)
  }
}

extension Sampler where Output: Comparable {
  /// Makes a sampler of ordered values that draws from a distribution.
  public init(
    _ distribution: some Distribution<Output>,
    file: String = #fileID,
    line: Int = #line
  ) {
    let support = distribution.support
    self.init(distribution, contains: { support.contains($0) }, file: file, line: line)
  }
}

/// A type of distributions, by which recorded ones are read.
package struct AnyDistribution: Sendable {
  let name: String
  let sampler: @Sendable (Value) -> AnySampler?
  let doubles: @Sendable (Value) -> Sampler<Double>?
  let integers: @Sendable (Value) -> Sampler<Int>?

  init<Source: Distribution>(_ type: Source.Type) {
    name = Source.name
    let read: @Sendable (Value) -> Source? = {
      (try? ValueDecoder($0).decode(Source.self)).flatMap { $0.problem == nil ? $0 : nil }
    }
    doubles = { (read($0) as? any Distribution<Double>).map { Self.made($0) } }
    integers = { (read($0) as? any Distribution<Int>).map { Self.made($0) } }
    sampler = { [doubles, integers] value in
      if let sampler = doubles(value) { return AnySampler(sampler) }
      if let sampler = integers(value) { return AnySampler(sampler) }
      return read(value).flatMap { Self.erased($0) }
    }
  }

  private static func made<Output: Comparable>(
    _ distribution: some Distribution<Output>
  ) -> Sampler<Output> {
    Sampler(distribution, file: "", line: 0)
  }

  private static func erased<Source: Distribution>(_ distribution: Source) -> AnySampler? {
    let sampler = Sampler<Source.Output>(distribution, file: "", line: 0)
    guard let sampler = sampler as? any ErasableSampler else { return nil }
    return sampler.erased
  }

  /// The distributions that come with the engine.
  package static let builtIn: [AnyDistribution] = [
    AnyDistribution(Uniform.self), AnyDistribution(LogUniform.self), AnyDistribution(Normal.self),
    AnyDistribution(TruncatedNormal.self), AnyDistribution(LogNormal.self),
    AnyDistribution(Exponential.self), AnyDistribution(Gamma.self), AnyDistribution(Beta.self),
    AnyDistribution(Histogram.self), AnyDistribution(Integers.self),
    AnyDistribution(Poisson.self), AnyDistribution(Binomial.self),
  ]
}

/// A sampler of plain values.
private protocol ErasableSampler {
  var erased: AnySampler { get }
}

extension Sampler: ErasableSampler where Output: ValueConvertible {
  fileprivate var erased: AnySampler { AnySampler(self) }
}
