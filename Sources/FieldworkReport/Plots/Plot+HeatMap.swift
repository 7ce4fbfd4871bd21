import FieldworkAnalysis
import FieldworkCore
public import FieldworkStore

extension Plot {
  /// The mean of a result for each pair of values of two parameters, as colours with numbers.
  /// - Parameters:
  ///   - row: the parameter whose values stand below each other.
  ///   - column: the parameter whose values stand side by side.
  ///   - name: the saved name.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a name that is not there, of code
  ///   `nothingPasses` if no numbers were saved under it.
  public static func heatMap(
    _ row: String,
    _ column: String,
    of name: String,
    _ results: ResearchResults
  ) throws -> Plot {
    let source = PlotSource(results)
    return try HeatMap(source.parameter(row), source.parameter(column), name, source).plot
  }
}

/// Means over two parameters.
struct HeatMap {
  private static let most = 12

  private let rows: Grouping
  private let columns: Grouping
  private let name: String
  private let title: String
  /// By row and column; nil where there is no experiment.
  private var cells: [[Statistics?]]

  init(
    _ row: Table.Column,
    _ column: Table.Column,
    _ name: String,
    _ source: PlotSource
  ) throws {
    let numbers = try source.requiredLastNumbers(name)
    let (rows, columns) = (
      Grouping(row, most: HeatMap.most), Grouping(column, most: HeatMap.most)
    )
    var collected = rows.labels.map { _ in columns.labels.map { _ in [Double]() } }
    for (index, number) in numbers.enumerated() {
      guard let number, let row = rows.groups[index], let column = columns.groups[index] else {
        continue
      }
      collected[row][column].append(number)
    }
    cells = collected.map { row in row.map { $0.isEmpty ? nil : Statistics($0) } }
    (self.rows, self.columns, self.name) = (rows, columns, name)
    title = "\(name) by \(row.name) and \(column.name)"
  }

  var plot: Plot {
    let left = 40 + Chart.signWidth * Double(min(rows.labels.map(\.count).max() ?? 0, 16))
    let width = max(360, min(720, left + 64 * Double(columns.labels.count) + 20))
    let room = (width - left - 14) / Double(columns.labels.count)
    let isSlanted = Chart.areLong(columns.labels, width - left - 14)
    let bottom = isSlanted ? 104.0 : 42
    let line = 34.0
    let height = 30 + line * Double(rows.labels.count) + bottom
    var svg = SVG()
    let means = cells.flatMap { $0 }.compactMap { $0?.mean }.filter(\.isFinite)
    let (least, most) = (means.min() ?? 0, means.max() ?? 1)
    svg.text(rows.name ?? "", 14, 18, "strong", limit: 20)
    Self.drawScale(&svg, width, least, most)
    for (row, label) in rows.labels.enumerated() {
      let y = 30 + line * Double(row)
      svg.text(label, left - 8, y + line / 2 + 4, "small", anchor: "end", limit: 16)
      for column in columns.labels.indices {
        let x = left + room * Double(column)
        draw(&svg, row, column, (x, y, room, line), least, most)
      }
    }
    for (column, label) in columns.labels.enumerated() {
      let x = left + room * (Double(column) + 0.5)
      let y = 30 + line * Double(rows.labels.count) + 14
      if isSlanted {
        svg.text(label, x + 3, y, "small", anchor: "end", limit: 14, rotation: -40)
      } else {
        svg.text(label, x, y + 2, "small", anchor: "middle", limit: 14)
      }
    }
    svg.text(
      columns.name ?? "",
      left + (width - left - 14) / 2,
      height - 6,
      "strong",
      anchor: "middle"
    )
    return Plot(
      title: title,
      summary: summary,
      notes: [rows.note, columns.note].compactMap(\.self),
      width: width,
      height: height,
      content: svg.content
    )
  }

  private func draw(
    _ svg: inout SVG,
    _ row: Int,
    _ column: Int,
    _ box: (x: Double, y: Double, width: Double, height: Double),
    _ least: Double,
    _ most: Double
  ) {
    let statistics = cells[row][column]
    let share = statistics.map { ($0.mean - least) / max(most - least, .leastNormalMagnitude) }
    let isDrawn = share?.isFinite ?? false
    let place =
      "\(rows.name ?? "") \(rows.labels[row]), \(columns.name ?? "") \(columns.labels[column])"
    svg.element(
      "rect",
      [
        ("x", SVG.number(box.x + 1)), ("y", SVG.number(box.y + 1)),
        ("width", SVG.number(box.width - 2)), ("height", SVG.number(box.height - 2)),
        ("rx", "3"), isDrawn ? ("fill", Palette.rampText(share ?? 0)) : ("class", "empty"),
      ],
      title: statistics.map {
        "\(place): \(name) \(Scale.mean($0)), n = \($0.count)"
      } ?? "\(place): no experiment is done"
    )
    guard let statistics, box.width > 36 else { return }
    let step = max(abs(most - least) / 100, abs(statistics.mean) * 1e-4)
    let text = statistics.mean.isFinite ? Scale.text(statistics.mean, step) : "\(statistics.mean)"
    svg.text(
      text,
      box.x + box.width / 2,
      box.y + box.height / 2 + 4,
      !isDrawn ? "small" : Palette.isLight(share ?? 0) ? "small on-light" : "small on-dark",
      anchor: "middle"
    )
  }

  static func drawScale(_ svg: inout SVG, _ width: Double, _ least: Double, _ most: Double) {
    let (start, steps) = (width - 190, 20)
    svg.text(Scale.rounded(least), start - 6, 18, "small", anchor: "end")
    for step in 0..<steps {
      svg.element(
        "rect",
        [
          ("x", SVG.number(start + Double(step) * 5)), ("y", "9"), ("width", "5.5"),
          ("height", "11"), ("fill", Palette.rampText(Double(step) / Double(steps - 1))),
        ]
      )
    }
    svg.text(Scale.rounded(most), start + 106, 18, "small")
  }

  private var summary: String {
    let all = cells.enumerated().flatMap { row, line in
      line.enumerated().compactMap { column, cell in cell.map { (row, column, $0.mean) } }
    }.filter { !$0.2.isNaN }
    guard let least = all.min(by: { $0.2 < $1.2 }), let most = all.max(by: { $0.2 < $1.2 }) else {
      return ""
    }
    guard least.2 != most.2 else {
      return "The mean of \(name) is \(Scale.rounded(most.2)) everywhere."
    }
    func text(_ cell: (Int, Int, Double)) -> String {
      "\(rows.name ?? "") \(Markup.shortened(rows.labels[cell.0], 40)) with \(columns.name ?? "") \(Markup.shortened(columns.labels[cell.1], 40)) (\(Scale.rounded(cell.2)))"
    }
    return "The mean of \(name) is smallest at \(text(least)), largest at \(text(most))."
  }
}
