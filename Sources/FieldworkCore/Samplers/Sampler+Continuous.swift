import RealModule

extension Sampler where Output == Double {
  /// Numbers in the range, uniformly.
  public static func uniform(
    _ range: ClosedRange<Double>,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    let (low, width) = (range.lowerBound, range.upperBound - range.lowerBound)
    return SamplerCheck(".uniform(\(range))", file: file, line: line)
      .sampler(
        [(width.isFinite, "the range must be finite")],
        support: { range.contains($0) }
      ) { low + width * $0.nextUnit() }
      .formed(SamplerForm.numbers("uniform", range.lowerBound, range.upperBound))
  }

  /// Numbers in the range whose logarithms are uniform: each factor of ten comes up equally often.
  public static func logUniform(
    _ range: ClosedRange<Double>,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    let conditions = [
      (range.lowerBound > 0, "the range must begin above 0"),
      (range.upperBound.isFinite, "the range must be finite"),
    ]
    let (low, high) = (Double.log(range.lowerBound), Double.log(range.upperBound))
    return SamplerCheck(".logUniform(\(range))", file: file, line: line)
      .sampler(conditions, support: { range.contains($0) }) { generator in
        let value = Double.exp(low + (high - low) * generator.nextUnit())
        return min(max(value, range.lowerBound), range.upperBound)
      }
      .formed(SamplerForm.numbers("logUniform", range.lowerBound, range.upperBound))
  }

  /// Normally distributed numbers.
  public static func normal(
    mean: Double = 0,
    deviation: Double = 1,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    SamplerCheck(".normal(mean: \(mean), deviation: \(deviation))", file: file, line: line)
      .sampler(locationAndScale(mean, deviation)) { mean + deviation * $0.nextNormal() }
      .formed(SamplerForm.numbers("normal", mean, deviation))
  }

  /// Normally distributed numbers, without those outside the range.
  ///
  /// Exact however far out the range lies. Source: C. Robert, "Simulation of truncated normal
  /// variables", Statistics and Computing 5, 1995.
  public static func truncatedNormal(
    mean: Double = 0,
    deviation: Double = 1,
    in range: ClosedRange<Double>,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    let text = ".truncatedNormal(mean: \(mean), deviation: \(deviation), in: \(range))"
    let low = (range.lowerBound - mean) / deviation
    let high = (range.upperBound - mean) / deviation
    return SamplerCheck(text, file: file, line: line)
      .sampler(
        locationAndScale(mean, deviation) + [
          positive(deviation, "deviation"),
          (low < .infinity && high > -.infinity, "the range is too many deviations away"),
        ],
        support: { range.contains($0) }
      ) { generator in
        let value = mean + deviation * generator.nextNormal(from: low, to: high)
        return min(max(value, range.lowerBound), range.upperBound)
      }
      .formed(
        SamplerForm.numbers(
          "truncatedNormal",
          mean,
          deviation,
          range.lowerBound,
          range.upperBound
        )
      )
  }

  /// Numbers whose logarithms are normally distributed, with the mean and deviation of the logarithm.
  public static func logNormal(
    mean: Double = 0,
    deviation: Double = 1,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    SamplerCheck(".logNormal(mean: \(mean), deviation: \(deviation))", file: file, line: line)
      .sampler(locationAndScale(mean, deviation)) {
        Double.exp(mean + deviation * $0.nextNormal())
      }
      .formed(SamplerForm.numbers("logNormal", mean, deviation))
  }

  /// Exponentially distributed numbers of the given rate; their mean is 1 / rate.
  public static func exponential(
    rate: Double = 1,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    SamplerCheck(".exponential(rate: \(rate))", file: file, line: line)
      .sampler([positive(rate, "rate")], support: { $0 >= 0 }) {
        -Double.log($0.nextPositiveUnit()) / rate
      }
      .formed(SamplerForm.numbers("exponential", rate))
  }

  /// Gamma distributed numbers; their mean is shape × scale.
  ///
  /// Source: G. Marsaglia, W. Tsang, "A simple method for generating gamma variables", 2000.
  public static func gamma(
    shape: Double,
    scale: Double = 1,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    SamplerCheck(".gamma(shape: \(shape), scale: \(scale))", file: file, line: line)
      .sampler([positive(shape, "shape"), positive(scale, "scale")], support: { $0 >= 0 }) {
        scale * Double.exp($0.nextLogGamma(shape: shape))
      }
      .formed(SamplerForm.numbers("gamma", shape, scale))
  }

