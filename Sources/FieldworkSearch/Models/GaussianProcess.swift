import FieldworkCore
import RealModule

/// A Gaussian process with a constant mean, a Matérn kernel of 5/2 with a length for each dimension, and noise.
///
/// Source: C. E. Rasmussen and C. K. I. Williams, "Gaussian processes for machine learning", 2006. The prior of
/// the lengths grows with the root of the number of dimensions, as that of C. Hvarfner et al., "Vanilla Bayesian
/// optimization performs great in high dimensions", 2024.
struct GaussianProcess {
  /// The parameters of the kernel.
  struct Parameters {
    /// By dimension: the logarithm of the length.
    var logLengths: [Double]
    /// The logarithm of the variance of the noise, divided by that of the process.
    var logNoise: Double

    fileprivate var vector: [Double] { logLengths + [logNoise] }

    fileprivate init(_ vector: [Double]) {
      logLengths = Array(vector.dropLast())
      logNoise = vector[vector.count - 1]
    }

    init(logLengths: [Double], logNoise: Double) {
      (self.logLengths, self.logNoise) = (logLengths, logNoise)
    }
  }

  /// Points as features.
  struct Features {
    /// By feature: the dimension to which it belongs.
    let owners: [Int]
    let dimensions: Int
  }

  private static let noiseBounds = -18.0...1.0
  private static let lengthBounds = -4.0...5.0

  let parameters: Parameters
  private let features: Features
  /// The points, one row after another, each divided by the lengths.
  private let rows: [Double]
  private let count: Int
  private let inverseLengths: [Double]
  private let factor: Cholesky
  /// The inverse covariance times the values less their mean.
  private let weights: [Double]
  private let mean: Double
  /// The variance of the process.
  private let variance: Double
  /// The negative logarithm of the posterior of the parameters.
  let cost: Double

  /// The squared distances of points in each dimension, for the lower triangle.
  private struct Distances {
    let count: Int
    /// By dimension: the distances of all pairs.
    let squares: [[Double]]

    init(_ points: [[Double]], _ features: Features) {
      count = points.count
      squares = (0..<features.dimensions).map { dimension in
        let own = features.owners.indices.filter { features.owners[$0] == dimension }
        var squares: [Double] = []
        squares.reserveCapacity(points.count * (points.count + 1) / 2)
        for row in points.indices {
          for column in 0...row {
            var sum = 0.0
            for feature in own {
              let difference = points[row][feature] - points[column][feature]
              sum += difference * difference
            }
            squares.append(sum)
          }
        }
        return squares
      }
    }
  }

  /// Fits the parameters and the process.
  /// - Parameters:
  ///   - values: numbers of about unit deviation.
  ///   - iterations: the greatest number of steps.
  /// - Returns: nil if no covariance is positive definite.
  static func fitted(
    _ points: [[Double]],
    _ values: [Double],
    _ features: Features,
    starts: [Parameters]? = nil,
    iterations: Int = 40
  ) -> GaussianProcess? {
    let distances = Distances(points, features)
    let typical = Double.log(Double(features.dimensions)) / 2
    let starts =
      starts ?? [
        Parameters(
          logLengths: Array(repeating: typical, count: features.dimensions),
          logNoise: -9
        ),
        Parameters(
          logLengths: Array(repeating: typical - 1.5, count: features.dimensions),
          logNoise: -3
        ),
      ]
    let bounds =
      Array(repeating: lengthBounds, count: features.dimensions) + [noiseBounds]
    var best: (point: [Double], value: Double)?
    for start in starts {
      let found = QuasiNewton.minimize(
        from: start.vector,
        bounds: bounds,
        iterations: iterations
      ) {
        cost(Parameters($0), distances, values)
      }
      if let found, best.map({ found.value < $0.value }) ?? true { best = found }
    }
    guard let best else { return nil }
    return GaussianProcess(points, values, features, Parameters(best.point), cost: best.value)
  }

  private static func prior(_ parameters: Parameters) -> (value: Double, gradient: [Double]) {
    let typical = Double.log(Double(parameters.logLengths.count)) / 2 - 1
    var value = 0.0
    var gradient = parameters.logLengths.map { length -> Double in
      value += (length - typical) * (length - typical) / 2
      return length - typical
    }
    let noise = (parameters.logNoise + 11) / 16
    value += noise * (parameters.logNoise + 11) / 2
    gradient.append(noise)
    return (value, gradient)
  }

