import FieldworkCore
import XCTest

@testable import FieldworkSearch

final class SobolTests: XCTestCase {
  /// The points that SciPy 1.16 gives with the same direction numbers.
  func testPublishedPoints() {
    let sobol = Sobol(dimensions: 4, scrambling: nil)
    XCTAssertEqual(
      (0..<8).map(sobol.point),
      [
        [0, 0, 0, 0], [0.5, 0.5, 0.5, 0.5], [0.75, 0.25, 0.25, 0.25], [0.25, 0.75, 0.75, 0.75],
        [0.375, 0.375, 0.625, 0.875], [0.875, 0.875, 0.125, 0.375],
        [0.625, 0.125, 0.875, 0.625], [0.125, 0.625, 0.375, 0.125],
      ]
    )
    let wide = Sobol(dimensions: 1000, scrambling: nil)
    let columns = [10, 100, 500, 999]
    XCTAssertEqual(columns.map { wide.point(13)[$0] }, [0.8125, 0.1875, 0.3125, 0.3125])
    XCTAssertEqual(columns.map { wide.point(63)[$0] }, [0.421875, 0.578125, 0.640625, 0.046875])
  }

  /// A block of a power of two has one point in each part of a coordinate, also after scrambling.
  func testEachPartHasOnePoint() {
    for seed in [UInt64(1), 2] {
      let sobol = Sobol(dimensions: 30, scrambling: Philox(seed: seed))
      let points = (0..<64).map(sobol.point)
      for dimension in 0..<30 {
        let parts = Set(points.map { Int($0[dimension] * 64) })
        XCTAssertEqual(parts.count, 64, "dimension \(dimension)")
      }
      // Of the first two coordinates, each square of a grid of 8 × 8 has one.
      XCTAssertEqual(Set(points.map { [Int($0[0] * 8), Int($0[1] * 8)] }).count, 64)
    }
  }

  func testTheDiscrepancyIsSmall() {
    func discrepancy(_ points: [[Double]]) -> Double {
      // The centered discrepancy of F. J. Hickernell, 1998.
      let count = Double(points.count)
      let dimensions = points[0].count
      var (first, second) = (0.0, 0.0)
      for point in points {
        first += point.reduce(1) { product, x in
          product * (1 + abs(x - 0.5) / 2 - (x - 0.5) * (x - 0.5) / 2)
        }
        for other in points {
          second += (0..<dimensions).reduce(1) { product, index in
            let (x, y) = (point[index], other[index])
            return product * (1 + abs(x - 0.5) / 2 + abs(y - 0.5) / 2 - abs(x - y) / 2)
          }
        }
      }
      let constant = (0..<dimensions).reduce(1.0) { product, _ in product * 13 / 12 }
      return (constant - 2 / count * first + second / count / count).squareRoot()
    }
    let sobol = Sobol(dimensions: 5, scrambling: Philox(seed: 3))
    var random = Philox(seed: 3)
    let drawn = (0..<128).map { _ in (0..<5).map { _ in random.nextUnit() } }
    XCTAssertLessThan(discrepancy((0..<128).map(sobol.point)), discrepancy(drawn) / 3)
  }
}
