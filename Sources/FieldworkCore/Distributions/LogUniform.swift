import RealModule

/// Numbers in a range whose logarithms are uniform: each factor of ten comes up equally often.
struct LogUniform: Distribution {
  static let name = "logUniform"

  let low: Double
  let high: Double

  var text: String { ".logUniform(\(low)...\(high))" }

  var isUniform: Bool { true }

  var support: Support<Double> { Support(lower: low, upper: high, scale: .logarithmic) }

  var problem: String? {
    if !(low > 0) { return "the range must begin above 0" }
    if let problem = ArgumentProblem.range(low, high) { return problem }
    return high.isFinite ? nil : "the range must be finite"
  }

  func draw(using generator: inout Philox) -> Double {
    let (first, last) = (Double.log(low), Double.log(high))
    let value = Double.exp(first + (last - first) * generator.nextUnit())
    return min(max(value, low), high)
  }
}

extension Sampler where Output == Double {
  /// Numbers in a range whose logarithms are uniform: each factor of ten comes up equally often.
  public static func logUniform(
    _ range: ClosedRange<Double>,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(LogUniform(low: range.lowerBound, high: range.upperBound), file: file, line: line)
  }
}
