import FieldworkCore

/// A table whose rows are grouped by the values of some columns.
public struct GroupedTable: Sendable {
  package let table: Table
  package let keys: [Table.Column]
  package let groups: RowGroups

  /// One row per group: the keys, then for each other column of numbers its aggregates, and with
  /// ``Aggregate/count`` a column `count` at the end.
  ///
  /// With one aggregate beside the count a column keeps its name, with several it is `name_mean`,
  /// `name_std`, …; an interval always is `name_low` and `name_high`. What becomes of missing cells and of
  /// NaN, ``Table`` says. Groups stand in the order of their first rows.
  /// - Parameter columns: which columns; nil for all that hold numbers, `id`, `iteration` and what a run
  ///   adds aside.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a column that is not there.
  public func aggregate(
    _ aggregates: [Aggregate],
    columns: [String]? = nil
  ) throws -> Table {
    let names = columns ?? table.columns.filter(isMeasured).map(\.name)
    let measures = aggregates.filter { $0 != .count }
    var result = keyColumns
    for name in names {
      let column = try table.column(name)
      result += aggregated(column.content, measures).map { suffix, content in
        let isPlain = measures.count == 1 && suffix == measures[0].name
        return Table.Column(isPlain ? name : "\(name)_\(suffix)", content)
      }
    }
    if aggregates.contains(.count) { result.append(countColumn) }
    return Table(columns: Table.withUniqueNames(result))
  }

  private var keyColumns: [Table.Column] {
    let rows = groups.firstRows
    return keys.map { $0.rows(rows).with(.key) }
  }

  private var countColumn: Table.Column {
    Table.Column("count", ColumnContent(.ints((0..<groups.count).map { groups[$0].count })))
  }

  /// The mean of every column of numbers, per group.
  public func mean(_ columns: [String]? = nil) throws -> Table {
    try aggregate([.mean], columns: columns)
  }

  /// The sample standard deviation of every column of numbers, per group.
  public func std(_ columns: [String]? = nil) throws -> Table {
    try aggregate([.std], columns: columns)
  }

  /// The confidence interval of the mean of every column of numbers, per group.
  public func ci(_ columns: [String]? = nil, level: Double = 0.95) throws -> Table {
    try aggregate([.interval(level)], columns: columns)
  }

  /// The number of rows per group, in a column `count`.
  public func count() -> Table { Table(columns: keyColumns + [countColumn]) }

  private func isMeasured(_ column: Table.Column) -> Bool {
    !keys.contains { $0.name == column.name } && [.parameter, .value].contains(column.role)
      && !["id", "repetition", "updates", "iteration"].contains(column.name)
      && column.holdsNumbers
  }

  /// The aggregates of a column, each with the end of its name.
  private func aggregated(
    _ content: ColumnContent,
    _ measures: [Aggregate]
  ) -> [(suffix: String, content: ColumnContent)] {
    var builders: [(suffix: String, builder: ColumnBuilder)] = measures.flatMap { measure in
      measure.suffixes.map { ($0, ColumnBuilder(capacity: groups.count)) }
    }
    let needsNumbers = measures.contains { !$0.keepsCells }
    var quantilesOfT: [Int: [Double: Double]] = [:]
    for index in 0..<groups.count {
      let rows = groups[index]
      let statistics = Statistics(
        needsNumbers ? rows.compactMap { content.number(at: $0) } : []
      )
      var position = 0
      for measure in measures {
        let values: [Value?]
        switch measure {
        case .interval(let level):
          let degrees = statistics.count - 1
          if let error = statistics.standardError {
            let factor =
              quantilesOfT[degrees]?[level] ?? StudentT(Double(degrees)).quantile(0.5 + level / 2)
            quantilesOfT[degrees, default: [:]][level] = factor
            values = [
              .double(statistics.mean - error * factor), .double(statistics.mean + error * factor),
            ]
          } else {
            values = [nil, nil]
          }
        case .first: values = [rows.first { !content.isMissing($0) }.flatMap { content[$0] }]
        case .last: values = [rows.last { !content.isMissing($0) }.flatMap { content[$0] }]
        case .n: values = [.int(rows.count { !content.isMissing($0) })]
        default: values = [measure.value(of: statistics)]
        }
        for value in values {
          builders[position].builder.append(value)
          position += 1
        }
      }
    }
    return builders.map { ($0.suffix, $0.builder.content) }
  }
}

