extension Domain {
  /// The number of configs of one pass; nil if the domain has no end.
  ///
  /// Exact. It takes time in the size of the expression, and in the number of configs where there are
  /// conditions. A domain with problems, or with a condition that fails, has 0 configs.
  public var count: Int? { (try? counted()) ?? (node.isEndless ? nil : 0) }

  /// The number of configs of one pass; nil if the domain has no end.
  /// - Throws: ``FieldworkError`` if the domain has problems or a condition fails.
  public func counted() throws -> Int? {
    try requireSound()
    return node.isEndless ? nil : try node.count()
  }

  /// Whether the domain has no end: some term of it has samplers only.
  public var isEndless: Bool { node.isEndless }

  /// The number of configs with repetitions; nil if there is no end.
  /// - Throws: ``FieldworkError`` as ``stream(_:)``.
  public func size(_ settings: IterationSettings) throws -> Int? { try stream(settings).size }

  /// Goes through the domain as a research does.
  /// - Throws: ``FieldworkError`` if the domain has problems or a condition fails.
  public func stream(_ settings: IterationSettings = IterationSettings()) throws -> ConfigStream {
    try requireSound()
    for (number, name) in [
      (settings.configs, "configs"), (settings.repetitions, "repetitions"),
      (settings.repeatEach, "repeatEach"), (settings.prefixDigits, "prefixDigits"),
    ] {
      if let number, number < 1 {
        throw FieldworkError(
          .invalidDefinition,
          "\(name) is \(number); give a number from 1 up, or leave it out"
        )
      }
    }
    return try ConfigStream(self, settings)
  }

  /// The first configs.
  ///
  /// - Parameters:
  ///   - limit: how many; nil for one pass, which needs a domain with an end.
  ///   - seed: the seed of samplers and weights.
  /// - Throws: ``FieldworkError`` if the domain has problems, has no end, or nothing passes a condition.
  public func configs(limit: Int? = nil, seed: UInt64 = 0) throws -> [Config] {
    if limit == nil && node.isEndless {
      throw FieldworkError(
        .invalidDefinition,
        "\(self) has no end; say how many configs with configs(limit:)"
      )
    }
    try requireSound()
    if let limit, limit < 1 { return [] }
    var stream = try stream(
      IterationSettings(configs: limit, seed: seed)
    )
    var configs: [Config] = []
    while let element = try stream.next() { configs.append(element.config) }
    return configs
  }

