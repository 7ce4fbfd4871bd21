import Fieldwork
import FieldworkTesting
import XCTest

@testable import Tuning

final class TuningTests: XCTestCase {
  func testTheResearchIsSound() throws {
    XCTAssertSound(Tuning().research)
  }

  func testASearchIsTheSameAtAnyWidth() async throws {
    let one = try await Tuning().results(configs: 4, iterations: 2)
    let many = try await Tuning().results(configs: 4, iterations: 2)
    XCTAssertEqual(one.experiments.map(\.key), many.experiments.map(\.key))
    XCTAssertEqual(one.experiments.count, 4)
    let hasDecay = one.experiments.map {
      ($0.config.name(of: "schedule") == "exponential", $0.config.contains("decay"))
    }
    XCTAssertTrue(hasDecay.allSatisfy { $0.0 == $0.1 })
  }
}
