import RealModule

/// Numbers whose logarithms are normally distributed, with the mean and deviation of the logarithm.
struct LogNormal: Distribution {
  static let name = "logNormal"

  let mean: Double
  let deviation: Double

  var text: String { ".logNormal(mean: \(mean), deviation: \(deviation))" }

  var support: Support<Double> { Support(scale: .logarithmic) }

  var problem: String? { ArgumentProblem.locationAndScale(mean, deviation) }

  func draw(using generator: inout Philox) -> Double {
    Double.exp(mean + deviation * generator.nextNormal())
  }
}

extension Sampler where Output == Double {
  /// Numbers whose logarithms are normally distributed, with the mean and deviation of the logarithm.
  public static func logNormal(
    mean: Double = 0,
    deviation: Double = 1,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(LogNormal(mean: mean, deviation: deviation), file: file, line: line)
  }
}
