package import FieldworkCore

extension Table: CustomStringConvertible {
  /// The table as readable text, as wide as it needs.
  public var description: String { text() }

  /// The table as readable text: columns lined up, numbers to the right and rounded to five digits.
  ///
  /// Where columns do not fit, ids are cut to as many signs as tell them apart, and columns left out:
  /// first texts of many lines, then those of the config that say the same in every row, then what a run
  /// adds, then other parameters, then the rest from the right. Last lines say what is missing.
  /// - Parameters:
  ///   - width: how many characters a line may have; nil for no limit.
  ///   - limit: how many rows to show; nil for all.
  public func text(width: Int? = nil, limit: Int? = nil) -> String {
    guard !columns.isEmpty else { return "(no columns)" }
    let shown = Swift.min(count, limit ?? count)
    var layout = Layout(columns, rows: shown)
    if let width { layout.fit(width) }
    var lines = layout.lines(rows: shown)
    if shown < count { lines.append("… \(count - shown) more rows") }
    lines += layout.remarks
    if count == 0 { lines.append("(no rows)") }
    return lines.joined(separator: "\n")
  }

  /// Writes a long table in parts that line up.
  package struct PartLayout {
    private var widths: [String: Int] = [:]
    private var hasTitles = false

    package init() {}

    /// The text of the next part, with the titles before the first one. A column is as wide as in the parts before, or
    /// wider.
    package mutating func text(_ table: Table, width: Int?) -> String {
      guard !table.columns.isEmpty else { return "(no columns)" }
      var layout = Layout(table.columns, rows: table.count)
      if let width { layout.fit(width) }
      layout.widen(to: &widths)
      let lines = layout.lines(rows: table.count).dropFirst(hasTitles ? 2 : 0)
      let remarks = hasTitles ? [] : layout.remarks
      hasTitles = true
      return (lines + remarks + (table.count == 0 ? ["(no rows)"] : [])).joined(separator: "\n")
    }
  }

  /// A value in at most one line: doubles rounded to five significant digits, and nothing that moves the
  /// cursor or turns the direction of the text.
  package static func cellText(_ value: Value) -> String {
    switch value {
    case .double(let number): return rounded(number)
    // It is another value than null, and a condition finds it by this text.
    case .string("null"): return "\"null\""
    case .string(let text):
      if text.isPlain { return text }
      return text.split(whereSeparator: \.isNewline).joined(separator: " ⏎ ").inOneLine
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
