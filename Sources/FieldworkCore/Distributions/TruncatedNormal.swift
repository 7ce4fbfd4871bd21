/// Normally distributed numbers, without those outside a range.
struct TruncatedNormal: Distribution {
  static let name = "truncatedNormal"

  let mean: Double
  let deviation: Double
  let low: Double
  let high: Double

  var text: String {
    ".truncatedNormal(mean: \(mean), deviation: \(deviation), in: \(low)...\(high))"
  }

  var support: Support<Double> { Support(lower: low, upper: high) }

  var problem: String? {
    let (first, last) = ((low - mean) / deviation, (high - mean) / deviation)
    return ArgumentProblem.range(low, high) ?? ArgumentProblem.locationAndScale(mean, deviation)
      ?? ArgumentProblem.positive(deviation, "deviation")
      ?? (first < .infinity && last > -.infinity
        ? nil : "the range is too many deviations away")
  }

  func draw(using generator: inout Philox) -> Double {
    let (first, last) = ((low - mean) / deviation, (high - mean) / deviation)
    let value = mean + deviation * generator.nextNormal(from: first, to: last)
    return min(max(value, low), high)
  }
}

extension Sampler where Output == Double {
  /// Normally distributed numbers, without those outside a range.
  ///
  /// Exact however far out the range lies. Source: C. Robert, "Simulation of truncated normal variables", Statistics
  /// and Computing 5, 1995.
  public static func truncatedNormal(
    mean: Double = 0,
    deviation: Double = 1,
    in range: ClosedRange<Double>,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(
      TruncatedNormal(
        mean: mean,
        deviation: deviation,
        low: range.lowerBound,
        high: range.upperBound
      ),
      file: file,
      line: line
    )
  }
}
