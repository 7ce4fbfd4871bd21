/// A distribution: an endless source of values for a parameter.
///
///     Domain("lr" <- .logUniform(1e-4...1e-1), "layers" <- .integers(1...5))
///     // every config has a new rate and a new number of layers
///
/// A sampler is a value. It draws from a generator that it is given, so the same generator gives the
/// same values. Numbers out of range are kept as the sampler's ``problem``, with the place at which
/// they were written, and refused before a research runs.
public struct Sampler<Output: Sendable>: Sendable {
  package let body: @Sendable (inout Philox) throws -> Output
  /// What is wrong with the sampler; nil if nothing is.
  public let problem: Problem?
  /// The sampler as one writes it: `.uniform(0.0...1.0)`.
  public let description: String
  /// Whether a value can come up; nil where that is not known.
  package let support: (@Sendable (Output) -> Bool)?
  /// The sampler as a plain value, see ``SamplerEncoding``; nil if a function of somebody's is in it.
  private(set) var encoding: Value?
  /// The types of its distributions.
  var known: [AnyDistribution] = []
  /// The values that can come up, where they are listed; empty for a range.
  package private(set) var listed: [Output] = []
  /// The bounds, if all values between them come up equally often; nil elsewhere.
  var evenRange: SearchCodec?

  /// Makes a sampler of one's own.
  /// - Parameters:
  ///   - description: how the sampler is shown.
  ///   - draw: gives the next value; it must take all its randomness from the generator.
  public init(_ description: String, draw: @escaping @Sendable (inout Philox) throws -> Output) {
    self.init(description, problem: nil, draw: draw)
  }

  package init(
    _ description: String,
    problem: Problem?,
    support: (@Sendable (Output) -> Bool)? = nil,
    draw: @escaping @Sendable (inout Philox) throws -> Output
  ) {
    self.description = description
    self.problem = problem
    self.support = support
    body = draw
  }

  /// Sets the plain value that describes the sampler.
  mutating func encode(_ encoding: Value?) {
    if problem == nil { self.encoding = encoding }
  }

  /// Returns the sampler with the plain value that describes it, and the types of the distributions in it.
  func encoded(_ encoding: Value?, known: [AnyDistribution] = []) -> Sampler {
    var sampler = self
    sampler.encode(encoding)
    sampler.known = known
    return sampler
  }

  /// The sampler, all of whose values are given.
  func listing(_ values: [Output]) -> Sampler {
    var sampler = self
    sampler.listed = values
    return sampler
  }

  /// The next value.
  /// - Throws: ``FieldworkError`` if the sampler is ill-formed or nothing passes its limits.
  public func draw(using generator: inout Philox) throws -> Output {
    if let problem {
      throw FieldworkError(.invalidDefinition, problem.message, place: problem.place)
    }
    return try body(&generator)
  }

  /// The first values that a seed gives.
  public func draws(_ count: Int, seed: UInt64 = 0) throws -> [Output] {
    var generator = Philox(seed: seed)
    return try (0..<count).map { _ in try draw(using: &generator) }
  }

  /// The sampler whose values are made from this one's.
  public func map<Result: Sendable>(
    _ transform: @escaping @Sendable (Output) throws -> Result
  ) -> Sampler<Result> {
    Sampler<Result>("\(description).map(…)", problem: problem) { try transform(try body(&$0)) }
  }
}

extension Sampler: CustomStringConvertible {}

extension Sampler {
  /// Always the same value.
  public static func constant(_ value: Output) -> Sampler {
    Sampler(".constant(\(value))", problem: nil, support: { isSame($0, value) }) { _ in value }
      .encoded(SamplerEncoding.constant(value)).listing([value])
  }

  /// One of the values, each with the same probability or in proportion to its weight.
  ///
  /// Weights may be zero, but not all of them.
  public static func choice(
    _ values: [Output],
    weights: [Double]? = nil,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    let list = values.map { ($0 as? any ValueConvertible)?.value.literalText ?? "\($0)" }
    let text =
      ".choice([\(list.joined(separator: ", "))]\(weights.map { ", weights: \($0)" } ?? ""))"
    let check = SamplerCheck(text, file: file, line: line)
    guard !values.isEmpty else { return check.refused("a choice needs at least one value") }
    let support: @Sendable (Output) -> Bool = { output in values.contains { isSame($0, output) } }
    let encoding = SamplerEncoding.choice(values, weights)
    guard let weights else {
      return Sampler(text, problem: nil, support: support) {
        values[Int($0.nextInteger(below: UInt64(values.count)))]
      }.encoded(encoding).listing(values)
    }
    guard weights.count == values.count else {
      return check.refused("a choice of \(values.count) values has \(weights.count) weights")
    }
    guard let table = CumulativeWeights(weights) else {
      return check.refused("the weights of a choice must not be negative, and not all zero")
    }
    return Sampler(text, problem: nil, support: support) { values[table.index(at: $0.nextUnit())] }
      .encoded(encoding).listing(values)
  }

