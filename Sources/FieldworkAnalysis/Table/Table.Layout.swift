import FieldworkCore

extension Table {
  /// The columns of a table as text, made to fit into a width.
  struct Layout {
    /// The fewest signs that a cut id keeps.
    private static let shortestID = 8
    /// The fewest signs that a cut text keeps.
    private static let shortestText = 20
    private static let gap = 2

    private var columns: [LaidColumn]
    private var leftOut: [LaidColumn] = []
    private var hasCut = false

    /// - Parameter rows: how many rows are shown.
    init(_ columns: [Column], rows: Int) {
      self.columns = columns.enumerated().map { LaidColumn($1, position: $0, rows: rows) }
      for index in self.columns.indices
      where self.columns[index].role == .detail && self.columns[index].width > Table.detailWidth {
        self.columns[index].cut(to: Table.detailWidth)
      }
    }

    /// The titles, a rule, and the rows, without spaces at their ends.
    func lines(rows: Int) -> [String] {
      let gap = String(repeating: " ", count: Layout.gap)
      let titles = columns.map { $0.padded($0.title) }.joined(separator: gap)
      let rules = columns.map { String(repeating: "─", count: $0.width) }.joined(separator: gap)
      let cells = (0..<rows).map { row in
        var line = ""
        for (place, column) in columns.enumerated() {
          if place > 0 { line += gap }
          column.write(column.cells[row], to: &line)
        }
        return line
      }
      return ([titles, rules] + cells).map(\.withoutTrailingSpaces)
    }

    /// Makes columns at least as wide as given by their titles, and notes their widths.
    mutating func widen(to widths: inout [String: Int]) {
      for index in columns.indices {
        let title = columns[index].title
        columns[index].width = max(columns[index].width, widths[title] ?? 0)
        widths[title] = columns[index].width
      }
    }

    /// What is missing, a line each.
    var remarks: [String] {
      var remarks: [String] = []
      if hasCut { remarks.append("… long cells are cut") }
      if !leftOut.isEmpty {
        let titles = leftOut.sorted { $0.position < $1.position }.map(\.title)
        remarks.append("… more columns: \(titles.joined(separator: ", "))")
      }
      return remarks
    }

    private var width: Int {
      columns.map(\.width).reduce(0, +) + Layout.gap * (columns.count - 1)
    }

    mutating func fit(_ limit: Int) {
      guard width > limit else { return }
      drop(limit) { $0.role == .detail }
      guard width > limit else { return }
      for index in columns.indices where columns[index].role == .id {
        if columns[index].cutIDs(Layout.shortestID) { hasCut = true }
      }
      drop(limit) { $0.isConstant && [.parameter, .auxiliary].contains($0.role) }
      drop(limit) { $0.role == .auxiliary }
      // One parameter stays, so that rows still say what they are about.
      drop(limit, keeping: 1) { $0.role == .parameter }
      cutTexts(limit)
      drop(limit, keeping: 1) { $0.role == .value }
      while width > limit, columns.count > 1 { leftOut.append(columns.removeLast()) }
    }

    /// Leaves out columns from the right until the rest fits.
    /// - Parameter kept: how many of them stay, from the left.
    private mutating func drop(
      _ limit: Int,
      keeping kept: Int = 0,
      where condition: (LaidColumn) -> Bool
    ) {
      while width > limit, columns.filter(condition).count > kept,
        let index = columns.lastIndex(where: condition)
      {
        leftOut.append(columns.remove(at: index))
      }
    }

    /// Cuts the widest texts until the table fits.
    private mutating func cutTexts(_ limit: Int) {
      while width > limit {
        let long = columns.indices.filter {
          columns[$0].isText && columns[$0].width > Layout.shortestText
        }
        guard let widest = long.max(by: { columns[$0].width < columns[$1].width }) else { return }
        let least = max(Layout.shortestText, columns[widest].title.columns)
        guard columns[widest].width > least else { return }
        columns[widest].cut(to: max(least, columns[widest].width - (width - limit)))
        hasCut = true
      }
    }
  }

  /// How much of a text of many lines is shown, in columns.
  fileprivate static let detailWidth = 60

  private struct LaidColumn {
    let title: String
    let role: Role
    /// The place among all columns.
    let position: Int
    /// Whether all rows, of which there are several, say the same.
    let isConstant: Bool
    private(set) var cells: [String]
    var width: Int
    private let isNumeric: Bool

    init(_ column: Column, position: Int, rows: Int) {
      title = column.name.inOneLine
      role = column.role
      self.position = position
      let values = (0..<Swift.min(rows, column.count)).map { column[$0] }
      cells = values.map { $0.map(Table.cellText) ?? "" }
      isNumeric = values.allSatisfy { $0?.number != nil || $0 == nil || $0 == .null }
      isConstant = values.count > 1 && values.allSatisfy { $0 == values.first }
      width = 0
      measure()
    }

    var isText: Bool { !isNumeric && role != .id }

    private mutating func measure() {
      width = max(title.columns, cells.map(\.columns).max() ?? 0)
    }

    /// Cuts cells to as many signs as tell them apart.
    /// - Returns: whether there was something to cut.
    mutating func cutIDs(_ least: Int) -> Bool {
      let different = Set(cells).sorted()
      let common = zip(different, different.dropFirst()).map { first, second in
        zip(first, second).prefix { $0 == $1 }.count
      }
      let length = max(least, (common.max() ?? 0) + 1)
      // An ellipsis is a sign too.
      guard cells.contains(where: { $0.count > length + 1 }) else { return false }
      cut(to: length + 1)
      return true
    }

    /// Cuts cells, so that with an ellipsis at their end they are so wide.
    mutating func cut(to width: Int) {
      cells = cells.map { $0.fitted(width) }
      measure()
    }

    func padded(_ text: String) -> String {
      var padded = ""
      write(text, to: &padded)
      return padded
    }

    /// Adds a text to a line, with spaces up to the width of the column.
    func write(_ text: String, to line: inout String) {
      if !isNumeric { line += text }
      for _ in 0..<max(0, width - text.columns) { line += " " }
      if isNumeric { line += text }
    }
  }
}
