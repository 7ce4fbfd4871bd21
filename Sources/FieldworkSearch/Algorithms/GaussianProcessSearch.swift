public import FieldworkCore
import RealModule

/// Models the loss by a Gaussian process, and suggests where it expects most.
///
/// Sources: J. Mockus, "On Bayesian methods for seeking the extremum", 1975, for the expected improvement; S. Ament et al.,
/// "Unexpected improvements to expected improvement for Bayesian optimization", 2023, for its logarithm.
public struct GaussianProcessSearch: SearchAlgorithm, Hashable {
  public static let name = "gp"

  /// The number of first configs that are spread evenly; nil for a number that depends on the dimensions.
  public let startup: Int?

  /// The number of results that a model has at most: the best ones and the latest.
  private static let limit = 200

  public var supportsSeveralObjectives: Bool { true }

  public func suggest(_ request: SearchRequest) -> SearchPoint {
    let request = request.scalarized
    let encoding = FeatureEncoding(request.space)
    let startup = startup ?? min(max(2 * encoding.features.dimensions, 5), 12)
    guard request.trials.count >= startup else { return request.firstPoint() }
    var random = request.random
    if request.number % 3 == 2, request.trials.count >= startup + 6,
      let local = LocalProcess(request, encoding)?.suggestion(using: &random)
    {
      return local
    }
    let data = ModelData(request, encoding, limit: Self.limit)
    guard let best = data.best,
      let model = GaussianProcess.fitted(data.points, data.values, encoding.features)
    else { return request.draw(using: &random) }
    let running = request.running.map(encoding.features(of:))
    let process = model.believing(running, data.points, data.values)
    let acquisition = Acquisition(process, best: data.bestValue)
    return acquisition.maximum(request, encoding, near: best, using: &random)
      ?? request.draw(using: &random)
  }
}

extension SearchAlgorithm where Self == GaussianProcessSearch {
  /// A Gaussian process: the fewest configs for up to some twenty parameters, at some milliseconds for each.
  ///
  /// - Parameter startup: the number of first configs that are spread evenly; nil for a number that depends on the
  ///   dimensions.
  public static func gaussianProcess(startup: Int? = nil) -> GaussianProcessSearch {
    GaussianProcessSearch(startup: startup.map { max(1, $0) })
  }
}

extension SearchRequest {
  /// Returns a point of the first ones: the middle of the space, then points that are spread evenly.
  func firstPoint() -> SearchPoint {
    let center = space.center(ofTerm: 0)
    if number == 0, space.terms.count == 1, allows(center) { return center }
    return sobolPoint(number)
  }
}

/// Points as vectors, in which categories have one feature for each value.
struct FeatureEncoding {
  let space: SearchSpace
  let features: GaussianProcess.Features
  /// By dimension: its first feature.
  private let begins: [Int]
  /// The first feature of the term; nil if there is one term.
  private let termBegin: Int?

  /// A value of its own is as far from others as the ends of a dimension of numbers.
  private static let category = 0.5.squareRoot()

  init(_ space: SearchSpace) {
    self.space = space
    var (owners, begins): ([Int], [Int]) = ([], [])
    for (index, dimension) in space.dimensions.enumerated() {
      begins.append(owners.count)
      if case .categorical(let count) = dimension.kind {
        owners += Array(repeating: index, count: count)
      } else {
        owners.append(index)
      }
    }
    termBegin = space.terms.count > 1 ? owners.count : nil
    if space.terms.count > 1 {
      owners += Array(repeating: space.dimensions.count, count: space.terms.count)
    }
    self.begins = begins
    features = GaussianProcess.Features(
      owners: owners,
      dimensions: space.dimensions.count + (space.terms.count > 1 ? 1 : 0)
    )
  }

  func features(of point: SearchPoint) -> [Double] {
    var result = [Double](repeating: 0, count: features.owners.count)
    for (index, dimension) in space.dimensions.enumerated() {
      if case .categorical = dimension.kind { continue }
      result[begins[index]] = 0.5
    }
    for (dimension, position) in zip(space.terms[point.term].dimensions, point.positions) {
      if case .categorical = space.dimensions[dimension].kind {
        result[begins[dimension] + Int(position)] = Self.category
      } else {
        result[begins[dimension]] = space.unit(of: dimension, at: position)
      }
    }
    if let termBegin { result[termBegin + point.term] = Self.category }
    return result
  }

  /// Returns the features of a point that are continuous, with the index of their position in the point.
  func continuous(_ point: SearchPoint) -> [(feature: Int, index: Int)] {
    space.terms[point.term].dimensions.enumerated().compactMap { index, dimension in
      if case .categorical = space.dimensions[dimension].kind { return nil }
      return (begins[dimension], index)
    }
  }
}

/// The results from which a model is made.
struct ModelData {
  private(set) var points: [[Double]] = []
  /// The losses, transformed to about unit deviation.
  private(set) var values: [Double] = []
  /// The best of them.
  private(set) var best: SearchPoint?
  private(set) var bestValue = 0.0

