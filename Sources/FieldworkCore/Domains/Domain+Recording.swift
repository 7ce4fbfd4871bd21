extension Domain {
  /// The domain as a plain value, from which ``init(recorded:resolve:)`` makes it again: the same configs in
  /// the same order, whatever the seed.
  ///
  /// A condition is a function, which cannot be kept. A domain with one is kept as the list of its configs,
  /// if nothing in it is random. Values that are not plain go by their names.
  /// - Parameter limit: how many configs are listed at most.
  /// - Returns: nil if it cannot be kept: a condition stands beside samplers or weights, there are too many
  ///   configs to list, or a sampler is somebody else's function.
  /// - Throws: ``FieldworkError`` if a condition fails.
  package func recorded(limit: Int) throws -> Value? {
    if !node.hasConditions { return node.record.map { ["expression", $0] } }
    guard !isRandom, !isEndless else { return nil }
    var cursor = DomainCursor(node, seed: 0)
    var configs: [Value] = []
    while let config = try cursor.next() {
      guard configs.count < limit else { return nil }
      configs.append(.list(config.entries.map { .list($0.name.record + [$0.value.record]) }))
    }
    return ["configs", .list(configs)]
  }

  /// What identifies the domain, as a plain value: the same for the same expression on every machine. Conditions are
  /// functions, of which only the presence counts.
  package var encoding: Value { node.encoding }

  /// The types of the distributions in the domain.
  package var distributions: [AnyDistribution] {
    node.options.flatMap { option -> [AnyDistribution] in
      if case .sampler(let sampler) = option.values { sampler.known } else { [] }
    }
  }

  /// Makes a domain of what was recorded of it. It has no places in a playbook.
  ///
  /// - Parameter distributions: the types of distributions of a research, beside those that come with the engine.
  /// - Parameter resolve: gives the value of a parameter, by its key, that is not plain and goes by a shown
  ///   name.
  /// - Throws: what `resolve` throws; ``FieldworkError`` of code `store` if the record cannot be read.
  package init(
    recorded record: Value,
    distributions: [AnyDistribution] = [],
    resolve: @escaping (_ parameter: String, _ alias: String) throws -> AnyAlias
  ) throws {
    let reading = RecordReading(
      resolve: resolve,
      samplers: SamplerEncoding(known: distributions)
    )
    guard case .list(let parts) = record, parts.count == 2 else { throw reading.damaged(record) }
    switch parts[0] {
    case "expression": self = try reading.domain(parts[1])
    case "configs":
      let configs = try reading.list(parts[1]).map { config in
        DomainNode(.options(try reading.list(config).map { try reading.entry($0) }))
      }
      self.init(.sum(configs), problems: [])
    default: throw reading.damaged(record)
    }
  }
}

extension DomainNode {
  /// The node as a plain value; nil if there are functions in it.
  fileprivate var record: Value? {
    switch kind {
    case .options(let options): return Self.list("options", options.map(\.record))
    case .sum(let nodes): return Self.list("sum", nodes.map(\.record))
    case .product(let left, let right): return Self.list("product", [left.record, right.record])
    case .zip(let left, let right): return Self.list("zip", [left.record, right.record])
    case .weighted(let weight, let node):
      return Self.list("weighted", [.double(weight), node.record])
    case .filtered: return nil
    case .conditional(let node, let key, let value, let inner):
      return Self.list("given", [node.record, .string(key), value.record, inner.record])
    }
  }

  fileprivate var encoding: Value {
    switch kind {
    case .options(let options): .list(["options"] + options.map(\.encoding))
    case .sum(let nodes): .list(["sum"] + nodes.map(\.encoding))
    case .product(let left, let right): ["product", left.encoding, right.encoding]
    case .zip(let left, let right): ["zip", left.encoding, right.encoding]
    case .weighted(let weight, let node): ["weighted", .double(weight), node.encoding]
    case .filtered(let node, _): ["filtered", node.encoding]
    case .conditional(let node, let key, let value, let inner):
      ["given", node.encoding, .string(key), value.record, inner.encoding]
    }
  }

  private static func list(_ name: String, _ parts: [Value?]) -> Value? {
    let known = parts.compactMap(\.self)
    return known.count == parts.count ? .list([.string(name)] + known) : nil
  }
}

