/// Minimizes a smooth function by the method of L-BFGS with a backtracking line search.
///
/// Source: D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", 1989.
enum QuasiNewton {
  /// - Parameters:
  ///   - bounds: the least and the greatest value of each coordinate: steps end there.
  ///   - function: returns the value and the gradient; nil where there is none.
  /// - Returns: the best point, and its value; nil if the function has no value at the first one.
  static func minimize(
    from start: [Double],
    bounds: [ClosedRange<Double>],
    iterations: Int,
    _ function: ([Double]) -> (value: Double, gradient: [Double])?
  ) -> (point: [Double], value: Double)? {
    func clamped(_ point: [Double]) -> [Double] {
      zip(point, bounds).map { min(max($0, $1.lowerBound), $1.upperBound) }
    }
    var point = clamped(start)
    guard var (value, gradient) = function(point) else { return nil }
    var steps: [(step: [Double], change: [Double], scale: Double)] = []
    for _ in 0..<iterations {
      // A coordinate at its bound does not move out of it.
      let free = point.indices.map { index in
        !(point[index] <= bounds[index].lowerBound && gradient[index] > 0
          || point[index] >= bounds[index].upperBound && gradient[index] < 0)
      }
      var direction = gradient.indices.map { free[$0] ? -gradient[$0] : 0 }
      var factors: [Double] = []
      for (step, change, scale) in steps.reversed() {
        let factor = scale * product(step, direction)
        factors.append(factor)
        for index in direction.indices { direction[index] -= factor * change[index] }
      }
      if let (step, change, _) = steps.last {
        let scale = product(step, change) / product(change, change)
        for index in direction.indices { direction[index] *= scale }
      } else {
        let length = product(direction, direction).squareRoot()
        if length > 1 { for index in direction.indices { direction[index] /= length } }
      }
      for ((step, change, scale), factor) in zip(steps, factors.reversed()) {
        let correction = factor - scale * product(change, direction)
        for index in direction.indices { direction[index] += correction * step[index] }
      }
      for index in direction.indices where !free[index] { direction[index] = 0 }
      var slope = product(direction, gradient)
      if slope >= 0 {
        steps = []
        direction = gradient.indices.map { free[$0] ? -gradient[$0] : 0 }
        slope = product(direction, gradient)
        guard slope < 0 else { break }
      }
      var length = 1.0
      var next: (point: [Double], value: Double, gradient: [Double])?
      for _ in 0..<20 {
        let trial = clamped(zip(point, direction).map { $0 + length * $1 })
        if let (newValue, newGradient) = function(trial),
          newValue <= value + 1e-4 * length * slope
        {
          next = (trial, newValue, newGradient)
          break
        }
        length /= 2
      }
      guard let next else { break }
      let step = zip(next.point, point).map { $0 - $1 }
      let change = zip(next.gradient, gradient).map { $0 - $1 }
      let curvature = product(step, change)
      if curvature > 1e-12 * product(change, change).squareRoot() {
        steps.append((step, change, 1 / curvature))
        if steps.count > 8 { steps.removeFirst() }
      }
      let gain = value - next.value
      (point, value, gradient) = next
      if gain <= 1e-7 * max(1, abs(value)) { break }
    }
    return (point, value)
  }

  private static func product(_ first: [Double], _ second: [Double]) -> Double {
    zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
