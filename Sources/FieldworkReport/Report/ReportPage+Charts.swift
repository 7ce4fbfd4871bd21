import FieldworkAnalysis
import FieldworkCore
import FieldworkStore

extension ReportPage {
  /// How many parameters are drawn.
  private static let mostParameters = 6
  /// By how many parameters curves can be grouped.
  private static let mostGroupings = 4
  /// Of more experiments, some are points.
  private static let mostPoints = 100

  // MARK: Curves

  /// Saved numbers over the iterations, for each saved name and each way to tell curves apart.
  func curves(_ data: inout [String: Value]) -> Section? {
    let all = Grouping(all: source.count)
    let curved = drawn.filter {
      report.results.iterationCount(of: $0) > 1 && (try? Curves.chart($0, all, source)) != nil
    }
    guard !curved.isEmpty else { return nil }
    let parameters = parameters(for: curved.first)
    var groupings: [(text: String, grouping: Grouping)] = parameters.prefix(Self.mostGroupings)
      .map { ($0.name, Grouping($0)) }
    if parameters.count > 1 {
      groupings.append(
        ("each config", Grouping(configsOf: source, objective: report.objective))
      )
    }
    groupings.append(("nothing", all))
    let charts = curved.map { name in
      groupings.map { try? Curves.chart(name, $0.grouping, source) }
    }
    guard let first = charts.first?.compactMap(\.self).first else { return nil }
    data["curves"] = .list(charts.map { .list($0.map { $0?.json ?? .null }) })
    let plot = Plot(first, width: 900, height: 400)
    return Section(
      id: "curves",
      title: "Learning curves",
      body: """
        <div class="controls" hidden>
        \(Self.menu("curve-of", "Value", curved.enumerated().map { ("\($0)", $1) }))
        \(Self.menu("curve-by", "Grouped and coloured by", groupings.enumerated().map { ("\($0)", $1.text) }))
        <label><input type="checkbox" id="curve-log-x"> log iterations</label>
        <label><input type="checkbox" id="curve-log-y"> log values</label>
        </div>
        <figure class="panel">
        <div id="curve" class="chart">\(plot.element)</div>
        <figcaption>\(Markup.text(plot.summary))</figcaption>
        <p class="note">\(Markup.text(plot.notes.joined(separator: " ")))</p>
        </figure>
        <p class="hint">Lines are means over experiments, bands their 95 percent confidence intervals. Point at a curve, or \
        choose it with Tab and go along it with the arrow keys.</p>
        """
    )
  }

  // MARK: Parameters

  /// Each drawn result over each parameter, for each choice of a colour.
  func effects(_ data: inout [String: Value]) -> Section? {
    let shown = Array(parameters.prefix(Self.mostParameters))
    let colors = shown.filter { $0.differentCount <= PlotSource.mostGroups }
    var effects: [Value] = []
    var figures: [String] = []
    for (position, name) in drawn.enumerated() {
      let shares = importances[name]?.shares.map(\.parameter) ?? []
      for column in shown {
        // The parameter that explains most besides the one on the axis.
        let auto = shares.first { share in
          share != column.name && colors.contains { $0.name == share }
        }
        var charts: [String: Value] = [:]
        var first: Chart?
        var key = "none"
        for (index, color) in ([nil] + colors.map(Optional.some)).enumerated()
        where color?.name != column.name {
          guard var chart = try? ParameterEffect.chart(column, name, color, source) else {
            continue
          }
          chart.thinPoints(Self.mostPoints)
          let own = index == 0 ? "none" : "p\(index - 1)"
          charts[own] = chart.json
          if color?.name == auto { (first, key) = (chart, own) }
        }
        guard let first else { continue }
        effects.append(
          ["of": .int(position), "charts": .dictionary(charts), "auto": .string(key)]
        )
        let plot = Plot(first, width: 400, height: 300)
        figures.append(
          """
          <figure class="panel" data-effect="\(effects.count - 1)">
          <h3>\(Markup.text(Markup.cut(plot.title, 80)))</h3>
          <div class="chart">\(plot.element)</div>
          <figcaption>\(Markup.text(plot.summary))</figcaption>
          <p class="note">\(Markup.text(plot.notes.joined(separator: " ")))</p>
          </figure>
          """
        )
      }
    }
    guard !figures.isEmpty else { return nil }
    data["effects"] = .list(effects)
    let results =
      drawn.count * shown.count <= 12
      ? [("", "all")] + drawn.enumerated().map { ("\($0)", $1) }
      : drawn.enumerated().map { ("\($0)", $1) } + [("", "all")]
    let choices =
      [("auto", "what explains most"), ("none", "nothing")]
      + colors.enumerated().map { ("p\($0)", $1.name) }
    return Section(
      id: "parameters",
      title: "Parameters",
      body: """
        <div class="controls" hidden>
        \(drawn.count > 1 ? Self.menu("effect-of", "Result", results) : "")
        \(colors.isEmpty ? "" : Self.menu("effect-by", "Coloured by", choices))
        <label><input type="checkbox" id="effect-log-y"> log results</label>
        </div>
        <div class="grid">\(figures.joined(separator: "\n"))</div>
        <p class="hint">Dots are means with their 95 percent confidence intervals, small points are experiments.\
        \(parameters.count > shown.count ? " The \(shown.count) most important of \(parameters.count) parameters are drawn." : "")\
        \(names.count > drawn.count ? " \(drawn.count) of \(names.count) saved names are drawn." : "")</p>
        """
    )
  }

