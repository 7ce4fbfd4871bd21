/// A source of experiments: which exist, and in what order.
///
/// A source is a value. It runs nothing, and reads nothing but the history that it is given.
///
/// **The prefix rule.** What a source computes from results may only depend on the results of experiments `0 ..< n` in
/// the order of the plan, all of which have ended. So results depend on the research and its seed alone, at any number
/// of workers.
package protocol ExperimentSource: Sendable {
  /// Returns the next step. The source asks for a longer history with ``SourceStep/needs(ended:)``, and is called again
  /// with it.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  mutating func next(_ history: RunHistory) throws -> SourceStep

  /// Continues after a decision with what it resulted in.
  /// - Parameter domain: the domain that replaces the present one; nil to keep it.
  /// - Throws: ``FieldworkError`` if the domain has problems, a condition fails, or nothing will ever end the plan.
  mutating func resolve(_ decision: Decision, with domain: Domain?) throws

  /// Returns the next task as far as it is known without results: for previews and for counting what is left.
  ///
  /// Callers use a copy: a task that is returned here has no rules, and ``next(_:)`` does not return it again.
  /// - Returns: nil at the end, or where results are needed to go on, see ``isOpen``.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  mutating func nextTask() throws -> PlannedTask?

  /// Adds experiments, which come before those that are left.
  /// - Returns: false if the source cannot take any.
  mutating func add(_ experiments: [(config: Config, repetition: Int)]) -> Bool

  /// True if results are needed to tell which experiments follow.
  var isOpen: Bool { get }

  /// The number of experiments in the steps so far.
  var produced: Int { get }

  /// The number of all experiments, as far as it is known: decisions may change it; nil if there is no end.
  var size: Int? { get }

  /// True if there may be decisions among the steps.
  var decides: Bool { get }

  /// True if no experiment is known without decisions.
  var decidesAll: Bool { get }

  /// The reason for which the source has ended before all its experiments; nil if it has not.
  var endReason: String? { get }

  /// The names of the saved values that the source reads from the history.
  var watched: Set<String> { get }
}

extension ExperimentSource {
  package mutating func add(_ experiments: [(config: Config, repetition: Int)]) -> Bool { false }
  package var decidesAll: Bool { false }
  package var watched: Set<String> { [] }
  package var endReason: String? { nil }

  /// Calls a function with the experiments that follow, as far as they are known without results.
  /// - Parameter body: returns false to end.
  /// - Returns: true if there are no more.
  @discardableResult
  package mutating func forEach(_ body: (PlannedExperiment) throws -> Bool) throws -> Bool {
    while let task = try nextTask() {
      for experiment in task.experiments where try !body(experiment) { return false }
    }
    return true
  }

  /// Returns which of some experiments come up, as far as the source goes without results.
  /// - Parameters:
  ///   - wanted: their keys; the search ends when all have been found.
  ///   - drawn: the number of experiments that are searched besides in a source of more than half a million: there the
  ///     search ends after 100,000 and 20 for each key, and keys that are not found by then count as found.
  ///   - visit: is called with each experiment that is found.
  /// - Throws: ``FieldworkError`` if a condition fails or nothing passes it.
  package func keys(
    among wanted: Set<String>,
    besides drawn: Int = 0,
    _ visit: (PlannedExperiment) -> Void = { _ in }
  ) throws -> Set<String> {
    var source = self
    let isSmall = (size ?? .max) <= 500_000
    var left = isSmall ? .max : 100_000 + 20 * wanted.count + drawn
    guard !wanted.isEmpty else { return wanted }
    var missing = wanted
    let isComplete = try source.forEach { experiment in
      if missing.remove(experiment.key) != nil { visit(experiment) }
      left -= 1
      return left > 0 && !missing.isEmpty
    }
    // Experiments that follow from decisions count as planned.
    return isComplete && !(source.isOpen && decidesAll) ? wanted.subtracting(missing) : wanted
  }
}

/// The next step of a source.
package enum SourceStep: Sendable {
  case task(PlannedTask)
  /// Nothing more can be said before the first experiments, so many of them, have all ended.
  case needs(ended: Int)
  /// A computation from the history. It is recorded before it takes effect, and replayed by a later run.
  case decision(Decision)
  case end
}

