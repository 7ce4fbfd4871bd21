import RealModule

/// Functions of numbers that models need.
enum Numbers {
  static func log(_ x: Double) -> Double { Double.log(x) }

  /// The distribution function of a standard normal number.
  static func normal(_ x: Double) -> Double { 0.5 * Double.erfc(-x / 2.0.squareRoot()) }

  /// The number below which a standard normal number lies with a probability above one half, by bisection.
  static func quantile(_ probability: Double) -> Double {
    var (low, high) = (0.0, 40.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if normal(middle) < probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// Returns losses with a mean of 0 and a deviation of 1. Those beyond twice the scale from the least one grow with their
  /// logarithm.
  /// - Returns: nil if they are all the same.
  static func standardized(_ losses: [Double], least: Double, scale: Double) -> [Double]? {
    let bent = losses.map { loss -> Double in
      let part = (loss - least) / scale
      return part <= 2 ? part : 2 + 2 * Double.log(part / 2)
    }
    let mean = bent.reduce(0, +) / Double(bent.count)
    let variance = bent.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(bent.count)
    guard variance > 0 else { return nil }
    let deviation = variance.squareRoot()
    return bent.map { ($0 - mean) / deviation }
  }

  /// The logarithm of the expected improvement of a normal number on 0, in units of its deviation.
  ///
  /// Source: S. Ament et al., "Unexpected improvements to expected improvement for Bayesian optimization", 2023.
  /// - Parameter z: the mean improvement, divided by the deviation.
  static func logImprovement(_ z: Double) -> Double {
    let logDensity = -z * z / 2 - 0.918_938_533_204_672_74
    if z > -1 {
      return Double.log(Double.exp(logDensity) + z * normal(z))
    }
    if z > -20 {
      // z Φ(z) / φ(z) by the scaled complementary error function.
      let ratio = z * 1.253_314_137_315_500_1 * scaledComplement(-z / 2.0.squareRoot())
      return logDensity + Double.log(onePlus: ratio)
    }
    return logDensity - 2 * Double.log(-z) + Double.log(onePlus: -3 / (z * z))
  }

  /// `exp(x²) erfc(x)` for positive numbers.
  private static func scaledComplement(_ x: Double) -> Double {
    if x < 5 { return Double.exp(x * x) * Double.erfc(x) }
    // The continued fraction of Laplace.
    var fraction = x
    for term in stride(from: 40, through: 1, by: -1) { fraction = x + Double(term) / 2 / fraction }
    return 1 / (fraction * 1.772_453_850_905_516)
  }
}
