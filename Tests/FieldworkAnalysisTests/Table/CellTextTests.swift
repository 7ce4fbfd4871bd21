import XCTest

@testable import FieldworkCore
@testable import FieldworkAnalysis

final class CellTextTests: XCTestCase {
  func testExamples() {
    let cases: [(Double, String)] = [
      (0, "0.0"), (-0.0, "0.0"), (1, "1.0"), (-1.5, "-1.5"), (0.1, "0.1"), (1 / 3, "0.33333"),
      (2 / 3, "0.66667"), (-123.456789, "-123.46"), (12_345.6, "12346.0"), (99_999.9, "100000.0"),
      (0.0001, "0.0001"), (1e-5, "1.0e-5"), (1.23456e-12, "1.2346e-12"), (9.999999e-6, "1.0e-5"),
      (1e20, "1.0e+20"), (-1e20, "-1.0e+20"), (9.999996e20, "1.0e+21"), (.nan, "nan"),
      (.infinity, "inf"),
      (.greatestFiniteMagnitude, "1.7977e+308"), (.leastNonzeroMagnitude, "4.9407e-324"),
      (-.infinity, "-inf"),
    ]
    for (number, text) in cases {
      XCTAssertEqual(Table.cellText(.double(number)), text, "\(number)")
    }
    XCTAssertEqual(Table.cellText(.int(1_234_567)), "1234567")
    XCTAssertEqual(Table.cellText("a\r\nb\n\nc\u{2028}d"), "a ⏎ b ⏎ c ⏎ d")
    XCTAssertEqual(Table.cellText([1, "a\nb"]), "[1, \"a\\nb\"]")
    XCTAssertEqual(Table.cellText(.null), "null")
    XCTAssertEqual(Table.cellText("null"), "\"null\"", "it is another value")
  }

  private func check(_ number: Double) {
    let text = Table.rounded(number)
    guard let read = Double(text) else { return XCTFail("\(number) became \(text)") }
    let error = abs(read / number - 1)
    XCTAssertLessThanOrEqual(error, 1e-4, "\(number) became \(text)")
    XCTAssertLessThanOrEqual(text.count, 18, "\(number) became \(text)")
  }

  func testTheErrorIsSmallAtEveryMagnitude() {
    for exponent in -307...307 {
      for mantissa in [1, 1.000049, 1.00005, 2.5, 5, 9.9999, 9.99994, 9.99996, 9.999999] {
        for sign in [1.0, -1.0] {
          if let number = Double("\(sign * mantissa)e\(exponent)") { check(number) }
        }
      }
    }
  }

  func testRandomNumbers() {
    var random = Philox(seed: 7)
    var tried = 0
    while tried < 20_000 {
      let number = Double(bitPattern: random.next())
      guard number.isNormal else { continue }
      tried += 1
      check(number)
    }
  }

  func testTheSmallestAndLargestNumbers() {
    for number in [
      .leastNonzeroMagnitude, 1000 * .leastNonzeroMagnitude, .leastNormalMagnitude, 1.7976e308,
      -1.7976e308,
    ] as [Double] {
      let read = Double(Table.rounded(number))
      XCTAssertNotNil(read, Table.rounded(number))
      XCTAssertEqual(read.map(\.isFinite), true, Table.rounded(number))
      XCTAssertNotEqual(read, 0, Table.rounded(number))
    }
  }
}
