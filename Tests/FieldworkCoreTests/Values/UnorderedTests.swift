import FieldworkCore
import XCTest

/// What has no order is saved in an order of its contents, so that tables do not depend on chance.
final class UnorderedTests: XCTestCase {
  private struct Labels: Encodable {
    let all: Set<String>
    let byNumber: [Double: Set<Int>]
  }

  private enum Kind: Hashable, Encodable { case a, b }

  private func saved(_ output: Any) throws -> Value {
    try XCTUnwrap(Saving("x").values(of: output).first?.value)
  }

  func testSets() throws {
    for _ in 0..<20 {
      // Each set has a seed of its own.
      XCTAssertEqual(
        try saved(Set(["pig", "cat", "dog", "cow"])),
        ["cat", "cow", "dog", "pig"]
      )
      XCTAssertEqual(try saved(Set([10, 9, 100, -1])), [-1, 9, 10, 100])
      XCTAssertEqual(try saved([Set([3, 1, 2]), Set([5, 4])]), [[1, 2, 3], [4, 5]])
      XCTAssertEqual(
        try saved(Labels(all: ["b", "a"], byNumber: [2.5: [2, 1], 0.5: [4, 3]])),
        ["all": ["a", "b"], "byNumber": [0.5, [3, 4], 2.5, [1, 2]]]
      )
      XCTAssertEqual(try saved(["k": Set(["y", "x"])]), ["k": ["x", "y"]])
    }
  }

  func testDictionariesWithOtherKeys() throws {
    for _ in 0..<20 {
      XCTAssertEqual(
        try saved([2.5: "b", 0.5: "a", 10: "c"]),
        [0.5, "a", 2.5, "b", 10.0, "c"]
      )
    }
    XCTAssertEqual(try saved([1: "a", 2: "b"]), ["1": "a", "2": "b"])
  }

  func testSeveralNamesOfASet() throws {
    let values = try Saving(["a", "b"]).values(of: Set([2, 1]))
    XCTAssertEqual(values.map(\.value), [1, 2])
  }
}
