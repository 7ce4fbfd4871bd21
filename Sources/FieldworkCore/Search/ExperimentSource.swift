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

  /// The experiments as far as they are known without results: for previews and for counting what is left.
  var plan: ExperimentPlan { get }

  /// The number of experiments in the steps so far.
  var produced: Int { get }

  /// A task that was taken from the plan and waits for a longer history; nil for none.
  var held: PlannedTask? { get }

  /// The names of the saved values that the source reads from the history.
  var watched: Set<String> { get }
}

extension ExperimentSource {
  package var watched: Set<String> { [] }
  package var held: PlannedTask? { nil }
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

/// An update of the domain that is due.
package struct Decision: Sendable {
  package let rule: DomainUpdate
  /// The number of domains before the new one: 1 for the first update.
  package let updates: Int
  /// The number of experiments planned so far.
  package let produced: Int
  /// The present domain; nil if there is none.
  package let domain: Domain?
  /// A hash of the experiments planned so far, in their order.
  package let history: UInt64
  /// True if the present domain has no more configs.
  package let isAtEnd: Bool
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
  public func last(_ name: String) -> Double? { curve(name).last?.value }
}
