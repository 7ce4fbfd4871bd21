import RealModule

extension Philox {
  mutating func nextPoisson(mean: Double) -> Int {
    guard mean >= 10 else {
      // Inversion: go through the probabilities one by one.
      var probability = Double.exp(-mean)
      var rest = nextUnit()
      var count = 0
      while rest >= probability && count < 1000 {
        rest -= probability
        count += 1
        probability *= mean / Double(count)
      }
      return count
    }
    let b = 0.931 + 2.53 * Double.sqrt(mean)
    let a = -0.059 + 0.02483 * b
    let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
    let limit = 0.9277 - 3.6224 / (b - 2)
    while true {
      let u = nextUnit() - 0.5
      let v = nextPositiveUnit()
      let us = 0.5 - abs(u)
      let k = ((2 * a / us + b) * u + mean + 0.43).rounded(.down)
      if us >= 0.07 && v <= limit { return Int(k) }
      if k < 0 || (us < 0.013 && v > us) { continue }
      let left = Double.log(v) + Double.log(inverseAlpha) - Double.log(a / (us * us) + b)
      if left <= k * Double.log(mean) - mean - Double.logGamma(k + 1) { return Int(k) }
    }
  }

  /// Needs a probability of 0.5 at most.
  mutating func nextBinomial(trials: Int, probability p: Double) -> Int {
    let n = Double(trials)
    guard trials > 0, p > 0 else { return 0 }
    guard n * p >= 10 else {
      let odds = p / (1 - p)
      var probability = Double.exp(n * Double.log(onePlus: -p))
      var rest = nextUnit()
      var count = 0
      while rest >= probability && count < trials {
        rest -= probability
        count += 1
        probability *= odds * (n - Double(count) + 1) / Double(count)
        if probability < 1e-300 { break }
      }
      return count
    }
    let deviation = Double.sqrt(n * p * (1 - p))
    let b = 1.15 + 2.53 * deviation
    let a = -0.0873 + 0.0248 * b + 0.01 * p
    let center = n * p + 0.5
    let alpha = (2.83 + 5.1 / b) * deviation
    let limit = 0.92 - 4.2 / b
    let mode = ((n + 1) * p).rounded(.down)
    let logOdds = Double.log(p / (1 - p))
    let atMode = Double.logGamma(mode + 1) + Double.logGamma(n - mode + 1)
    while true {
      let u = nextUnit() - 0.5
      let v = nextPositiveUnit()
      let us = 0.5 - abs(u)
      let k = ((2 * a / us + b) * u + center).rounded(.down)
      if k < 0 || k > n { continue }
      if us >= 0.07 && v <= limit { return Int(k) }
      let left = Double.log(v * alpha / (a / (us * us) + b))
      let right =
        atMode - Double.logGamma(k + 1) - Double.logGamma(n - k + 1) + (k - mode) * logOdds
      if left <= right { return Int(k) }
    }
  }
}
