/// An algorithm that chooses the configs of a research by the results of those before.
///
/// It is a value whose properties are its options. The suggestion may depend on nothing but the request, so the same search
/// gives the same configs at any number of workers:
///
///     struct NearBest: SearchAlgorithm {
///       let width: Double
///
///       func suggest(_ request: SearchRequest) -> SearchPoint {
///         var random = request.random
///         guard var point = request.best?.point else { return request.space.draw(using: &random) }
///         for (index, dimension) in request.space.terms[point.term].dimensions.enumerated() {
///           let unit = request.space.unit(of: dimension, at: point.positions[index])
///           let moved = unit + width * (random.nextUnit() - 0.5)
///           point.positions[index] = request.space.position(of: dimension, at: moved)
///         }
///         return point
///       }
///     }
public protocol SearchAlgorithm: Sendable, Encodable {
  /// The name, as results and messages show it; by default that of the type.
  static var name: String { get }

  /// True if the algorithm takes all losses of a trial into account, and not the first one alone; by default false.
  var supportsSeveralObjectives: Bool { get }

  /// Returns the point of the next config.
  ///
  /// If the request does not allow it, a point near it that is allowed takes its place.
  /// - Throws: an error if the algorithm cannot search the space; the run ends with it.
  func suggest(_ request: SearchRequest) throws -> SearchPoint
}

extension SearchAlgorithm {
  public static var name: String { "\(Self.self)" }

  public var supportsSeveralObjectives: Bool { false }
}

/// A config whose experiments have ended, as a search sees it.
public struct SearchTrial: Sendable, Hashable {
  /// The way in which the experiments ended.
  public enum Ending: String, Sendable, Hashable {
    /// All of them in good order.
    case complete
    /// Some of them by a rule, and the others in good order.
    case pruned
    /// Some of them with an error, or without a number.
    case failed
  }

  public let point: SearchPoint
  public let ending: Ending
  /// A number for each objective, of which the smaller one is better, also where the objective is maximized: the mean of
  /// the repetitions. Infinity for a config that failed.
  public let losses: [Double]

  public init(_ point: SearchPoint, ending: Ending = .complete, losses: [Double]) {
    (self.point, self.ending, self.losses) = (point, ending, losses)
  }

  /// The number of the first objective.
  public var loss: Double { losses.first ?? .infinity }
}

/// Everything that the suggestion of a config depends on.
public struct SearchRequest: Sendable {
  public let space: SearchSpace
  /// The number of the config, from 0.
  public let number: Int
  /// The configs that have ended, in the order of the plan.
  public private(set) var trials: [SearchTrial]
  /// The configs that run and whose results do not count yet, in the order of the plan.
  public let running: [SearchPoint]
  /// Random numbers that depend on the research's seed and the number of the config.
  public let random: Philox
  /// Random numbers that depend on the research's seed alone, for sequences that go on from config to config.
  public let sequence: Philox
  /// The number of objectives.
  public private(set) var objectives: Int
  private let isAllowed: @Sendable (SearchPoint) -> Bool

  /// - Parameter isAllowed: returns true if the conditions of the domain allow a point, and it has not come up where
  ///   points can be counted.
  public init(
    space: SearchSpace,
    number: Int,
    trials: [SearchTrial],
    running: [SearchPoint] = [],
    seed: UInt64,
    objectives: Int = 1,
    isAllowed: @escaping @Sendable (SearchPoint) -> Bool = { _ in true }
  ) {
    self.space = space
    self.number = number
    self.trials = trials
    self.running = running
    random = Philox(text: "search|\(seed)|\(number)")
    sequence = Philox(text: "search|\(seed)")
    self.objectives = objectives
    self.isAllowed = isAllowed
  }

  /// Returns the request with one loss for each trial.
  package func withLosses(_ losses: [Double]) -> SearchRequest {
    var request = self
    request.objectives = 1
    request.trials = zip(trials, losses).map {
      SearchTrial($0.point, ending: $0.ending, losses: [$1])
    }
    return request
  }

  /// Returns true if a point may be suggested: the conditions of the domain allow it, and it has not come up if the
  /// space is finite.
  public func allows(_ point: SearchPoint) -> Bool { isAllowed(point) }

  /// Returns a point drawn from the prior that is allowed; the last one of 1,000 if none is.
  public func draw(using random: inout Philox) -> SearchPoint {
    var point = space.draw(using: &random)
    for _ in 0..<1000 where !allows(point) { point = space.draw(using: &random) }
    return point
  }

  /// The trial with the least loss that is complete; nil if none is.
  public var best: SearchTrial? {
    trials.filter { $0.ending == .complete }.min { $0.loss < $1.loss }
  }
}
