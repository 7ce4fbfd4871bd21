import FieldworkCore

/// A Gaussian process of the results around the best config, in coordinates that these results span.
///
/// The region of trust is the box of the nearest results, so it shrinks where the search comes together, and the model sees
/// differences that are too small for one of the whole space.
///
/// Source: D. Eriksson et al., "Scalable global optimization via local Bayesian optimization", 2019, for local models; here
/// the results set the size of the region.
struct LocalProcess {
  private let request: SearchRequest
  private let encoding: FeatureEncoding
  private let best: SearchPoint
  /// The features that are searched, with the index of their position.
  private let places: [(feature: Int, index: Int)]
  /// By place: the end and the width of the region.
  private let lower: [Double]
  private let width: [Double]
  private let points: [[Double]]
  private let values: [Double]

  /// - Returns: nil if too few results lie in the term and the categories of the best one.
  init?(_ request: SearchRequest, _ encoding: FeatureEncoding) {
    guard let best = request.best else { return nil }
    let places = encoding.continuous(best.point)
    guard !places.isEmpty else { return nil }
    let own = encoding.features(of: best.point)
    let searched = Set(places.map(\.feature))
    var near: [(distance: Double, features: [Double], loss: Double)] = []
    for trial in request.trials where trial.point.term == best.point.term && trial.loss.isFinite {
      let features = encoding.features(of: trial.point)
      let isSame = features.indices.allSatisfy {
        searched.contains($0) || features[$0] == own[$0]
      }
      guard isSame else { continue }
      let distance = places.reduce(0.0) { sum, place in
        let difference = features[place.feature] - own[place.feature]
        return sum + difference * difference
      }
      near.append((distance, features, trial.loss))
    }
    let size = places.count
    let wanted = min(3 * size + 4, 60)
    guard near.count >= size + 3 else { return nil }
    near.sort { $0.distance != $1.distance ? $0.distance < $1.distance : $0.loss < $1.loss }
    near = Array(near.prefix(wanted))
    var (lower, width): ([Double], [Double]) = ([], [])
    for place in places {
      let column = near.map { $0.features[place.feature] }
      let spread = max((column.max() ?? 1) - (column.min() ?? 0), 1e-12)
      lower.append((column.min() ?? 0) - spread / 4)
      width.append(spread * 1.5)
    }
    let losses = near.map(\.loss)
    let least = losses.min() ?? 0
    let sorted = losses.sorted()
    let scale = sorted[sorted.count / 2] - least
    guard scale > 0, scale.isFinite else { return nil }
    guard let values = Numbers.standardized(losses, least: least, scale: scale) else { return nil }
    self.values = values
    self.request = request
    self.encoding = encoding
    self.best = best.point
    self.places = places
    self.lower = lower
    self.width = width
    points = near.map { row in
      places.indices.map { (row.features[places[$0].feature] - lower[$0]) / width[$0] }
    }
  }

  /// Returns the point of the greatest expected improvement in the region; nil if there is none.
  func suggestion(using random: inout Philox) -> SearchPoint? {
    let features = GaussianProcess.Features(
      owners: Array(places.indices),
      dimensions: places.count
    )
    guard let model = GaussianProcess.fitted(points, values, features) else { return nil }
    let running = request.running.filter { $0.term == best.term }.map { point in
      let own = encoding.features(of: point)
      return places.indices.map { (own[places[$0].feature] - lower[$0]) / width[$0] }
    }
    let process = model.believing(running, points, values)
    let acquisition = Acquisition(process, best: values.min() ?? 0)
    var candidates: [(point: [Double], value: Double)] = []
    for _ in 0..<200 {
      let point = places.map { _ in random.nextUnit() }
      candidates.append((point, acquisition.value(point)))
    }
    candidates.sort { $0.value > $1.value }
    var found: (point: SearchPoint, value: Double)?
    for candidate in candidates.prefix(3) {
      let climbed = acquisition.climbed(
        from: candidate.point,
        bounds: places.map { _ in 0...1 }
      ) { $0 }
      let point = point(climbed.point)
      guard request.allows(point) else { continue }
      if found.map({ climbed.value > $0.value }) ?? true { found = (point, climbed.value) }
    }
    return found?.point
  }

  private func point(_ coordinates: [Double]) -> SearchPoint {
    var point = best
    let dimensions = encoding.space.terms[best.term].dimensions
    for (index, place) in places.enumerated() {
      point.positions[place.index] = encoding.space.position(
        of: dimensions[place.index],
        at: lower[index] + width[index] * coordinates[index]
      )
    }
    return point
  }
}
