import Fieldwork
import FieldworkTesting
import XCTest

@testable import Quickstart

final class QuickstartTests: XCTestCase {
  func testDomain() throws {
    let domain = try XCTUnwrap(Quickstart().research.domain)
    XCTAssertCount(domain, 27)
    XCTAssertEqual(domain[0], ["speed": 10.0, "angle": 20])
    XCTAssertEqual(domain[26], ["speed": 30.0, "angle": 60])
    XCTAssertSound(Quickstart().research)
  }

  func testFlightWithLittleDragIsNearTheParabola() {
    // Without air, v² sin(2a) / g; drag takes a few per cent at low speed.
    let ideal = 10.0 * 10.0 / 9.81
    let (distance, height) = flight(10, 45)
    XCTAssertLessThan(distance, ideal)
    XCTAssertEqual(distance, ideal, accuracy: 0.05 * ideal)
    XCTAssertEqual(height, 100 / (4 * 9.81), accuracy: 0.15)
  }

  func testResults() async throws {
    let table = try await Quickstart().results().table()
    XCTAssertEqual(table.count, 27)
    XCTAssertEqual(table.columnNames, ["id", "speed", "angle", "iteration", "distance", "height"])
    let best = try table.sorted(by: "distance", descending: true).row(0)
    XCTAssertEqual(best["speed"], 30.0)
  }
}
