import FieldworkAnalysis
public import FieldworkCore
public import FieldworkStore

extension Plot {
  /// How a saved number goes over the iterations: means over experiments with 95 percent confidence
  /// intervals. Experiments that are running count as far as they are.
  /// - Parameters:
  ///   - name: the saved name.
  ///   - parameter: what tells the curves apart: a parameter, or `config`; nil for one curve of all.
  ///   - objective: which configs are shown where there are many.
  ///   - logX: whether the iterations stand on a logarithmic axis, counted from 1.
  ///   - logY: whether the numbers stand on a logarithmic axis.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a name that is not there, of code
  ///   `nothingPasses` if no numbers were saved under it.
  public static func curves(
    of name: String,
    by parameter: String? = nil,
    _ results: ResearchResults,
    objective: Objective? = nil,
    logX: Bool = false,
    logY: Bool = false
  ) throws -> Plot {
    let source = PlotSource(results)
    let grouping = try Curves.grouping(parameter, source, objective)
    var chart = try Curves.chart(name, grouping, source)
    chart.setLogarithmic(x: logX, y: logY)
    return Plot(chart)
  }
}

extension Chart {
  /// Puts axes of numbers on logarithmic scales. Iterations are counted from 1 then.
  mutating func setLogarithmic(x logX: Bool, y logY: Bool) {
    if logX, x.kind == .linear {
      x.kind = .logarithmic
      if x.label == Curves.iteration {
        x = Axis("iteration, from 1", .logarithmic, isWhole: true)
        for index in series.indices { series[index].x = series[index].x.map { $0 + 1 } }
      }
    }
    if logY {
      y.kind = .logarithmic
      let hidden = series.flatMap(\.mean).count { $0.isFinite && $0 <= 0 }
      if hidden > 0 {
        notes.append("\(hidden) means are not positive, and not on a logarithmic axis.")
      }
    }
  }
}

/// Numbers over iterations.
enum Curves {
  static let iteration = "iteration"
  /// Of more iterations, some are shown.
  static let mostIterations = 160

  static func grouping(
    _ parameter: String?,
    _ source: PlotSource,
    _ objective: Objective?
  ) throws -> Grouping {
    guard let parameter else { return Grouping(all: source.count) }
    if parameter == "config", !source.parameters.contains(where: { $0.name == "config" }) {
      return Grouping(configsOf: source, objective: objective)
    }
    return Grouping(try source.parameter(parameter))
  }

  static func chart(_ name: String, _ grouping: Grouping, _ source: PlotSource) throws -> Chart {
    try source.results.requireVariable(name)
    let curves = source.results.curves(
      of: name,
      groups: zip(grouping.groups, source.hasCurve).map { $1 ? $0 : nil },
      count: grouping.labels.count
    )
    guard curves.contains(where: { !$0.isEmpty }) else {
      throw FieldworkError(
        .nothingPasses,
        "no experiment that is done or running saved numbers under '\(name)'"
      )
    }
    let iterations = Set(curves.flatMap { $0.map(\.iteration) }).sorted()
    let shown = thinned(iterations)
    var notes = [grouping.note].compactMap(\.self)
    if shown.count < iterations.count {
      notes.append("\(shown.count) of \(iterations.count) iterations are drawn.")
    }
    let kept = Set(shown)
    let series = zip(grouping.labels, curves).filter { !$1.isEmpty }.map { label, curve in
      var series = Chart.Series(label: label)
      for point in curve where kept.contains(point.iteration) {
        series.append(Double(point.iteration), point.statistics)
      }
      return series
    }
    return Chart(
      title: "\(name) over the iterations" + (grouping.name.map { ", by \($0)" } ?? ""),
      summary: summary(name, grouping, series),
      x: Axis(iteration, isWhole: true),
      y: Axis(name),
      kind: .lines,
      legend: grouping.name,
      series: series,
      notes: notes
    )
  }

  /// At most so many, evenly, with the first and the last one.
  private static func thinned(_ iterations: [Int]) -> [Int] {
    guard iterations.count > mostIterations else { return iterations }
    return (0..<mostIterations).map { index in
      iterations[index * (iterations.count - 1) / (mostIterations - 1)]
    }
  }

  private static func summary(
    _ name: String,
    _ grouping: Grouping,
    _ series: [Chart.Series]
  ) -> String {
    let ends = series.compactMap { series -> (label: String, mean: Double)? in
      series.mean.last { !$0.isNaN }.map { (series.label, $0) }
    }
    guard let least = ends.min(by: { $0.mean < $1.mean }),
      let most = ends.max(by: { $0.mean < $1.mean })
    else { return "" }
    guard let parameter = grouping.name, ends.count > 1, least.mean != most.mean else {
      return "\(name) ends at \(Scale.rounded(most.mean))."
    }
    return
      "\(grouping.note == nil ? "At" : "Of these, at") the end \(name) is smallest for \(parameter) \(Markup.shortened(least.label, 40)) (\(Scale.rounded(least.mean))), largest for \(Markup.shortened(most.label, 40)) (\(Scale.rounded(most.mean)))."
  }
}
