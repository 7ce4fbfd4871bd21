import FieldworkAnalysis
import FieldworkStore

/// Small charts for a terminal, in Unicode signs.
package enum TextChart {
  /// A curve over an axis, drawn with the dots of Braille signs, two by four to a sign.
  /// - Parameters:
  ///   - points: in order of `x`; those that are not finite leave gaps.
  ///   - width: how many signs a line may have.
  ///   - height: the number of lines of the curve.
  package static func curve(
    _ points: [(x: Double, y: Double)],
    xLabel: String,
    width: Int,
    height: Int = 12
  ) -> String {
    let usable = points.filter { $0.x.isFinite && $0.y.isFinite }
    guard let low = usable.map(\.y).min(), let high = usable.map(\.y).max(),
      let first = usable.first?.x, let last = usable.last?.x
    else { return "(no finite numbers)" }
    let labels = [high, low / 2 + high / 2, low].map(plain)
    let margin = labels.map(\.count).max() ?? 0
    let columns = max(10, min(width - margin - 3, 120))
    var dots = Dots(columns: columns, rows: height)
    func place(_ point: (x: Double, y: Double)) -> (Int, Int) {
      let x = share(point.x, first, last)
      let y = share(point.y, low, high)
      return (
        Int((x * Double(columns * 2 - 1)).rounded()),
        Int(((1 - y) * Double(height * 4 - 1)).rounded())
      )
    }
    var before: (Int, Int)?
    for point in points {
      guard point.x.isFinite, point.y.isFinite else {
        before = nil
        continue
      }
      let here = place(point)
      dots.line(from: before ?? here, to: here)
      before = here
    }
    var lines: [String] = []
    for (row, text) in dots.lines.enumerated() {
      let label =
        row == 0 ? labels[0] : row == height - 1 ? labels[2] : row == height / 2 ? labels[1] : ""
      let isMarked = !label.isEmpty
      lines.append(padded(label, margin) + (isMarked ? " ┤" : " │") + text)
    }
    lines.append(
      String(repeating: " ", count: margin) + " └" + String(repeating: "─", count: columns)
    )
    let (start, end) = (plain(first), plain(last))
    let room = columns - start.count - end.count
    let middle = room > xLabel.count + 2 ? xLabel : ""
    let left = max(0, (room - middle.count) / 2)
    lines.append(
      String(repeating: " ", count: margin + 2) + start + String(repeating: " ", count: left)
        + middle
        + String(repeating: " ", count: max(1, room - middle.count - left)) + end
    )
    return lines.joined(separator: "\n")
  }

  /// Curves below each other, a line each: a label, a curve of eight heights, and the last number. All have
  /// one scale, which the last line says.
  package static func sparklines(
    _ curves: [(label: String, numbers: [Double?])],
    width: Int
  ) -> String {
    let all = curves.flatMap { $0.numbers.compactMap(\.self) }.filter(\.isFinite)
    guard let low = all.min(), let high = all.max() else { return "(no finite numbers)" }
    let labels = curves.map { cut($0.label, max(8, width * 2 / 5)) }
    let margin = labels.map(\.count).max() ?? 0
    let columns = max(8, min(width - margin - 14, 60))
    let lines = zip(labels, curves).map { label, curve in
      let signs = resampled(curve.numbers, columns).map { number -> Character in
        guard let number, number.isFinite else { return " " }
        return heights[min(Int(share(number, low, high) * 8), 7)]
      }
      let last = curve.numbers.last { $0 != nil }.flatMap(\.self)
      return label + String(repeating: " ", count: margin - label.count) + "  " + String(signs)
        + "  "
        + (last.map(Table.rounded) ?? "")
    }
    return (lines + ["▁ \(Table.rounded(low)), █ \(Table.rounded(high))"]).joined(separator: "\n")
  }

  /// Numbers as horizontal bars, a line each. They begin at zero if zero is not far, else at the left of
  /// the smallest number, which the last line says.
  package static func bars(
    _ bars: [(label: String, number: Double, margin: Double?)],
    width: Int
  ) -> String {
    let finite = bars.map(\.number).filter(\.isFinite)
    guard let least = finite.min(), let most = finite.max() else { return "(no finite numbers)" }
    let labels = bars.map { cut($0.label, max(8, width * 2 / 5)) }
    let texts = bars.map { bar in
      Table.rounded(bar.number) + (bar.margin.map { " ± \(Table.rounded($0))" } ?? "")
    }
    let margin = labels.map(\.count).max() ?? 0
    let columns = max(8, min(width - margin - (texts.map(\.count).max() ?? 0) - 4, 60))
    let isCut = least > 0 && least > most * 0.8 && least < most
    let low = isCut ? least - (most - least) * 0.1 : min(0, least)
    let high = max(most, 0)
    var lines = zip(labels, zip(bars, texts)).map { label, bar in
      let length = bar.0.number.isFinite && high > low ? share(bar.0.number, low, high) : 0
      let eighths = Int((length * Double(columns * 8)).rounded())
      let full = String(repeating: "█", count: eighths / 8)
      let rest = eighths % 8 > 0 ? String(widths[eighths % 8 - 1]) : ""
      let taken = full.count + rest.count
      return label + String(repeating: " ", count: margin - label.count) + "  " + full + rest
        + String(repeating: " ", count: columns - taken + 1) + bar.1
    }
    if low != 0 { lines.append("bars begin at \(Table.rounded(low))") }
    return lines.joined(separator: "\n")
  }

  /// How far a number lies between two others, from 0 to 1. Halves do not overflow.
  private static func share(_ number: Double, _ low: Double, _ high: Double) -> Double {
    let share = (number / 2 - low / 2) / (high / 2 - low / 2)
    return share.isFinite ? min(max(share, 0), 1) : 0.5
  }

  /// A number with five digits, and no more than it needs.
  private static func plain(_ number: Double) -> String {
    let text = Table.rounded(number)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static let heights = Array("▁▂▃▄▅▆▇█")
  private static let widths = Array("▏▎▍▌▋▊▉")

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func cut(_ text: String, _ width: Int) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return Markup.shortened(line, width)
  }

  /// As many numbers as there are columns, or fewer: means of neighbours.
  private static func resampled(_ numbers: [Double?], _ columns: Int) -> [Double?] {
    guard numbers.count > columns else { return numbers }
    return (0..<columns).map { column in
      let part = numbers[
        (column * numbers.count / columns)..<((column + 1) * numbers.count / columns)
      ]
      let present = part.compactMap(\.self)
      return present.isEmpty ? nil : present.reduce(0, +) / Double(present.count)
    }
  }
}

