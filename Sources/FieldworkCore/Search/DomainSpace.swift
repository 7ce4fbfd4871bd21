/// A domain as a ``SearchSpace``: it turns the points of a search into configs, and configs into points.
package struct DomainSpace: Sendable {
  /// A parameter of a term.
  private enum Part: Sendable {
    case constant(AnyAlias)
    /// The index of the position in a point, with the values.
    case dimension(Int, SearchCodec, ParameterValues)
    /// Drawn for each config, since its values have no order.
    case drawn(AnySampler)
  }

  private struct Term: Sendable {
    var parts: [(name: ParameterName, part: Part)] = []
    /// The keys of the parameters.
    var keys: Set<String> = []
    var hasDrawnParts: Bool {
      parts.contains { if case .drawn = $0.part { true } else { false } }
    }
    let block: DomainBlock
  }

  /// The number of terms that a search can tell apart.
  private static let termLimit = 10_000

  package let space: SearchSpace
  private let terms: [Term]
  /// True if a condition may forbid points.
  private let hasConditions: Bool

  /// - Throws: ``FieldworkError`` if the domain has problems, has too many terms, or a sampler cannot draw.
  package init(_ domain: Domain) throws {
    try domain.requireSound()
    let node = domain.node
    guard node.memberCount <= Self.termLimit else {
      throw FieldworkError(
        .invalidDefinition,
        "the domain is a sum of \(node.memberCount) terms, and a search takes \(Self.termLimit) at most"
      )
    }
    let conditionKeys = node.givenKeys
    var codecs: [(name: String, codec: SearchCodec)] = []
    var (terms, spaceTerms): ([Term], [SearchSpace.Term]) = ([], [])
    for index in 0..<node.memberCount {
      let member = node.member(at: index)
      for block in member.block.alternatives where block.baseCount > 0 {
        var term = Term(block: block)
        var weight = member.weight ?? 1
        var dimensions: [Int] = []
        for option in block.lastOptions {
          term.keys.insert(option.name.key)
          if conditionKeys.contains(option.name.key), let count = option.values.count {
            weight *= Double(count)
          }
          let part: Part
          if option.values.count == 1 {
            part = .constant(option.values.value(at: 0))
          } else if let codec = try SearchCodec(option.values) {
            var dimension = codecs.firstIndex {
              $0.name == option.name.key && $0.codec == codec
            }
            if dimension == nil {
              dimension = codecs.count
              codecs.append((option.name.key, codec))
            }
            part = .dimension(dimension ?? 0, codec, option.values)
            dimensions.append(dimension ?? 0)
          } else if case .sampler(let sampler) = option.values {
            part = .drawn(sampler)
          } else {
            continue
          }
          term.parts.append((option.name, part))
        }
        // Positions of a point are in the order of the dimensions.
        let sorted = dimensions.sorted()
        term.parts = term.parts.map { name, part in
          guard case .dimension(let dimension, let codec, let values) = part else {
            return (name, part)
          }
          return (name, .dimension(sorted.firstIndex(of: dimension) ?? 0, codec, values))
        }
        terms.append(term)
        spaceTerms.append(SearchSpace.Term(dimensions: sorted, weight: weight))
      }
    }
    guard !terms.isEmpty else {
      throw FieldworkError(.invalidDefinition, "the domain has no configs to search")
    }
    self.terms = terms
    hasConditions = terms.contains { $0.block.hasConditions }
    space = SearchSpace(
      dimensions: codecs.map { SearchSpace.Dimension(name: $0.name, kind: $0.codec.kind) },
      terms: spaceTerms
    )
  }

  /// The number of different configs; nil if it has no end. Conditions do not count.
  package var count: Int? {
    terms.contains(where: \.hasDrawnParts) ? nil : space.count
  }

  /// Returns the point by which a config is known where several terms have it.
  package func canonical(_ point: SearchPoint) -> SearchPoint {
    guard terms.count > 1, count != nil else { return point }
    var random = Philox(seed: 0)
    let config = try? config(point, using: &random)
    return config.flatMap { try? self.point($0) } ?? point
  }

  /// Returns the config of a point. Values that a search does not choose are drawn until the conditions of the domain are
  /// satisfied, if they can be.
  /// - Parameter random: draws these values.
  /// - Throws: the error of a sampler that cannot draw, or ``FieldworkError`` if a condition fails.
  package func config(_ point: SearchPoint, using random: inout Philox) throws -> Config {
    let term = terms[point.term]
    var config = try drawn(point, using: &random)
    guard term.block.hasConditions, term.hasDrawnParts else { return config }
    for _ in 0..<Self.drawLimit where try !term.block.matches(config, hidden: []) {
      config = try drawn(point, using: &random)
    }
    return config
  }

  /// The number of times that values are drawn for one point.
  private static let drawLimit = 200

  private func drawn(_ point: SearchPoint, using random: inout Philox) throws -> Config {
    var config = Config()
    for (name, part) in terms[point.term].parts {
      switch part {
      case .constant(let value): config.merge(Config.Entry(name, value))
      case .dimension(let index, let codec, _):
        config.merge(Config.Entry(name, codec.value(at: point.positions[index])))
      case .drawn(let sampler):
        config.merge(Config.Entry(name, try sampler.draw(&random)))
      }
    }
    return config
  }

  /// Returns the point of a config; nil if it does not lie in the domain.
  /// - Throws: ``FieldworkError`` if a condition fails.
  package func point(_ config: Config) throws -> SearchPoint? {
    let keys = Set(config.keys)
    for (index, term) in terms.enumerated() where term.keys == keys {
      guard let positions = positions(config, term) else { continue }
      guard try !term.block.hasConditions || term.block.matches(config, hidden: []) else {
        continue
      }
      return SearchPoint(term: index, positions: positions)
    }
    return nil
  }

  private func positions(_ config: Config, _ term: Term) -> [Double]? {
    var positions: [Int: Double] = [:]
    for (name, part) in term.parts {
      guard let value = config[alias: name.key] else { return nil }
      switch part {
      case .constant(let constant):
        guard constant.sameValue(as: value) else { return nil }
      case .dimension(let index, let codec, let values):
        guard let position = codec.position(of: value) else { return nil }
        // Of a sampler, the positions do not tell its bounds.
        if case .sampler(let sampler) = values, !sampler.contains(value) { return nil }
        positions[index] = position
      case .drawn(let sampler):
        guard sampler.contains(value) else { return nil }
      }
    }
    return positions.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Returns true if the conditions of the domain allow a point that is not taken. A condition that fails allows none.
  package func allows(_ point: SearchPoint, besides taken: Set<SearchPoint>) -> Bool {
    (taken.isEmpty || !taken.contains(canonical(point))) && (try? allows(point)) == true
  }

  /// Returns true if the conditions of the domain allow a point. Values that a search does not choose are drawn.
  /// - Throws: ``FieldworkError`` if a condition fails.
  package func allows(_ point: SearchPoint) throws -> Bool {
    guard hasConditions, terms[point.term].block.hasConditions else { return true }
    var random = Philox(seed: 0)
    let config = try config(point, using: &random)
    return try terms[point.term].block.matches(config, hidden: [])
  }
}

extension DomainBlock {
  /// The options of a block without chains. Of several with one key, the last one counts.
  fileprivate var lastOptions: [ParameterOption] {
    var options: [ParameterOption] = []
    for option in allOptions {
      options.removeAll { $0.name.key == option.name.key }
      options.append(option)
    }
    return options
  }

  private var allOptions: [ParameterOption] {
    switch kind {
    case .options(let options): options
    case .product(let left, let right): left.allOptions + right.allOptions
    case .chain(let blocks): blocks.flatMap(\.allOptions)
    case .filtered(let block, _): block.allOptions
    }
  }
}

extension DomainNode {
  /// The keys of parameters whose values have parameters of their own.
  fileprivate var givenKeys: Set<String> {
    switch kind {
    case .options: []
    case .sum(let nodes): nodes.reduce(into: []) { $0.formUnion($1.givenKeys) }
    case .product(let left, let right), .zip(let left, let right):
      left.givenKeys.union(right.givenKeys)
    case .weighted(_, let node), .filtered(let node, _): node.givenKeys
    case .conditional(let node, let key, _, let inner):
      node.givenKeys.union(inner.givenKeys).union([key])
    }
  }
}
