import FieldworkCore

/// How the values of a group become one.
public enum Aggregate: String, Sendable, Hashable, CaseIterable {
  /// The arithmetic mean.
  case mean
  /// The sample standard deviation, by n - 1; empty for fewer than two values.
  case std
  case min
  case max
  /// The number of values.
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

  /// One row per group: the keys, then for each other column of numbers its aggregates.
  ///
  /// With one aggregate a column keeps its name, with several it is `name_mean`, `name_std`, … Empty
  /// cells and NaN are left out of `min`, `max` and `count`; NaN makes a mean NaN.
  /// - Parameter columns: which columns; nil for all that hold numbers, `id`, `repetition` and
  ///   `iteration` aside.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a column that is not there.
  public func aggregated(
    _ aggregates: [Aggregate],
    columns: [String]? = nil
  ) throws -> Table {
    let names = columns ?? table.columns.filter(isMeasured).map(\.name)
    var result = keys.enumerated().map { position, key in
      Table.Column(name: key, cells: groups.map { $0.key[position] })
    }
    for name in names {
      let cells = try table.column(name).cells
      for aggregate in aggregates {
        let title = aggregates.count == 1 ? name : "\(name)_\(aggregate.rawValue)"
        result.append(
          Table.Column(
            name: title,
            cells: groups.map { group in
              aggregate.value(of: group.rows.compactMap { cells[$0] })
            }
          )
        )
      }
    }
    return Table(columns: result)
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
  public func count() -> Table {
    var result = keys.enumerated().map { position, key in
      Table.Column(name: key, cells: groups.map { $0.key[position] })
    }
    result.append(Table.Column(name: "count", cells: groups.map { .int($0.rows.count) }))
    return Table(columns: result)
  }

  private func isMeasured(_ column: Table.Column) -> Bool {
    guard !keys.contains(column.name),
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

extension Aggregate {
  /// The aggregate of a group's values; nil if it has none.
  func value(of values: [Value]) -> Value? {
    if self == .last { return values.last }
    let numbers = values.compactMap(\.number)
    let counted = numbers.filter { !$0.isNaN }
    switch self {
    case .count: return .int(counted.count)
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
    }
  }

  private static func mean(_ numbers: [Double]) -> Double {
    numbers.reduce(0, +) / Double(numbers.count)
  }
}