/// A field of dots, two by four to a sign.
private struct Dots {
  private let columns: Int
  private var signs: [[UInt8]]

  init(columns: Int, rows: Int) {
    self.columns = columns
    signs = [[UInt8]](repeating: [UInt8](repeating: 0, count: columns), count: rows)
  }

  /// Sets the dots of a line: J. Bresenham, "Algorithm for computer control of a digital plotter", 1965.
  mutating func line(from start: (Int, Int), to end: (Int, Int)) {
    var (x, y) = start
    let (dx, dy) = (abs(end.0 - x), -abs(end.1 - y))
    let (sx, sy) = (x < end.0 ? 1 : -1, y < end.1 ? 1 : -1)
    var error = dx + dy
    while true {
      set(x, y)
      guard (x, y) != end else { return }
      let double = 2 * error
      if double >= dy {
        error += dy
        x += sx
      }
      if double <= dx {
        error += dx
        y += sy
      }
    }
  }

  private mutating func set(_ x: Int, _ y: Int) {
    guard signs.indices.contains(y / 4), (0..<columns).contains(x / 2) else { return }
    let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
    signs[y / 4][x / 2] |= bits[y % 4][x % 2]
  }

  var lines: [String] {
    signs.map { row in
      String(String.UnicodeScalarView(row.compactMap { Unicode.Scalar(0x2800 + UInt32($0)) }))
    }
  }
}