  // MARK: Pictures to choose from

  /// Pictures of which a menu shows one.
  func gallery(
    _ id: String,
    _ title: String,
    _ label: String,
    _ plots: [(text: String, plot: Plot)],
    isWide: Bool = false,
    before: String = "",
    after: String = ""
  ) -> Section? {
    guard !plots.isEmpty else { return nil }
    let figures = plots.enumerated().map { index, item in
      Self.figure(
        item.plot,
        isWide: isWide,
        attributes: " data-of=\"\(id)\" data-choice=\"\(index)\"" + (index > 0 ? " hidden" : "")
      )
    }
    let menu = Self.menu("\(id)-of", label, plots.enumerated().map { ("\($0)", $1.text) })
      .replacing("<select ", with: "<select data-shows=\"\(id)\" ")
    return Section(
      id: id,
      title: title,
      body: """
        \(menu.isEmpty ? "" : "<div class=\"controls\" hidden>\(menu)</div>")
        \(before)
        \(figures.joined(separator: "\n"))
        \(after)
        """
    )
  }

  func importance() -> Section? {
    gallery(
      "importance",
      "Importance",
      "Of",
      drawn.compactMap { name in
        importances[name].map { (name, Plot.importance(of: name, $0.table)) }
      },
      after: """
        <p class="hint">The part of the variance over the configs that each parameter explains alone, by functional ANOVA: exact for a \
        whole grid, else over a random forest (Hutter, Hoos and Leyton-Brown, 2014).</p>
        """
    )
  }

  /// The parameters by which the best configs of a research that samples its domain differ from all.
  func densityImportance() -> Section? {
    guard let objective = report.objective,
      (importances[objective.name] ?? (try? report.results.importance(of: objective.name)))?.isExact
        == false,
      let plot = try? Plot.importance(of: objective, report.results)
    else { return nil }
    return Section(
      id: "best-configs",
      title: "The best configs",
      body: """
        \(Self.figure(plot))
        <p class="hint">The part of each parameter in the differences between the densities of the best tenth of the configs and of all \
        of them (Watanabe, Bansal and Hutter, 2023).</p>
        """
    )
  }

  /// The number of values of a parameter above which a pair is drawn as a contour.
  private static let mostHeatMapValues = 12

  /// The most important parameters in pairs.
  func heatMaps() -> Section? {
    let chosen = Array(parameters.prefix(4))
    // Of very many pictures the page would be slow.
    let plots = drawn.prefix(parameters.count > 4 ? 1 : 3).flatMap { name in
      chosen.indices.flatMap { first in
        chosen.indices.dropFirst(first + 1).compactMap { second -> (text: String, plot: Plot)? in
          // The one with more values stands side by side.
          let pair = [chosen[first], chosen[second]]
            .sorted { $0.differentCount < $1.differentCount }
          // Between many numbers there is more to see than their ranges.
          let isDense = pair.allSatisfy { $0.differentCount > Self.mostHeatMapValues }
          let contour = isDense ? try? Contour(pair[1], pair[0], name, source).plot : nil
          guard let plot = try? contour ?? HeatMap(pair[0], pair[1], name, source).plot else {
            return nil
          }
          return (plot.title, plot)
        }
      }
    }
    return gallery("heatmap", "Two parameters", "Show", plots)
  }

  func parallel() -> Section? {
    gallery(
      "parallel",
      "All parameters",
      "Coloured by",
      drawn.prefix(parameters.count > 4 ? 1 : 2).compactMap { name in
        (try? Plot.parallel(of: name, report.results)).map { (name, $0) }
      },
      isWide: true,
      before: """
        <p class="hint">Drag along an axis to choose the configs that cross it there; a click takes the choice back. What is \
        chosen, by dragging or by the filter of the table, stays bright.</p>
        <p class="controls"><button type="button" id="brush-reset" hidden>Show all configs</button>
        <span id="brush-count" role="status"></span></p>
        """
    )
  }

  func timeline() -> Section? {
    guard let plot = try? Plot.timeline(report.results) else { return nil }
    return Section(id: "timeline", title: "Timeline", body: Self.figure(plot, isWide: true))
  }
}

extension Chart {
  /// Leaves out points, evenly, until there are at most so many.
  mutating func thinPoints(_ most: Int) {
    guard points.count > most else { return }
    let all = points.count
    points = (0..<most).map { points[$0 * all / most] }
    notes.removeAll { $0.hasSuffix("drawn as points; means are of all.") }
    notes.append("\(most) of the experiments are drawn as points; means are of all.")
  }
}
