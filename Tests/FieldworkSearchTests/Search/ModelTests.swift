import FieldworkCore
import XCTest

@testable import FieldworkSearch

final class ModelTests: XCTestCase {
  func testTheCholeskyFactor() throws {
    var random = Philox(seed: 1)
    let size = 23
    let root = (0..<size * size).map { _ in random.nextNormal() }
    var matrix = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0..<size {
        for index in 0..<size {
          matrix[row * size + column] += root[row * size + index] * root[column * size + index]
        }
      }
      matrix[row * size + row] += 1
    }
    let factor = try XCTUnwrap(Cholesky(matrix, size: size))
    let wanted = (0..<size).map { _ in random.nextNormal() }
    let product = (0..<size).map { row in
      (0..<size).reduce(0) { $0 + matrix[row * size + $1] * wanted[$1] }
    }
    for (found, wanted) in zip(factor.solved(product), wanted) {
      XCTAssertEqual(found, wanted, accuracy: 1e-9)
    }
    let inverse = factor.inverse()
    for row in 0..<size {
      for column in 0..<size {
        let sum = (0..<size).reduce(0) { sum, index in
          let (a, b) = (max(row, index), min(row, index))
          return sum + inverse[a * size + b] * matrix[index * size + column]
        }
        XCTAssertEqual(sum, row == column ? 1 : 0, accuracy: 1e-9)
      }
    }
    let (values, vectors) = Eigen.decompose(matrix, size: size)
    XCTAssertEqual(values.reduce(0) { $0 + log($1) }, factor.logDeterminant, accuracy: 1e-8)
    for column in 0..<size {
      for row in 0..<size {
        let image = (0..<size).reduce(0) {
          $0 + matrix[row * size + $1] * vectors[$1 * size + column]
        }
        XCTAssertEqual(image, values[column] * vectors[row * size + column], accuracy: 1e-8)
      }
    }
    XCTAssertNil(Cholesky([1, 0, 2, 1], size: 2))
  }

  /// Expected values by the integral of the improvement in high precision.
  func testTheLogarithmOfTheImprovement() {
    for (z, expected) in [
      (0.0, log(0.398_942_280_401_432_7)), (1.0, log(1.083_315_470_587_686_3)),
      (-1.0, log(0.083_315_470_587_686_3)), (-3.0, log(3.821_543_170_979_49e-4)),
    ] {
      XCTAssertEqual(Numbers.logImprovement(z), expected, accuracy: 1e-9)
    }
    // It falls without jumps where the formula changes.
    for z in [-1.0, -5 * 2.0.squareRoot(), -20] {
      let (left, right) = (
        Numbers.logImprovement(z - 1e-7), Numbers.logImprovement(z + 1e-7)
      )
      XCTAssertGreaterThan(right, left)
      XCTAssertEqual(left, right, accuracy: 1e-4)
    }
    XCTAssertTrue(Numbers.logImprovement(-1e6).isFinite)
  }

  func testAProcessGoesThroughItsPoints() throws {
    let points = (0..<12).map { [Double($0) / 11] }
    let values = points.map { sin(6 * $0[0]) }
    let features = GaussianProcess.Features(owners: [0], dimensions: 1)
    let process = try XCTUnwrap(GaussianProcess.fitted(points, values, features))
    for (point, value) in zip(points, values) {
      XCTAssertEqual(process.prediction(point).mean, value, accuracy: 1e-2)
    }
    XCTAssertEqual(process.prediction([0.23]).mean, sin(6 * 0.23), accuracy: 1e-2)
    XCTAssertGreaterThan(process.prediction([1.5]).variance, process.prediction([0.5]).variance)
    // The slopes are those of small differences.
    let slopes = process.gradients([0.37])
    let (low, high) = (process.prediction([0.37 - 1e-5]), process.prediction([0.37 + 1e-5]))
    XCTAssertEqual(slopes.meanSlope[0], (high.mean - low.mean) / 2e-5, accuracy: 1e-4)
    XCTAssertEqual(slopes.varianceSlope[0], (high.variance - low.variance) / 2e-5, accuracy: 1e-4)
  }

  func testTheMinimumOfASmoothFunction() throws {
    let found = try XCTUnwrap(
      QuasiNewton.minimize(
        from: [-1.2, 1],
        bounds: [-2...2, -2...2],
        iterations: 200
      ) { x in
        let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
        return (a * a + 100 * b * b, [-2 * a - 400 * x[0] * b, 200 * b])
      }
    )
    XCTAssertEqual(found.point[0], 1, accuracy: 1e-2)
    XCTAssertEqual(found.point[1], 1, accuracy: 1e-2)
  }
}