  /// Returns the negative logarithm of the posterior, with the mean and the variance that maximize it.
  private static func cost(
    _ parameters: Parameters,
    _ distances: Distances,
    _ values: [Double]
  ) -> (value: Double, gradient: [Double])? {
    let count = distances.count
    let scales = parameters.logLengths.map { Double.exp(-2 * $0) }
    let noise = Double.exp(parameters.logNoise)
    var matrix = [Double](repeating: 0, count: count * count)
    // By pair: the derivative of the kernel by the squared distance.
    var slopes = [Double](repeating: 0, count: count * (count + 1) / 2)
    matrix.withUnsafeMutableBufferPointer { matrix in
      slopes.withUnsafeMutableBufferPointer { slopes in
        for (squares, scale) in zip(distances.squares, scales) {
          squares.withUnsafeBufferPointer { squares in
            for pair in 0..<squares.count { slopes[pair] += squares[pair] * scale }
          }
        }
        var pair = 0
        for row in 0..<count {
          for column in 0...row {
            let (value, slope) = kernel(slopes[pair])
            matrix[row * count + column] = row == column ? 1 + noise : value
            slopes[pair] = slope
            pair += 1
          }
        }
      }
    }
    guard let factor = Cholesky(matrix, size: count) else { return nil }
    let (_, weights, variance) = profile(factor, values)
    guard variance > 0, variance.isFinite else { return nil }
    let inverse = factor.inverse()
    var gradient = [Double](repeating: 0, count: parameters.logLengths.count + 1)
    var pair = 0
    var traces = [Double](repeating: 0, count: slopes.count)
    for row in 0..<count {
      let scaled = weights[row] / variance
      for column in 0...row {
        // The pairs above the diagonal are the same.
        let factor = row == column ? 0.5 : 1.0
        let element = inverse[row * count + column] - scaled * weights[column]
        traces[pair] = factor * element
        pair += 1
      }
      gradient[gradient.count - 1] +=
        0.5 * (inverse[row * count + row] - scaled * weights[row]) * noise
    }
    for pair in traces.indices { traces[pair] *= slopes[pair] }
    for (dimension, squares) in distances.squares.enumerated() {
      let sum = squares.withUnsafeBufferPointer { squares in
        traces.withUnsafeBufferPointer { traces in
          Cholesky.dot(squares.baseAddress!, traces.baseAddress!, squares.count)
        }
      }
      // The squared distance falls by twice itself with the logarithm of the length.
      gradient[dimension] = -sum * scales[dimension] * 2
    }
    let prior = prior(parameters)
    let value =
      0.5 * Double(count) * Double.log(variance) + 0.5 * factor.logDeterminant + prior.value
    return (value, zip(gradient, prior.gradient).map { $0 + $1 })
  }

  /// Returns the mean and the variance that maximize the likelihood, with the weights of the values.
  private static func profile(
    _ factor: Cholesky,
    _ values: [Double]
  ) -> (mean: Double, weights: [Double], variance: Double) {
    let ones = factor.solved(values.map { _ in 1 })
    let solved = factor.solved(values)
    let mean = solved.reduce(0, +) / ones.reduce(0, +)
    let weights = zip(solved, ones).map { $0 - mean * $1 }
    let square = zip(values, weights).reduce(0) { $0 + ($1.0 - mean) * $1.1 }
    return (mean, weights, square / Double(values.count))
  }

  /// Returns the correlation at a squared distance, and its derivative by the squared distance.
  @inline(__always)
  private static func kernel(_ square: Double) -> (value: Double, slope: Double) {
    let distance = (5 * square).squareRoot()
    let decay = Double.exp(-distance)
    return ((1 + distance + distance * distance / 3) * decay, -5.0 / 6 * (1 + distance) * decay)
  }

