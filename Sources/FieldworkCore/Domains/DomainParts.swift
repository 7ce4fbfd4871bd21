/// Tells which configs hold a config of a domain as a part of theirs.
///
/// A value counts by what it is, whatever name is shown for it: see ``AnyAlias/hasSameContent(as:)``.
/// A sampler's values are checked by its range, where it has one.
package struct DomainParts: Sendable {
  private let blocks: [(keys: Set<String>, block: DomainBlock)]

  /// Takes time and memory in the number of the domain's terms.
  /// - Throws: ``FieldworkError`` if the domain has problems.
  package init(_ domain: Domain) throws {
    try domain.requireSound()
    blocks = (0..<domain.node.memberCount).flatMap { index in
      domain.node.member(at: index).block.alternatives.map { block in
        (Set(block.keys.map(\.key)), block)
      }
    }
  }

  /// Whether some config of the domain is a part of a config, or all of it.
  /// - Throws: ``FieldworkError`` if a condition of the domain fails.
  package func occur(in config: Config) throws -> Bool {
    let known = Set(config.keys)
    for (keys, block) in blocks where keys.isSubset(of: known) {
      if try block.matches(config, hidden: [], by: { $0.hasContent(of: $1) }) { return true }
    }
    return false
  }
}

extension ParameterValues {
  /// Whether one of the values has the same content as a value.
  fileprivate func hasContent(of value: AnyAlias) -> Bool {
    switch self {
    case .list(let list): return list.contains { $0.hasSameContent(as: value) }
    case .integers(let range):
      switch value.plain {
      case .int(let number): return range.contains(number)
      case .double(let number): return Int(exactly: number).map(range.contains) ?? false
      default: return false
      }
    case .sampler(let sampler): return sampler.contains(value)
    }
  }
}

extension AnyAlias {
  /// Whether two values are the same, whatever names are shown for them: numbers by size, other plain
  /// values exactly. A value that is not plain, of which a store keeps the name alone, counts as its
  /// name.
  package func hasSameContent(as other: AnyAlias) -> Bool {
    (plain ?? .string(name)).hasSameContent(as: other.plain ?? .string(other.name))
  }
}

extension Config {
  /// Returns true if the config has a value for a key, as an entry or in a dictionary. Of a wanted dictionary, all its
  /// values have to match.
  package func has(_ wanted: AnyAlias, at key: String) -> Bool {
    if case .dictionary(let values)? = wanted.plain, !values.isEmpty {
      return values.allSatisfy { has(AnyAlias($0.value), at: "\(key)/\($0.key)") }
    }
    return (self[alias: key] ?? nestedValue(key))?.hasSameContent(as: wanted) ?? false
  }
}

extension Value {
  package func hasSameContent(as other: Value) -> Bool {
    if self == other { return true }
    switch (self, other) {
    case (.list(let left), .list(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.hasSameContent(as: $1) }
    case (.dictionary(let left), .dictionary(let right)):
      return left.count == right.count
        && left.allSatisfy { key, value in right[key]?.hasSameContent(as: value) ?? false }
    default:
      guard let first = number, let second = other.number else { return false }
      // Two integers beyond the precision of a double may differ and have one size.
      return first == second && (kind == .double || other.kind == .double)
    }
  }
}
