/// One member of a domain: a set of configs in a fixed order, each reached by its index.
struct DomainBlock: Sendable {
  indirect enum Kind: Sendable {
    /// All combinations of the options' values, the last changing fastest.
    case options([ParameterOption])
    /// All combinations of two blocks, the right changing fastest and winning.
    case product(DomainBlock, DomainBlock)
    /// Blocks one after another.
    case chain([DomainBlock])
    case filtered(DomainBlock, Predicate)
  }

  let kind: Kind
  /// The number of combinations of listed values, conditions aside; 1 if nothing is listed.
  let baseCount: Int
  let hasLists: Bool
  let hasSamplers: Bool
  let hasConditions: Bool

  /// Whether the block has no end: it holds samplers only.
  var isEndless: Bool { !hasLists }

  init(options: [ParameterOption]) {
    kind = .options(options)
    baseCount = options.reduce(1) { saturatingProduct($0, $1.values.count ?? 1) }
    // Without options it is one empty config.
    hasLists = options.isEmpty || options.contains { $0.values.count != nil }
    hasSamplers = options.contains { $0.values.count == nil }
    hasConditions = false
  }

  init(product left: DomainBlock, _ right: DomainBlock) {
    kind = .product(left, right)
    baseCount = saturatingProduct(left.baseCount, right.baseCount)
    hasLists = left.hasLists || right.hasLists
    hasSamplers = left.hasSamplers || right.hasSamplers
    hasConditions = left.hasConditions || right.hasConditions
  }

  init(chain blocks: [DomainBlock]) {
    kind = .chain(blocks)
    baseCount = blocks.reduce(0) { saturatingSum($0, $1.baseCount) }
    hasLists = true
    hasSamplers = blocks.contains(where: \.hasSamplers)
    hasConditions = blocks.contains(where: \.hasConditions)
  }

  init(filtered block: DomainBlock, by predicate: Predicate) {
    kind = .filtered(block, predicate)
    baseCount = block.baseCount
    hasLists = block.hasLists
    hasSamplers = block.hasSamplers
    hasConditions = true
  }

  /// The options of a block that is a product of options; nil for another one.
  var productOptions: [ParameterOption]? {
    switch kind {
    case .options(let options): options
    case .product(let left, let right):
      left.productOptions.flatMap { options in right.productOptions.map { options + $0 } }
    case .chain, .filtered: nil
    }
  }

  /// Adds the block's parameters at an index to a config.
  /// - Returns: false if a condition rejects the listed values at that index.
  /// - Throws: if nothing that the samplers draw passes a condition.
  func write(at index: Int, draw: DrawPlace, into config: inout Config) throws -> Bool {
    switch kind {
    case .options(let options):
      try write(options, at: index, draw: draw, into: &config)
      return true
    case .product(let left, let right):
      return try left.write(at: index / right.baseCount, draw: draw, into: &config)
        && right.write(at: index % right.baseCount, draw: draw, into: &config)
    case .chain(let blocks):
      var rest = index
      for block in blocks {
        if rest < block.baseCount { return try block.write(at: rest, draw: draw, into: &config) }
        rest -= block.baseCount
      }
      return false
    case .filtered(let block, let predicate):
      return try write(block, where: predicate, at: index, draw: draw, into: &config)
    }
  }

  private func write(
    _ options: [ParameterOption],
    at index: Int,
    draw: DrawPlace,
    into config: inout Config
  ) throws {
    // From the right, since the number of all combinations may be more than an integer holds.
    var rest = index
    var positions: [Int] = []
    for option in options.reversed() {
      let count = option.values.count ?? 1
      positions.append(rest % count)
      rest /= count
    }
    for (option, position) in zip(options, positions.reversed()) {
      let value: AnyAlias
      switch option.values {
      case .sampler(let sampler):
        var generator = draw.generator(for: option.name)
        value = try sampler.draw(&generator)
      default:
        value = option.values.value(at: position)
      }
      config.merge(Config.Entry(option.name, value))
    }
  }