  private init?(
    _ points: [[Double]],
    _ values: [Double],
    _ features: Features,
    _ parameters: Parameters,
    cost: Double
  ) {
    self.parameters = parameters
    self.features = features
    self.cost = cost
    count = points.count
    let inverseLengths = features.owners.map { Double.exp(-parameters.logLengths[$0]) }
    self.inverseLengths = inverseLengths
    let rows = points.flatMap { point in zip(point, inverseLengths).map { $0 * $1 } }
    self.rows = rows
    let width = features.owners.count
    var matrix = [Double](repeating: 0, count: count * count)
    var noise = Double.exp(parameters.logNoise)
    for row in 0..<count {
      for column in 0..<row {
        var square = 0.0
        for feature in 0..<width {
          let difference = rows[row * width + feature] - rows[column * width + feature]
          square += difference * difference
        }
        matrix[row * count + column] = Self.kernel(square).value
      }
    }
    var factor: Cholesky?
    repeat {
      for row in 0..<count { matrix[row * count + row] = 1 + noise }
      factor = Cholesky(matrix, size: count)
      noise *= 10
    } while factor == nil && noise < 10
    guard let factor else { return nil }
    self.factor = factor
    (mean, weights, variance) = Self.profile(factor, values)
  }

  /// Returns the process of the same parameters with further points, whose values are their means; the process itself if
  /// that has no covariance.
  /// - Parameters:
  ///   - all: the points of the process.
  ///   - values: the values of the process.
  func believing(_ points: [[Double]], _ all: [[Double]], _ values: [Double]) -> GaussianProcess {
    guard !points.isEmpty else { return self }
    let believed = points.map { meanValue($0) }
    return GaussianProcess(all + points, values + believed, features, parameters, cost: cost)
      ?? self
  }

  /// Returns the mean and the variance at a point, without noise.
  func prediction(_ point: [Double]) -> (mean: Double, variance: Double) {
    let covariance = covariance(point)
    var sum = mean
    for index in 0..<count { sum += covariance[index] * weights[index] }
    let half = factor.solvedLower(covariance)
    let explained = half.reduce(0) { $0 + $1 * $1 }
    return (sum, variance * max(1 - explained, 1e-14))
  }

  /// Returns the mean at a point.
  func meanValue(_ point: [Double]) -> Double {
    let covariance = covariance(point)
    var sum = mean
    for index in 0..<count { sum += covariance[index] * weights[index] }
    return sum
  }

  private func covariance(_ point: [Double]) -> [Double] {
    let width = features.owners.count
    let scaled = zip(point, inverseLengths).map { $0 * $1 }
    return rows.withUnsafeBufferPointer { rows in
      (0..<count).map { row in
        var square = 0.0
        let begin = row * width
        for feature in 0..<width {
          let difference = rows[begin + feature] - scaled[feature]
          square += difference * difference
        }
        return Self.kernel(square).value
      }
    }
  }

  /// Returns the mean and the variance at a point, with their gradients by the features.
  func gradients(
    _ point: [Double]
  ) -> (mean: Double, variance: Double, meanSlope: [Double], varianceSlope: [Double]) {
    let width = features.owners.count
    let scaled = zip(point, inverseLengths).map { $0 * $1 }
    var covariance = [Double](repeating: 0, count: count)
    var slopes = [Double](repeating: 0, count: count)
    for row in 0..<count {
      var square = 0.0
      for feature in 0..<width {
        let difference = rows[row * width + feature] - scaled[feature]
        square += difference * difference
      }
      (covariance[row], slopes[row]) = Self.kernel(square)
    }
    let half = factor.solvedLower(covariance)
    let explained = half.reduce(0) { $0 + $1 * $1 }
    let solved = factor.solvedUpper(half)
    var sum = mean
    var meanSlope = [Double](repeating: 0, count: width)
    var varianceSlope = meanSlope
    for row in 0..<count {
      sum += covariance[row] * weights[row]
      for feature in 0..<width {
        let slope =
          2 * slopes[row] * (scaled[feature] - rows[row * width + feature])
          * inverseLengths[feature]
        meanSlope[feature] += slope * weights[row]
        varianceSlope[feature] -= 2 * variance * slope * solved[row]
      }
    }
    return (sum, variance * max(1 - explained, 1e-14), meanSlope, varianceSlope)
  }
}
