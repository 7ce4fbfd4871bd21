import FieldworkAnalysis
import FieldworkCore
public import FieldworkStore
import RealModule

extension Plot {
  /// A result over two numeric parameters: colours between the configs, which are points.
  /// - Parameters:
  ///   - x: the parameter of the horizontal axis.
  ///   - y: the parameter of the vertical axis.
  ///   - name: the saved name.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a name that is not there, of code `nothingPasses` if a
  ///   parameter is not one of numbers, or fewer than four configs have a value.
  public static func contour(
    _ x: String,
    _ y: String,
    of name: String,
    _ results: ResearchResults
  ) throws -> Plot {
    let source = PlotSource(results)
    return try Contour(source.parameter(x), source.parameter(y), name, source).plot
  }
}

/// A surface that is interpolated between configs, by the weighted mean of the near ones.
struct Contour {
  private static let cells = 48
  private static let mostPoints = 600

  private let name: String
  private let axes: (x: Axis, y: Axis)
  private let points: [(x: Double, y: Double, value: Double)]

  init(
    _ x: Table.Column,
    _ y: Table.Column,
    _ name: String,
    _ source: PlotSource
  ) throws {
    let numbers = try source.requiredLastNumbers(name)
    var points: [(x: Double, y: Double, value: Double)] = []
    for group in source.results.configGroups {
      let values = group.compactMap { numbers[$0] }.filter(\.isFinite)
      guard !values.isEmpty, let x = x.cells[group[0]]?.number, let y = y.cells[group[0]]?.number,
        x.isFinite, y.isFinite
      else { continue }
      points.append((x, y, Statistics(values).mean))
    }
    guard Set(points.map(\.x)).count > 1, Set(points.map(\.y)).count > 1, points.count > 3 else {
      throw FieldworkError(
        .nothingPasses,
        "a contour needs four configs with different numbers of \(x.name) and of \(y.name); plot heatmap \(x.name),\(y.name) takes values of every kind"
      )
    }
    func axis(_ column: Table.Column, _ values: [Double]) -> Axis {
      Axis(column.name, Chart.spansDecades(values) ? .logarithmic : .linear)
    }
    axes = (axis(x, points.map(\.x)), axis(y, points.map(\.y)))
    self.name = name
    self.points = points
  }

  var plot: Plot {
    let (left, right, top, bottom, width, height) = (64.0, 14.0, 30.0, 46.0, 560.0, 440.0)
    let xScale = Scale(axes.x, points.map(\.x), left, width - right)
    let yScale = Scale(axes.y, points.map(\.y), height - bottom, top)
    let placed = points.compactMap { point -> (x: Double, y: Double, value: Double)? in
      guard let x = xScale.place(point.x), let y = yScale.place(point.y) else { return nil }
      return (x, y, point.value)
    }
    let values = points.map(\.value)
    let (least, most) = (values.min() ?? 0, values.max() ?? 1)
    var svg = SVG()
    let (stepX, stepY) = (
      (width - left - right) / Double(Self.cells), (height - top - bottom) / Double(Self.cells)
    )
    // Very many points make a picture slow, and add nothing to the surface.
    let near =
      placed.count <= Self.mostPoints
      ? placed : (0..<Self.mostPoints).map { placed[$0 * placed.count / Self.mostPoints] }
    for row in 0..<Self.cells {
      for column in 0..<Self.cells {
        let (x, y) = (left + stepX * Double(column), top + stepY * Double(row))
        let value = Self.interpolated(x + stepX / 2, y + stepY / 2, near)
        let share = (value - least) / max(most - least, .leastNormalMagnitude)
        svg.element(
          "rect",
          [
            ("x", SVG.number(x)), ("y", SVG.number(y)), ("width", SVG.number(stepX + 0.4)),
            ("height", SVG.number(stepY + 0.4)),
            ("fill", Palette.rampText(min(max(share, 0), 1))),
          ]
        )
      }
    }
    for point in near {
      svg.element(
        "circle",
        [
          ("cx", SVG.number(point.x)), ("cy", SVG.number(point.y)), ("r", "2.5"),
          ("fill", "none"), ("stroke", "#000"), ("stroke-opacity", "0.6"),
        ],
        title: "\(name) \(Scale.rounded(point.value))"
      )
    }
    Self.draw(&svg, axes.x, xScale, y: height - bottom, middle: (left + width - right) / 2)
    Self.draw(&svg, axes.y, yScale, x: left)
    HeatMap.drawScale(&svg, width, least, most)
    svg.text(axes.y.label, 14, 18, "strong", limit: 30)
    return Plot(
      title: "\(name) over \(axes.x.label) and \(axes.y.label)",
      summary: summary,
      notes: [
        "Between the configs, which are circles, colours are weighted means of the near ones."
      ],
      width: width,
      height: height,
      content: svg.content
    )
  }

  private static func draw(
    _ svg: inout SVG,
    _ axis: Axis,
    _ scale: Scale,
    y: Double,
    middle: Double
  ) {
    for tick in scale.ticks(6) {
      guard let place = scale.place(tick.value) else { continue }
      svg.text(tick.text, place, y + 16, "small", anchor: "middle")
    }
    svg.text(axis.label, middle, y + 36, "strong", anchor: "middle", limit: 40)
  }

  private static func draw(_ svg: inout SVG, _ axis: Axis, _ scale: Scale, x: Double) {
    for tick in scale.ticks(6) {
      guard let place = scale.place(tick.value) else { continue }
      svg.text(tick.text, x - 6, place + 4, "small", anchor: "end")
    }
  }

  /// The mean of the points, each weighted by the fourth power of its nearness.
  ///
  /// Source: D. Shepard, "A two-dimensional interpolation function for irregularly-spaced data", 1968.
  private static func interpolated(
    _ x: Double,
    _ y: Double,
    _ points: [(x: Double, y: Double, value: Double)]
  ) -> Double {
    var (sum, weights) = (0.0, 0.0)
    for point in points {
      let distance = (point.x - x) * (point.x - x) + (point.y - y) * (point.y - y) + 1
      let weight = 1 / (distance * distance)
      sum += weight * point.value
      weights += weight
    }
    return sum / weights
  }

  private var summary: String {
    guard let least = points.min(by: { $0.value < $1.value }),
      let most = points.max(by: { $0.value < $1.value })
    else { return "" }
    func text(_ point: (x: Double, y: Double, value: Double)) -> String {
      "\(Scale.rounded(point.value)) at \(axes.x.label) \(Scale.rounded(point.x)), \(axes.y.label) \(Scale.rounded(point.y))"
    }
    return "The least \(name) is \(text(least)), the largest \(text(most))."
  }
}
