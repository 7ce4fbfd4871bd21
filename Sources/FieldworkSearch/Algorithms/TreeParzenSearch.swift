public import FieldworkCore
import RealModule

/// Models the best configs and the others by sums of kernels, and suggests what is likelier among the best.
///
/// Sources: J. Bergstra et al., "Algorithms for hyper-parameter optimization", 2011; S. Watanabe, "Tree-structured Parzen
/// estimator: understanding its algorithm components and their roles for better empirical performance", 2023, for the
/// choices of bandwidths, weights and splitting; S. Falkner et al., "BOHB", 2018, for kernels over several parameters.
public struct TreeParzenSearch: SearchAlgorithm, Hashable {
  public static let name = "tpe"

  /// The number of first configs that are spread evenly.
  public let startup: Int
  /// The number of points of which the best one is suggested.
  public let candidates: Int

  public var supportsSeveralObjectives: Bool { true }

  public func suggest(_ request: SearchRequest) -> SearchPoint {
    let request = request.ranked
    guard request.trials.count >= startup else { return request.sobolPoint(request.number) }
    var random = request.random
    let model = ParzenModel(request)
    // Ratios of densities over different parameters cannot be compared, so the term is drawn first.
    let term = model.drawTerm(using: &random)
    var best: (point: SearchPoint, score: Double)?
    for _ in 0..<candidates {
      let point = model.draw(ofTerm: term, request.space, using: &random)
      guard request.allows(point) else { continue }
      let score = model.score(point, request.space)
      if best.map({ score > $0.score }) ?? true { best = (point, score) }
    }
    return best?.point ?? request.draw(using: &random)
  }
}

extension SearchAlgorithm where Self == TreeParzenSearch {
  /// A tree-structured Parzen estimator: fast, for parameters of all kinds, conditional ones included.
  ///
  ///     Search(.tpe(), configs: 100)
  ///
  /// - Parameters:
  ///   - startup: the number of first configs that are spread evenly.
  ///   - candidates: the number of points of which the best one is suggested.
  public static func tpe(startup: Int = 10, candidates: Int = 64) -> TreeParzenSearch {
    TreeParzenSearch(startup: max(1, startup), candidates: max(1, candidates))
  }
}

/// The densities of the best configs and of the others.
private struct ParzenModel {
  /// The dimensions that the same terms have.
  private struct Group {
    var dimensions: [Int]
    var good: ParzenDensity
    var bad: ParzenDensity
  }

  private let groups: [Group]
  /// By term: its probability among the best configs.
  private let terms: CumulativeWeights?

  init(_ request: SearchRequest) {
    let space = request.space
    let order = request.trials.indicesByLoss
    let finite = order.prefix { request.trials[$0].loss < .infinity }
    let size = min(Self.goodCount(order.count), max(finite.count, 1))
    let best = order.prefix(size).map { request.trials[$0] }
    let others = order.dropFirst(size).map { request.trials[$0].point } + request.running
    let weights = Self.weights(best, others: order.dropFirst(size).map { request.trials[$0].loss })
    let points = best.map(\.point)
    let total = space.terms.reduce(0) { $0 + $1.weight }
    // Each term counts as much as one of the best configs.
    var sums = space.terms.map { Double(space.terms.count) * $0.weight / total }
    for (point, weight) in zip(points, weights) {
      sums[point.term] += weight * Double(points.count)
    }
    terms = CumulativeWeights(sums)
    var byTerms: [(terms: [Int], dimensions: [Int])] = []
    for dimension in space.dimensions.indices {
      let having = space.terms.indices.filter { space.terms[$0].dimensions.contains(dimension) }
      if let index = byTerms.firstIndex(where: { $0.terms == having }) {
        byTerms[index].dimensions.append(dimension)
      } else {
        byTerms.append((having, [dimension]))
      }
    }
    groups = byTerms.map { having, dimensions in
      func rows(_ points: [SearchPoint]) -> [(Int, [Double])] {
        points.enumerated().compactMap { index, point in
          guard having.contains(point.term) else { return nil }
          return (index, space.units(of: point, dimensions))
        }
      }
      let goodRows = rows(points)
      let kinds = dimensions.map { space.dimensions[$0].kind }
      return Group(
        dimensions: dimensions,
        good: ParzenDensity(
          goodRows.map(\.1),
          weights: goodRows.map { weights[$0.0] * Double(points.count) },
          kinds
        ),
        bad: ParzenDensity(rows(others).map(\.1), weights: nil, kinds)
      )
    }
  }

