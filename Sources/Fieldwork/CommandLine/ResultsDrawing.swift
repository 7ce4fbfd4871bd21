import FieldworkCore
import FieldworkReport
import FieldworkStore

/// One saved value as a drawing for the terminal.
struct ResultsDrawing {
  /// How many lines of a kind are drawn.
  private static let most = 40

  private let table: Table
  private let name: String
  private let keys: [String]
  private let isLast: Bool

  /// - Parameters:
  ///   - table: a row for each iteration of an experiment.
  ///   - keys: the columns that tell the drawn lines apart.
  init(_ table: Table, _ name: String, _ keys: [String], isLast: Bool) {
    (self.table, self.name, self.keys, self.isLast) = (table, name, keys, isLast)
  }

  /// - Throws: ``FieldworkError`` of code `missingParameter` for a column that is not there, of code
  ///   `nothingPasses` if there are no numbers.
  func text(width: Int) throws -> String {
    let rows = table.filter { $0[name]?.number != nil }
    guard rows.count > 0 else {
      throw FieldworkError(.nothingPasses, "--plot: no row has a number '\(name)'")
    }
    let iterations = try Set(rows["iteration"])
    if isLast || iterations.count < 2 { return try bars(rows, width) }
    return try keys.isEmpty ? curve(rows, width) : sparklines(rows, width)
  }

  private func curve(_ rows: Table, _ width: Int) throws -> String {
    let means = try rows.grouped(by: ["iteration"]).mean([name]).sorted(by: "iteration")
    let points = zip(try means.column("iteration").numbers, try means.column(name).numbers)
      .map { ($0 ?? .nan, $1 ?? .nan) }
    let experiments = try rows.distinct(["id"]).count
    return "\(name), mean of \(experiments) experiment\(experiments == 1 ? "" : "s")\n"
      + TextChart.curve(points, xLabel: "iteration", width: width)
  }

  private func sparklines(_ rows: Table, _ width: Int) throws -> String {
    let means = try rows.grouped(by: keys + ["iteration"]).mean([name]).sorted(by: "iteration")
    let iterations = try means.distinct(["iteration"]).column("iteration").cells
    let groups = try means.pivoted(rows: keys, columns: "iteration", values: name)
    let curves = (0..<min(groups.count, Self.most)).map { row in
      (
        label: label(groups, row, keys),
        numbers: iterations.indices.map { groups.columns[keys.count + $0][row]?.number }
      )
    }
    return "\(name) over the iterations, mean for each \(keys.joined(separator: ", "))\n"
      + TextChart.sparklines(curves, width: width) + rest(groups.count)
  }

  private func bars(_ rows: Table, _ width: Int) throws -> String {
    let last = try rows.lastValues()
    let parameters = last.columns.filter { $0.role == .parameter && $0.isVarying }
    let names = keys.isEmpty ? parameters.map(\.name) : keys
    let groups = try last.grouped(by: names).aggregate([.mean, .ci], columns: [name])
    let (means, highs) = try (
      groups.column("\(name)_mean").numbers, groups.column("\(name)_high").numbers
    )
    let bars = (0..<min(groups.count, Self.most)).map { row in
      let mean = means[row] ?? .nan
      return (label: label(groups, row, names), number: mean, margin: highs[row].map { $0 - mean })
    }
    let spread = bars.contains { $0.margin != nil } ? " ± 95 percent interval" : ""
    let by = names.count > 1 ? ", by \(names.joined(separator: ", "))" : ""
    return "\(name), last values, mean\(spread)\(by)\n" + TextChart.bars(bars, width: width)
      + rest(groups.count)
  }

  private func label(_ table: Table, _ row: Int, _ names: [String]) -> String {
    let values = names.indices.map { table.columns[$0][row].map(Table.cellText) ?? "(absent)" }
    // Of several the names stand above.
    if names.isEmpty { return "all" }
    return names.count == 1 ? "\(names[0])=\(values[0])" : values.joined(separator: ", ")
  }

  private func rest(_ count: Int) -> String {
    count > Self.most ? "\n… \(count - Self.most) more" : ""
  }
}
