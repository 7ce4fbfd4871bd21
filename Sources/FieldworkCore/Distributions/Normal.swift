/// Normally distributed numbers.
struct Normal: Distribution {
  static let name = "normal"

  let mean: Double
  let deviation: Double

  var text: String { ".normal(mean: \(mean), deviation: \(deviation))" }

  var support: Support<Double> { Support() }

  var problem: String? { ArgumentProblem.locationAndScale(mean, deviation) }

  func draw(using generator: inout Philox) -> Double {
    mean + deviation * generator.nextNormal()
  }
}

extension Sampler where Output == Double {
  /// Normally distributed numbers.
  public static func normal(
    mean: Double = 0,
    deviation: Double = 1,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(Normal(mean: mean, deviation: deviation), file: file, line: line)
  }
}