  private static func goodCount(_ count: Int) -> Int {
    min(max(1, Int((0.15 * Double(count)).rounded(.up))), 25)
  }

  /// The weights of the best configs, in proportion to their improvement on the others, with a sum of 1.
  private static func weights(_ best: [SearchTrial], others: [Double]) -> [Double] {
    let limit = others.first { $0 < .infinity } ?? best.last?.loss ?? 0
    let improvements = best.map { max(limit - $0.loss, 0) }
    let mean = improvements.reduce(0, +) / Double(max(best.count, 1))
    guard mean > 0, mean.isFinite else { return best.map { _ in 1 / Double(best.count) } }
    // No weight is so small that its config does not count.
    let weights = improvements.map { max($0 / mean, 0.2) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// Returns a term, drawn by its probability among the best configs.
  func drawTerm(using random: inout Philox) -> Int {
    terms.map { $0.index(at: random.nextUnit()) } ?? 0
  }

  func draw(
    ofTerm term: Int,
    _ space: SearchSpace,
    using random: inout Philox
  ) -> SearchPoint {
    let dimensions = space.terms[term].dimensions
    var positions = [Double](repeating: 0, count: dimensions.count)
    for group in groups where dimensions.contains(group.dimensions[0]) {
      let units = group.good.draw(using: &random)
      for (dimension, unit) in zip(group.dimensions, units) {
        guard let index = dimensions.firstIndex(of: dimension) else { continue }
        positions[index] = space.position(of: dimension, at: unit)
      }
    }
    return SearchPoint(term: term, positions: positions)
  }

  /// Returns the logarithm of the ratio of the densities at a point.
  func score(_ point: SearchPoint, _ space: SearchSpace) -> Double {
    let dimensions = space.terms[point.term].dimensions
    var score = 0.0
    for group in groups where dimensions.contains(group.dimensions[0]) {
      let units = space.units(of: point, group.dimensions)
      score += group.good.logDensity(units) - group.bad.logDensity(units)
    }
    return score
  }
}

extension SearchSpace {
  /// Returns the positions of a point in some dimensions, which its term has, as numbers from 0 to 1.
  func units(of point: SearchPoint, _ wanted: [Int]) -> [Double] {
    let own = terms[point.term].dimensions
    if own == wanted { return zip(own, point.positions).map { unit(of: $0, at: $1) } }
    return wanted.map { dimension in
      own.firstIndex(of: dimension).map { unit(of: dimension, at: point.positions[$0]) } ?? 0.5
    }
  }
}

/// A density on the unit cube: a sum of products of one kernel for each dimension, and a wide one.
private struct ParzenDensity {
  private let kinds: [SearchSpace.Kind]
  /// The centers of the kernels, one row after another.
  private let centers: [Double]
  private let count: Int
  /// By dimension: the deviation of numbers, or the probability of another value.
  private let widths: [Double]
  /// By dimension: `1 / (2 width²)` for numbers, 0 elsewhere.
  private let factors: [Double]
  /// By dimension: the logarithm of the ratio of the probabilities of another value and the same one; 0 for numbers.
  private let penalties: [Double]
  /// By kernel: the logarithm of its weight and of its factor.
  private let offsets: [Double]
  private let chosen: CumulativeWeights?
  private let wide: Double

  init(_ rows: [[Double]], weights: [Double]?, _ kinds: [SearchSpace.Kind]) {
    self.kinds = kinds
    count = rows.count
    centers = rows.flatMap(\.self)
    let size = Double(max(count, 1))
    let numbers = kinds.count { if case .categorical = $0 { false } else { true } }
    let scale = Double.pow(size, -1 / Double(numbers + 4))
    var (widths, factors, penalties): ([Double], [Double], [Double]) = ([], [], [])
    for (index, kind) in kinds.enumerated() {
      if case .categorical(let values) = kind {
        let other = 0.8 / (1 + size / Double(values)) + 0.05
        widths.append(other)
        factors.append(0)
        penalties.append(Double.log(other / Double(values - 1) / (1 - other)))
        continue
      }
      // The deviation of the centers, but no more than that of even numbers.
      let column = rows.map { $0[index] }
      let mean = (column.reduce(0, +) + 0.5) / (size + 1)
      let squares = column.reduce(0.25 / 3) { $0 + ($1 - mean) * ($1 - mean) }
      let deviation = min((squares / (size + 1)).squareRoot(), 0.29)
      let least = max(0.5 / Double(kind.count ?? .max), 0.005)
      let width = max(deviation * scale, least)
      widths.append(width)
      factors.append(1 / (2 * width * width))
      penalties.append(0)
    }
    self.widths = widths
    self.factors = factors
    self.penalties = penalties
    let weights = weights ?? rows.map { _ in 1 }
    let total = weights.reduce(1, +)
    chosen = CumulativeWeights(weights + [1])
    wide = Double.log(1 / total)
    offsets = zip(rows, weights).map { row, weight in
      var offset = Double.log(weight / total)
      for (index, kind) in kinds.enumerated() {
        if case .categorical(let values) = kind {
          // In relation to the wide kernel, which gives each value the same.
          offset += Double.log((1 - widths[index]) * Double(values))
        } else {
          let width = widths[index]
          let mass =
            Self.normal((1 - row[index]) / width) - Self.normal(-row[index] / width)
          offset -= Double.log(width * (2 * Double.pi).squareRoot() * mass)
        }
      }
      return offset
    }
  }

  /// The distribution function of a normal number.
  private static func normal(_ x: Double) -> Double { 0.5 * Double.erfc(-x / 2.0.squareRoot()) }

  func draw(using random: inout Philox) -> [Double] {
    let kernel = chosen?.index(at: random.nextUnit()) ?? count
    return kinds.indices.map { index in
      guard kernel < count else { return random.nextUnit() }
      let center = centers[kernel * kinds.count + index]
      if case .categorical(let values) = kinds[index] {
        guard random.nextUnit() < widths[index] else { return center }
        let own = Int(center * Double(values))
        let other = Int(random.nextUnit() * Double(values - 1))
        return (Double(other < own ? other : other + 1) + 0.5) / Double(values)
      }
      for _ in 0..<100 {
        let unit = center + widths[index] * random.nextNormal()
        if unit >= 0, unit < 1 { return unit }
      }
      return center
    }
  }

  func logDensity(_ units: [Double]) -> Double {
    let size = kinds.count
    guard size > 0 else { return 0 }
    let hasCategories = penalties.contains { $0 != 0 }
    return units.withUnsafeBufferPointer { units in
      centers.withUnsafeBufferPointer { centers in
        factors.withUnsafeBufferPointer { factors in
          var sum = Double.exp(wide)
          for kernel in 0..<count {
            var exponent = offsets[kernel]
            let row = kernel * size
            for index in 0..<size {
              let difference = units[index] - centers[row + index]
              exponent -= difference * difference * factors[index]
            }
            if hasCategories {
              for index in 0..<size where penalties[index] != 0 {
                if units[index] != centers[row + index] { exponent += penalties[index] }
              }
            }
            if exponent > -40 { sum += Double.exp(exponent) }
          }
          return Double.log(sum)
        }
      }
    }
  }
}
