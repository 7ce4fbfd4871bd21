import RealModule

/// Beta distributed numbers between 0 and 1; their mean is alpha / (alpha + beta).
struct Beta: Distribution {
  static let name = "beta"

  let alpha: Double
  let beta: Double

  var text: String { ".beta(\(alpha), \(beta))" }

  var support: Support<Double> { Support(lower: 0, upper: 1) }

  var problem: String? {
    ArgumentProblem.positive(alpha, "first shape")
      ?? ArgumentProblem.positive(beta, "second shape")
  }

  func draw(using generator: inout Philox) -> Double {
    // The quotient of two gammas, by their logarithms: small shapes would underflow.
    let first = generator.nextLogGamma(shape: alpha)
    let second = generator.nextLogGamma(shape: beta)
    return 1 / (1 + Double.exp(second - first))
  }
}

extension Sampler where Output == Double {
  /// Beta distributed numbers between 0 and 1; their mean is alpha / (alpha + beta).
  public static func beta(
    _ alpha: Double,
    _ beta: Double,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(Beta(alpha: alpha, beta: beta), file: file, line: line)
  }
}
