import Fieldwork
import FieldworkTesting
import Handwriting
import XCTest

@testable import Neighbours

final class NeighboursTests: XCTestCase {
  func testDomain() throws {
    let domain = try XCTUnwrap(Neighbours().research.domain)
    XCTAssertCount(domain, 60)
    XCTAssertEqual(domain[0], ["components": 4, "neighbours": 1])
    XCTAssertSound(Neighbours().research)
  }

  func testAFewNeighboursTellDigitsApart() throws {
    let projection = try project(16)
    XCTAssertEqual(projection.training.first?.place.count, 16)
    XCTAssertGreaterThan(classify(projection, 3), 0.95)
  }

  /// More components keep more of the distances.
  func testComponentsAreOrdered() throws {
    let projection = try project(8)
    let variances = (0..<8).map { axis in
      projection.training.reduce(0) { $0 + $1.place[axis] * $1.place[axis] }
    }
    XCTAssertEqual(variances, variances.sorted(by: >))
  }

  func testResults() async throws {
    let table = try await Neighbours().results(configs: 3).table()
    XCTAssertEqual(table.count, 3)
    XCTAssertTrue(try table["accuracy", as: Double.self].allSatisfy { ($0 ?? 0) > 0.5 })
  }
}