  init(_ request: SearchRequest, _ encoding: FeatureEncoding, limit: Int) {
    var trials = request.trials
    if trials.count > limit {
      let kept = Set(trials.indicesByLoss.prefix(limit / 2)).union(trials.indices.suffix(limit / 2))
      trials = trials.indices.filter(kept.contains).map { trials[$0] }
    }
    let finite = trials.map(\.loss).filter(\.isFinite)
    guard let least = finite.min(), let most = finite.max() else { return }
    // A config that failed is as bad as the worst one.
    let losses = trials.map { min($0.loss, most) }
    let sorted = losses.sorted()
    let median = sorted[sorted.count / 2]
    let scale = max(median - least, (most - least) * 1e-3)
    guard scale > 0 else { return }
    guard let standardized = Numbers.standardized(losses, least: least, scale: scale) else {
      return
    }
    values = standardized
    points = trials.map { encoding.features(of: $0.point) }
    if let index = losses.firstIndex(of: least) {
      best = trials[index].point
      bestValue = values[index]
    }
  }
}

/// The expected improvement of a process, and its maximum.
struct Acquisition {
  private let process: GaussianProcess
  private let best: Double

  init(_ process: GaussianProcess, best: Double) {
    (self.process, self.best) = (process, best)
  }

  func value(_ features: [Double]) -> Double {
    let (mean, variance) = process.prediction(features)
    let deviation = variance.squareRoot()
    return Double.log(deviation) + Numbers.logImprovement((best - mean) / deviation)
  }

  /// Returns a point of the greatest expected improvement.
  func maximum(
    _ request: SearchRequest,
    _ encoding: FeatureEncoding,
    near best: SearchPoint,
    using random: inout Philox
  ) -> SearchPoint? {
    let space = request.space
    var candidates: [(point: SearchPoint, value: Double)] = []
    func add(_ point: SearchPoint) {
      guard request.allows(point) else { return }
      candidates.append((point, value(encoding.features(of: point))))
    }
    for _ in 0..<300 { add(space.draw(using: &random)) }
    for index in 0..<200 {
      let width = Double.exp(-Double(index % 10))
      add(moved(best, by: width, space, using: &random))
    }
    candidates.sort { $0.value > $1.value }
    var found: (point: SearchPoint, value: Double)?
    for (point, value) in candidates.prefix(4) {
      let refined = refined(point, value, encoding)
      for candidate in [refined, (point, value)] where request.allows(candidate.0) {
        if found.map({ candidate.1 > $0.value }) ?? true { found = candidate }
        break
      }
    }
    return found?.point
  }

  /// Returns a point in which some coordinates differ.
  private func moved(
    _ point: SearchPoint,
    by width: Double,
    _ space: SearchSpace,
    using random: inout Philox
  ) -> SearchPoint {
    var moved = point
    let dimensions = space.terms[point.term].dimensions
    let chance = min(1, 5 / Double(max(dimensions.count, 1)))
    for (index, dimension) in dimensions.enumerated() where random.nextUnit() < chance {
      if case .categorical = space.dimensions[dimension].kind {
        if random.nextUnit() < 0.3 {
          moved.positions[index] = space.drawPosition(of: dimension, using: &random)
        }
        continue
      }
      let unit = space.unit(of: dimension, at: point.positions[index])
      moved.positions[index] = space.position(
        of: dimension,
        at: unit + width * random.nextNormal()
      )
    }
    return moved
  }

  /// Climbs from a point in its continuous features.
  private func refined(
    _ point: SearchPoint,
    _ value: Double,
    _ encoding: FeatureEncoding
  ) -> (SearchPoint, Double) {
    let continuous = encoding.continuous(point)
    guard !continuous.isEmpty else { return (point, value) }
    let start = encoding.features(of: point)
    let found = climbed(
      from: continuous.map { start[$0.feature] },
      bounds: continuous.map { _ in 0...1 },
      slopes: continuous.map(\.feature)
    ) { coordinates in
      var features = start
      for (coordinate, place) in zip(coordinates, continuous) {
        features[place.feature] = coordinate
      }
      return features
    }
    var refined = point
    for (coordinate, place) in zip(found.point, continuous) {
      let dimension = encoding.space.terms[point.term].dimensions[place.index]
      refined.positions[place.index] = encoding.space.position(of: dimension, at: coordinate)
    }
    return (refined, self.value(encoding.features(of: refined)))
  }

  /// Climbs the expected improvement from coordinates.
  /// - Parameters:
  ///   - slopes: the features that are the coordinates; nil for all.
  ///   - features: returns the features of coordinates.
  func climbed(
    from start: [Double],
    bounds: [ClosedRange<Double>],
    slopes: [Int]? = nil,
    _ features: ([Double]) -> [Double]
  ) -> (point: [Double], value: Double) {
    let slopes = slopes ?? Array(start.indices)
    let found = QuasiNewton.minimize(from: start, bounds: bounds, iterations: 30) { coordinates in
      let (mean, variance, meanSlope, varianceSlope) = process.gradients(features(coordinates))
      let deviation = variance.squareRoot()
      let z = (best - mean) / deviation
      let logImprovement = Numbers.logImprovement(z)
      // The derivatives of the improvement by the mean and by the deviation are Φ and φ.
      let part = Double.exp(-logImprovement)
      let probability = Numbers.normal(z)
      let density = Double.exp(-z * z / 2) * 0.398_942_280_401_432_7
      let byMean = z < -30 ? z / deviation : -probability * part / deviation
      let byDeviation = z < -30 ? (z * z) / deviation : density * part / deviation
      let gradient = slopes.map { feature in
        -(byMean * meanSlope[feature] + byDeviation * varianceSlope[feature] / (2 * deviation))
      }
      let value = -(Double.log(deviation) + logImprovement)
      guard value.isFinite, gradient.allSatisfy(\.isFinite) else { return nil }
      return (value, gradient)
    }
    return found.map { ($0.point, -$0.value) } ?? (start, value(features(start)))
  }
}
