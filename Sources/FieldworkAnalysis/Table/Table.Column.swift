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
    /// The values and names that conditions compare, if they differ from the shown cells.
    package let subjects: Subjects?

    /// The values of a parameter, if the parameter or some of its values have names.
    package struct Subjects: Sendable {
      /// The names of the parameter: the one by which it is read, and the one that is shown.
      let names: Set<String>
      /// The values themselves; empty where a value is not plain or there is none.
      let values: ColumnContent
      /// The names that the playbook gives values; empty where it gives none.
      let shown: ColumnContent

      package init(names: Set<String>, values: ColumnContent, shown: ColumnContent) {
        self.names = names
        self.values = values
        self.shown = shown
      }

      func map(_ transform: (ColumnContent) -> ColumnContent) -> Subjects {
        Subjects(names: names, values: transform(values), shown: transform(shown))
      }
    }

    public init(name: String, cells: [Value?]) {
      self.init(name: name, cells: cells, role: .value)
    }

    package init(name: String, cells: [Value?], role: Role) {
      var builder = ColumnBuilder(capacity: cells.count)
      for cell in cells { builder.append(cell) }
      self.init(name, builder.content, role)
    }

    package init(
      _ name: String,
      _ content: ColumnContent,
      _ role: Role = .value,
      _ subjects: Subjects? = nil
    ) {
      self.name = name
      self.content = content
      self.role = role
      self.subjects = subjects
    }

    /// The names by which a condition may call the column, beside its own.
    package var otherNames: [String] { (subjects?.names ?? []).filter { $0 != name }.sorted() }

    /// Returns the subject that a condition compares in a row.
    package func subject(_ row: Int) -> Condition.Subject {
      guard let subjects else { return Condition.Subject(content[row]) }
      var name: String?
      if case .string(let text) = subjects.shown[row] { name = text }
      return Condition.Subject(subjects.values[row], name: name)
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
    public func renamed(_ name: String) -> Column { Column(name, content, role, subjects) }

    /// The column for another use.
    func with(_ role: Role) -> Column { Column(name, content, role, subjects) }

    /// The column with its cells in another order, or fewer of them.
    func mapped(_ transform: (ColumnContent) -> ColumnContent) -> Column {
      Column(name, transform(content), role, subjects?.map(transform))
    }

    /// The cells of some rows, in that order.
    public func rows(_ rows: [Int]) -> Column { mapped { $0.gathered(rows) } }
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
