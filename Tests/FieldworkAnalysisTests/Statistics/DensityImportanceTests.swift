import FieldworkCore
import XCTest

@testable import FieldworkAnalysis

final class DensityImportanceTests: XCTestCase {
  private func shares(
    _ count: Int,
    _ parameters: [(name: String, value: (Int) -> Value?)],
    _ loss: (Int) -> Double
  ) -> [String: Double]? {
    DensityImportance(
      parameters.map { parameter in
        FunctionalANOVA.Parameter(name: parameter.name, values: (0..<count).map(parameter.value))
      },
      losses: (0..<count).map(loss)
    ).map { importance in
      Dictionary(
        importance.shares.map { ($0.parameter, $0.share) },
        uniquingKeysWith: { first, _ in first }
      )
    }
  }

  /// The fractional parts of multiples of an irrational number are spread evenly.
  private func spread(_ index: Int, _ factor: Double) -> Double {
    (Double(index) * factor).truncatingRemainder(dividingBy: 1)
  }

  func testTheParameterThatMattersHasTheGreatestShare() throws {
    let shares = try XCTUnwrap(
      shares(
        400,
        [
          ("a", { .double(self.spread($0, 0.618_034)) }),
          ("b", { .double(self.spread($0, 0.414_214)) }),
          ("c", { .string(["u", "v", "w"][$0 % 3]) }),
        ]
      ) { index in
        let a = self.spread(index, 0.618_034) - 0.3
        let b = self.spread(index, 0.414_214) - 0.7
        return a * a + 0.05 * b * b
      }
    )
    XCTAssertEqual(shares.values.reduce(0, +), 1, accuracy: 1e-12)
    XCTAssertGreaterThan(shares["a"] ?? 0, 0.7)
    XCTAssertGreaterThan(shares["b"] ?? 0, shares["c"] ?? 1)
  }

  func testCategoriesAndAbsentValues() throws {
    let shares = try XCTUnwrap(
      shares(
        90,
        [
          ("kind", { .string(["u", "v", "w"][$0 % 3]) }),
          ("extra", { $0 % 3 == 1 ? .int($0 % 5) : nil }),
          ("other", { .int($0 % 4) }),
        ]
      ) { index in index % 3 == 1 ? Double(index % 5) : 10 + Double(index % 7) }
    )
    XCTAssertGreaterThan(shares["kind"] ?? 0, 5 * (shares["other"] ?? 1))
    XCTAssertGreaterThan(shares["extra"] ?? 0, 5 * (shares["other"] ?? 1))
  }

  func testWithoutADifferenceThereIsNone() {
    XCTAssertNil(shares(100, [("a", { _ in 1 })]) { Double($0) })
    XCTAssertNil(shares(9, [("a", { .int($0) })]) { Double($0) })
    XCTAssertNil(shares(0, []) { Double($0) })
  }
}
