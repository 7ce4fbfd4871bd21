public import FieldworkCore
import RealModule

/// Adapts a normal distribution to the best configs of each generation.
///
/// Sources: N. Hansen, "The CMA evolution strategy: a tutorial", 2016, for the strategy with its standard constants;
/// A. Auger and N. Hansen, "A restart CMA evolution strategy with increasing population size", 2005; R. Hamano et al.,
/// "CMA-ES with margin", 2022, for parameters with counted values.
public struct CovarianceSearch: SearchAlgorithm, Hashable {
  public static let name = "cmaes"

  /// The first deviation, as a part of the range of a parameter.
  public let deviation: Double
  /// The number of configs in the first generations; nil for the standard one.
  public let population: Int?

  /// The number of coordinates up to which a covariance is adapted.
  private static let sizeLimit = 200

  public func suggest(_ request: SearchRequest) throws -> SearchPoint {
    let encoding = VectorEncoding(request.space)
    guard encoding.size <= Self.sizeLimit else {
      throw FieldworkError(
        .invalidDefinition,
        "cmaes searches up to \(Self.sizeLimit) coordinates, one for each number and each value of a category, and the domain has \(encoding.size); use tpe"
      )
    }
    var random = request.random
    guard encoding.size > 0 else { return request.draw(using: &random) }
    var strategy = CovarianceStrategy(
      encoding,
      deviation: deviation,
      population: population,
      restarts: request.sequence.split("restarts")
    )
    for trial in request.trials { strategy.tell(encoding.vector(trial.point), trial.loss) }
    if request.number == 0 { return request.firstPoint() }
    for _ in 0..<100 {
      let point = encoding.point(strategy.sample(using: &random))
      if request.allows(point) { return point }
    }
    return request.draw(using: &random)
  }
}

extension SearchAlgorithm where Self == CovarianceSearch {
  /// The covariance matrix adaptation: for smooth functions of numbers that depend on one another, and hundreds of
  /// configs. Categories and conditional parameters are searched too, but not well.
  ///
  /// - Parameters:
  ///   - deviation: the first deviation, as a part of the range of a parameter.
  ///   - population: the number of configs in the first generations; nil for the standard one.
  public static func cmaEs(deviation: Double = 0.25, population: Int? = nil) -> CovarianceSearch {
    CovarianceSearch(
      deviation: min(max(deviation, 1e-3), 1),
      population: population.map { max(4, $0) }
    )
  }
}

/// Points as vectors of numbers around 0 … 1. A category has one number for each value, of which the greatest counts.
struct VectorEncoding {
  private let space: SearchSpace
  /// By dimension: its first number.
  private let begins: [Int]
  private let termBegin: Int
  let size: Int
  /// By number: the distance of neighbouring values; 0 for continuous ones.
  let steps: [Double]

  init(_ space: SearchSpace) {
    self.space = space
    var (begins, steps): ([Int], [Double]) = ([], [])
    for dimension in space.dimensions {
      begins.append(steps.count)
      switch dimension.kind {
      case .continuous: steps.append(0)
      case .ordered(let count): steps.append(1 / Double(count))
      case .categorical(let count): steps += Array(repeating: 0, count: count)
      }
    }
    termBegin = steps.count
    if space.terms.count > 1 { steps += Array(repeating: 0, count: space.terms.count) }
    self.begins = begins
    self.steps = steps
    size = steps.count
  }

  func vector(_ point: SearchPoint) -> [Double] {
    var vector = [Double](repeating: 0.5, count: size)
    for (dimension, position) in zip(space.terms[point.term].dimensions, point.positions) {
      if case .categorical(let count) = space.dimensions[dimension].kind {
        for value in 0..<count {
          vector[begins[dimension] + value] = value == Int(position) ? 0.75 : 0.25
        }
      } else {
        vector[begins[dimension]] = space.unit(of: dimension, at: position)
      }
    }
    if space.terms.count > 1 {
      for term in space.terms.indices {
        vector[termBegin + term] = term == point.term ? 0.75 : 0.25
      }
    }
    return vector
  }

