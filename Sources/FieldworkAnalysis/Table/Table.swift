public import FieldworkCore

/// A table of values: named columns of equal length.
///
/// A cell is missing if it is empty (nil) or null. Missing cells are left out wherever cells become one
/// (means, counts, quantiles, …), satisfy no comparison with a value but `!=`, are one group when rows are
/// grouped, and stand last when they are sorted. NaN is not missing: it is a result. It makes a mean and what rests on one NaN, as it does a
/// median or quantile; `min` and `max` are those of the other numbers; it equals NaN; and it is sorted before
/// missing cells, after all else.
public struct Table: Sendable, Hashable {
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
      columns.allSatisfy { $0.count == columns[0].count },
      "the columns of a table are equally long"
    )
    self.columns = columns
  }

  /// The number of rows.
  public var count: Int { columns.first?.count ?? 0 }

  public var columnNames: [String] { columns.map(\.name) }

  /// The cells of a column.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public subscript(_ name: String) -> [Value?] {
    get throws { try column(name).cells }
  }

  /// The cells of a column as the given type; an empty cell, and a value of another type, is nil.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public subscript<T: ValueConvertible>(_ name: String, as type: T.Type) -> [T?] {
    get throws {
      let content = try column(name).content
      return (0..<count).map { content[$0].flatMap { T($0) } }
    }
  }

  /// A column by its name; the first one, if several have it.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func column(_ name: String) throws -> Column {
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
    for column in columns { row[column.name] = column[index] }
    return row
  }

  // MARK: Choosing

  /// The rows at the given indices, in their order.
  public func rows(_ indices: some Sequence<Int>) -> Table {
    let indices = Array(indices)
    return Table(columns: columns.map { $0.rows(indices) })
  }

  /// The first rows.
  public func head(_ count: Int = 5) -> Table { rows(0..<min(max(0, count), self.count)) }

  /// The named columns, in the given order.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func select(_ names: [String]) throws -> Table {
    Table(columns: try names.map { try column($0) })
  }

  /// The named columns, in the given order.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func select(_ names: String...) throws -> Table { try select(names) }

  /// The rows that satisfy a condition on their cells.
  public func filter(_ condition: ([String: Value]) throws -> Bool) rethrows -> Table {
    rows(try (0..<count).filter { try condition(row($0)) })
  }

  /// The rows for which a condition holds.
  ///
  /// A condition may use the key of a parameter or its shown name, and a value or its shown name, whichever the table
  /// shows.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if it names a column that is not there.
  public func filter(_ condition: Condition) throws -> Table { rows(try rowNumbers(condition)) }

  /// The column that a condition names: by its own name, or by another one of its parameter.
  package func column(called name: String) -> Column? {
    columns.first { $0.name == name }
      ?? columns.first { $0.subjects?.names.contains(name) ?? false }
  }

  /// The numbers of the rows for which a condition holds.
  /// - Throws: as ``filter(_:)``.
  package func rowNumbers(_ condition: Condition) throws -> [Int] {
    var named: [String: (Int) -> Condition.Subject] = [:]
    for name in condition.names {
      named[name] = try subjects(called: name) ?? column(name).subject
    }
    return (0..<count).filter { row in
      condition.holds { (name: String) in named[name]?(row) ?? Condition.Subject(nil) }
    }
  }

  /// Returns the subject of a name for each row: the cell of a column, or a value in a column of dictionaries.
  /// - Returns: nil if there is no such column.
  package func subjects(called name: String) -> ((Int) -> Condition.Subject)? {
    if let column = column(called: name) { return column.subject }
    for end in name.indices.reversed() where name[end] == "/" {
      guard let column = column(called: String(name[..<end])) else { continue }
      let path = name[name.index(after: end)...]
      return { row in Condition.Subject(column.subject(row).value?.value(at: path)) }
    }
    return nil
  }

  /// The rows for which a condition holds, as one writes it after `--where`.
  ///
  ///     try table.where("lr < 0.1 and layers in (2, 4)")
  /// - Throws: ``FieldworkError`` of code `unreadableText` if it is none, of code `missingParameter` if it
  ///   names a column that is not there.
  public func `where`(_ condition: String) throws -> Table { try filter(Condition(condition)) }

  /// The rows that differ in some column from all before them.
  /// - Parameter names: the columns that count; nil for all.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func distinct(_ names: [String]? = nil) throws -> Table {
    rows(try grouped(by: names ?? columnNames).groups.firstRows)
  }

  // MARK: Order

  /// The rows in the order of a column: numbers by size, then texts, then the rest; NaN and missing cells
  /// last, whatever the direction.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func sorted(by name: String, descending: Bool = false) throws -> Table {
    let content = try column(name).content
    if case .doubles(let numbers) = content.cells {
      return rows(order(content, descending, numbers, <, isLast: \.isNaN))
    }
    if case .ints(let numbers) = content.cells {
      return rows(order(content, descending, numbers, <, isLast: { _ in false }))
    }
    let cells = (0..<count).map { content[$0] ?? .null }
    return rows(
      order(content, descending, cells, Table.precedes, isLast: { $0.number?.isNaN ?? false })
    )
  }

  /// The rows in the order of the first column, those with equal cells in the order of the next, and so on.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func sorted(by names: [String], descending: Bool = false) throws -> Table {
    // Sorting keeps the order of equals.
    try names.reversed().reduce(self) { try $0.sorted(by: $1, descending: descending) }
  }

  private func order<Cell>(
    _ content: ColumnContent,
    _ descending: Bool,
    _ cells: [Cell],
    _ precedes: (Cell, Cell) -> Bool,
    isLast: (Cell) -> Bool
  ) -> [Int] {
    let missing = (0..<count).filter { content.isMissing($0) }
    let present = (0..<count).filter { !content.isMissing($0) }
    let last = present.filter { isLast(cells[$0]) }
    let sorted = present.filter { !isLast(cells[$0]) }.sorted { first, second in
      if precedes(cells[first], cells[second]) { return !descending }
      if precedes(cells[second], cells[first]) { return descending }
      return first < second
    }
    return sorted + last + missing
  }

  private static func precedes(_ left: Value, _ right: Value) -> Bool {
    if let isSmaller = left.isSmaller(than: right) { return isSmaller }
    if left.number != nil || right.number != nil { return left.number != nil }
    if left.kind != right.kind, left.kind == .string || right.kind == .string {
      return left.kind == .string
    }
    return left.description < right.description
  }
}
