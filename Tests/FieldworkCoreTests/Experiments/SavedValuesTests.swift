import FieldworkCore
import XCTest

final class SavedValuesTests: XCTestCase {
  private func value(_ name: String, _ iteration: Int, bytes: Int) -> SavedValue {
    SavedValue(
      name: name,
      iteration: iteration,
      value: .string(String(repeating: "x", count: bytes))
    )
  }

  func testAValueOfTheSameIterationIsReplaced() throws {
    let values = SavedValues(limit: 1000)
    for bytes in [600, 700, 800] { values.add(value("w", 0, bytes: bytes)) }
    XCTAssertEqual(try values.all("w"), [value("w", 0, bytes: 800)])
  }

  func testOneNameOverTheLimitDoesNotConcernOthers() throws {
    let values = SavedValues(limit: 1000)
    values.add(value("w", 0, bytes: 2000))
    values.add(value("y", 0, bytes: 100))
    XCTAssertThrowsError(try values.all("w"))
    XCTAssertEqual(try values.all("y"), [value("y", 0, bytes: 100)])
    XCTAssertNotNil(values.lastSaved("w"), "the last value is kept beyond the limit")
    let later = SavedValues(limit: 1000)
    later.begin { try values.everything() }
    later.add(value("y", 1, bytes: 100))
    XCTAssertEqual(try later.all("y").map(\.iteration), [0, 1])
    XCTAssertThrowsError(try later.all("w"))
    XCTAssertEqual(values.take().count, 2, "all are stored")
  }
}
