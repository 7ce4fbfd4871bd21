public import FieldworkCore

extension Table {
  /// A named column. An empty cell is nil; a saved null is `Value.null`.
  ///
  /// Cells of one kind lie side by side as that kind, so that a column of a million numbers is an array of
  /// a million numbers; only a column whose cells differ in kind holds them as they are.
  public struct Column: Sendable {
    public let name: String
    /// What the column is for, which decides what goes first where there is little room.
    package let role: Role
    let content: ColumnContent

    public init(name: String, cells: [Value?]) {
      self.init(name: name, cells: cells, role: .value)
    }

    package init(name: String, cells: [Value?], role: Role) {
      var builder = ColumnBuilder(capacity: cells.count)
      for cell in cells { builder.append(cell) }
      self.init(name, builder.content, role)
    }

    init(_ name: String, _ content: ColumnContent, _ role: Role = .value) {
      self.name = name
      self.content = content
      self.role = role
    }

    /// What all cells are, empty ones and nulls aside.
    public var kind: ColumnKind { content.kind }

    /// The number of cells.
    public var count: Int { content.count }

    public var cells: [Value?] { (0..<count).map { content[$0] } }

    /// A cell; nil if it is empty.
    public subscript(_ row: Int) -> Value? { content[row] }

    /// The numbers in the column, row by row; nil where there is none. NaN is a number here.
    public var numbers: [Double?] { (0..<count).map { content.number(at: $0) } }

    /// How many different cells there are; an empty one counts.
    package var differentCount: Int { Set(cells).count }

    /// Whether not all cells are the same.
    package var isVarying: Bool { differentCount > 1 }

    /// The column under another name.
    public func renamed(_ name: String) -> Column { Column(name, content, role) }

    /// The column with other cells.
    func with(_ content: ColumnContent) -> Column { Column(name, content, role) }

    /// The cells of some rows, in that order.
    public func rows(_ rows: [Int]) -> Column { with(content.gathered(rows)) }
  }

  /// What the cells of a column are.
  public enum ColumnKind: String, Sendable, Hashable, CaseIterable {
    case int, double, bool, string
    /// Lists and dictionaries, which files hold as JSON.
    case json
    /// Values of several kinds.
    case mixed
    /// Nothing but empty cells and nulls.
    case none

    /// Whether all cells are numbers.
    public var isNumeric: Bool { self == .int || self == .double }
  }
}

extension Table.Column: Hashable {
  /// Columns are equal if they have the same name and cells.
  public static func == (left: Table.Column, right: Table.Column) -> Bool {
    left.name == right.name && left.count == right.count
      && (0..<left.count).allSatisfy { left.content[$0] == right.content[$0] }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    for row in 0..<count { hasher.combine(content[row]) }
  }
}