/// A decision about which experiments follow, that depends on the results of those before.
package struct Decision: Sendable {
  /// The number of the decision, from 1.
  package let number: Int
  /// The number of experiments planned so far.
  package let produced: Int
  /// The number of first experiments, all of which have ended, whose results the decision may depend on.
  package let ended: Int
  /// The present domain; nil if there is none.
  package let domain: Domain?
  /// A hash of the experiments planned so far, in their order.
  package let history: UInt64
  /// True if the present domain has no more configs.
  package let isAtEnd: Bool
  /// The schedule of the decision. Its iteration is the number of planned experiments minus one.
  package let when: When
  /// Further arguments of the decision. A recorded decision is replayed only if they are equal.
  package let arguments: Value?
  /// The number of configs of the new domain that are planned; nil for all.
  package let configs: Int?
  package let place: SourceLocation
  /// Returns true if a recorded outcome counts, for a decision about one config; nil for one about a domain.
  package let accepts: (@Sendable (Domain) throws -> Bool)?
  /// Returns the domain that replaces the present one; nil to keep it.
  package let make: @Sendable (UpdateContext) async throws -> Domain?

  package init(
    number: Int,
    produced: Int,
    ended: Int,
    domain: Domain?,
    history: UInt64,
    isAtEnd: Bool,
    when: When,
    arguments: Value? = nil,
    configs: Int?,
    place: SourceLocation,
    accepts: (@Sendable (Domain) throws -> Bool)? = nil,
    make: @escaping @Sendable (UpdateContext) async throws -> Domain?
  ) {
    self.number = number
    self.produced = produced
    self.ended = ended
    self.domain = domain
    self.history = history
    self.isAtEnd = isAtEnd
    self.when = when
    self.arguments = arguments
    self.configs = configs
    self.place = place
    self.accepts = accepts
    self.make = make
  }
}

/// The results of the first experiments of a plan, all of which have ended.
package struct RunHistory: Sendable {
  /// The number of experiments.
  package let ended: Int
  /// The experiments in the order of the plan, if the source watches saved values; empty otherwise.
  package let experiments: [EndedExperiment]
  /// The experiments after these that have ended, too, in the order of the plan. Which ones depends on time.
  package let later: [EndedExperiment]

  package init(
    ended: Int,
    experiments: [EndedExperiment] = [],
    later: [EndedExperiment] = []
  ) {
    self.ended = ended
    self.experiments = experiments
    self.later = later
  }
}

/// An experiment that has ended, with the values that a source watches.
public struct EndedExperiment: Sendable {
  public let identity: ExperimentIdentity
  public let ending: Ending
  /// By name: the saved values, in the order of the iterations.
  private let curves: [String: [(iteration: Int, value: Value)]]

  package init(
    _ identity: ExperimentIdentity,
    _ ending: Ending,
    _ curves: [String: [(iteration: Int, value: Value)]]
  ) {
    self.identity = identity
    self.ending = ending
    self.curves = curves
  }

  /// Makes an experiment with one curve, one value for each iteration from 0.
  public init(
    config: Config,
    ending: Ending = .complete,
    name: String,
    values: [Double]
  ) {
    self.init(
      ExperimentIdentity(config: config),
      ending,
      [name: values.enumerated().map { ($0, .double($1)) }]
    )
  }

  /// The values of the parameters.
  public var config: Config { identity.config }

  /// Returns the numbers saved under a name, in the order of the iterations. Values that are no numbers are left out.
  public func curve(_ name: String) -> [(iteration: Int, value: Double)] {
    curves[name, default: []].compactMap { point in
      point.value.number.map { (point.iteration, $0) }
    }
  }

  /// Returns the last number saved under a name; nil if there is none.
  public func last(_ name: String) -> Double? {
    curves[name]?.last { $0.value.number != nil }?.value.number
  }

  /// Returns the number saved under a name in an iteration; nil if there is none.
  public func value(_ name: String, at iteration: Int) -> Double? {
    guard let points = curves[name] else { return nil }
    // Most experiments have saved a value in each iteration.
    if points.indices.contains(iteration), points[iteration].iteration == iteration {
      return points[iteration].value.number
    }
    return points.first { $0.iteration == iteration }?.value.number
  }
}
