public import FieldworkCore
import RealModule

/// Breeds configs from those that no other one dominates.
///
/// Each config is a child of two parents of the population, the best ones of all results by rank and crowding distance.
/// The population takes in every result as it comes.
///
/// Sources: K. Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", 2002; J. Durillo et al., "On the
/// effect of the steady-state selection scheme in multi-objective genetic algorithms", 2009, for populations without
/// generations.
public struct NonDominatedSearch: SearchAlgorithm, Hashable {
  public static let name = "nsga2"

  /// The number of parents, and of first configs that are spread evenly.
  public let population: Int

  public var supportsSeveralObjectives: Bool { true }

  /// The probability that a child has coordinates of both parents.
  private static let crossover = 0.9
  /// The distribution indices of crossover and mutation. Children are the nearer to their parents the greater they are.
  private static let (crossoverIndex, mutationIndex) = (10.0, 15.0)

  public func suggest(_ request: SearchRequest) -> SearchPoint {
    guard request.trials.count >= population else { return request.sobolPoint(request.number) }
    var random = request.random
    let parents = parents(request)
    guard !parents.isEmpty else { return request.draw(using: &random) }
    for _ in 0..<50 {
      let child = child(
        tournament(parents, using: &random),
        tournament(parents, using: &random),
        request.space,
        using: &random
      )
      if request.allows(child), !parents.contains(child), !request.running.contains(child) {
        return child
      }
    }
    return request.draw(using: &random)
  }

  /// Returns the points of the population, the best one first.
  private func parents(_ request: SearchRequest) -> [SearchPoint] {
    let trials = request.trials.filter { $0.loss < .infinity }
    var kept: [Int] = []
    for begin in stride(from: 0, to: trials.count, by: population) {
      let pool = kept + Array(begin..<min(begin + population, trials.count))
      kept = ParetoFront.order(pool.map { trials[$0].losses }).prefix(population).map { pool[$0] }
    }
    return kept.map { trials[$0].point }
  }

  /// Returns the better one of two.
  private func tournament(
    _ parents: [SearchPoint],
    using random: inout Philox
  ) -> SearchPoint {
    let places = (0..<2).map { _ in Int(random.nextUnit() * Double(parents.count)) }
    return parents[min(places[0], places[1])]
  }

  private func child(
    _ first: SearchPoint,
    _ second: SearchPoint,
    _ space: SearchSpace,
    using random: inout Philox
  ) -> SearchPoint {
    var child = first
    if random.nextUnit() < Self.crossover { cross(&child, with: second, space, using: &random) }
    let dimensions = space.terms[child.term].dimensions
    if space.terms.count > 1, random.nextUnit() < 1 / Double(dimensions.count + 1) {
      // Shared parameters keep their values in another term.
      var other = space.draw(using: &random)
      for (index, dimension) in space.terms[other.term].dimensions.enumerated() {
        if let place = dimensions.firstIndex(of: dimension) {
          other.positions[index] = child.positions[place]
        }
      }
      child = other
    }
    mutate(&child, space, using: &random)
    return child
  }

  /// Mixes a point with another one, by simulated binary crossover and by exchange of categories.
  private func cross(
    _ point: inout SearchPoint,
    with other: SearchPoint,
    _ space: SearchSpace,
    using random: inout Philox
  ) {
    for (index, dimension) in space.terms[point.term].dimensions.enumerated() {
      guard let place = space.terms[other.term].dimensions.firstIndex(of: dimension),
        random.nextUnit() < 0.5
      else { continue }
      if case .categorical = space.dimensions[dimension].kind {
        point.positions[index] = other.positions[place]
        continue
      }
      let a = space.unit(of: dimension, at: point.positions[index])
      let b = space.unit(of: dimension, at: other.positions[place])
      let unit = random.nextUnit()
      let power = 1 / (Self.crossoverIndex + 1)
      let spread =
        unit <= 0.5 ? Double.pow(2 * unit, power) : Double.pow(1 / (2 * (1 - unit)), power)
      let side = random.nextUnit() < 0.5 ? spread : -spread
      point.positions[index] = space.position(
        of: dimension,
        at: 0.5 * ((1 + side) * a + (1 - side) * b)
      )
    }
  }

  /// Changes one coordinate on average, by polynomial mutation and by drawing categories.
  private func mutate(
    _ point: inout SearchPoint,
    _ space: SearchSpace,
    using random: inout Philox
  ) {
    let dimensions = space.terms[point.term].dimensions
    for (index, dimension) in dimensions.enumerated()
    where random.nextUnit() < 1 / Double(dimensions.count) {
      if case .categorical = space.dimensions[dimension].kind {
        point.positions[index] = space.drawPosition(of: dimension, using: &random)
        continue
      }
      let unit = random.nextUnit()
      let power = 1 / (Self.mutationIndex + 1)
      var step =
        unit < 0.5 ? Double.pow(2 * unit, power) - 1 : 1 - Double.pow(2 * (1 - unit), power)
      if let count = space.dimensions[dimension].kind.count {
        // A step leads to another value.
        let least = 1 / Double(count)
        if abs(step) < least { step = step < 0 ? -least : least }
      }
      let old = space.unit(of: dimension, at: point.positions[index])
      point.positions[index] = space.position(of: dimension, at: old + step)
    }
  }
}

extension SearchAlgorithm where Self == NonDominatedSearch {
  /// A genetic algorithm for several objectives.
  ///
  ///     Research("digits", objective: [.maximize("accuracy"), .minimize("seconds")]) {
  ///       Search(.nsga2(), configs: 200)
  ///       …
  ///     }
  ///
  /// - Parameter population: the number of parents, and of first configs that are spread evenly.
  public static func nsga2(population: Int = 20) -> NonDominatedSearch {
    NonDominatedSearch(population: max(4, population))
  }
}