  /// The config at an index of one pass with seed 0, reached without making those before it.
  ///
  /// It takes time in the depth of the expression. Where weights or conditions decide the order, those
  /// before it are gone through.
  /// - Precondition: the domain has no problems, and `index` is less than its count.
  public subscript(index: Int) -> Config {
    do {
      guard index >= 0, let config = try config(at: index) else {
        preconditionFailure(
          "config \(index) of \(count.map(String.init) ?? "an endless number of") configs"
        )
      }
      return config
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// The config at an index of one pass.
  /// - Returns: nil if there are not so many.
  /// - Throws: ``FieldworkError`` if the domain has problems or nothing passes a condition.
  public func config(at index: Int, seed: UInt64 = 0) throws -> Config? {
    try requireSound()
    guard index >= 0 else { return nil }
    if !node.isEndless && !node.hasConditions && !node.hasWeights {
      guard index < (try node.count()), let (member, rest) = try node.locate(index) else {
        return nil
      }
      let block = node.member(at: member).block
      let key = block.hasSamplers ? Philox(text: "domain|\(seed)").streamKey : Philox.Key()
      let draw = DrawPlace(key: key, member: member, ordinal: rest)
      if let flat = node.flat { return try flat.config(rest, draw: draw) }
      var config = Config()
      _ = try block.write(at: rest, draw: draw, into: &config)
      return config
    }
    var cursor = DomainCursor(node, seed: seed)
    for _ in 0..<index where try cursor.next() == nil { return nil }
    return try cursor.next()
  }

  /// Returns the config of a number, see ``Config/number(in:)``; nil if the domain has none.
  package func config(number: Int) -> Config? { node.flat?.config(number) }

  /// Returns true if a config is one of the domain's.
  ///
  ///     try (Domain("n" <- [1, 2]) * Domain("f" <- [Alias("relu", relu)])).contains(["n": 1, "f": "relu"])   // true
  ///
  /// A value may be given by the name that is shown for it, and so may a parameter; numbers are compared by size. A
  /// value of a sampler is checked by the sampler's range, where it has one.
  /// - Throws: ``FieldworkError`` of code `missingParameter` if the domain does not have a parameter of the config, of
  ///   code `wrongType` if a parameter has a list of values that lacks the one given, or draws values of another
  ///   type; if the domain has problems or a condition fails.
  public func contains(_ config: Config) throws -> Bool {
    try requireSound()
    let plain = Config(try config.entries.map(known))
    for index in 0..<node.memberCount where try node.member(at: index).block.contains(plain) {
      return true
    }
    return false
  }

  /// An entry by the name that its parameter is read by.
  /// - Throws: ``FieldworkError`` if the domain does not have the parameter, or cannot have the value.
  private func known(_ entry: Config.Entry) throws -> Config.Entry {
    let names = parameterNames
    let (key, alias) = (entry.name.key, entry.name.alias)
    guard
      let name = names.first(where: { $0.key == key }) ?? names.first(where: { $0.alias == alias })
    else {
      throw FieldworkError(
        .missingParameter,
        "the domain has no parameter '\(key)', it has \(names.isEmpty ? "none" : names.map(\.key).joined(separator: ", "))"
      )
    }
    let options = options(of: name.key)
    guard options.contains(where: { $0.values.knows(entry.value) }) else {
      throw FieldworkError(
        .wrongType,
        "the domain has no value \(entry.value.literalText) of '\(name.key)', it has \(options.map(\.values.literalText).joined(separator: "; "))"
      )
    }
    return Config.Entry(name, entry.value)
  }

  /// The configs that come more than once in a pass, each once, in order of their second appearance.
  ///
  /// Memory grows with the number of configs.
  /// - Throws: ``FieldworkError`` if the domain has problems or has no end.
  public func duplicates() throws -> [Config] {
    guard !node.isEndless else {
      throw FieldworkError(.invalidDefinition, "\(self) has no end")
    }
    var stream = try stream(IterationSettings())
    var seen = Set<String>()
    var reported = Set<String>()
    var duplicates: [Config] = []
    while let config = try stream.next()?.config {
      let identity = config.identity
      if !seen.insert(identity).inserted && reported.insert(identity).inserted {
        duplicates.append(config)
      }
    }
    return duplicates
  }

  /// Whether the configs, or their order, depend on a seed.
  public var isRandom: Bool {
    node.hasWeights || node.options.contains { $0.values.count == nil }
  }

  /// The weight of each term, nil for a term that is not drawn by weight.
  public var weights: [Double?] { (0..<node.memberCount).map { node.member(at: $0).weight } }

  func requireSound() throws {
    let errors = problems.filter { $0.severity == .error }
    guard errors.isEmpty else {
      throw FieldworkError(
        .invalidDefinition,
        "the domain has \(errors.count) problem\(errors.count == 1 ? "" : "s")",
        problems: errors
      )
    }
  }
}

extension DomainNode {
  var hasWeights: Bool {
    if single != nil { return false }
    return switch kind {
    case .options: false
    case .sum(let nodes): nodes.contains(where: \.hasWeights)
    case .product(let left, let right), .zip(let left, let right):
      left.hasWeights || right.hasWeights
    case .weighted: true
    case .filtered(let node, _): node.hasWeights
    case .conditional(let node, _, _, let inner): node.hasWeights || inner.hasWeights
    }
  }

  /// The member that holds the config at an index, and the config's index in it.
  ///
  /// In a product the configs of a left member stand together, so the left member is found by
  /// dividing: every config of the left stands for as many as the right has.
  func locate(_ index: Int) throws -> (member: Int, rest: Int)? {
    if single != nil { return (0, index) }
    switch kind {
    case .options: return (0, index)
    case .sum(let nodes):
      var rest = index
      var members = 0
      for node in nodes {
        let count = try node.count()
        if rest < count {
          guard let found = try node.locate(rest) else { return nil }
          return (members + found.member, found.rest)
        }
        rest -= count
        members += node.memberCount
      }
      return nil
    case .product(let left, let right):
      let rightCount = try right.count()
      guard rightCount > 0, let first = try left.locate(index / rightCount) else { return nil }
      let leftCount = left.member(at: first.member).block.baseCount
      let begin = (index / rightCount - first.rest) * rightCount
      guard let second = try right.locate((index - begin) / leftCount) else { return nil }
      let size = right.member(at: second.member).block.baseCount
      let before = ((index - begin) / leftCount - second.rest) * leftCount
      let rest = index - begin - before
      precondition(rest < saturatingProduct(leftCount, size))
      return (first.member * right.memberCount + second.member, rest)
    case .zip: return (index, 0)
    case .weighted(_, let node): return try node.locate(index)
    case .filtered, .conditional:
      var rest = index
      for member in 0..<memberCount {
        let count = self.member(at: member).block.baseCount
        if rest < count { return (member, rest) }
        rest -= count
      }
      return nil
    }
  }
}

extension Domain: Sequence {
  /// Goes through one pass of the domain with seed 0; an endless domain has no end.
  ///
  /// - Precondition: the domain has no problems. Use ``configs(limit:seed:)`` to have them thrown.
  public func makeIterator() -> Iterator { Iterator(self) }

  public struct Iterator: IteratorProtocol {
    private var cursor: DomainCursor

    init(_ domain: Domain) {
      do {
        try domain.requireSound()
      } catch {
        preconditionFailure("\(error)")
      }
      cursor = DomainCursor(domain.node, seed: 0)
    }

    public mutating func next() -> Config? {
      do {
        return try cursor.next()
      } catch {
        preconditionFailure("\(error)")
      }
    }
  }
}

extension Domain {
  /// The given configs, one after the other.
  ///
  ///     Domain(configs: [["x": 1, "y": 2], ["x": 3]])   // {x: 1, y: 2} {x: 3}
  ///     Domain(configs: [[:]])                          // {}: one empty config, where Domain() has none
  public init(configs: [Config], file: String = #fileID, line: Int = #line) {
    let terms = configs.map { config in
      guard !config.isEmpty else { return Domain(.options([]), problems: []) }
      return Domain(
        config.entries.map { ParameterOption($0.name, [$0.value]) },
        file: file,
        line: line
      )
    }
    self.init(.sum(terms.map(\.node)), problems: terms.flatMap(\.problems))
  }
}
