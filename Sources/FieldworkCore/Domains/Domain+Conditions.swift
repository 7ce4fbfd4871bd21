extension Domain {
  /// The keys of the parameters on which other parameters depend; nil if a condition may read any.
  var conditionKeys: Set<String>? { node.conditionKeys }
}

extension DomainNode {
  fileprivate var conditionKeys: Set<String>? {
    switch kind {
    case .options: return []
    case .filtered: return nil
    case .weighted(_, let node): return node.conditionKeys
    case .sum(let nodes): return Self.union(nodes)
    case .product(let left, let right), .zip(let left, let right): return Self.union([left, right])
    case .conditional(let node, let key, _, let inner):
      return Self.union([node, inner])?.union([key])
    }
  }

  private static func union(_ nodes: [DomainNode]) -> Set<String>? {
    var all: Set<String> = []
    for node in nodes {
      guard let keys = node.conditionKeys else { return nil }
      all.formUnion(keys)
    }
    return all
  }
}
