extension Chart {
  /// The height of a line of the legend.
  private static let legendLine = 18.0
  /// About how wide a sign is.
  static let signWidth = 6.6

  /// Draws the chart.
  /// - Returns: the elements within an `svg` element of this size.
  func drawn(width: Double, height: Double) -> String {
    var svg = SVG()
    let legend = legendPlaces(width)
    let yProbe = Scale(y, heights, height, 0)
    let yTicks = yProbe.ticks(Int(height / 60))
    let left =
      26 + Self.signWidth * Double(min(yTicks.map(\.text.count).max() ?? 1, 12))
    let top = 10 + Self.legendLine * Double(legend.lines)
    let names: [String] = if case .categories(let names) = x.kind { names } else { [] }
    let isSlanted = Self.areLong(names, width - left - 14)
    let bottom = height - (isSlanted ? 100 : 40)
    let xScale = Scale(x, widths, left, width - 14)
    let yScale = Scale(y, heights, bottom, top)

    for tick in yTicks {
      guard let place = yScale.place(tick.value) else { continue }
      svg.line(left, place, width - 14, place, "grid")
      svg.text(tick.text, left - 6, place + 4, "small", anchor: "end", limit: 12)
    }
    var taken = -Double.infinity
    for tick in xScale.ticks(Int(width / 80)) {
      guard let place = xScale.place(tick.value) else { continue }
      svg.line(place, bottom, place, bottom + 4, "axis")
      let half = Self.signWidth * Double(min(tick.text.count, 14)) / 2
      // Texts do not run into each other, or out of the picture.
      guard isSlanted || place - half > taken && place + half < width else { continue }
      taken = place + half + 4
      if isSlanted {
        svg.text(
          tick.text,
          place + 3,
          bottom + 14,
          "small",
          anchor: "end",
          limit: 14,
          rotation: -40
        )
      } else {
        svg.text(tick.text, place, bottom + 16, "small", anchor: "middle", limit: 14)
      }
    }
    svg.line(left, bottom, width - 14, bottom, "axis")
    svg.text(x.label, (left + width - 14) / 2, height - 6, "strong", anchor: "middle", limit: 40)
    svg.text(
      y.label,
      12,
      (top + bottom) / 2,
      "strong",
      anchor: "middle",
      limit: 30,
      rotation: -90
    )
    drawPoints(&svg, xScale, yScale)
    for (index, series) in series.enumerated() { draw(series, index, &svg, xScale, yScale) }
    drawLegend(&svg, legend.places)
    return svg.content
  }

  /// Whether names are too long to stand side by side.
  static func areLong(_ names: [String], _ width: Double) -> Bool {
    let room = width / Double(max(names.count, 1))
    return names.contains { signWidth * Double(min($0.count, 14)) > room - 6 }
  }

  private func drawPoints(_ svg: inout SVG, _ xScale: Scale, _ yScale: Scale) {
    let isCategory = if case .categories = x.kind { true } else { false }
    for (index, point) in points.enumerated() {
      guard let x = xScale.place(point.x), let y = yScale.place(point.y) else { continue }
      // Points of one category lie side by side, always in the same way.
      let shift =
        isCategory ? (Double(index * 37 % 101) / 100 - 0.5) * min(xScale.step * 0.5, 40) : 0
      svg.element(
        "circle",
        [
          ("cx", SVG.number(x + shift)), ("cy", SVG.number(y)), ("r", "2.5"),
          ("class", "point s\(point.series % Palette.count)"),
        ]
      )
    }
  }

