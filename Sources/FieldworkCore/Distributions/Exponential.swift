import RealModule

/// Exponentially distributed numbers of a rate; their mean is 1 / rate.
struct Exponential: Distribution {
  static let name = "exponential"

  let rate: Double

  var text: String { ".exponential(rate: \(rate))" }

  var support: Support<Double> { Support(lower: 0) }

  var problem: String? { ArgumentProblem.positive(rate, "rate") }

  func draw(using generator: inout Philox) -> Double {
    -Double.log(generator.nextPositiveUnit()) / rate
  }
}

extension Sampler where Output == Double {
  /// Exponentially distributed numbers of a rate; their mean is 1 / rate.
  public static func exponential(
    rate: Double = 1,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(Exponential(rate: rate), file: file, line: line)
  }
}
