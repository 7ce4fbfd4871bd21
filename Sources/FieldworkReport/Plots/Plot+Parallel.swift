import FieldworkAnalysis
import FieldworkCore
public import FieldworkStore

extension Plot {
  /// A line for each config over all parameters that differ, coloured by a result, which is the last axis.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if nothing was saved under the name, of code
  ///   `nothingPasses` if no config has a number, or no parameter differs.
  public static func parallel(of name: String, _ results: ResearchResults) throws -> Plot {
    try ParallelPlot(name, PlotSource(results)).plot
  }
}

/// Configs as lines over parallel axes.
struct ParallelPlot {
  /// Of more configs, some are drawn, and the best and the worst.
  private static let mostLines = 400
  private static let mostAxes = 10
  /// How far the colours go: the last ones are hard to see on white.
  private static let brightest = 0.88

  private let name: String
  private let table: Table
  private let axes: [(axis: Axis, values: [Double])]
  private let results: [Double]
  private var notes: [String] = []

  init(_ name: String, _ source: PlotSource) throws {
    let all = try source.results.bestTable(by: .maximize(name), count: .max)
    var parameters = all.columns.filter { $0.role == .parameter && $0.isVarying }
    guard all.count > 0, !parameters.isEmpty else {
      throw FieldworkError(
        .nothingPasses,
        all.count == 0
          ? "no experiment that is done saved numbers under '\(name)'"
          : "no parameter differs between the configs that are done"
      )
    }
    var rows = Array(0..<all.count)
    if rows.count > Self.mostLines {
      // They stand in order of the result.
      rows = (0..<Self.mostLines).map { $0 * (all.count - 1) / (Self.mostLines - 1) }
      notes.append("\(rows.count) of \(all.count) configs are drawn, evenly by \(name).")
    }
    if parameters.count > Self.mostAxes {
      notes.append("\(Self.mostAxes) of \(parameters.count) parameters are drawn.")
      parameters = Array(parameters.prefix(Self.mostAxes))
    }
    self.name = name
    table = all.rows(rows)
    results = table.columns.first { $0.role == .value }?.numbers.compactMap(\.self) ?? []
    axes =
      parameters.map { Self.axis($0.rows(rows)) } + [(Axis(name), results)]
  }

  private static func axis(_ column: Table.Column) -> (axis: Axis, values: [Double]) {
    let numbers = column.numbers.compactMap(\.self).filter(\.isFinite)
    if numbers.count == column.count {
      return (
        Axis(column.name, Chart.spansDecades(numbers) ? .logarithmic : .linear), numbers
      )
    }
    let grouping = Grouping(column, most: 20)
    return (
      Axis(column.name, .categories(grouping.labels)),
      grouping.groups.map { Double($0 ?? 0) }
    )
  }

  var plot: Plot {
    let (width, height) = (max(900, 130 * Double(axes.count)), 380.0)
    let (top, bottom) = (40.0, height - 20)
    let scales = axes.map { Scale($0.axis, $0.values, bottom, top) }
    let gap = (width - 140) / Double(max(axes.count - 1, 1))
    let finite = results.filter(\.isFinite)
    let (least, most) = (finite.min() ?? 0, finite.max() ?? 1)
    var svg = SVG()
    svg.open("g", [("class", "strokes")])
    // The best ones lie on top.
    for row in results.indices.reversed() {
      let points = axes.indices.map { index -> (x: Double, y: Double)? in
        scales[index].place(axes[index].values[row]).map { (70 + gap * Double(index), $0) }
      }
      let share = (results[row] - least) / max(most - least, .leastNormalMagnitude)
      svg.element(
        "path",
        [
          ("d", SVG.path(points)), ("class", "stroke"),
          ("stroke", Palette.rampText(share * Self.brightest)),
          ("data-id", Markup.text(table.columns[0][row]?.description ?? "")),
          (
            "data-y",
            points.map { $0.map { SVG.number($0.y) } ?? "" }.joined(separator: " ")
          ),
        ],
        title: tip(row)
      )
    }
    svg.close("g")
    for (index, axis) in axes.enumerated() {
      let x = 70 + gap * Double(index)
      svg.open("g", [("class", "dimension"), ("data-axis", "\(index)")])
      svg.line(x, top, x, bottom, "axis")
      svg.text(axis.axis.label, x, 20, "strong", anchor: "middle", limit: 18)
      for tick in scales[index].ticks(5) {
        guard let y = scales[index].place(tick.value) else { continue }
        svg.line(x - 4, y, x, y, "axis")
        svg.text(tick.text, x - 7, y + 4, "small halo", anchor: "end", limit: 10)
      }
      svg.close("g")
    }
    return Plot(
      title: "\(name) over all parameters",
      summary:
        "A line for each of \(results.count) configs, dark for a small \(name), light for a large one."
        + (table.count > 0 ? " The largest: \(Markup.shortened(tip(0), 200))." : "")
        + (table.count > 1 ? " The smallest: \(Markup.shortened(tip(table.count - 1), 200))." : ""),
      notes: notes,
      width: width,
      height: height,
      content: svg.content
    )
  }

  private func tip(_ row: Int) -> String {
    let drawn = axes.dropLast().map(\.axis.label)
    let parameters = table.columns.filter { $0.role == .parameter && drawn.contains($0.name) }
      .map { "\($0.name) \(Markup.shortened(PlotSource.text($0[row]), 40))" }
    return "\(name) \(Scale.rounded(results[row])): \(parameters.joined(separator: ", "))"
  }
}
