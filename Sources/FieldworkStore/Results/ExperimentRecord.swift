public import FieldworkCore

/// What is known of one experiment.
///
/// It is a reference to immutable values, so that results are copied and sorted quickly.
public final class ExperimentRecord: Sendable {
  public let id: String
  /// The number in the order of the plan, from 0.
  public let ordinal: Int
  /// The values of the parameters.
  public let config: Config
  public let repetition: Int
  public let updates: Int
  /// The number of experiments before this one that have the same config, repetition and updates: more
  /// than 0 only if the domain gives a config more than once.
  public let occurrence: Int
  public let state: ExperimentState
  /// How the experiment ended; nil while it runs.
  public let ending: Ending?
  /// The number of iterations begun; nil while it runs.
  public let iterations: Int?
  /// The number of the worker that ran it, from 0.
  public let worker: Int?
  /// The device on which it ran; nil if it was given none.
  public let device: String?
  /// How often the run that ran it last has tried it; nil if that is not known.
  public let attempts: Int?
  /// What identifies the executable that ran it; nil if that is not known.
  public let build: String?
  /// The versions of the units that had one, as a text; nil if none had.
  public let versions: String?
  /// When it began, in seconds since 1970.
  public let started: Double?
  /// When it ended, in seconds since 1970.
  public let ended: Double?
  public let failures: [Failure]
  /// What identifies the experiment whatever prefix its id has, see ``PlannedExperiment/key``.
  package let key: String
  /// The text that distinguishes the config from others.
  private let point: String
  /// The number of the config among those that were read together.
  let number: Int

  init(
    _ row: StoredRow,
    _ texts: inout StoredTexts,
    failures: [Failure],
    _ configs: inout ConfigNumbers
  ) throws {
    key = try row.text(.key)
    // Most ids have no prefix.
    id = row.hasText(.id, key) ? key : try row.text(.id)
    ordinal = try row.integer(.ordinal)
    config = try row.withBytes(.entries) { try texts.configs.config($0) }
    let (repetition, updates) = (try row.integer(.repetition), try row.integer(.updates))
    (self.repetition, self.updates) = (repetition, updates)
    state = ExperimentState(rawValue: try row.text(.state)) ?? .interrupted
    ending = try row.isNull(.ending) ? nil : Ending(rawValue: row.text(.ending))
    iterations = try row.isNull(.iterations) ? nil : row.integer(.iterations)
    worker = try row.isNull(.worker) ? nil : row.integer(.worker)
    device = try texts.text(.device, row)
    attempts = try row.isNull(.attempt) ? nil : row.integer(.attempt)
    build = try texts.text(.build, row)
    versions = try texts.text(.versions, row)
    started = row.number(.started)
    ended = row.number(.ended)
    self.failures = failures
    (number, point, occurrence) = try row.withBytes(.point) {
      configs.add($0, repetition: repetition, updates: updates)
    }
  }

  /// Copies an experiment with another state.
  init(_ other: ExperimentRecord, state: ExperimentState) {
    (key, id, ordinal, config) = (other.key, other.id, other.ordinal, other.config)
    (repetition, updates, occurrence) = (other.repetition, other.updates, other.occurrence)
    self.state = state
    (ending, iterations, worker, device) = (
      other.ending, other.iterations, other.worker, other.device
    )
    (attempts, build, versions) = (other.attempts, other.build, other.versions)
    (started, ended, failures) = (other.started, other.ended, other.failures)
    (number, point) = (other.number, other.point)
  }

  /// Whether another experiment has the same config, whatever its repetition.
  package func hasSameConfig(as other: ExperimentRecord) -> Bool { point == other.point }

  /// The config with the repetition and the number of updates.
  var fullConfig: Config {
    var full = config
    full.set("repetition", to: AnyAlias(FieldworkCore.Value.int(repetition)))
    full.set("updates", to: AnyAlias(FieldworkCore.Value.int(updates)))
    return full
  }

  /// How long it ran, in seconds; nil while it runs. It is 0 where the clock was set back meanwhile.
  public var duration: Double? { started.flatMap { start in ended.map { max(0, $0 - start) } } }

  /// How an iteration of the experiment ended: the last one as the experiment did, any other complete.
  /// Of an experiment that runs, the last iteration that saved something may still be going on.
  func ending(ofIteration iteration: Int, isLastSaved: Bool) -> Ending? {
    guard let iterations else { return isLastSaved ? nil : .complete }
    return iteration >= iterations - 1 ? ending : .complete
  }
}

/// Numbers the configs of experiments, and counts how often each comes with the same repetition and updates.
struct ConfigNumbers {
  private struct Repeated: Hashable {
    let number: Int
    let repetition: Int
    let updates: Int
  }

  /// By the hash of the text that distinguishes a config.
  private var numbers: [Int: Int] = [:]
  /// The numbers of configs whose text has the hash of another one.
  private var others: [String: Int] = [:]
  /// By number: the text of the config.
  private var texts: [String] = []
  /// By number: the first experiment with the config.
  private var first: [Repeated] = []
  /// The experiments beside the first ones.
  private var counts: [Repeated: Int] = [:]

  init(capacity: Int) { numbers.reserveCapacity(capacity) }

  /// - Parameter config: the text that distinguishes it.
  /// - Returns: also the text, which experiments with the same config share.
  mutating func add(
    _ config: UnsafeBufferPointer<UInt8>,
    repetition: Int,
    updates: Int
  ) -> (number: Int, text: String, occurrence: Int) {
    let number = number(of: config)
    let place = Repeated(number: number, repetition: repetition, updates: updates)
    guard number < first.count else {
      first.append(place)
      return (number, texts[number], 0)
    }
    let occurrence = counts[place, default: first[number] == place ? 1 : 0]
    counts[place] = occurrence + 1
    return (number, texts[number], occurrence)
  }

  private mutating func number(of config: UnsafeBufferPointer<UInt8>) -> Int {
    let hash = config.contentHash
    let added = texts.count
    guard let known = numbers[hash] else {
      numbers[hash] = added
      texts.append(String(decoding: config, as: UTF8.self))
      return added
    }
    if texts[known].utf8.elementsEqual(config) { return known }
    let text = String(decoding: config, as: UTF8.self)
    if let known = others[text] { return known }
    others[text] = added
    texts.append(text)
    return added
  }
}
