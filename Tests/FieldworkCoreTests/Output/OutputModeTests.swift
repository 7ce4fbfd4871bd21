import FieldworkCore
import XCTest

final class OutputModeTests: XCTestCase {
  func testNamesAndNumbers() {
    for (number, mode) in OutputMode.allCases.enumerated() {
      XCTAssertEqual(OutputMode(text: mode.rawValue), mode)
      XCTAssertEqual(OutputMode(text: mode.rawValue.uppercased()), mode)
      XCTAssertEqual(OutputMode(text: "\(number)"), mode)
    }
    XCTAssertEqual(OutputMode(text: "0"), .terminal)
    XCTAssertEqual(OutputMode(text: "1"), .common)
    XCTAssertEqual(OutputMode(text: "2"), .experiment)
    XCTAssertEqual(OutputMode(text: "3"), .both)
  }

  func testOtherTexts() {
    for text in ["", "4", "-1", "file", "1.0", " both"] {
      XCTAssertNil(OutputMode(text: text), text)
    }
  }
}
