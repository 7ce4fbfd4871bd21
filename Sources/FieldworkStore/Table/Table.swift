public import FieldworkCore

/// A table of values: named columns of equal length.
public struct Table: Sendable, Hashable {
  /// A named column. An empty cell is nil; a saved null is `Value.null`.
  public struct Column: Sendable {
    public let name: String
    public let cells: [Value?]
    /// What the column is for, which decides what goes first where there is little room.
    package let role: Role

    public init(name: String, cells: [Value?]) {
      self.init(name: name, cells: cells, role: .value)
    }

    package init(name: String, cells: [Value?], role: Role) {
      self.name = name
      self.cells = cells
      self.role = role
    }

    /// The column with other cells.
    func with(_ cells: [Value?]) -> Column { Column(name: name, cells: cells, role: role) }
  }

  /// What a column is for.
  package enum Role: Sendable {
    /// The ids of experiments.
    case id
    /// What tells the rows of an experiment or a group apart.
    case key
    case parameter
    /// What a run adds.
    case auxiliary
    /// What one looks a table up for.
    case value
    /// What is many lines long, and goes first where there is little room.
    case detail
  }

  public let columns: [Column]

  /// - Precondition: the columns are equally long.
  public init(columns: [Column]) {
    precondition(
      columns.allSatisfy { $0.cells.count == columns[0].cells.count },
      "the columns of a table are equally long"
    )
    self.columns = columns
  }

  /// The number of rows.
  public var count: Int { columns.first?.cells.count ?? 0 }

  public var columnNames: [String] { columns.map(\.name) }

  /// The cells of a column.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public subscript(_ name: String) -> [Value?] {
    get throws { try column(name).cells }
  }

  /// The cells of a column as the given type; an empty cell, and a value of another type, is nil.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public subscript<T: ValueConvertible>(_ name: String, as type: T.Type) -> [T?] {
    get throws { try column(name).cells.map { $0.flatMap { T($0) } } }
  }

  func column(_ name: String) throws -> Column {
    guard let column = columns.first(where: { $0.name == name }) else {
      throw FieldworkError(
        .missingParameter,
        "the table has no column '\(name)', it has \(columnNames.joined(separator: ", "))"
      )
    }
    return column
  }

  /// A row by its column names, empty cells left out.
  public func row(_ index: Int) -> [String: Value] {
    var row: [String: Value] = [:]
    for column in columns { row[column.name] = column.cells[index] }
    return row
  }

  /// The rows at the given indices, in their order.
  public func rows(_ indices: some Sequence<Int>) -> Table {
    let indices = Array(indices)
    return Table(
      columns: columns.map { column in
        column.with(indices.map { column.cells[$0] })
      }
    )
  }

  /// The named columns, in the given order.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func selecting(_ names: [String]) throws -> Table {
    Table(columns: try names.map { try column($0) })
  }

  /// The rows that satisfy a condition on their cells.
  public func filter(_ condition: ([String: Value]) throws -> Bool) rethrows -> Table {
    rows(try (0..<count).filter { try condition(row($0)) })
  }

  /// The rows for which a condition holds.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if it names a column that is not there.
  public func filter(_ condition: Condition) throws -> Table {
    for name in condition.names { _ = try column(name) }
    return filter { row in condition.holds { (name: String) -> Value? in row[name] } }
  }

  /// The rows in the order of a column: numbers by size, then texts, then the rest; null, NaN and empty
  /// cells last, whatever the direction.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func sorted(by name: String, descending: Bool = false) throws -> Table {
    let cells = try column(name).cells.map { cell -> Value? in
      guard let cell, cell != .null, !(cell.number?.isNaN ?? false) else { return nil }
      return cell
    }
    let order = (0..<count).sorted { first, second in
      switch (cells[first], cells[second]) {
      case (let left?, let right?):
        if Table.precedes(left, right) { return !descending }
        if Table.precedes(right, left) { return descending }
        return first < second
      case (nil, nil): return first < second
      case (let left, _): return left != nil
      }
    }
    return rows(order)
  }

  private static func precedes(_ left: Value, _ right: Value) -> Bool {
    if case .int(let first) = left, case .int(let second) = right { return first < second }
    if let first = left.number, let second = right.number {
      return first < second
    }
    if left.number != nil || right.number != nil { return left.number != nil }
    if left.kind != right.kind, left.kind == .string || right.kind == .string {
      return left.kind == .string
    }
    return left.description < right.description
  }
}

extension Table.Column: Hashable {
  /// Columns are equal if they have the same name and cells.
  public static func == (left: Table.Column, right: Table.Column) -> Bool {
    left.name == right.name && left.cells == right.cells
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(cells)
  }
}