  private func write(
    _ block: DomainBlock,
    where predicate: Predicate,
    at index: Int,
    draw: DrawPlace,
    into config: inout Config
  ) throws -> Bool {
    let attempts = block.hasSamplers ? Sampler<Double>.attempts : 1
    for attempt in 0..<attempts {
      var part = Config()
      guard try block.write(at: index, draw: draw.nested(attempt), into: &part) else {
        return false
      }
      if try predicate.passes(part) {
        config = config.merging(part)
        return true
      }
    }
    guard block.hasSamplers else { return false }
    throw FieldworkError(
      .nothingPasses,
      "where: none of \(attempts) draws passes the condition; widen the sampler, or put a condition on listed values on the part of the domain that lists them",
      place: predicate.place
    )
  }

  /// Whether the conditions on listed values let an index pass.
  func admits(_ index: Int) throws -> Bool {
    guard hasConditions else { return true }
    switch kind {
    case .options: return true
    case .product(let left, let right):
      return try left.admits(index / right.baseCount) && right.admits(index % right.baseCount)
    case .chain(let blocks):
      var rest = index
      for block in blocks {
        if rest < block.baseCount { return try block.admits(rest) }
        rest -= block.baseCount
      }
      return false
    case .filtered(let block, let predicate):
      guard try block.admits(index) else { return false }
      guard !block.hasSamplers else { return true }
      var config = Config()
      let draw = DrawPlace(key: Philox.Key(), member: 0, ordinal: 0)
      guard try block.write(at: index, draw: draw, into: &config) else { return false }
      return try predicate.passes(config)
    }
  }

  /// The number of configs; conditions on listed values are tried one by one.
  func count() throws -> Int {
    guard hasConditions else { return baseCount }
    switch kind {
    case .options: return baseCount
    case .product(let left, let right):
      return saturatingProduct(try left.count(), try right.count())
    case .chain(let blocks): return try blocks.reduce(0) { saturatingSum($0, try $1.count()) }
    case .filtered:
      var count = 0
      for index in 0..<baseCount where try admits(index) { count += 1 }
      return count
    }
  }

  /// The keys of the block's parameters, in order, each once. Those of a chain may be absent from some
  /// of its configs.
  var keys: [ParameterName] {
    switch kind {
    case .options(let options): return options.map(\.name).uniqueByKey
    case .product(let left, let right): return (left.keys + right.keys).uniqueByKey
    case .chain(let blocks): return blocks.flatMap(\.keys).uniqueByKey
    case .filtered(let block, _): return block.keys
    }
  }

  /// Whether no config of the block is without a parameter.
  func always(has key: String) -> Bool {
    switch kind {
    case .options(let options): options.contains { $0.name.key == key }
    case .product(let left, let right): left.always(has: key) || right.always(has: key)
    case .chain(let blocks): blocks.allSatisfy { $0.always(has: key) }
    case .filtered(let block, _): block.always(has: key)
    }
  }

  /// Whether a config has just this block's parameters, each with a value that it can have.
  func contains(_ config: Config) throws -> Bool {
    let wanted = Set(config.keys)
    for block in alternatives where Set(block.keys.map(\.key)) == wanted {
      if try block.matches(config, hidden: []) { return true }
    }
    return false
  }

  /// The block without chains, whose configs have different parameters.
  var alternatives: [DomainBlock] {
    switch kind {
    case .options: return [self]
    case .chain(let blocks): return blocks.flatMap(\.alternatives)
    case .filtered(let block, let predicate):
      return block.alternatives.map { DomainBlock(filtered: $0, by: predicate) }
    case .product(let left, let right):
      let rights = right.alternatives
      return left.alternatives.flatMap { left in
        rights.map { DomainBlock(product: left, $0) }
      }
    }
  }

