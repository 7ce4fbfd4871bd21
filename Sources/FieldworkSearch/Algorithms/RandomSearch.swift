public import FieldworkCore

/// Draws configs from the domain, without regard to results.
public struct RandomSearch: SearchAlgorithm, Hashable {
  public static let name = "random"

  public init() {}

  public var supportsSeveralObjectives: Bool { true }

  public func suggest(_ request: SearchRequest) -> SearchPoint {
    var random = request.random
    return request.draw(using: &random)
  }
}

extension SearchAlgorithm where Self == RandomSearch {
  /// Draws configs from the domain, without regard to results: the baseline of every other algorithm.
  public static var random: RandomSearch { RandomSearch() }
}