extension Table.Column {
  /// Whether there are numbers in it, and nothing else but missing cells.
  package var holdsNumbers: Bool {
    if kind.isNumeric { return true }
    guard kind == .mixed else { return false }
    return cells.allSatisfy { $0 == nil || $0 == .null || $0?.number != nil }
  }
}

/// The rows of a table in groups, in the order of the groups' first rows.
package struct RowGroups: Sendable {
  /// The rows, group after group.
  private let order: [Int]
  /// Where each group begins in `order`, and at the end how many rows there are.
  private let starts: [Int]

  package init(_ codes: [Int], count: Int) {
    var starts = [Int](repeating: 0, count: count + 1)
    for code in codes { starts[code + 1] += 1 }
    for index in 0..<count { starts[index + 1] += starts[index] }
    var next = starts
    var order = [Int](repeating: 0, count: codes.count)
    for (row, code) in codes.enumerated() {
      order[next[code]] = row
      next[code] += 1
    }
    (self.order, self.starts) = (order, starts)
  }

  package var count: Int { starts.count - 1 }

  package subscript(_ index: Int) -> ArraySlice<Int> { order[starts[index]..<starts[index + 1]] }

  package var firstRows: [Int] { (0..<count).map { order[starts[$0]] } }
}

extension Table {
  /// Groups the rows by the values of columns, in order of first appearance. Missing cells are one group,
  /// and so are NaN.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a column that is not there.
  public func grouped(by names: [String]) throws -> GroupedTable {
    var codes = [Int](repeating: 0, count: count)
    var number = count == 0 ? 0 : 1
    let keys = try names.map { try column($0) }
    for key in keys {
      let (own, ownNumber) = key.content.codes()
      if number <= 1 {
        (codes, number) = (own, ownNumber)
      } else {
        let width = ownNumber
        let pairs = ColumnContent(.ints(zip(codes, own).map { $0 * width + $1 }))
        (codes, number) = pairs.codes()
      }
    }
    return GroupedTable(table: self, keys: keys, groups: RowGroups(codes, count: number))
  }

  /// Groups the rows by the values of columns, in order of first appearance.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a column that is not there.
  public func grouped(by names: String...) throws -> GroupedTable { try grouped(by: names) }

  /// One row per experiment, with the last value of every column.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if there is no column `id`.
  public func lastValues() throws -> Table {
    let groups = try grouped(by: ["id"]).groups
    return Table(
      columns: columns.map { column in
        let content = column.content
        let rows = (0..<groups.count).map { index in
          let rows = groups[index]
          // A saved null is a value too.
          return rows.last { content[$0] != nil } ?? -1
        }
        return column.mapped { $0.gathered(orEmpty: rows) }
      }
    )
  }

  /// Columns of which no two have one name: an underscore at the end makes a name another one.
  package static func withUniqueNames(_ columns: [Column]) -> [Column] {
    var taken = Set(columns.map(\.name))
    var seen = Set<String>()
    return columns.map { column in
      var name = column.name
      if !seen.insert(name).inserted {
        repeat { name += "_" } while !taken.insert(name).inserted
        seen.insert(name)
      }
      return column.renamed(name)
    }
  }
}

extension Aggregate {
  /// The aggregate of numbers; nil if there are not enough of them.
  fileprivate func value(of statistics: Statistics) -> Value? {
    guard statistics.count > 0 else { return nil }
    let number: Double? =
      switch self {
      case .mean: statistics.mean
      case .std: statistics.standardDeviation
      case .sem: statistics.standardError
      case .median: statistics.median
      case .quantile(let share): statistics.quantile(share)
      case .min: statistics.minimum
      case .max: statistics.maximum
      case .sum: statistics.numbers.reduce(0, +)
      case .interval, .count, .n, .first, .last: nil
      }
    return number.map { .double($0) }
  }
}
