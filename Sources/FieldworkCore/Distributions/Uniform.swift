/// Numbers in a range, uniformly.
struct Uniform: Distribution {
  static let name = "uniform"

  let low: Double
  let high: Double

  var text: String { ".uniform(\(low)...\(high))" }

  var isUniform: Bool { true }

  var support: Support<Double> { Support(lower: low, upper: high) }

  var problem: String? {
    ArgumentProblem.range(low, high)
      ?? ((high - low).isFinite ? nil : "the range must be finite")
  }

  func draw(using generator: inout Philox) -> Double {
    low + (high - low) * generator.nextUnit()
  }
}

extension Sampler where Output == Double {
  /// Numbers in a range, uniformly.
  public static func uniform(
    _ range: ClosedRange<Double>,
    file: String = #fileID,
    line: Int = #line
  ) -> Sampler {
    Sampler(Uniform(low: range.lowerBound, high: range.upperBound), file: file, line: line)
  }
}
