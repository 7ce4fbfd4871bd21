import Fieldwork
import FieldworkTesting
import XCTest

@testable import Digits

final class DigitsTests: XCTestCase {
  func testDomain() throws {
    let domain = try XCTUnwrap(Digits().research.domain)
    XCTAssertCount(domain, 18)
    XCTAssertEqual(domain[0].description, "{rate: 0.02, width: 8, activation: relu}")
    XCTAssertEqual(domain[17].description, "{rate: 0.4, width: 32, activation: sigmoid}")
    XCTAssertSound(Digits().research)
  }

  func testResults() async throws {
    let results = try await Digits().results(configs: 2, repetitions: 2, iterations: 3)
    let table = results.table()
    XCTAssertEqual(table.count, 2 * 2 * 3)
    XCTAssertEqual(try table["loss", as: Double.self].compactMap(\.self).count, 12)
    XCTAssertEqual(
      try table["accuracy", as: Double.self].map { $0 != nil },
      (0..<12).map { $0 % 3 == 2 },
      "the accuracy is saved at the last iteration"
    )
  }
}
