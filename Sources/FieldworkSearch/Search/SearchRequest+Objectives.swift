import FieldworkCore
import RealModule

extension SearchRequest {
  /// The request with one loss for each trial: the place of the trial in the order of dominance.
  var ranked: SearchRequest {
    guard objectives > 1 else { return self }
    let finite = trials.indices.filter { trials[$0].loss < .infinity }
    var losses = trials.map { _ in Double.infinity }
    for (place, index) in ParetoFront.order(finite.map { trials[$0].losses }).enumerated() {
      losses[finite[index]] = Double(place)
    }
    return withLosses(losses)
  }

  /// The request with one loss for each trial, which weighs the objectives at random: the greatest weighted loss.
  ///
  /// Source: J. Knowles, "ParEGO: a hybrid algorithm with on-line landscape approximation for expensive multiobjective
  /// optimization problems", 2006.
  var scalarized: SearchRequest {
    guard objectives > 1 else { return self }
    var random = random.split("weights")
    // Uniform over all weights whose sum is 1.
    let drawn = (0..<objectives).map { _ in -Double.log(1 - random.nextUnit()) }
    let sum = drawn.reduce(0, +)
    let weights = drawn.map { sum > 0 ? $0 / sum : 1 / Double(objectives) }
    let finite = trials.filter { $0.loss < .infinity }
    // The extent of the better half of the losses, so one bad config does not hide the others.
    let front = ParetoFront.order(finite.map(\.losses)).prefix(max(2, finite.count / 2))
    let bounds = (0..<objectives).map { objective -> (low: Double, extent: Double) in
      let values = front.map { finite[$0].losses[objective] }
      let low = values.min() ?? 0
      let extent = (values.max() ?? 1) - low
      return (low, extent > 0 ? extent : 1)
    }
    return withLosses(
      trials.map { trial in
        guard trial.loss < .infinity else { return .infinity }
        let parts = zip(weights, zip(trial.losses, bounds)).map { weight, loss in
          weight * (loss.0 - loss.1.low) / loss.1.extent
        }
        return (parts.max() ?? 0) + 0.05 * parts.reduce(0, +)
      }
    )
  }
}
