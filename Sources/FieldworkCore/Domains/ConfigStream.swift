/// How a domain is gone through: how many configs, and how often each.
public struct IterationSettings: Sendable, Hashable {
  /// The number of configs before repetition; nil for one pass. If the domain has fewer, it is gone
  /// through again; if it has more, the first ones are taken.
  public var configs: Int?
  /// How often every config comes.
  public var repetitions: Int
  /// The length of the blocks that are repeated as a whole; nil for all configs, or 100 if the domain
  /// has no end. The last block may be shorter.
  public var repeatEach: Int?
  /// The number of configs made before this domain took over, for the schedule of updates.
  public var produced: Int
  /// The number of domains before this one.
  public var updates: Int
  /// The number of digits of every number in an id prefix; nil for no prefixes.
  public var prefixDigits: Int?
  /// The seed of samplers and weights.
  public var seed: UInt64

  public init(
    configs: Int? = nil,
    repetitions: Int = 1,
    repeatEach: Int? = nil,
    produced: Int = 0,
    updates: Int = 0,
    prefixDigits: Int? = nil,
    seed: UInt64 = 0
  ) {
    self.configs = configs
    self.repetitions = repetitions
    self.repeatEach = repeatEach
    self.produced = produced
    self.updates = updates
    self.prefixDigits = prefixDigits
    self.seed = seed
  }
}

/// The configs of a domain in the order in which they are run, made one at a time.
///
/// Memory does not grow with the number of configs. A stream is a value: a copy goes on from the same
/// position and gives the very same configs.
public struct ConfigStream: Sendable {
  /// A config with its place in the run.
  public struct Element: Sendable {
    public let config: Config
    /// The repetition, counted from 0.
    public let repetition: Int
    /// The number of domains before the one that the config comes from.
    public let updates: Int
    /// What goes before the experiment's id; empty without id prefixes.
    public let prefix: String
    /// The term of the domain that the config comes from, counted from 0.
    public let member: Int
  }

  /// The number of configs with repetitions; nil if there is no end.
  public let size: Int?

  private let settings: IterationSettings
  private let blockLength: Int
  private let limit: Int?
  private var cursor: DomainCursor
  /// The cursor at the beginning of the block that is being repeated.
  private var blockStart: DomainCursor
  private var position = 0
  private var repetition = 0
  private(set) var prefixes: PrefixCounter?
  private var isExhausted: Bool

  init(_ domain: Domain, _ settings: IterationSettings) throws {
    // Counting tries all conditions, so it is left out where the number is given.
    var wanted = settings.configs
    if wanted == nil { wanted = domain.node.isEndless ? nil : try domain.node.count() }
    var first = DomainCursor(domain.node, seed: settings.seed)
    if wanted != 0, !domain.node.isEndless, try first.next() == nil { wanted = 0 }
    self.settings = settings
    limit = wanted
    size = wanted.map { saturatingProduct($0, max(settings.repetitions, 0)) }
    blockLength = max(1, settings.repeatEach ?? wanted ?? 100)
    cursor = DomainCursor(domain.node, seed: settings.seed)
    blockStart = cursor
    isExhausted = wanted.map { $0 <= 0 } ?? false || settings.repetitions <= 0
    prefixes = settings.prefixDigits.map { PrefixCounter(domain.parameterNames, digits: $0) }
  }

  /// Goes on numbering values as an earlier stream has done.
  mutating func continuePrefixes(of earlier: PrefixCounter) {
    prefixes?.continueNumbers(of: earlier)
  }

  /// The next config.
  /// - Returns: nil at the end.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  public mutating func next() throws -> Element? {
    guard !isExhausted else { return nil }
    let blockBegin = position / blockLength * blockLength
    let blockEnd = min(saturatingSum(blockBegin, blockLength), limit ?? .max)
    let config = try nextConfig()
    let member = cursor.lastMember
    let element = repetition
    let prefix = prefixes?.prefix(of: config, repetition: element) ?? ""
    position += 1
    if position == blockEnd {
      repetition += 1
      if repetition < settings.repetitions {
        position = blockBegin
        cursor = blockStart
      } else {
        repetition = 0
        blockStart = cursor
        isExhausted = limit.map { position >= $0 } ?? false
      }
    }
    return Element(
      config: config,
      repetition: element,
      updates: settings.updates,
      prefix: prefix,
      member: member
    )
  }

  private mutating func nextConfig() throws -> Config {
    if let config = try cursor.next() { return config }
    cursor.startNextPass()
    if let config = try cursor.next() { return config }
    throw FieldworkError(.nothingPasses, "the domain has no configs")
  }
}

/// Numbers the values of every parameter as they come up.
package struct PrefixCounter: Sendable {
  private let names: [ParameterName]
  let digits: Int
  private var numbers: [String: [String: Int]] = [:]

  package init(_ names: [ParameterName], digits: Int) {
    self.names = names
    self.digits = digits
  }

  /// The numbers of the config's values and the repetition, `null` where a parameter is absent:
  /// `00_01_null_00_`.
  package mutating func prefix(of config: Config, repetition: Int) -> String {
    let parts = names.map { name -> String in
      guard let value = config[alias: name.key] else { return "null" }
      if let known = numbers[name.key]?[value.name] { return padded(known) }
      let number = numbers[name.key]?.count ?? 0
      numbers[name.key, default: [:]][value.name] = number
      return padded(number)
    }
    return (parts + [padded(repetition)]).map { $0 + "_" }.joined()
  }

  mutating func continueNumbers(of earlier: PrefixCounter) { numbers = earlier.numbers }

  private func padded(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
