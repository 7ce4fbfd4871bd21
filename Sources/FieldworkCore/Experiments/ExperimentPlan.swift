/// One experiment to run: a config, with its identity.
public struct PlannedExperiment: Sendable {
  /// The number of the experiment in the order of the plan, from 0.
  public let ordinal: Int
  /// What the experiment is called: its key, after the prefix if ids have one.
  public let id: String
  /// What identifies the experiment: 16 hexadecimal digits, the same for the same shown config and
  /// repetition on every machine and in every run.
  public let key: String
  /// The config with the repetition and the number of updates at its end.
  public let config: Config
  public let repetition: Int
  /// The number of domains before the one that the config comes from.
  public let updates: Int
}

/// The experiments of a research in the order in which they are started, made one at a time.
///
/// Making a plan runs nothing. Memory grows by a few bytes per experiment, to tell equal configs apart.
public struct ExperimentPlan: Sendable {
  /// The number of experiments; nil if there is no end.
  public let size: Int?

  private var stream: ConfigStream?
  private var seen: [UInt64: Int] = [:]
  private var ordinal = 0
  private let repetitions: Int
  private let prefixDigits: Int?

  /// Plans the experiments of a research.
  /// - Throws: ``FieldworkError`` if the domain has problems or a condition fails.
  public init(_ research: Research, seed: UInt64) throws {
    let settings = research.settings
    repetitions = settings.repetitions
    prefixDigits = settings.idPrefix
    if let domain = research.domain {
      let stream = try domain.stream(
        IterationSettings(
          configs: settings.configs,
          repetitions: settings.repetitions,
          repeatEach: settings.repeatEach,
          prefixDigits: settings.idPrefix,
          seed: seed
        )
      )
      self.stream = stream
      size = stream.size
    } else {
      size = settings.repetitions
    }
  }

  /// The next experiment.
  /// - Returns: nil at the end.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  public mutating func next() throws -> PlannedExperiment? {
    guard let (config, repetition, prefix) = try nextConfig() else { return nil }
    defer { ordinal += 1 }
    let key = key(of: config, repetition: repetition)
    return PlannedExperiment(
      ordinal: ordinal,
      id: prefix + key,
      key: key,
      config: config,
      repetition: repetition,
      updates: 0
    )
  }

  private mutating func nextConfig() throws -> (Config, Int, String)? {
    if stream != nil {
      guard let element = try stream?.next() else { return nil }
      return (element.config, element.repetition, element.prefix)
    }
    guard ordinal < repetitions else { return nil }
    let config: Config = [
      "repetition": AnyAlias(Value.int(ordinal)), "updates": AnyAlias(Value.int(0)),
    ]
    var prefixes = prefixDigits.map { PrefixCounter([], digits: $0) }
    return (config, ordinal, prefixes?.prefix(of: config, repetition: ordinal) ?? "")
  }

  /// Equal configs in one plan are told apart by their number.
  private mutating func key(of config: Config, repetition: Int) -> String {
    let text = "\(config.withoutAuxiliary.identity)|\(repetition)"
    let words = SHA256.words(of: "experiment|" + text)
    let hash = UInt64(words[0]) << 32 | UInt64(words[1])
    let occurrence = seen[hash, default: 0]
    seen[hash] = occurrence + 1
    guard occurrence > 0 else { return SHA256.hexDigits(of: words, length: 16) }
    return SHA256.hexDigest(of: "experiment|\(text)|\(occurrence)", length: 16)
  }
}
