import FieldworkCore

/// How the values of a group become one.
public enum Aggregate: String, Sendable, Hashable, CaseIterable {
  /// The arithmetic mean.
  case mean
  /// The sample standard deviation, by n - 1; empty for fewer than two values.
  case std
  case min
  case max
  /// The number of rows.
  case count
  /// The value of the last row.
  case last
}

/// A table whose rows are grouped by the values of some columns.
public struct GroupedTable: Sendable {
  let table: Table
  let keys: [String]
  /// The groups in order of first appearance: the values of the keys, and the rows.
  let groups: [(key: [Value?], rows: [Int])]

  /// One row per group: the keys, then for each other column of numbers its aggregates, and with
  /// ``Aggregate/count`` a column `count` at the end.
  ///
  /// With one aggregate beside the count a column keeps its name, with several it is `name_mean`,
  /// `name_std`, … Empty cells are left out, and NaN too by `min` and `max`; NaN makes a mean NaN.
  /// - Parameter columns: which columns; nil for all that hold numbers, `id`, `iteration` and what a run
  ///   adds aside.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a column that is not there.
  public func aggregated(
    _ aggregates: [Aggregate],
    columns: [String]? = nil
  ) throws -> Table {
    let names = columns ?? table.columns.filter(isMeasured).map(\.name)
    let measures = aggregates.filter { $0 != .count }
    var result = keyColumns
    for name in names {
      let cells = try table.column(name).cells
      for measure in measures {
        let title = measures.count == 1 ? name : "\(name)_\(measure.rawValue)"
        result.append(
          Table.Column(
            name: title,
            cells: groups.map { group in
              measure.value(of: group.rows.compactMap { cells[$0] })
            }
          )
        )
      }
    }
    if aggregates.contains(.count) { result.append(countColumn) }
    return Table(columns: result)
  }

  private var keyColumns: [Table.Column] {
    keys.enumerated().map { position, key in
      Table.Column(name: key, cells: groups.map { $0.key[position] }, role: .key)
    }
  }

  private var countColumn: Table.Column {
    Table.Column(name: "count", cells: groups.map { .int($0.rows.count) })
  }

  /// The mean of every column of numbers, per group.
  public func mean(_ columns: [String]? = nil) throws -> Table {
    try aggregated([.mean], columns: columns)
  }

  /// The sample standard deviation of every column of numbers, per group.
  public func std(_ columns: [String]? = nil) throws -> Table {
    try aggregated([.std], columns: columns)
  }

  /// The number of rows per group, in a column `count`.
  public func count() -> Table { Table(columns: keyColumns + [countColumn]) }

  private func isMeasured(_ column: Table.Column) -> Bool {
    guard !keys.contains(column.name), [.parameter, .value].contains(column.role),
      !["id", "repetition", "updates", "iteration"].contains(column.name)
    else { return false }
    let values = column.cells.compactMap(\.self)
    return !values.isEmpty && values.allSatisfy { $0.number != nil || $0 == .null }
  }
}

extension Table {
  /// Groups the rows by the values of columns, in order of first appearance.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a column that is not there.
  public func grouped(by names: [String]) throws -> GroupedTable {
    let columns = try names.map { try column($0).cells }
    var positions: [[Value?]: Int] = [:]
    var groups: [(key: [Value?], rows: [Int])] = []
    for row in 0..<count {
      let key = columns.map { $0[row] }
      if let position = positions[key] {
        groups[position].rows.append(row)
      } else {
        positions[key] = groups.count
        groups.append((key, [row]))
      }
    }
    return GroupedTable(table: self, keys: names, groups: groups)
  }
}

extension Table {
  /// One row per experiment, with the last value of every column.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if there is no column `id`.
  public func lastValues() throws -> Table {
    let groups = try grouped(by: ["id"]).groups
    return Table(
      columns: columns.map { column in
        column.with(
          groups.map { group in
            group.rows.last { column.cells[$0] != nil }.flatMap { column.cells[$0] }
          }
        )
      }
    )
  }
}

extension Aggregate {
  /// The aggregate of a group's values; nil if it has none.
  func value(of values: [Value]) -> Value? {
    let numbers = values.compactMap(\.number)
    let counted = numbers.filter { !$0.isNaN }
    switch self {
    case .min: return counted.min().map { .double($0) }
    case .max: return counted.max().map { .double($0) }
    case .mean:
      guard !numbers.isEmpty else { return nil }
      return .double(Aggregate.mean(numbers))
    case .std:
      guard numbers.count > 1 else { return nil }
      let mean = Aggregate.mean(numbers)
      let sum = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return .double((sum / Double(numbers.count - 1)).squareRoot())
    case .last: return values.last
    case .count: return .int(values.count)
    }
  }

  private static func mean(_ numbers: [Double]) -> Double {
    numbers.reduce(0, +) / Double(numbers.count)
  }
}
