package import FieldworkCore

extension Table: CustomStringConvertible {
  /// The table as readable text, as wide as it needs.
  public var description: String { text() }

  /// The table as readable text: columns lined up, numbers to the right and rounded to five digits.
  ///
  /// - Parameters:
  ///   - width: how many characters a line may have; columns that do not fit are left out at the end,
  ///     and a last line says which. nil for no limit.
  ///   - limit: how many rows to show; a last line says how many are left out. nil for all.
  public func text(width: Int? = nil, limit: Int? = nil) -> String {
    guard !columns.isEmpty else { return "(no columns)" }
    let shown = Swift.min(count, limit ?? count)
    var laid = columns.map { LaidColumn($0, rows: shown) }
    var left: [String] = []
    if let width {
      while laid.count > 1, laid.map(\.width).reduce(0, +) + 2 * (laid.count - 1) > width {
        left.insert(laid.removeLast().title, at: 0)
      }
    }
    var lines = [laid.map { $0.padded($0.title) }.joined(separator: "  ")]
    lines.append(laid.map { String(repeating: "─", count: $0.width) }.joined(separator: "  "))
    for row in 0..<shown {
      lines.append(laid.map { $0.padded($0.cells[row]) }.joined(separator: "  "))
    }
    lines = lines.map { line in
      String(line.reversed().drop { $0 == " " }.reversed())
    }
    if shown < count { lines.append("… \(count - shown) more rows") }
    if !left.isEmpty { lines.append("… more columns: \(left.joined(separator: ", "))") }
    if count == 0 { lines.append("(no rows)") }
    return lines.joined(separator: "\n")
  }

  private struct LaidColumn {
    let title: String
    let cells: [String]
    let width: Int
    private let isNumeric: Bool

    init(_ column: Column, rows: Int) {
      title = column.name
      let values = column.cells.prefix(rows)
      cells = values.map { $0.map(Table.cellText) ?? "" }
      isNumeric = values.allSatisfy { $0?.number != nil || $0 == nil || $0 == .null }
      width = Swift.max(title.count, cells.map(\.count).max() ?? 0)
    }

    func padded(_ text: String) -> String {
      let space = String(repeating: " ", count: width - text.count)
      return isNumeric ? space + text : text + space
    }
  }

  /// A value in at most one line: doubles rounded to five significant digits.
  package static func cellText(_ value: Value) -> String {
    switch value {
    case .double(let number): return rounded(number)
    case .string(let text):
      return text.split(whereSeparator: \.isNewline).joined(separator: " ⏎ ")
    default: return value.description
    }
  }

  /// Five significant digits, without zeros at the end.
  package static func rounded(_ number: Double) -> String {
    // Adding zero takes the sign from a negative zero.
    guard number.isFinite, number != 0 else { return (number + 0).description }
    var exponent = 0
    var scale = abs(number)
    while scale >= 10 {
      scale /= 10
      exponent += 1
    }
    while scale < 1 {
      scale *= 10
      exponent -= 1
    }
    guard exponent > -5, exponent < 15 else {
      // The shortest text of a number with few digits is short by itself. Powers of ten would leave
      // the range of numbers where the scaled number does not.
      var mantissa = (scale * 1e4).rounded() / 1e4
      if mantissa >= 10 {
        mantissa = 1
        exponent += 1
      }
      return "\(number < 0 ? -mantissa : mantissa)e\(exponent < 0 ? "" : "+")\(exponent)"
    }
    let digits = 4 - exponent
    guard digits > 0 else { return number.rounded().description }
    let factor = (0..<digits).reduce(1.0) { power, _ in power * 10 }
    return ((number * factor).rounded() / factor).description
  }
}
