/// Numbers as a histogram has them.
struct Histogram: Distribution {
  static let name = "histogram"

  private enum CodingKeys: CodingKey {
    case edges, weights
  }

  let edges: [Double]
  let weights: [Double]
  private let table: CumulativeWeights?

  init(edges: [Double], weights: [Double]) {
    self.edges = edges
    self.weights = weights
    table = CumulativeWeights(weights)
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      edges: try values.decode([Double].self, forKey: .edges),
      weights: try values.decode([Double].self, forKey: .weights)
    )
  }

  var text: String { ".histogram(edges: \(edges), weights: \(weights))" }

  var support: Support<Double> { Support(lower: edges.first, upper: edges.last) }

  var problem: String? {
    let rising = zip(edges, edges.dropFirst()).allSatisfy { $0 < $1 }
    guard edges.count == weights.count + 1, rising, edges.allSatisfy(\.isFinite) else {
      return "a histogram needs rising edges, one more than weights"
    }
    return table == nil
      ? "the weights of a histogram must not be negative, and not all zero" : nil
  }

  func draw(using generator: inout Philox) throws -> Double {
    guard let table else { throw FieldworkError(.invalidDefinition, "a histogram has no weights") }
    let bin = table.index(at: generator.nextUnit())
    return edges[bin] + (edges[bin + 1] - edges[bin]) * generator.nextUnit()
  }
}

extension Sampler where Output == Double {
  /// Numbers as a histogram has them: bin `i` lies between `edges[i]` and `edges[i + 1]` and comes up in proportion to
  /// `weights[i]`, uniformly inside.
  public static func histogram(
    edges: [Double],
    weights: [Double],
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(Histogram(edges: edges, weights: weights), file: file, line: line)
  }
}
