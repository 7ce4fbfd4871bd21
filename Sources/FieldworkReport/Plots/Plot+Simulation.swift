package import FieldworkAnalysis
import FieldworkCore

extension Plot {
  /// The best value so far of simulated searches, over the number of configs.
  /// - Parameter searches: the label of each, and by number of configs the values of all repeats.
  package static func simulation(
    of name: String,
    _ searches: [(label: String, best: [Statistics])]
  ) -> Plot {
    let series = searches.map { search in
      var series = Chart.Series(label: search.label)
      for (index, statistics) in search.best.enumerated() where statistics.count > 0 {
        series.append(Double(index + 1), statistics)
      }
      return series
    }
    return Plot(
      Chart(
        title: "Best \(name) so far",
        summary:
          "The mean of the best \(name) after each config, with its 95 percent confidence interval over the repeats.",
        x: Axis("config", isWhole: true),
        y: Axis(name),
        kind: .lines,
        legend: "search",
        series: series
      )
    )
  }
}
