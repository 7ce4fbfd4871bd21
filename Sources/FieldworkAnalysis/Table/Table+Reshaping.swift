import FieldworkCore

extension Table {
  /// Which rows a join keeps that have no partner.
  public enum Join: Sendable, Hashable, CaseIterable {
    /// None.
    case inner
    /// Those of the left table, with empty cells beside them.
    case left
  }

  /// A row for each group of rows, and a column for each value of a column.
  ///
  ///     try table.pivoted(rows: ["size"], columns: "temperature", values: "binder")
  ///     // size, 2.1, 2.2, …: the mean of binder for each size and temperature
  /// - Parameters:
  ///   - rows: the columns that tell rows apart.
  ///   - columns: the column whose values become columns, in order of first appearance.
  ///   - values: the column whose cells fill them.
  ///   - aggregate: how several cells become one; no ``Aggregate/count`` and no interval.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func pivoted(
    rows names: [String],
    columns: String,
    values: String,
    by aggregate: Aggregate = .mean
  ) throws -> Table {
    let titles = try distinct([columns]).column(columns)
    let rows = try grouped(by: names).groups
    let groups = try grouped(by: names + [columns]).groups
    let cells = try grouped(by: names + [columns]).aggregate([aggregate], columns: [values])
    let content = cells.columns[names.count + 1].content
    let (titleCodes, _) = try column(columns).content.codes()
    var rowOfFirst = [Int](repeating: 0, count: count)
    for index in 0..<rows.count { for row in rows[index] { rowOfFirst[row] = index } }
    var places = [[Int]](
      repeating: [Int](repeating: -1, count: rows.count),
      count: titles.count
    )
    for (index, first) in groups.firstRows.enumerated() {
      places[titleCodes[first]][rowOfFirst[first]] = index
    }
    let keys = try names.map { name in
      Column(name, try column(name).content.gathered(rows.firstRows), .key)
    }
    return Table(
      columns: Table.withUniqueNames(
        keys
          + places.enumerated().map { index, rows in
            Column(titles[index]?.description ?? "", content.gathered(orEmpty: rows))
          }
      )
    )
  }

  /// A row for each cell of some columns, with the name of the column and the cell; empty cells give none.
  /// The other columns stay.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func unpivoted(
    _ names: [String],
    name: String = "name",
    value: String = "value"
  ) throws -> Table {
    let wide = try names.map { try column($0) }
    var rows: [Int] = []
    var title = ColumnBuilder()
    var cells = ColumnBuilder()
    for row in 0..<count {
      for column in wide {
        guard let cell = column[row] else { continue }
        rows.append(row)
        title.append(column.name)
        cells.append(cell)
      }
    }
    let kept = columns.filter { !names.contains($0.name) }.map { $0.rows(rows) }
    return Table(
      columns: Table.withUniqueNames(
        kept + [Column(name, title.content, .key), Column(value, cells.content)]
      )
    )
  }

  /// The rows of this table, each beside each row of another one that has equal cells in some columns.
  ///
  /// A column of the other table whose name is taken has an underscore at its end.
  /// - Parameters:
  ///   - names: the columns that must be equal. Missing cells equal missing ones of the same sort.
  ///   - join: what becomes of rows without partner.
  /// - Throws: ``FieldworkError`` of code `missingParameter`, which lists the columns.
  public func joined(
    with other: Table,
    on names: [String],
    _ join: Join = .inner
  ) throws -> Table {
    let keys = try names.map { try column($0).content }
    let otherKeys = try names.map { try other.column($0).content }
    var partners: [[Value?]: [Int]] = [:]
    for row in 0..<other.count { partners[otherKeys.map { $0[row] }, default: []].append(row) }
    var (rows, otherRows): ([Int], [Int]) = ([], [])
    for row in 0..<count {
      let found = partners[keys.map { $0[row] }] ?? (join == .left ? [-1] : [])
      rows += found.map { _ in row }
      otherRows += found
    }
    let rest = other.columns.filter { !names.contains($0.name) }
    return Table(
      columns: Table.withUniqueNames(
        columns.map { $0.rows(rows) }
          + rest.map { $0.mapped { $0.gathered(orEmpty: otherRows) } }
      )
    )
  }

  /// What is in the columns: a row for each, with its `kind`, the number of its values `n`, of missing cells
  /// and of different values, and, of numbers, mean, standard deviation, minimum, quartiles and maximum.
  public func describe() -> Table {
    let statistics = columns.map { column in
      column.holdsNumbers ? Statistics(column.numbers.compactMap(\.self)) : nil
    }
    let quartiles = statistics.map { $0?.quantiles([0.25, 0.5, 0.75]) }
    let missing = columns.map { column in
      (0..<count).count { column.content.isMissing($0) }
    }
    func numbers(_ name: String, _ number: (Statistics) -> Double?) -> Column {
      Column(name: name, cells: statistics.map { $0.flatMap(number).map { .double($0) } })
    }
    func quartile(_ name: String, _ index: Int) -> Column {
      Column(name: name, cells: quartiles.map { ($0?[index]).map { .double($0) } })
    }
    return Table(columns: [
      Column(name: "column", cells: columns.map { .string($0.name) }, role: .key),
      Column(name: "kind", cells: columns.map { .string($0.kind.rawValue) }),
      Column(name: "n", cells: missing.map { .int(count - $0) }),
      Column(name: "missing", cells: missing.map { .int($0) }),
      Column(
        name: "different",
        cells: zip(columns, missing).map { .int($0.content.codes().count - ($1 > 0 ? 1 : 0)) }
      ),
      numbers("mean") { $0.count > 0 ? $0.mean : nil }, numbers("std", \.standardDeviation),
      numbers("min", \.minimum), quartile("q25", 0), quartile("median", 1), quartile("q75", 2),
      numbers("max", \.maximum),
    ])
  }
}
