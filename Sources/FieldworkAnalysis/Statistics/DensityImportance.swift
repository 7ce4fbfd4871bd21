import FieldworkCore
import RealModule

/// The importance of parameters for being among the best configs: the divergence of the density of a parameter over the
/// best configs from that over all of them.
///
/// It does not depend on how configs were chosen, so it suits the results of a search.
///
/// Source: S. Watanabe, A. Bansal, F. Hutter, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
/// subspaces", 2023.
public struct DensityImportance: Sendable {
  /// A parameter with its part of the divergences of all parameters, from 0 to 1.
  public struct Share: Sendable {
    public let parameter: String
    public let share: Double
  }

  /// The shares, the greatest first.
  public let shares: [Share]
  /// The number of configs, and of the best ones among them.
  public let count: Int
  public let bestCount: Int

  /// The number of points at which densities are compared.
  private static let points = 100
  /// The number of different numbers up to which a parameter is counted by value.
  private static let mostValues = 12

  /// - Parameters:
  ///   - losses: a number for each config, of which the smaller one is better.
  ///   - part: the part of the configs that are the best ones.
  /// - Returns: nil if there are fewer than ten configs, or the densities do not differ.
  public init?(_ parameters: [FunctionalANOVA.Parameter], losses: [Double], part: Double = 0.1) {
    let count = losses.count
    guard count >= 10 else { return nil }
    let order = losses.indices.sorted {
      losses[$0] != losses[$1] ? losses[$0] < losses[$1] : $0 < $1
    }
    let best = Array(order.prefix(max(3, Int((part * Double(count)).rounded(.up)))))
    let divergences = parameters.map { parameter in
      Self.divergence(parameter.values, best)
    }
    let sum = divergences.reduce(0, +)
    guard sum > 0, sum.isFinite else { return nil }
    (self.count, bestCount) = (count, best.count)
    shares = zip(parameters, divergences).map { Share(parameter: $0.name, share: $1 / sum) }
      .enumerated().sorted {
        $0.element.share != $1.element.share
          ? $0.element.share > $1.element.share : $0.offset < $1.offset
      }.map(\.element)
  }

  private static func divergence(_ values: [Value?], _ best: [Int]) -> Double {
    let numbers = values.compactMap { $0?.number }.filter(\.isFinite)
    let isCounted = Set(values).count <= mostValues || numbers.count < values.count
    let (all, good) = isCounted ? frequencies(values, best) : densities(numbers, best)
    // The Pearson divergence.
    return zip(all, good).reduce(0) { sum, pair in
      let ratio = pair.1 / pair.0 - 1
      return sum + pair.0 * ratio * ratio
    }
  }

  /// Returns the probability of each value over all configs and over the best ones, each counted once more.
  private static func frequencies(_ values: [Value?], _ best: [Int]) -> ([Double], [Double]) {
    var places: [Value?: Int] = [:]
    for value in values where places[value] == nil { places[value] = places.count }
    func counts(_ values: some Collection<Value?>) -> [Double] {
      var counts = [Double](repeating: 1, count: places.count)
      for value in values { counts[places[value] ?? 0] += 1 }
      return counts.map { $0 / Double(values.count + places.count) }
    }
    return (counts(values), counts(best.map { values[$0] }))
  }

  /// Returns the densities over all configs and over the best ones, by Gaussian kernels.
  private static func densities(_ numbers: [Double], _ best: [Int]) -> ([Double], [Double]) {
    let isLogarithmic =
      numbers.allSatisfy { $0 > 0 } && (numbers.max() ?? 1) / (numbers.min() ?? 1) >= 100
    let scaled = isLogarithmic ? numbers.map { Double.log($0) } : numbers
    let (low, high) = (scaled.min() ?? 0, scaled.max() ?? 1)
    guard high > low else { return ([1], [1]) }
    let units = scaled.map { ($0 - low) / (high - low) }
    func density(_ units: [Double]) -> [Double] {
      let mean = units.reduce(0, +) / Double(units.count)
      let variance = units.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(units.count)
      // Scott's rule.
      let width = max(
        1.059 * variance.squareRoot() * Double.pow(Double(units.count), -0.2),
        1 / Double(points)
      )
      let values = (0..<points).map { point -> Double in
        let x = (Double(point) + 0.5) / Double(points)
        // A uniform part keeps the ratio of densities finite.
        return units.reduce(1 / Double(units.count + 1)) { sum, unit in
          let z = (x - unit) / width
          return sum + Double.exp(-z * z / 2) / width
        }
      }
      let sum = values.reduce(0, +)
      return values.map { $0 / sum }
    }
    return (density(units), density(best.map { units[$0] }))
  }
}
