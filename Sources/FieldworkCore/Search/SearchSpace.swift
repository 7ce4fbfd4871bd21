/// The space of a search: the parameters of a domain as numbers, without their types.
///
/// A sum of domains, and every value with parameters of its own, is a term. A parameter that has the same values in
/// several terms is one dimension. Parameters with one value, and those that draw values without an order from a function,
/// are no dimensions.
public struct SearchSpace: Sendable {
  /// The values of a dimension.
  public enum Kind: Sendable, Hashable {
    /// Numbers, as positions from 0 to 1. The prior of the domain is uniform in the position: a position is a
    /// logarithm for `.logUniform`, and a quantile for `.normal`.
    case continuous
    /// Values in an order, as positions from 0 up to `count − 1`.
    case ordered(count: Int)
    /// Values without an order, as positions from 0 up to `count − 1`.
    case categorical(count: Int)

    /// The number of values; nil for a continuous dimension.
    public var count: Int? {
      switch self {
      case .continuous: nil
      case .ordered(let count), .categorical(let count): count
      }
    }
  }

  /// A parameter that a search chooses.
  public struct Dimension: Sendable, Hashable {
    /// The key of the parameter.
    public let name: String
    public let kind: Kind

    public init(name: String, kind: Kind) {
      (self.name, self.kind) = (name, kind)
    }
  }

  /// A part of the domain whose configs have the same parameters.
  public struct Term: Sendable, Hashable {
    /// The indices of its dimensions, rising.
    public let dimensions: [Int]
    /// The probability of the term in the prior, in proportion to the others.
    public let weight: Double

    public init(dimensions: [Int], weight: Double = 1) {
      (self.dimensions, self.weight) = (dimensions, weight)
    }
  }

  public let dimensions: [Dimension]
  public let terms: [Term]
  private let weights: CumulativeWeights?

  public init(dimensions: [Dimension], terms: [Term]) {
    self.dimensions = dimensions
    self.terms = terms
    weights = CumulativeWeights(terms.map(\.weight))
  }

  /// The number of points; nil if a dimension is continuous, or if there are more than an integer counts.
  public var count: Int? {
    var count = 0
    for term in terms {
      var size = 1
      for dimension in term.dimensions {
        guard let values = dimensions[dimension].kind.count else { return nil }
        size = saturatingProduct(size, values)
      }
      count = saturatingSum(count, size)
    }
    return count == .max ? nil : count
  }

  /// Returns the index of a term, drawn by the weights.
  public func drawTerm(using random: inout Philox) -> Int {
    guard let weights, terms.count > 1 else { return 0 }
    return weights.index(at: random.nextUnit())
  }

  /// Returns a position of a dimension, drawn uniformly.
  public func drawPosition(of dimension: Int, using random: inout Philox) -> Double {
    let unit = random.nextUnit()
    guard let count = dimensions[dimension].kind.count else { return unit }
    return min((unit * Double(count)).rounded(.down), Double(count - 1))
  }

  /// Returns a point drawn from the prior.
  public func draw(using random: inout Philox) -> SearchPoint {
    let term = drawTerm(using: &random)
    return SearchPoint(
      term: term,
      positions: terms[term].dimensions.map { drawPosition(of: $0, using: &random) }
    )
  }

  /// Returns the point of a term that lies in the middle of every dimension.
  public func center(ofTerm term: Int) -> SearchPoint {
    SearchPoint(
      term: term,
      positions: terms[term].dimensions.map { dimension in
        dimensions[dimension].kind.count.map { Double(($0 - 1) / 2) } ?? 0.5
      }
    )
  }

  /// Returns the position of a dimension for a number from 0 to 1, the values of a dimension taking equal parts.
  public func position(of dimension: Int, at unit: Double) -> Double {
    guard let count = dimensions[dimension].kind.count else { return min(max(unit, 0), 1) }
    return min(max((unit * Double(count)).rounded(.down), 0), Double(count - 1))
  }

  /// Returns a position as a number from 0 to 1: the middle of its part where values are counted.
  public func unit(of dimension: Int, at position: Double) -> Double {
    guard let count = dimensions[dimension].kind.count else { return position }
    return (position + 0.5) / Double(count)
  }
}

/// A point of a ``SearchSpace``.
public struct SearchPoint: Sendable, Hashable {
  /// The index of the term.
  public let term: Int
  /// The positions in the dimensions of the term, in their order.
  public var positions: [Double]

  public init(term: Int, positions: [Double]) {
    (self.term, self.positions) = (term, positions)
  }
}
