import FieldworkAnalysis
public import FieldworkCore
public import FieldworkStore

extension Plot {
  /// The means of configs of two objectives, with the Pareto front as a line.
  /// - Parameters:
  ///   - first: the objective of the horizontal axis.
  ///   - second: the objective of the vertical axis.
  ///   - logX: true for a logarithmic axis of the first objective.
  ///   - logY: true for a logarithmic axis of the second objective.
  /// - Throws: ``FieldworkError`` of code `missingParameter` for a name that is not there, of code
  ///   `nothingPasses` if no config has finite means of both.
  public static func pareto(
    _ first: Objective,
    _ second: Objective,
    _ results: ResearchResults,
    logX: Bool = false,
    logY: Bool = false
  ) throws -> Plot {
    var chart = try Front.chart([first, second], results)
    if logX { chart.x.kind = .logarithmic }
    chart.setLogarithmic(x: false, y: logY)
    return Plot(chart)
  }
}

/// The configs over two objectives.
enum Front {
  /// Of more configs, some are drawn as points.
  private static let mostPoints = 600

  static func chart(_ objectives: [Objective], _ results: ResearchResults) throws -> Chart {
    for objective in objectives { try results.requireVariable(objective.name) }
    let all = results.compared(by: objectives).filter { $0.means.allSatisfy(\.isFinite) }
    guard !all.isEmpty else {
      throw FieldworkError(
        .nothingPasses,
        "no config has finite means of both '\(objectives[0].name)' and '\(objectives[1].name)'"
      )
    }
    let front = ResearchResults.front(all, objectives)
    var line = Chart.Series(label: "Pareto front")
    var last: [Double]?
    for config in front {
      // Between two configs of the front, what is reached is a step.
      if let last { line.append(config.means[0], Statistics([last[1]])) }
      line.append(config.means[0], Statistics([config.means[1]]))
      last = config.means
    }
    var notes: [String] = []
    var others = all
    if others.count > mostPoints {
      notes.append("\(mostPoints) of \(all.count) configs are drawn as points.")
      others = (0..<mostPoints).map { all[$0 * all.count / mostPoints] }
    }
    let points =
      others.map { Chart.Point(x: $0.means[0], y: $0.means[1], series: 1) }
      + front.map { Chart.Point(x: $0.means[0], y: $0.means[1], series: 0) }
    func wanted(_ objective: Objective) -> String {
      "\(objective.direction == .minimize ? "small" : "large") \(objective.name)"
    }
    return Chart(
      title: "\(objectives[1].name) against \(objectives[0].name)",
      summary:
        "\(front.count) of \(all.count) configs are not dominated by another one (\(wanted(objectives[0])), \(wanted(objectives[1]))).",
      x: Axis(objectives[0].name),
      y: Axis(objectives[1].name),
      kind: .lines,
      legend: "configs",
      series: [line, Chart.Series(label: "all configs")],
      points: points,
      notes: notes
    )
  }
}

extension ReportPage {
  /// The configs over each pair of the first objectives.
  func front() -> Section? {
    let objectives = report.objectives.prefix(3)
    let figures = objectives.indices.flatMap { first in
      objectives.indices.dropFirst(first + 1).compactMap { second in
        try? Front.chart([objectives[first], objectives[second]], report.results)
      }
    }
    guard !figures.isEmpty else { return nil }
    return Section(
      id: "front",
      title: "Pareto front",
      body: figures.map { Self.figure(Plot($0, width: 900, height: 360), isWide: true) }
        .joined(separator: "\n")
    )
  }
}
