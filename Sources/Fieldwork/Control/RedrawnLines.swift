/// Lines on a terminal that are drawn over those of before.
struct RedrawnLines {
  private var drawn: [String] = []

  /// What to write so that lines stand in place of those of before.
  ///
  /// Each line is overwritten before what is left of it is cleared, in one write, so nothing flickers. A
  /// terminal that has become narrower since has broken the lines in several.
  mutating func text(_ lines: [String], width: Int) -> String {
    let start = rise(width)
    drawn = lines
    let body = lines.map { "\($0)\u{1B}[K\n" }.joined()
    return start + body + "\u{1B}[J"
  }

  /// What to write so that the lines are gone.
  mutating func erasing(width: Int) -> String {
    let start = rise(width)
    drawn = []
    return start.isEmpty ? "" : start + "\u{1B}[J"
  }

  private func rise(_ width: Int) -> String {
    let rows = drawn.reduce(0) { sum, line in
      sum + max(1, (Self.columns(line) + width - 1) / max(width, 1))
    }
    return rows > 0 ? "\u{1B}[\(rows)A\r" : ""
  }

  /// The columns of a line, without the signs that color it.
  private static func columns(_ line: String) -> Int {
    var (count, isColor) = (0, false)
    for character in line {
      if character == "\u{1B}" {
        isColor = true
      } else if isColor {
        isColor = character != "m"
      } else {
        count += 1
      }
    }
    return count
  }
}
