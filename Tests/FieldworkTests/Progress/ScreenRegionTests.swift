import XCTest

@testable import Fieldwork

final class ScreenRegionTests: XCTestCase {
  private func lines(_ texts: [String]) -> [ScreenLine] {
    texts.map { text in ScreenLine(text) { "\u{1B}[2m\($0)\u{1B}[0m" } }
  }

  /// Regions of all small heights and widths one after another: what stands on the terminal are the notes
  /// and the last region, whatever stood there before.
  func testTheLastRegionStandsBelowTheNotes() {
    let shapes = [
      [], ["a"], ["aaaa", "b"], ["a", "bbbbbb", "cc"], ["日本", "é"], ["dddd", "eeee"],
    ]
    for first in shapes {
      for second in shapes {
        for third in shapes {
          for note in ["", "note\n", "a note that is longer than the terminal\n"] {
            var (region, terminal) = (ScreenRegion(), TerminalModel(columns: 20))
            terminal.write("before\n")
            terminal.write(region.draw(lines(first), columns: 20))
            terminal.write(region.draw(lines(second), below: note, columns: 20))
            terminal.write(region.draw(lines(third), columns: 20))
            var expected = TerminalModel(columns: 20)
            expected.write("before\n" + note + third.map { $0 + "\n" }.joined())
            XCTAssertEqual(terminal.screen, expected.screen, "\(first) \(second) \(third) \(note)")
            XCTAssertEqual(terminal.unknown, [])
          }
        }
      }
    }
  }

  func testAfterAChangeOfWidthNothingIsLeft() {
    for widths in [(20, 10), (20, 7), (20, 19), (10, 20), (7, 20)] {
      var (region, terminal) = (ScreenRegion(), TerminalModel(columns: widths.0))
      let (before, after) = (widths.0 - 1, widths.1 - 1)
      let first = (1...4).map { String(repeating: "\($0)", count: before / $0) }
      let second = (5...7).map { String(repeating: "\($0)", count: after) }
      terminal.write("before\n")
      terminal.write(region.draw(lines(first), columns: widths.0))
      terminal.resize(to: widths.1)
      terminal.write(region.draw(lines(second), columns: widths.1))
      XCTAssertEqual(terminal.screen, ["before"] + second, "\(widths)")
      terminal.resize(to: widths.0)
      terminal.write(region.draw(lines(first), columns: widths.0))
      XCTAssertEqual(terminal.screen, ["before"] + first, "\(widths)")
    }
  }

  func testATerminalThatCutsLines() {
    var region = ScreenRegion(breaksLinesAnew: false)
    _ = region.draw(lines(["a long line", "another one"]), columns: 20)
    XCTAssertTrue(region.draw(lines(["a"]), columns: 5).hasPrefix("\u{1B}[2A\r"))
  }

  func testWhatStandsThereAlreadyIsNotWrittenAgain() {
    var region = ScreenRegion()
    XCTAssertNotEqual(region.draw(lines(["a", "b"]), columns: 20), "")
    XCTAssertEqual(region.draw(lines(["a", "b"]), columns: 20), "")
    XCTAssertNotEqual(region.draw(lines(["a", "b"]), columns: 30), "", "lines may have moved")
    XCTAssertNotEqual(region.draw(lines(["a", "c"]), columns: 30), "")
  }

  /// A sign that the terminal takes for wider than it was measured must not break the line.
  func testLinesAreNeverBroken() {
    var (region, terminal) = (ScreenRegion(), TerminalModel(columns: 6))
    for text in ["abcdefghij", "klmnopqrst"] {
      terminal.write(region.draw([ScreenLine(text), ScreenLine("x")], columns: 100))
      XCTAssertEqual(terminal.screen, [String(text.prefix(5) + text.suffix(1)), "x"])
    }
  }
}
