extension Domain {
  /// The parameters in order of first appearance among the configs, each once.
  public var parameterNames: [ParameterName] { node.names }

  /// Whether no config is without the parameter.
  package func always(has key: String) -> Bool { node.always(has: key) }

  /// True if a shown name hides a plain value or a version.
  package var hasHiddenValues: Bool {
    node.options.contains { $0.values.listed.contains { $0.hidden != nil } }
  }

  /// All options, wherever they stand in the expression.
  var allOptions: [ParameterOption] { node.options }

  /// All options with the parameter, wherever they stand in the expression.
  package func options(of key: String) -> [ParameterOption] {
    node.options.filter { $0.name.key == key }
  }

  /// The domain with other values of a parameter, wherever it stands.
  ///
  /// - Parameter key: the name that the parameter is read by.
  /// - Returns: the domain unchanged if it has no such parameter. Lists in an element-wise product must
  ///   stay equally long; else the result has a problem.
  public func replacing(
    _ key: String,
    with values: [AnyAlias],
    file: String = #fileID,
    line: Int = #line
  ) -> Domain {
    replacing(key, with: .list(values), SourceLocation(file: file, line: line))
  }

  /// The domain with the integers of a range as values of a parameter.
  package func replacing(_ key: String, with range: ClosedRange<Int>) -> Domain {
    let place = options(of: key).first?.place ?? SourceLocation(file: "", line: 0)
    return replacing(key, with: .integers(range), place)
  }

  /// The domain with values of a parameter that are drawn.
  package func replacing(_ key: String, with sampler: AnySampler) -> Domain {
    let place = options(of: key).first?.place ?? SourceLocation(file: "", line: 0)
    return replacing(key, with: .sampler(sampler), place)
  }

  private func replacing(
    _ key: String,
    with values: ParameterValues,
    _ place: SourceLocation
  ) -> Domain {
    // What was wrong with the values that go away is no problem any more.
    let gone = options(of: key).flatMap(\.problems)
    let replaced = replacing(key, in: node, with: values, place: place)
    let added = replaced.options(of: key).flatMap(\.problems)
    return replaced.adding(problems.filter { !gone.contains($0) } + added)
  }

  private func adding(_ more: [Problem]) -> Domain {
    Domain(node.kind, problems: more + problems)
  }

  private func replacing(
    _ key: String,
    in node: DomainNode,
    with values: ParameterValues,
    place: SourceLocation
  ) -> Domain {
    func replaced(_ node: DomainNode) -> Domain {
      replacing(key, in: node, with: values, place: place)
    }
    switch node.kind {
    case .options(let options):
      return Domain(
        .options(
          options.map { option in
            guard option.name.key == key else { return option }
            return ParameterOption(
              option.name,
              values,
              declaredType: option.declaredType,
              place: option.place
            )
          }
        ),
        problems: []
      )
    case .sum(let nodes):
      let parts = nodes.map(replaced)
      return Domain(.sum(parts.map(\.node)), problems: parts.flatMap(\.problems))
    case .product(let left, let right):
      return replaced(left).product(replaced(right))
    case .zip(let left, let right):
      return replaced(left).zipped(with: replaced(right), place: place)
    case .weighted(let weight, let inner):
      let part = replaced(inner)
      return Domain(.weighted(weight, part.node), problems: part.problems)
    case .filtered(let inner, let predicate):
      let part = replaced(inner)
      return Domain(.filtered(part.node, predicate), problems: part.problems)
    case .conditional(let base, let condition, let value, let inner):
      let (first, second) = (replaced(base), replaced(inner))
      return Domain(
        .conditional(first.node, key: condition, value: value, second.node),
        problems: first.problems + second.problems
      )
    }
  }
}

extension DomainNode {
  /// All options of the expression, from left to right.
  var options: [ParameterOption] {
    switch kind {
    case .options(let options): options
    case .sum(let nodes): nodes.flatMap(\.options)
    case .product(let left, let right), .zip(let left, let right): left.options + right.options
    case .weighted(_, let node), .filtered(let node, _): node.options
    case .conditional(let node, _, _, let inner): node.options + inner.options
    }
  }

  fileprivate func always(has key: String) -> Bool {
    switch kind {
    case .options(let options): options.contains { $0.name.key == key }
    case .sum(let nodes): !nodes.isEmpty && nodes.allSatisfy { $0.always(has: key) }
    case .product(let left, let right), .zip(let left, let right):
      left.always(has: key) || right.always(has: key)
    case .weighted(_, let node), .filtered(let node, _): node.always(has: key)
    case .conditional(let node, _, _, _):
      // Each value of the condition's parameter may bring the other one.
      node.always(has: key)
        || (0..<memberCount).allSatisfy { member(at: $0).block.always(has: key) }
    }
  }
}

extension Domain {
  /// The values that are not plain and for which a name is shown.
  package func values(of key: String, named name: String) -> [AnyAlias] {
    options(of: key).flatMap { option -> [AnyAlias] in
      option.values.listed.filter { $0.plain == nil && $0.name == name }
    }
  }
}

extension Domain {
  /// The sets of parameters that configs have, as far as they show without configs.
  package var parameterSets: Set<Set<String>> { node.parameterSets }
}

extension DomainNode {
  /// Products of many sums have very many sets; then there are only the first ones.
  fileprivate var parameterSets: Set<Set<String>> {
    switch kind {
    case .options(let options): return [Set(options.map(\.name.key))]
    case .sum(let nodes):
      return nodes.reduce(into: []) { sets, node in
        if sets.count < 1000 { sets.formUnion(node.parameterSets) }
      }
    case .product(let left, let right), .zip(let left, let right):
      return Self.joined(left.parameterSets, right.parameterSets)
    case .weighted(_, let node), .filtered(let node, _): return node.parameterSets
    case .conditional(let base, _, _, let inner):
      let without = base.parameterSets
      return without.union(Self.joined(without, inner.parameterSets))
    }
  }

  private static func joined(_ left: Set<Set<String>>, _ right: Set<Set<String>>)
    -> Set<Set<String>>
  {
    var sets: Set<Set<String>> = []
    for first in left where sets.count < 1000 {
      for second in right { sets.insert(first.union(second)) }
    }
    return sets
  }
}
