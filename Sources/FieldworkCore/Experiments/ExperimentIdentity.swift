/// What distinguishes an experiment from the others of a research, on every machine and in every run.
public struct ExperimentIdentity: Sendable, Hashable {
  /// The values of the parameters.
  public let config: Config
  /// The repetition, counted from 0.
  public let repetition: Int
  /// The number of domains before the one that the config comes from.
  public let updates: Int
  /// The number of earlier experiments with the same config and repetition: more than 0 only if the domain gives a
  /// config more than once.
  public let occurrence: Int

  public init(config: Config, repetition: Int = 0, updates: Int = 0, occurrence: Int = 0) {
    self.config = config
    self.repetition = repetition
    self.updates = updates
    self.occurrence = occurrence
  }

  /// The key of the experiment: 16 hexadecimal digits, derived from the shown config, the repetition and the
  /// occurrence.
  public var key: String {
    var bytes: [UInt8] = []
    return SHA256.hexDigits(of: hash(&bytes))
  }

  /// Returns the hash from which the key is made.
  /// - Parameter bytes: is overwritten; a caller of many hashes keeps its memory.
  func hash(_ bytes: inout [UInt8]) -> UInt64 {
    bytes.removeAll(keepingCapacity: true)
    bytes += "experiment|".utf8
    config.writeIdentity(to: &bytes)
    bytes.append(UInt8(ascii: "|"))
    bytes.append(decimal: repetition)
    if occurrence != 0 {
      bytes.append(UInt8(ascii: "|"))
      bytes.append(decimal: occurrence)
    }
    return bytes.withUnsafeBytes { SHA256.prefix(of: $0) }
  }

  /// Returns the identity of the same config and repetition with another occurrence.
  func with(occurrence: Int) -> ExperimentIdentity {
    ExperimentIdentity(
      config: config,
      repetition: repetition,
      updates: updates,
      occurrence: occurrence
    )
  }
}
