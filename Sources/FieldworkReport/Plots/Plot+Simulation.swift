package import FieldworkAnalysis
import FieldworkCore

extension Plot {
  /// The best value so far of simulated searches.
  /// - Parameters:
  ///   - unit: what the horizontal axis counts.
  ///   - first: the number of configs that are left out at the beginning.
  ///   - searches: the label of each, and after each config the count and the values of all repeats.
  package static func simulation(
    of name: String,
    over unit: String,
    leavingOut first: Int,
    _ searches: [(label: String, best: [(count: Double, values: Statistics)])]
  ) -> Plot {
    let series = searches.map { search in
      var series = Chart.Series(label: search.label)
      for (count, values) in search.best where values.count > 0 { series.append(count, values) }
      return series
    }
    return Plot(
      Chart(
        title: "Best \(name) so far",
        summary:
          "The mean of the best \(name) after each config, with its 95 percent confidence interval over the repeats.",
        x: Axis(unit, isWhole: true),
        y: Axis(name),
        kind: .lines,
        legend: "search",
        series: series,
        notes: first > 0 ? ["The first \(first) configs are left out."] : []
      )
    )
  }
}
