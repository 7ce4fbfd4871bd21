import XCTest

@testable import FieldworkRuntime

final class DiffPayloadsTests: XCTestCase {
  private let image = "iVBORw0KGgoAAAANSUhEUgAAAAE+/aB09=="

  func testPayloadsAreReplaced() {
    let long = String(repeating: "aB3+/xYz", count: 30)
    let cases = [
      ("+<img src=\"data:image/png;base64,\(image)\">", "+<img src=\"data:image/png;base64,...\">"),
      (
        "-url(data:font/woff2;charset=utf-8;base64,\(image))",
        "-url(data:font/woff2;charset=utf-8;base64,...)"
      ),
      ("![](data:image/jpeg;base64,\(image)) b", "![](data:image/jpeg;base64,...) b"),
      ("+   \"image/png\": \"\(image)\\n\",", "+   \"image/png\": \"...\","),
      ("-   \"image/png\":\"\(image)\"", "-   \"image/png\":\"...\""),
      ("+   \"image/svg+xml\": \"<svg a=\\\"b\\\"/>\",", "+   \"image/svg+xml\": \"...\","),
      ("+\(long)\n+b", "+...\n+b"),
      ("a \(long)== b", "a ... b"),
      ("\(long)\\n\", \"\(long)", "...\\n\", \"..."),
    ]
    for (diff, expected) in cases {
      XCTAssertEqual(DiffPayloads.removed(from: diff), expected)
      XCTAssertEqual(DiffPayloads.removed(from: expected), expected, "twice")
    }
  }

  func testOtherTextStays() {
    for text in [
      "", "+let a = b", "+\"text/plain\": \"a\"", "data: image", "\"image/png\": [",
      "\"image/png\": 3",
      "+" + String(repeating: "word ", count: 100), String(repeating: "a", count: 199),
      "index 4c6b85195dd624c35357485de500180a341bd7c1..54b8c28 100644",
    ] {
      XCTAssertEqual(DiffPayloads.removed(from: text), text)
    }
  }
}
