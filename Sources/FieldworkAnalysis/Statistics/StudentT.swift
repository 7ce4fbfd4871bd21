import FieldworkCore
import RealModule
import Synchronization

/// Student's t distribution.
public struct StudentT: Sendable, Hashable {
  private let degrees: Double

  /// - Parameter degrees: the degrees of freedom, above 0.
  public init(_ degrees: Double) { self.degrees = degrees }

  /// The probability of a value that is not above the given one.
  public func probability(upTo value: Double) -> Double {
    guard !value.isNaN else { return .nan }
    let tail = tail(beyond: abs(value))
    return value > 0 ? 1 - tail : tail
  }

  /// The probability of a value that is at least so far from zero, on either side.
  public func twoSided(_ value: Double) -> Double {
    value.isNaN ? .nan : min(1, 2 * tail(beyond: abs(value)))
  }

  /// The probability above a value that is not negative.
  private func tail(beyond value: Double) -> Double {
    if value.isInfinite { return 0 }
    let square = value * value
    // The smaller of both arguments is computed without taking away from 1.
    return 0.5
      * IncompleteBeta.regularized(
        degrees / (degrees + square),
        square / (degrees + square),
        degrees / 2,
        0.5
      )
  }

  private struct Quantile: Hashable {
    let degrees: Double
    let share: Double
  }

  /// Quantiles that were computed before: tables ask for the same one in each row.
  private static let quantiles = Mutex<[Quantile: Double]>([:])
  private static let quantileLimit = 1000

  /// The value below which a share of the distribution lies.
  public func quantile(_ share: Double) -> Double {
    guard share > 0, share < 1 else { return share <= 0 ? -.infinity : .infinity }
    guard share != 0.5 else { return 0 }
    let quantile = Quantile(degrees: degrees, share: share)
    if let known = Self.quantiles.withLock({ $0[quantile] }) { return known }
    let computed = computedQuantile(share)
    Self.quantiles.withLock { quantiles in
      if quantiles.count >= Self.quantileLimit { quantiles = [:] }
      quantiles[quantile] = computed
    }
    return computed
  }

  private func computedQuantile(_ share: Double) -> Double {
    let wanted = min(share, 1 - share)
    var (low, high) = (0.0, 1.0)
    while tail(beyond: high) > wanted, high < 1e300 { (low, high) = (high, high * 2) }
    // Halving to the last bit; there are at most some hundred steps.
    while true {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { break }
      if tail(beyond: middle) > wanted { low = middle } else { high = middle }
    }
    return share < 0.5 ? -high : high
  }
}

/// The regularized incomplete beta function.
enum IncompleteBeta {
  /// I_x(a, b), by its continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22),
  /// evaluated as W. J. Lentz did (Applied Optics 15, 1976).
  /// - Parameter complement: 1 - x, which may be known more exactly.
  static func regularized(_ x: Double, _ complement: Double, _ a: Double, _ b: Double) -> Double {
    guard x > 0 else { return 0 }
    guard complement > 0 else { return 1 }
    // The fraction converges fast up to about the mean of the distribution.
    guard x <= (a + 1) / (a + b + 2) else { return 1 - regularized(complement, x, b, a) }
    let logarithm =
      Double.logGamma(a + b) - Double.logGamma(a) - Double.logGamma(b)
      + a * Double.log(x) + b * Double.log(complement)
    return Double.exp(logarithm) / (a * fraction(x, a, b))
  }

  /// The value of 1 + d₁ / (1 + d₂ / (1 + …)).
  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    var (value, c, d) = (1.0, 1.0, 0.0)
    for step in 1...10_000 {
      let m = Double(step / 2)
      let coefficient =
        step % 2 == 0
        ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 + coefficient * d
      c = 1 + coefficient / c
      if abs(d) < tiny { d = tiny }
      if abs(c) < tiny { c = tiny }
      d = 1 / d
      let change = c * d
      value *= change
      if abs(change - 1) < 1e-15 { break }
    }
    return value
  }
}
