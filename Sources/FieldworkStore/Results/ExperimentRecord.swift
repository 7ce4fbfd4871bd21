public import FieldworkCore
import GRDB

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
  let point: String

  /// The positions of the columns in the rows of a query. Stores of earlier versions lack some.
  struct Columns {
    let number, id, ordinal, entries, repetition, updates, state, ending, iterations, worker: Int
    let started, ended, key, point: Int
    let device, attempt, build, versions: Int?

    init(_ names: [String]) throws {
      let positions = Dictionary(
        names.enumerated().map { ($0.element, $0.offset) },
        uniquingKeysWith: { first, _ in first }
      )
      func position(_ name: String) throws -> Int {
        guard let position = positions[name] else {
          throw FieldworkError(.store, "the table of experiments has no column '\(name)'")
        }
        return position
      }
      number = try position("number")
      id = try position("id")
      ordinal = try position("ordinal")
      entries = try position("entries")
      repetition = try position("repetition")
      updates = try position("updates")
      state = try position("state")
      ending = try position("ending")
      iterations = try position("iterations")
      worker = try position("worker")
      started = try position("started")
      ended = try position("ended")
      key = try position("key")
      point = try position("point")
      (device, attempt) = (positions["device"], positions["attempt"])
      (build, versions) = (positions["build"], positions["versions"])
    }
  }

  init(
    _ row: Row,
    _ columns: Columns,
    _ configs: inout StoredConfigReader,
    failures: [Failure],
    occurrences: inout [Place: Int]
  ) throws {
    id = try row.decode(atIndex: columns.id)
    ordinal = try row.decode(atIndex: columns.ordinal)
    config = try configs.config(try row.decode(atIndex: columns.entries))
    repetition = try row.decode(atIndex: columns.repetition)
    updates = try row.decode(atIndex: columns.updates)
    state = ExperimentState(rawValue: try row.decode(atIndex: columns.state)) ?? .interrupted
    ending = try row.decode(String?.self, atIndex: columns.ending).flatMap(Ending.init(rawValue:))
    iterations = try row.decode(atIndex: columns.iterations)
    worker = try row.decode(atIndex: columns.worker)
    device = try columns.device.flatMap { try row.decode(atIndex: $0) }
    attempts = try columns.attempt.flatMap { try row.decode(atIndex: $0) }
    build = try columns.build.flatMap { try row.decode(atIndex: $0) }
    versions = try columns.versions.flatMap { try row.decode(atIndex: $0) }
    started = try row.decode(atIndex: columns.started)
    ended = try row.decode(atIndex: columns.ended)
    key = try row.decode(atIndex: columns.key)
    point = try row.decode(atIndex: columns.point)
    self.failures = failures
    let place = Place(point: point, repetition: repetition, updates: updates)
    occurrence = occurrences[place, default: 0]
    occurrences[place] = occurrence + 1
  }

  /// What tells experiments apart, as long as no config comes more than once.
  struct Place: Hashable {
    let point: String
    let repetition: Int
    let updates: Int
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