  /// Whether the values of a config, which has all parameters of the block, can come up together.
  ///
  /// - Parameters:
  ///   - hidden: parameters whose values come from elsewhere.
  ///   - has: whether a value is one of a parameter's.
  func matches(
    _ config: Config,
    hidden: Set<String>,
    by has: (ParameterValues, AnyAlias) -> Bool = { $0.contains($1) }
  ) throws -> Bool {
    switch kind {
    case .options(let options):
      var seen = hidden
      for option in options.reversed() where seen.insert(option.name.key).inserted {
        guard let value = config[alias: option.name.key], has(option.values, value) else {
          return false
        }
      }
      return baseCount > 0
    case .product(let left, let right):
      return try right.matches(config, hidden: hidden, by: has)
        && left.matches(config, hidden: hidden.union(right.keys.map(\.key)), by: has)
    case .chain(let blocks):
      return try blocks.contains { try $0.matches(config, hidden: hidden, by: has) }
    case .filtered(let block, let predicate):
      return try block.matches(config, hidden: hidden, by: has)
        && predicate.passes(config.selecting(Set(block.keys.map(\.key))))
    }
  }

  /// Splits the block by a parameter's listed values into runs that are, or are not, the given value.
  /// - Returns: nil if the parameter is drawn and not listed; one run of "not" if it is absent.
  func split(by key: String, matching value: AnyAlias) -> [(block: DomainBlock, matches: Bool)]? {
    switch kind {
    case .options(let options):
      guard let position = options.lastIndex(where: { $0.name.key == key }) else {
        return [(self, false)]
      }
      return options[position].values.runs(of: value)?.map { range, matches in
        var part = options
        part[position] = ParameterOption(
          options[position].name,
          options[position].values.slice(range),
          declaredType: options[position].declaredType,
          place: options[position].place
        )
        return (DomainBlock(options: part), matches)
      }
    case .product(let left, let right):
      if right.keys.contains(where: { $0.key == key }) {
        return right.split(by: key, matching: value)?
          .map { (DomainBlock(product: left, $0.block), $0.matches) }
      }
      return left.split(by: key, matching: value)?
        .map { (DomainBlock(product: $0.block, right), $0.matches) }
    case .chain(let blocks):
      var runs: [(block: DomainBlock, matches: Bool)] = []
      for block in blocks {
        guard let parts = block.split(by: key, matching: value) else { return nil }
        runs += parts
      }
      return runs
    case .filtered(let block, let predicate):
      return block.split(by: key, matching: value)?
        .map { (DomainBlock(filtered: $0.block, by: predicate), $0.matches) }
    }
  }
}

extension DomainBlock: Equatable {
  /// A part of a block that changes by itself.
  private enum Factor: Equatable {
    case option(ParameterOption)
    case chain([DomainBlock])
    case filtered(DomainBlock, ObjectIdentifier)
  }

  /// Blocks are equal if they make the same configs in the same order, however their products were put
  /// together; a product of plain options equals the options written in one.
  static func == (left: DomainBlock, right: DomainBlock) -> Bool { left.factors == right.factors }

  private var factors: [Factor] {
    switch kind {
    case .options(let options): options.map(Factor.option)
    case .product(let left, let right): left.factors + right.factors
    case .chain(let blocks): [.chain(blocks)]
    case .filtered(let block, let predicate): [.filtered(block, ObjectIdentifier(predicate))]
    }
  }
}

extension AnyAlias {
  /// Whether this is the value meant by another one: the same plain value, numbers by size, or the same
  /// name.
  package func sameValue(as other: AnyAlias) -> Bool {
    hasSamePlainValue(as: other)
      || ((isNamed || plain == nil || other.isNamed) && name == other.name)
  }

  private func hasSamePlainValue(as other: AnyAlias) -> Bool {
    guard let first = plain, let second = other.plain else { return false }
    if first == second { return true }
    guard let number = first.number, let otherNumber = second.number else { return false }
    return number == otherNumber
  }
}