  func point(_ vector: [Double]) -> SearchPoint {
    func greatest(_ begin: Int, _ count: Int) -> Int {
      (0..<count).max { vector[begin + $0] < vector[begin + $1] } ?? 0
    }
    let term = space.terms.count > 1 ? greatest(termBegin, space.terms.count) : 0
    return SearchPoint(
      term: term,
      positions: space.terms[term].dimensions.map { dimension in
        if case .categorical(let count) = space.dimensions[dimension].kind {
          return Double(greatest(begins[dimension], count))
        }
        return space.position(of: dimension, at: vector[begins[dimension]])
      }
    )
  }
}

/// The state of the strategy, which follows from the configs that it has been told.
private struct CovarianceStrategy {
  private let size: Int
  private let steps: [Double]
  private let firstDeviation: Double
  private var restarts: Philox
  private var population: Int
  private var mean: [Double]
  private var deviation: Double
  private var covariance: [Double]
  private var path: [Double]
  private var stepPath: [Double]
  /// The covariance is `basis · diag(scales²) · basisᵀ`.
  private var basis: [Double]
  private var scales: [Double]
  private var generations = 0
  private var generation: [(vector: [Double], loss: Double)] = []
  /// The best loss of each generation since the last restart.
  private var history: [Double] = []

  init(_ encoding: VectorEncoding, deviation: Double, population: Int?, restarts: Philox) {
    size = encoding.size
    steps = encoding.steps
    firstDeviation = deviation
    self.deviation = deviation
    self.restarts = restarts
    self.population =
      population ?? (4 + Int((3 * Double.log(Double(encoding.size))).rounded(.down)))
    mean = Array(repeating: 0.5, count: encoding.size)
    path = Array(repeating: 0, count: encoding.size)
    stepPath = path
    scales = Array(repeating: 1, count: encoding.size)
    (covariance, basis) = (Self.identity(encoding.size), Self.identity(encoding.size))
  }

  private static func identity(_ size: Int) -> [Double] {
    (0..<size * size).map { $0 % (size + 1) == 0 ? 1 : 0 }
  }

  mutating func tell(_ vector: [Double], _ loss: Double) {
    generation.append((vector, loss))
    guard generation.count >= population else { return }
    update()
    generation = []
  }

  private mutating func update() {
    let order = generation.indices.sorted {
      let (first, second) = (generation[$0].loss, generation[$1].loss)
      return first != second ? first < second : $0 < $1
    }
    let half = population / 2
    let raw = (0..<population).map {
      Double.log((Double(population) + 1) / 2) - Double.log(Double($0 + 1))
    }
    let positive = raw.prefix(half).reduce(0, +)
    let n = Double(size)
    let effective =
      positive * positive / raw.prefix(half).reduce(0) { $0 + $1 * $1 }
    let negativeSum = raw.dropFirst(half).reduce(0, +)
    let negativeEffective =
      negativeSum * negativeSum / max(raw.dropFirst(half).reduce(0) { $0 + $1 * $1 }, 1e-300)
    let cc = (4 + effective / n) / (n + 4 + 2 * effective / n)
    let cs = (effective + 2) / (n + effective + 5)
    let c1 = 2 / ((n + 1.3) * (n + 1.3) + effective)
    let cmu = min(
      1 - c1,
      2 * (0.25 + effective + 1 / effective - 2) / ((n + 2) * (n + 2) + effective)
    )
    let damping = 1 + 2 * max(0, ((effective - 1) / (n + 1)).squareRoot() - 1) + cs
    let negativeScale = min(
      1 + c1 / cmu,
      1 + 2 * negativeEffective / (effective + 2),
      (1 - c1 - cmu) / (n * cmu)
    )
    let weights = raw.enumerated().map { index, weight in
      index < half
        ? weight / positive : negativeSum == 0 ? 0 : negativeScale * weight / -negativeSum
    }
    let old = mean
    let moves = order.map { index in
      zip(generation[index].vector, old).map { ($0 - $1) / deviation }
    }
    var step = [Double](repeating: 0, count: size)
    for rank in 0..<half {
      for index in 0..<size { step[index] += weights[rank] * moves[rank][index] }
    }
    for index in 0..<size { mean[index] = old[index] + deviation * step[index] }
    let white = whitened(step)
    let stepFactor = (cs * (2 - cs) * effective).squareRoot()
    for index in 0..<size {
      stepPath[index] = (1 - cs) * stepPath[index] + stepFactor * white[index]
    }
    let length = stepPath.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let expected = n.squareRoot() * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    generations += 1
    let decay = 1 - Double.pow(1 - cs, Double(2 * generations))
    let isShort = length / decay.squareRoot() < (1.4 + 2 / (n + 1)) * expected
    let pathFactor = isShort ? (cc * (2 - cc) * effective).squareRoot() : 0
    for index in 0..<size {
      path[index] = (1 - cc) * path[index] + pathFactor * step[index]
    }
    let lost = isShort ? 0 : cc * (2 - cc)
    let total = weights.reduce(0, +)
    let keep = 1 + c1 * lost - c1 - cmu * total
    for row in 0..<size {
      for column in 0...row {
        covariance[row * size + column] =
          keep * covariance[row * size + column] + c1 * path[row] * path[column]
      }
    }
    for rank in 0..<population {
      var weight = weights[rank] * cmu
      if weight < 0 {
        let white = whitened(moves[rank])
        weight *= n / max(white.reduce(0) { $0 + $1 * $1 }, 1e-12)
      }
      for row in 0..<size {
        let factor = weight * moves[rank][row]
        for column in 0...row {
          covariance[row * size + column] += factor * moves[rank][column]
        }
      }
    }
    deviation *= Double.exp(min(1, cs / damping * (length / expected - 1)))
    deviation = min(deviation, 10 * firstDeviation)
    for row in 0..<size {
      for column in 0..<row {
        covariance[column * size + row] = covariance[row * size + column]
      }
    }
    keepMargin()
    (scales, basis) = Eigen.decompose(covariance, size: size)
    scales = scales.map { max($0, 1e-20).squareRoot() }
    history.append(generation[order[0]].loss)
    if isConverged { restart() }
  }

