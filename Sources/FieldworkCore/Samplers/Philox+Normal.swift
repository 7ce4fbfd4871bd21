import RealModule

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
