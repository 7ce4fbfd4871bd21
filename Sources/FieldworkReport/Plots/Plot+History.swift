import FieldworkAnalysis
public import FieldworkCore
public import FieldworkStore

extension Plot {
  /// The last values of experiments in the order of the plan, with the best one so far as a line. Pruned experiments are
  /// points of their own.
  /// - Parameters:
  ///   - objective: the saved name and its direction.
  ///   - logX: true for a logarithmic axis of experiments.
  ///   - logY: true for a logarithmic axis of values.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a name that is not there, of code
  ///   `nothingPasses` if no experiment that is done saved a number under it.
  public static func history(
    _ objective: Objective,
    _ results: ResearchResults,
    logX: Bool = false,
    logY: Bool = false
  ) throws -> Plot {
    var chart = try History.chart(objective, PlotSource(results))
    if logX { chart.x.kind = .logarithmic }
    chart.setLogarithmic(x: false, y: logY)
    return Plot(chart)
  }
}

/// The values of experiments in their order.
enum History {
  /// Of more experiments, some are drawn as points.
  private static let mostPoints = 600

  static func chart(_ objective: Objective, _ source: PlotSource) throws -> Chart {
    let done = try source.requiredLastNumbers(objective.name)
    let last = source.results.lastValues(of: objective.name)
    let experiments = source.results.experiments
    let isMinimized = objective.direction == .minimize
    var best = Chart.Series(label: "best so far")
    var points: [Chart.Point] = []
    var found: (position: Int, value: Double)?
    for (index, experiment) in experiments.enumerated() {
      let position = Double(index + 1)
      if let value = done[index], value.isFinite {
        points.append(Chart.Point(x: position, y: value, series: 1))
        if found.map({ isMinimized ? value < $0.value : value > $0.value }) ?? true {
          // The line rises or falls in steps.
          if let found { best.append(position, Statistics([found.value])) }
          found = (index + 1, value)
          best.append(position, Statistics([value]))
        }
      } else if experiment.state == .pruned, let value = last[index]?.number, value.isFinite {
        points.append(Chart.Point(x: position, y: value, series: 2))
      }
    }
    guard let found else {
      throw FieldworkError(.nothingPasses, "no finite number was saved under '\(objective.name)'")
    }
    best.append(Double(experiments.count), Statistics([found.value]))
    let hasPruned = points.contains { $0.series == 2 }
    var notes: [String] = []
    let failed = experiments.count { $0.state == .failed }
    if failed > 0 {
      notes.append(
        failed == 1
          ? "1 experiment has failed, and has no point."
          : "\(failed) experiments have failed, and have no points."
      )
    }
    if points.count > mostPoints {
      notes.append("\(mostPoints) of \(points.count) experiments are drawn as points.")
      points = (0..<mostPoints).map { points[$0 * points.count / mostPoints] }
    }
    return Chart(
      title: "\(objective.name) so far",
      summary:
        "The best \(objective.name), \(Scale.rounded(found.value)), is that of experiment \(found.position) of \(experiments.count).",
      x: Axis("experiment", isWhole: true),
      y: Axis(objective.name),
      kind: .lines,
      legend: "experiments",
      series: [best, Chart.Series(label: "done")]
        + (hasPruned ? [Chart.Series(label: "pruned, last value")] : []),
      points: points,
      notes: notes
    )
  }
}

extension ReportPage {
  /// The number of experiments from which on their history is shown.
  private static let leastHistory = 10

  /// The values of experiments in their order.
  func history() -> Section? {
    guard let objective = report.objective,
      report.results.experiments.count >= Self.leastHistory,
      let chart = try? History.chart(objective, source)
    else { return nil }
    let plot = Plot(chart, width: 900, height: 320)
    return Section(
      id: "history",
      title: "Best so far",
      body: """
        <figure class="panel">
        <div class="chart">\(plot.element)</div>
        <figcaption>\(Markup.text(plot.summary))</figcaption>
        <p class="note">\(Markup.text(plot.notes.joined(separator: " ")))</p>
        </figure>
        """
    )
  }
}