  private func draw(
    _ series: Series,
    _ index: Int,
    _ svg: inout SVG,
    _ xScale: Scale,
    _ yScale: Scale
  ) {
    // Dots of several series at one place lie side by side.
    let shift =
      kind == .lines || self.series.count < 2
      ? 0.0
      : (Double(index) - Double(self.series.count - 1) / 2) * (kind == .strips ? 9 : 3)
    func place(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
      guard let x = xScale.place(x), let y = yScale.place(y) else { return nil }
      return (x + shift, y)
    }
    func end(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
      guard let x = xScale.place(x), let y = yScale.nearest(y) else { return nil }
      return (x + shift, y)
    }
    let color = "s\(index % Palette.count)"
    let means = series.x.indices.map { place(series.x[$0], series.mean[$0]) }
    svg.open("g", [("class", color), ("data-series", "\(index)")])
    if kind == .lines {
      for band in bands(series, end) { svg.element("path", [("d", band), ("class", "band")]) }
    }
    if kind != .strips {
      var attributes = [("d", SVG.path(means)), ("class", "line")]
      let dash = Palette.dash(index)
      if !dash.isEmpty { attributes.append(("stroke-dasharray", dash)) }
      svg.element("path", attributes)
    }
    let isSparse = kind != .lines || series.x.count <= 30
    for (position, mean) in means.enumerated() {
      guard let mean, isSparse || kind != .lines else { continue }
      if kind != .lines, let low = end(series.x[position], series.low[position]),
        let high = end(series.x[position], series.high[position])
      {
        svg.line(mean.x, low.y, mean.x, high.y, "bar")
      }
      svg.element(
        "circle",
        [
          ("cx", SVG.number(mean.x)), ("cy", SVG.number(mean.y)),
          ("r", kind == .lines ? "2.5" : "4"), ("class", "dot"),
        ],
        title: tip(series, position)
      )
    }
    svg.close("g")
  }

  /// The areas between the ends of the intervals, without gaps in each.
  private func bands(
    _ series: Series,
    _ place: (Double, Double) -> (x: Double, y: Double)?
  ) -> [String] {
    var bands: [String] = []
    var upper: [(x: Double, y: Double)] = []
    var lower: [(x: Double, y: Double)] = []
    func end() {
      if upper.count > 1 { bands.append(SVG.path(upper + lower.reversed()) + "Z") }
      (upper, lower) = ([], [])
    }
    for index in series.x.indices {
      if let low = place(series.x[index], series.low[index]),
        let high = place(series.x[index], series.high[index])
      {
        upper.append(high)
        lower.append(low)
      } else {
        end()
      }
    }
    end()
    return bands
  }

  /// What one is told of a mean.
  private func tip(_ series: Series, _ index: Int) -> String {
    let place: String
    if case .categories(let names) = x.kind {
      place = names.indices.contains(Int(series.x[index])) ? names[Int(series.x[index])] : ""
    } else {
      place = Scale.rounded(series.x[index])
    }
    var text = "\(x.label) \(place)"
    if let legend { text += ", \(legend) \(series.label)" }
    text += ": \(y.label) \(Scale.rounded(series.mean[index]))"
    if series.low[index].isFinite, series.high[index].isFinite {
      text += " (\(Scale.rounded(series.low[index])) to \(Scale.rounded(series.high[index])))"
    }
    return text + ", n = \(series.count[index])"
  }

  // MARK: Legend

  private func legendPlaces(_ width: Double) -> (
    places: [(x: Double, line: Int, text: String, series: Int?)], lines: Int
  ) {
    guard let legend else { return ([], 0) }
    var places: [(x: Double, line: Int, text: String, series: Int?)] = []
    var x = 14.0
    var line = 0
    let entries: [(String, Int?)] =
      [(legend, nil)] + series.enumerated().map { ($1.label, $0) }
    for (text, index) in entries {
      let short = Markup.cut(text, 24)
      // What it is about stands in strong letters.
      let needed =
        Self.signWidth * Double(short.count) * (index == nil ? 1.15 : 1) + (index == nil ? 14 : 36)
      if x + needed > width - 10, x > 14 {
        x = 14
        line += 1
      }
      places.append((x, line, text, index))
      x += needed
    }
    return (places, line + 1)
  }

  private func drawLegend(
    _ svg: inout SVG,
    _ places: [(x: Double, line: Int, text: String, series: Int?)]
  ) {
    for place in places {
      let y = 14 + Self.legendLine * Double(place.line)
      guard let series = place.series else {
        svg.text(place.text, place.x, y, "strong")
        continue
      }
      svg.open("g", [("class", "s\(series % Palette.count)")])
      var attributes = [
        ("d", SVG.path([(place.x, y - 4), (place.x + 18, y - 4)])), ("class", "line"),
      ]
      let dash = Palette.dash(series)
      if kind != .strips, !dash.isEmpty { attributes.append(("stroke-dasharray", dash)) }
      svg.element("path", attributes)
      svg.close("g")
      svg.text(place.text, place.x + 23, y)
    }
  }
}
