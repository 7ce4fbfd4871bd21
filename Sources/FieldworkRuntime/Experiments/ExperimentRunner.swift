import FieldworkCore
import FieldworkStore

/// Runs the iterations of one experiment.
struct ExperimentRunner {
  /// What an experiment tells while it runs.
  struct Hooks {
    let saved: ([SavedValue]) async -> Void
    let failed: (Failure) -> Void
    /// Whether the experiment is to end with its iteration.
    let shouldStop: () -> Bool
    let iterationEnded: (Int) -> Void
  }

  /// How an experiment went.
  struct Outcome {
    var ending = Ending.complete
    /// The number of iterations begun.
    var iterations = 0
    var failures: [Failure] = []
    /// The first error that a unit threw, for debugging.
    var firstError: (any Error)?
  }

  private let units: [UnitDescription]
  private let iterationLimit: Int?
  private let finalize: Bool
  private let stopsAtFirstError: Bool
  private let context: RunContext
  private let hooks: Hooks

  private var sources: [Int: ElementSource] = [:]
  private var outcome = Outcome()
  private var isEnding = false
  /// The units that have run, or tried to, in the current iteration.
  private var attempted = Set<Int>()

  init(_ research: Research, _ context: RunContext, debug: Bool, hooks: Hooks) {
    units = research.units
    iterationLimit = research.iterations
    finalize = research.settings.finalize
    stopsAtFirstError = debug
    self.context = context
    self.hooks = hooks
  }

  /// Runs until the iterations are through, a unit stops or fails, or the run is to stop.
  ///
  /// What was saved and not dumped is left in the context.
  mutating func run() async -> Outcome {
    while true {
      await runIteration()
      outcome.iterations += 1
      hooks.iterationEnded(context.iteration)
      if isEnding || outcome.iterations == iterationLimit { return outcome }
      if hooks.shouldStop() {
        outcome.ending = .interrupted
        return outcome
      }
      context.iteration += 1
    }
  }

  private mutating func runIteration() async {
    attempted = []
    context.isLast = iterationLimit == context.iteration + 1
    for index in units.indices {
      let unit = units[index]
      if isEnding {
        guard !hasErrorToThrow else { return }
        // Values that are already there are saved whatever happened.
        guard finalize || unit.kind == .save || unit.kind == .dump else { continue }
        context.isLast = finalize || context.isLast
      }
      guard unit.when.runs(at: context.iteration, isLast: context.isLast) else { continue }
      await attempt(index)
    }
    guard isEnding, finalize, !hasErrorToThrow, outcome.ending != .interrupted else { return }
    // A unit that runs at the end does so whatever ended the experiment, even if its turn was over.
    context.isLast = true
    for index in units.indices where units[index].when.includesLast && !attempted.contains(index) {
      await attempt(index)
    }
  }

  /// Whether nothing more is to run, because an error ends the whole run.
  private var hasErrorToThrow: Bool { stopsAtFirstError && outcome.firstError != nil }

  private mutating func attempt(_ index: Int) async {
    attempted.insert(index)
    do {
      try await execute(index)
    } catch is StopExperiment {
      if !isEnding { outcome.ending = .stopped }
      isEnding = true
    } catch is CancellationError where Task.isCancelled {
      if !isEnding { outcome.ending = .interrupted }
      isEnding = true
    } catch {
      let unit = units[index]
      let failure = Failure(
        unit: unit.name,
        iteration: context.iteration,
        kind: "\(type(of: error))",
        message: ExperimentRunner.message(error),
        place: unit.place
      )
      outcome.failures.append(failure)
      outcome.firstError = outcome.firstError ?? error
      if outcome.ending != .interrupted { outcome.ending = .failed }
      isEnding = true
      hooks.failed(failure)
    }
  }

  private mutating func execute(_ index: Int) async throws {
    let unit = units[index]
    let output: Any
    switch unit.body {
    case .function(let body): output = try await body(context)
    case .instance(let make):
      output = try await make(context)
      context.instances[unit.instanceName ?? unit.name] = output
    case .generator(let open):
      if sources[index] == nil { sources[index] = try await open(context) }
      guard let element = try await sources[index]?.next() else {
        // An asynchronous sequence also ends when its task is cancelled; that is not its own end.
        if Task.isCancelled { throw CancellationError() }
        throw StopExperiment()
      }
      output = element
    case .dump(let names):
      await hooks.saved(context.takeSaved(names))
      return
    }
    if let saving = unit.saving {
      for (name, value) in try saving.values(of: output) { context.save(name: name, value: value) }
    }
    context.outputs[unit.name] = UnitOutput(value: output, iteration: context.iteration)
  }

  /// The text of an error: its own if it has one, else what Swift prints.
  static func message(_ error: any Error) -> String {
    let text = "\(error)"
    return text.count > 2000 ? text.prefix(2000) + "…" : text
  }
}