  /// Keeps the deviations of counted numbers large enough to leave a value.
  private mutating func keepMargin() {
    let least = 1 / Double(size * population)
    // Half a step away is the next value; the quantile is that of the least probability.
    let quantile = Numbers.quantile(1 - min(least, 0.25))
    for index in 0..<size where steps[index] > 0 {
      let needed = steps[index] / 2 / quantile / deviation
      let own = covariance[index * size + index].squareRoot()
      guard own < needed else { continue }
      let factor = needed / max(own, 1e-12)
      for other in 0..<size {
        covariance[index * size + other] *= factor
        covariance[other * size + index] *= factor
      }
    }
  }

  private func whitened(_ vector: [Double]) -> [Double] {
    var inner = [Double](repeating: 0, count: size)
    for column in 0..<size {
      var sum = 0.0
      for row in 0..<size { sum += basis[row * size + column] * vector[row] }
      inner[column] = sum / scales[column]
    }
    return (0..<size).map { row in
      (0..<size).reduce(0) { $0 + basis[row * size + $1] * inner[$1] }
    }
  }

  private var isConverged: Bool {
    let largest = deviation * (scales.max() ?? 1)
    if largest < 1e-11 || !largest.isFinite { return true }
    let recent = history.suffix(10 + Int((30 * Double(size) / Double(population)).rounded(.up)))
    guard history.count > recent.count, let least = recent.min(), let most = recent.max() else {
      return false
    }
    return most - least < 1e-12 * max(1, abs(least))
  }

  /// Begins again elsewhere with generations of twice the size.
  private mutating func restart() {
    population *= 2
    mean = mean.map { _ in restarts.nextUnit() }
    deviation = firstDeviation
    path = path.map { _ in 0 }
    stepPath = path
    scales = scales.map { _ in 1 }
    (covariance, basis) = (Self.identity(size), Self.identity(size))
    generations = 0
    history = []
  }

  /// Returns a vector of the next generation, within 0 … 1.
  func sample(using random: inout Philox) -> [Double] {
    var vector = mean
    for attempt in 0..<50 {
      let inner = (0..<size).map { scales[$0] * random.nextNormal() }
      vector = (0..<size).map { row in
        let move = (0..<size).reduce(0) { $0 + basis[row * size + $1] * inner[$1] }
        return mean[row] + deviation * move
      }
      if vector.allSatisfy({ $0 >= 0 && $0 <= 1 }) || attempt == 49 { break }
    }
    return vector.map { min(max($0, 0), 1) }
  }
}
