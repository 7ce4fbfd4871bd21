import RealModule

/// Gamma distributed numbers; their mean is shape × scale.
struct Gamma: Distribution {
  static let name = "gamma"

  let shape: Double
  let scale: Double

  var text: String { ".gamma(shape: \(shape), scale: \(scale))" }

  var support: Support<Double> { Support(lower: 0) }

  var problem: String? {
    ArgumentProblem.positive(shape, "shape") ?? ArgumentProblem.positive(scale, "scale")
  }

  func draw(using generator: inout Philox) -> Double {
    scale * Double.exp(generator.nextLogGamma(shape: shape))
  }
}

extension Sampler where Output == Double {
  /// Gamma distributed numbers; their mean is shape × scale.
  ///
  /// Source: G. Marsaglia, W. Tsang, "A simple method for generating gamma variables", 2000.
  public static func gamma(
    shape: Double,
    scale: Double = 1,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(Gamma(shape: shape, scale: scale), file: file, line: line)
  }
}