extension ParameterOption {
  /// The option as a plain value; nil if its sampler is somebody's function.
  fileprivate var record: Value? {
    switch values {
    case .list(let list): .list(name.record + ["list", .list(list.map(\.record))])
    case .integers(let range):
      .list(name.record + ["range", .int(range.lowerBound), .int(range.upperBound)])
    case .sampler(let sampler): sampler.encoding.map { .list(name.record + ["sampler", $0]) }
    }
  }
}

extension ParameterOption {
  fileprivate var encoding: Value {
    if let record { return record }
    // A sampler that is a function goes by the name that its author gave it.
    guard case .sampler(let sampler) = values else { return .list(name.record) }
    return .list(name.record + ["function", .string(sampler.description)])
  }
}

extension ParameterName {
  fileprivate var record: [Value] { [.string(key), .string(alias)] }
}

extension AnyAlias {
  /// The shown name, whether that was given, and the plain value in a list that is empty if there is none.
  fileprivate var record: Value {
    [.string(name), .bool(isNamed), .list(plain.map { [$0] } ?? [])]
  }
}

/// Makes the parts of a domain of what was recorded of them.
private struct RecordReading {
  let resolve: (_ parameter: String, _ alias: String) throws -> AnyAlias
  let samplers: SamplerEncoding

  func damaged(_ record: Value) -> FieldworkError {
    FieldworkError(.store, "a recorded domain cannot be read: \(record)")
  }

  func list(_ record: Value) throws -> [Value] {
    guard case .list(let parts) = record else { throw damaged(record) }
    return parts
  }

  func domain(_ record: Value) throws -> Domain { Domain(try kind(record), problems: []) }

  private func node(_ record: Value) throws -> DomainNode { DomainNode(try kind(record)) }

  private func kind(_ record: Value) throws -> DomainNode.Kind {
    let parts = try list(record)
    switch (parts.first, parts.count) {
    case ("options", _): return .options(try parts.dropFirst().map { try option($0) })
    case ("sum", _): return .sum(try parts.dropFirst().map { try node($0) })
    case ("product", 3): return .product(try node(parts[1]), try node(parts[2]))
    case ("zip", 3): return .zip(try node(parts[1]), try node(parts[2]))
    case ("weighted", 3):
      guard let weight = Double(parts[1]) else { throw damaged(record) }
      return .weighted(weight, try node(parts[2]))
    case ("given", 5):
      guard let key = String(parts[2]) else { throw damaged(record) }
      return .conditional(
        try node(parts[1]),
        key: key,
        value: try value(parts[3], of: key),
        try node(parts[4])
      )
    default: throw damaged(record)
    }
  }

  private func option(_ record: Value) throws -> ParameterOption {
    let parts = try list(record)
    guard parts.count >= 4 else { throw damaged(record) }
    let name = try name(parts)
    switch (parts[2], parts.count) {
    case ("list", 4):
      let values = try list(parts[3]).map { try value($0, of: name.key) }
      return ParameterOption(name, .list(values), place: nil)
    case ("range", 5):
      guard let low = Int(parts[3]), let high = Int(parts[4]), low <= high else {
        throw damaged(record)
      }
      return ParameterOption(name, .integers(low...high), place: nil)
    case ("sampler", 4):
      guard let sampler = samplers.sampler(parts[3]) else { throw damaged(record) }
      return ParameterOption(name, .sampler(sampler), place: nil)
    default: throw damaged(record)
    }
  }

  /// An entry of a config, as a parameter with one value.
  func entry(_ record: Value) throws -> ParameterOption {
    let parts = try list(record)
    guard parts.count == 3 else { throw damaged(record) }
    let name = try name(parts)
    return ParameterOption(name, .list([try value(parts[2], of: name.key)]), place: nil)
  }

  private func name(_ parts: [Value]) throws -> ParameterName {
    guard let key = String(parts[0]), let alias = String(parts[1]) else {
      throw damaged(.list(parts))
    }
    return key == alias ? ParameterName(key) : ParameterName(Alias(alias, key))
  }

  private func value(_ record: Value, of key: String) throws -> AnyAlias {
    let parts = try list(record)
    guard parts.count == 3, let name = String(parts[0]), let isNamed = Bool(parts[1]) else {
      throw damaged(record)
    }
    if let plain = try list(parts[2]).first {
      return AnyAlias(stored: name, isNamed: isNamed, plain: plain)
    }
    return try resolve(key, name)
  }
}