  /// Beta distributed numbers between 0 and 1; their mean is alpha / (alpha + beta).
  public static func beta(
    _ alpha: Double,
    _ beta: Double,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    SamplerCheck(".beta(\(alpha), \(beta))", file: file, line: line)
      .sampler(
        [positive(alpha, "first shape"), positive(beta, "second shape")],
        support: { (0...1).contains($0) }
      ) { generator in
        // The quotient of two gammas, by their logarithms: small shapes would underflow.
        let first = generator.nextLogGamma(shape: alpha)
        let second = generator.nextLogGamma(shape: beta)
        return 1 / (1 + Double.exp(second - first))
      }
      .formed(SamplerForm.numbers("beta", alpha, beta))
  }

  /// Numbers as a histogram has them: bin `i` lies between `edges[i]` and `edges[i + 1]` and comes up
  /// in proportion to `weights[i]`, uniformly inside.
  public static func histogram(
    edges: [Double],
    weights: [Double],
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    let check = SamplerCheck(
      ".histogram(edges: \(edges), weights: \(weights))",
      file: file,
      line: line
    )
    let rising = zip(edges, edges.dropFirst()).allSatisfy { $0 < $1 }
    guard edges.count == weights.count + 1, rising, edges.allSatisfy(\.isFinite) else {
      return check.refused("a histogram needs rising edges, one more than weights")
    }
    guard let table = CumulativeWeights(weights) else {
      return check.refused("the weights of a histogram must not be negative, and not all zero")
    }
    let range = edges[0]...edges[edges.count - 1]
    return Sampler(check.description, problem: nil, support: { range.contains($0) }) { generator in
      let bin = table.index(at: generator.nextUnit())
      return edges[bin] + (edges[bin + 1] - edges[bin]) * generator.nextUnit()
    }.formed(["histogram", edges.value, weights.value])
  }

  private static func locationAndScale(_ mean: Double, _ deviation: Double) -> [(Bool, String)] {
    [
      (mean.isFinite, "the mean must be a finite number"),
      (deviation >= 0 && deviation.isFinite, "the deviation must be a finite number, 0 or more"),
    ]
  }

  private static func positive(_ number: Double, _ name: String) -> (Bool, String) {
    (number > 0 && number.isFinite, "the \(name) must be a finite number above 0")
  }
}

extension Philox {
  /// A standard normal number, from two uniform ones (Box and Muller).
  package mutating func nextNormal() -> Double {
    let radius = Double.sqrt(-2 * Double.log(nextPositiveUnit()))
    return radius * Double.cos(2 * Double.pi * nextUnit())
  }

  /// A standard normal number between two limits (Robert 1995).
  mutating func nextNormal(from low: Double, to high: Double) -> Double {
    if low > 0 { return nextNormalTail(from: low, to: high) }
    if high < 0 { return -nextNormalTail(from: -high, to: -low) }
    guard high - low > 2.5 else {
      // A narrow range about the mean: a uniform number, accepted by its density.
      while true {
        let value = low + (high - low) * nextUnit()
        if nextUnit() <= Double.exp(-value * value / 2) { return value }
      }
    }
    while true {
      let value = nextNormal()
      if value >= low && value <= high { return value }
    }
  }

  private mutating func nextNormalTail(from low: Double, to high: Double) -> Double {
    // Very far out the tail is exponential, to more digits than a number has.
    if low > 1e8 { return min(low - Double.log(nextPositiveUnit()) / low, high) }
    let rate = (low + Double.sqrt(low * low + 4)) / 2
    // A short range is better served by uniform numbers, a long one by exponential ones.
    let short = high - low < 1 / rate
    while true {
      let value: Double
      let exponent: Double
      if short {
        value = low + (high - low) * nextUnit()
        exponent = (low * low - value * value) / 2
      } else {
        value = low - Double.log(nextPositiveUnit()) / rate
        exponent = -(value - rate) * (value - rate) / 2
        if value > high { continue }
      }
      if nextUnit() <= Double.exp(exponent) { return value }
    }
  }

  /// The logarithm of a gamma distributed number of scale 1 (Marsaglia and Tsang 2000).
  mutating func nextLogGamma(shape: Double) -> Double {
    guard shape >= 1 else {
      // Gamma(a) is Gamma(a + 1) · U^(1/a).
      return nextLogGamma(shape: shape + 1) + Double.log(nextPositiveUnit()) / shape
    }
    let d = shape - 1.0 / 3
    let c = 1 / Double.sqrt(9 * d)
    while true {
      let normal = nextNormal()
      let root = 1 + c * normal
      guard root > 0 else { continue }
      let cube = root * root * root
      let bound = normal * normal / 2 + d - d * cube + d * Double.log(cube)
      if Double.log(nextPositiveUnit()) < bound { return Double.log(d * cube) }
    }
  }
}