  /// Whether two values are the same plain value, or are shown alike.
  private static func isSame(_ left: Output, _ right: Output) -> Bool {
    if let first = left as? any ValueConvertible, let second = right as? any ValueConvertible {
      return first.value == second.value
    }
    return "\(left)" == "\(right)"
  }

  /// Each value is drawn from one of the samplers, chosen in proportion to its weight.
  public static func mixture(
    _ parts: [(weight: Double, sampler: Sampler)],
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    let list = parts.map { "(\($0.weight), \($0.sampler))" }.joined(separator: ", ")
    let check = SamplerCheck(".mixture([\(list)])", file: file, line: line)
    guard !parts.isEmpty else { return check.refused("a mixture needs at least one sampler") }
    if let problem = parts.lazy.compactMap(\.sampler.problem).first {
      return Sampler(check.description, problem: problem) { _ in throw check.error(problem.message)
      }
    }
    guard let table = CumulativeWeights(parts.map(\.weight)) else {
      return check.refused("the weights of a mixture must not be negative, and not all zero")
    }
    let samplers = parts.map(\.sampler)
    return Sampler(check.description) { try samplers[table.index(at: $0.nextUnit())].body(&$0) }
      .encoded(SamplerEncoding.mixture(parts), known: parts.flatMap(\.sampler.known))
  }
}

extension Sampler where Output: Comparable {
  /// How many draws in a row may fall outside before a limit gives up.
  package static var attempts: Int { 10_000 }

  /// The sampler without the values outside the range, which are drawn again.
  ///
  /// After 10,000 draws in a row outside the range, drawing throws.
  public func truncated(
    to range: ClosedRange<Output>,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    let place = SourceLocation(file: file, line: line)
    let text = "\(description).truncated(to: \(range))"
    let support = support
    let inside: @Sendable (Output) -> Bool = { range.contains($0) && support?($0) ?? true }
    return Sampler(text, problem: problem, support: inside) { generator in
      for _ in 0..<Self.attempts {
        let value = try body(&generator)
        if range.contains(value) { return value }
      }
      throw FieldworkError(
        .nothingPasses,
        "none of \(Self.attempts) draws of \(description) lies in \(range); widen the range",
        place: place
      )
    }.encoded(SamplerEncoding.truncated(self, range), known: known)
  }
}

/// Makes a sampler that is refused, with the place at which it was written.
struct SamplerCheck {
  let description: String
  let place: SourceLocation

  init(_ description: String, file: String, line: Int) {
    self.description = description
    place = SourceLocation(file: file, line: line)
  }

  func error(_ message: String) -> FieldworkError {
    FieldworkError(.invalidDefinition, message, place: place)
  }

  func refused<Output>(_ message: String) -> Sampler<Output> {
    Sampler(
      description,
      problem: Problem("\(description): \(message)", place: place)
    ) { _ in throw error(message) }
  }

  /// The sampler itself if all conditions hold, else a refused one with the first message.
  func sampler<Output>(
    _ conditions: [(Bool, String)],
    support: (@Sendable (Output) -> Bool)? = nil,
    draw: @escaping @Sendable (inout Philox) throws -> Output
  ) -> Sampler<Output> {
    if let failed = conditions.first(where: { !$0.0 }) { return refused(failed.1) }
    return Sampler(description, problem: nil, support: support, draw: draw)
  }
}

/// Weights summed up, for finding the one that a number between 0 and 1 falls on.
package struct CumulativeWeights: Sendable {
  private let sums: [Double]

  /// Sums up the weights.
  /// - Returns: nil if a weight is negative or not finite, or none is positive.
  package init?(_ weights: [Double]) {
    var total = 0.0
    var sums: [Double] = []
    for weight in weights {
      guard weight >= 0, weight.isFinite else { return nil }
      total += weight
      sums.append(total)
    }
    guard total > 0, total.isFinite else { return nil }
    self.sums = sums
  }

  /// The index of the weight on which `position`, in 0 ..< 1, falls. Takes O(log n).
  package func index(at position: Double) -> Int {
    let target = position * sums[sums.count - 1]
    var low = 0
    var high = sums.count - 1
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > target { high = middle } else { low = middle + 1 }
    }
    // A rounding error at the very end must not choose a weight of zero.
    while low > 0 && sums[low] == sums[low - 1] { low -= 1 }
    return low
  }
}
