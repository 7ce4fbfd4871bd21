public import FieldworkCore

/// A search whose loop is driven from outside of a research.
///
///     var session = try SearchSession(
///       Domain("x" <- .uniform(-5...5), "y" <- .uniform(-5...5)),
///       .tpe(),
///       objective: .minimize,
///       seed: 1
///     )
///     for _ in 0..<100 {
///       let suggestion = try session.ask()
///       let x = try suggestion.config["x", as: Double.self]
///       try session.tell(suggestion.number, measure(x))
///     }
///     session.best   // the config with the least value
///
/// A suggestion depends on the seed and on what has been told before it. Suggestions that have not been told count as
/// running.
public struct SearchSession: Sendable {
  /// A config to try.
  public struct Suggestion: Sendable, Hashable {
    /// The number of the suggestion, from 0.
    public let number: Int
    public let config: Config
  }

  private let space: DomainSpace
  private let algorithm: any SearchAlgorithm
  private let direction: Objective.Direction
  private let seed: UInt64
  private var suggestions: [Suggestion] = []
  private var points: [SearchPoint] = []
  /// By number: what was told; NaN for a config that failed.
  private var values: [Int: Double] = [:]
  private var taken: Set<SearchPoint> = []

  /// - Throws: ``FieldworkError`` if the domain has problems or cannot be searched.
  public init(
    _ domain: Domain,
    _ algorithm: some SearchAlgorithm = .auto,
    objective direction: Objective.Direction = .minimize,
    seed: UInt64 = 0
  ) throws {
    space = try DomainSpace(domain)
    self.algorithm = algorithm
    self.direction = direction
    self.seed = seed
  }

  /// Returns the next config to try.
  /// - Throws: ``FieldworkError`` if all configs have been suggested, or a condition of the domain fails.
  public mutating func ask() throws -> Suggestion {
    let request = SearchRequest(
      space: space.space,
      number: suggestions.count,
      trials: values.sorted { $0.key < $1.key }.map { trial($0.key, $0.value) },
      running: points.indices.filter { values[$0] == nil }.map { points[$0] },
      seed: seed,
      isAllowed: { [space, taken] in space.allows($0, besides: taken) }
    )
    guard let point = try request.point(of: algorithm, space) else {
      throw FieldworkError(
        .nothingPasses,
        "all \(suggestions.count) configs of the domain have been suggested"
      )
    }
    var random = request.random.split("values")
    let config = try space.config(point, using: &random)
    let suggestion = Suggestion(number: suggestions.count, config: config)
    suggestions.append(suggestion)
    points.append(try space.point(config) ?? point)
    if space.count != nil { taken.insert(space.canonical(point)) }
    return suggestion
  }

  /// Takes the value of a suggestion. A later value replaces an earlier one.
  /// - Parameter value: the value of the objective; nil if the config failed.
  /// - Throws: ``FieldworkError`` if there is no such suggestion.
  public mutating func tell(_ number: Int, _ value: Double?) throws {
    guard suggestions.indices.contains(number) else {
      throw FieldworkError(
        .invalidDefinition,
        "there is no suggestion \(number); \(suggestions.isEmpty ? "none has been asked for" : "the last one is \(suggestions.count - 1)")"
      )
    }
    values[number] = value ?? .nan
  }

  /// The suggestion with the best value; nil if none has a value.
  public var best: (suggestion: Suggestion, value: Double)? {
    values.filter { $0.value.isFinite }.min { first, second in
      let (a, b) = (loss(first.value), loss(second.value))
      return a != b ? a < b : first.key < second.key
    }.map { (suggestions[$0.key], $0.value) }
  }

  private func loss(_ value: Double) -> Double { direction == .minimize ? value : -value }

  private func trial(_ number: Int, _ value: Double) -> SearchTrial {
    guard value.isFinite else {
      return SearchTrial(points[number], ending: .failed, losses: [.infinity])
    }
    return SearchTrial(points[number], losses: [loss(value)])
  }
}
