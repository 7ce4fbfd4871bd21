import XCTest

@testable import FieldworkReport

final class TextChartTests: XCTestCase {
  func testBars() {
    XCTAssertEqual(
      TextChart.bars([("a=1", 4, 0.5), ("a=22", 2, nil), ("a=3", 0, 0.25)], width: 40),
      """
      a=1   ██████████████████████ 4.0 ± 0.5
      a=22  ███████████            2.0
      a=3                          0.0 ± 0.25
      """
    )
    XCTAssertEqual(
      TextChart.bars([("a", 100, nil), ("b", 99, nil)], width: 20).split(separator: "\n").last,
      "bars begin at 98.9",
      "where zero is far"
    )
  }

  func testBarsOfOneValueBeginAtZero() {
    for bars in [[("a", 0.85, nil)], [("a", 0.85, nil), ("b", 0.85, nil)]]
      as [[(String, Double, Double?)]]
    {
      let text = TextChart.bars(bars.map { (label: $0.0, number: $0.1, margin: $0.2) }, width: 40)
      XCTAssertFalse(text.contains("begin"), text)
      XCTAssertTrue(text.contains("████"), text)
    }
  }

  func testSparklines() {
    XCTAssertEqual(
      TextChart.sparklines(
        [("up", [0, 1, 2, 3, 4, 5, 6, 7]), ("b", [7, nil, .nan, 0])],
        width: 60
      ),
      """
      up  ▁▂▃▄▅▆▇█  7.0
      b   █  ▁  0.0
      ▁ 0.0, █ 7.0
      """
    )
  }

  func testCurve() {
    let points = (0..<40).map { (x: Double($0), y: Double($0)) }
    let lines = TextChart.curve(points, xLabel: "iteration", width: 30, height: 4)
      .split(separator: "\n").map(String.init)
    XCTAssertEqual(lines.count, 6)
    XCTAssertTrue(lines.allSatisfy { $0.count <= 30 }, "\(lines)")
    XCTAssertTrue(lines[0].hasPrefix("  39 ┤"), lines[0])
    XCTAssertTrue(lines[3].hasPrefix("   0 ┤"), lines[3])
    XCTAssertTrue(lines[0].hasSuffix("⠁") || lines[0].last != "⠀", "it rises to the right")
    XCTAssertEqual(lines[5].split(separator: " "), ["0", "iteration", "39"])
  }

  func testNothingFinite() {
    XCTAssertEqual(TextChart.curve([], xLabel: "x", width: 80), "(no finite numbers)")
    XCTAssertEqual(TextChart.curve([(0, .nan)], xLabel: "x", width: 80), "(no finite numbers)")
    XCTAssertEqual(TextChart.sparklines([("a", [nil])], width: 80), "(no finite numbers)")
    XCTAssertEqual(TextChart.bars([("a", .infinity, nil)], width: 80), "(no finite numbers)")
  }

  /// At every width lines fit, as far as labels and numbers do.
  func testAllWidths() {
    for width in 30...200 {
      for text in [
        TextChart.curve([(0, -1.7e308), (1, .nan), (2, 1.7e308)], xLabel: "x", width: width),
        TextChart.sparklines([("l", [-1.7e308, 1.7e308, .infinity])], width: width),
        TextChart.bars([("l", -1.7e308, nil), ("m", 1.7e308, nil)], width: width),
        TextChart.bars(
          [("label", -3, nil), (String(repeating: "long", count: 30), 5, nil)],
          width: width
        ),
        TextChart.sparklines([("label", (0..<500).map { .init($0) })], width: width),
      ] {
        for line in text.split(separator: "\n") {
          XCTAssertLessThanOrEqual(line.count, width, text)
        }
      }
    }
  }
}
