import RealModule
import XCTest

/// The cumulative distribution functions that the tests of samplers compare with.
enum Theory {
  static func normal(_ x: Double) -> Double { Double.erfc(-x / Double.sqrt(2)) / 2 }

  /// The regularised lower incomplete gamma function P(a, x).
  static func gamma(_ a: Double, _ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x >= a + 1 else {
      var term = 1 / a
      var sum = term
      var n = a
      while abs(term) > abs(sum) * 1e-16 {
        n += 1
        term *= x / n
        sum += term
      }
      return sum * Double.exp(-x + a * Double.log(x) - Double.logGamma(a))
    }
    // Lentz's continued fraction for Q(a, x).
    var b = x + 1 - a
    var c = 1e300
    var d = 1 / b
    var h = d
    for i in 1...10_000 {
      let an = -Double(i) * (Double(i) - a)
      b += 2
      d = 1 / nonzero(an * d + b)
      c = nonzero(b + an / c)
      h *= d * c
      if abs(d * c - 1) < 1e-15 { break }
    }
    return 1 - h * Double.exp(-x + a * Double.log(x) - Double.logGamma(a))
  }

  /// The regularised incomplete beta function I_x(a, b).
  static func beta(_ a: Double, _ b: Double, _ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    let front = Double.exp(
      Double.logGamma(a + b) - Double.logGamma(a) - Double.logGamma(b) + a * Double.log(x)
        + b * Double.log(onePlus: -x)
    )
    return x < (a + 1) / (a + b + 2)
      ? front * betaFraction(a, b, x) / a : 1 - front * betaFraction(b, a, 1 - x) / b
  }

  private static func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    var c = 1.0
    var d = 1 / nonzero(1 - (a + b) * x / (a + 1))
    var h = d
    for i in 1...10_000 {
      let m = Double(i)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / nonzero(1 + even * d)
      c = nonzero(1 + even / c)
      h *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / nonzero(1 + odd * d)
      c = nonzero(1 + odd / c)
      h *= d * c
      if abs(d * c - 1) < 1e-15 { break }
    }
    return h
  }

  private static func nonzero(_ x: Double) -> Double { abs(x) < 1e-300 ? 1e-300 : x }

  static func poisson(_ mean: Double, _ k: Int) -> Double {
    Double.exp(Double(k) * Double.log(mean) - mean - Double.logGamma(Double(k) + 1))
  }

  static func binomial(_ n: Int, _ p: Double, _ k: Int) -> Double {
    let (n, k) = (Double(n), Double(k))
    return Double.exp(
      Double.logGamma(n + 1) - Double.logGamma(k + 1) - Double.logGamma(n - k + 1)
        + k * Double.log(p) + (n - k) * Double.log(onePlus: -p)
    )
  }

  /// The probability of a chi-square statistic at least as large.
  static func chiSquareTail(_ statistic: Double, degrees: Int) -> Double {
    1 - gamma(Double(degrees) / 2, statistic / 2)
  }

  /// The probability of a Kolmogorov-Smirnov distance at least as large.
  static func kolmogorovTail(_ distance: Double, count: Int) -> Double {
    let root = Double.sqrt(Double(count))
    let lambda = (root + 0.12 + 0.11 / root) * distance
    var sum = 0.0
    for k in 1...100 {
      let term = Double.exp(-2 * Double(k * k) * lambda * lambda)
      sum += k % 2 == 1 ? term : -term
    }
    return lambda < 0.2 ? 1 : 2 * sum
  }
}

/// The least p-value with which a test of fixed seed passes.
let leastProbability = 1e-4

/// Asserts that numbers have the given cumulative distribution (Kolmogorov and Smirnov).
func assertDistribution(
  _ values: [Double],
  _ name: String,
  file: StaticString = #filePath,
  line: UInt = #line,
  _ cumulative: (Double) -> Double
) {
  let sorted = values.sorted()
  let n = Double(sorted.count)
  var distance = 0.0
  for (index, value) in sorted.enumerated() {
    let expected = cumulative(value)
    distance = max(distance, expected - Double(index) / n, Double(index + 1) / n - expected)
  }
  let p = Theory.kolmogorovTail(distance, count: sorted.count)
  XCTAssertGreaterThan(p, leastProbability, "\(name): distance \(distance)", file: file, line: line)
}

/// Asserts that integers have the given probabilities; what is expected less than ten times is put
/// together (chi-square).
func assertProbabilities(
  _ values: [Int],
  in range: ClosedRange<Int>,
  _ name: String,
  file: StaticString = #filePath,
  line: UInt = #line,
  _ probability: (Int) -> Double
) {
  var counts: [Int: Int] = [:]
  for value in values { counts[value, default: 0] += 1 }
  let n = Double(values.count)
  var (statistic, bins) = (0.0, 0)
  var (restExpected, restFound) = (n, values.count)
  var (open, found) = (0.0, 0)
  for k in range {
    open += n * probability(k)
    found += counts[k, default: 0]
    guard open >= 10, restExpected - open >= 10 else { continue }
    statistic += (Double(found) - open) * (Double(found) - open) / open
    bins += 1
    restExpected -= open
    restFound -= found
    (open, found) = (0, 0)
  }
  let rest = Double(restFound) - restExpected
  statistic += rest * rest / restExpected
  XCTAssertGreaterThan(bins, 0, "\(name): no bins", file: file, line: line)
  let p = Theory.chiSquareTail(statistic, degrees: bins)
  XCTAssertGreaterThan(p, leastProbability, "\(name): \(statistic)", file: file, line: line)
}

/// Asserts mean and variance, each within four and a half of its standard errors; the error of the
/// variance comes from the numbers themselves.
func assertMoments(
  _ values: [Double],
  mean: Double,
  variance: Double,
  _ name: String,
  file: StaticString = #filePath,
  line: UInt = #line
) {
  let n = Double(values.count)
  let found = values.reduce(0, +) / n
  let squares = values.map { ($0 - mean) * ($0 - mean) }
  let foundVariance = squares.reduce(0, +) / n
  let fourth = squares.reduce(0) { $0 + ($1 - foundVariance) * ($1 - foundVariance) } / n
  let text = "\(name): mean \(found), variance \(foundVariance)"
  let meanError = 4.5 * Double.sqrt(variance / n)
  XCTAssertEqual(found, mean, accuracy: meanError, text, file: file, line: line)
  let varianceError = 4.5 * Double.sqrt(fourth / n)
  XCTAssertEqual(foundVariance, variance, accuracy: varianceError, text, file: file, line: line)
}
