import Fieldwork

extension GrowthSeries {
  /// The medians of points as a chart, in microseconds, with both axes logarithmic.
  ///
  /// Fieldwork draws it as it draws any results: each point is an experiment.
  func plot(_ points: [GrowthPoint]) async throws -> Plot {
    let (parameter, cost) = (parameter, "µs per \(unit)")
    let research = Research("growth", seed: 1, parallel: .serial) {
      Domain("\(parameter)" <- points.map(\.size))
        .* Domain("\(distinction ?? "curve")" <- points.map(\.curve.label))
        .* Domain("median" <- points.map(\.median))
      Unit("measure", saving: Saving(cost), { (median: Double) in median }, EC("median"))
    }
    let results = try await research.run(debug: true)
    return try Plot.parameter(
      parameter,
      of: cost,
      by: distinction,
      results,
      logX: true,
      logY: true
    )
  }
}
