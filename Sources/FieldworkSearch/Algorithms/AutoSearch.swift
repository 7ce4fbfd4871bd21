public import FieldworkCore

/// Chooses the algorithm by the space and by the number of configs so far.
public struct AutoSearch: SearchAlgorithm, Hashable {
  public static let name = "auto"

  /// The number of features up to which a Gaussian process is used.
  private static let featureLimit = 40
  /// The number of configs up to which a Gaussian process is used.
  private static let processLimit = 500

  public var supportsSeveralObjectives: Bool { true }

  public func suggest(_ request: SearchRequest) throws -> SearchPoint {
    try algorithm(request).suggest(request)
  }

  /// Returns the algorithm of a config. It does not depend on the number of all configs, so a search that grows goes on
  /// as one that was long from the beginning.
  func algorithm(_ request: SearchRequest) -> any SearchAlgorithm {
    let features = FeatureEncoding(request.space).features.owners.count
    guard features <= Self.featureLimit, request.number < Self.processLimit else { return .tpe() }
    return .gaussianProcess()
  }
}

extension SearchAlgorithm where Self == AutoSearch {
  /// The algorithm that measurements favour for the space and the number of configs so far: Gaussian processes for up to
  /// 500 configs, and Parzen estimators after that and for large spaces.
  public static var auto: AutoSearch { AutoSearch() }
}

/// The algorithms by name, for a command line.
package enum SearchAlgorithmName: String, CaseIterable, Sendable {
  case auto, tpe, cmaes, gp, nsga2, qmc, random

  package var algorithm: any SearchAlgorithm {
    switch self {
    case .auto: .auto
    case .tpe: .tpe()
    case .cmaes: .cmaEs()
    case .gp: .gaussianProcess()
    case .nsga2: .nsga2()
    case .qmc: .quasiRandom
    case .random: .random
    }
  }
}

extension Research {
  /// The research with another search; nil for none.
  package func searching(_ name: SearchAlgorithmName?) -> Research {
    var research = self
    // Without a search, its number of configs means nothing.
    if name == nil, search?.configs != nil { research.settings.configs = nil }
    research.search = name.map {
      SearchDescription(
        $0.algorithm,
        until: search?.end,
        from: search?.sources ?? [],
        place: search?.place ?? place
      )
    }
    return research
  }
}
