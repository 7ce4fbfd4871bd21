import FieldworkCore
import FieldworkStore

/// Thrown in the turn of a program that has ended.
struct ProgramEnd: Error {}

/// How an experiment went.
struct Outcome {
  var ending = Ending.complete
  /// The number of iterations begun.
  var iterations = 0
  var failures: [Failure] = []
}

/// A branch of a running task, or the root that its branches share.
///
/// `@unchecked Sendable`: in each turn of a unit one task alone touches a member, and turns follow one
/// another.
final class TaskMember: @unchecked Sendable {
  let context: RunContext
  /// The position among the branches that run; for the root, that of the first one that takes part.
  var position: Int
  var outcome = Outcome()
  /// Whether it stops or fails in the current iteration.
  var isEnding = false
  /// Whether it ends for good in the current iteration: it has not just been interrupted.
  var isAtEnd: Bool { isEnding && outcome.ending != .interrupted }
  /// Whether it has ended.
  var isOver = false
  /// Of the units that run at the end: those that have run, or tried to, in the current iteration.
  var attempted = Set<Int>()
  /// The units that could not run since they lack what a failed one has not given.
  var lacking: [String] = []
  /// The output of the present turn, which others see when the turn is over.
  private var output: (unit: String, value: UnitOutput)?
  private var sources: [Int: NextElement] = [:]
  /// By unit: the program that runs beside the experiment.
  private var programs: [Int: any RunningProgram] = [:]
  /// The programs that have ended well and printed no iteration.
  private(set) var silentPrograms: [String] = []
  /// The number of turns of units in the current iteration.
  var turns = 0
  /// True if the current iteration is none, since a program has ended before anything else had its turn in it.
  private(set) var hasSteppedBack = false
  /// ``attempted`` of the iteration before.
  private var attemptedBefore = Set<Int>()
  private(set) var timings: [UnitTiming] = []
  /// When it last handed on what it has saved.
  var lastHandover = ContinuousClock.now
  /// The iteration with which it begins.
  var start = 0
  /// By instance: the state of the random numbers when it was built, where there are checkpoints.
  var buildings: [String: [UInt64]] = [:]

  /// The rules that end it early.
  private var pruning: [PruningProgress]

  init(_ context: RunContext, position: Int, pruning: [TaskPruning] = []) {
    self.context = context
    self.position = position
    self.pruning = pruning.map { PruningProgress($0) }
  }

  /// Takes the values that were saved before the member resumes.
  func replay(_ saved: [SavedValue]) {
    for index in pruning.indices {
      for value in saved where value.name == pruning[index].name {
        if let number = value.value.number { _ = pruning[index].take(number, at: value.iteration) }
      }
    }
  }

  /// Returns true if a rule ends the experiment after an iteration.
  func isPruned(after iteration: Int) -> Bool {
    var isPruned = false
    for index in pruning.indices {
      let last = context.savedValues.lastSaved(pruning[index].name)
      guard let last, last.iteration == iteration, let number = last.value.number else { continue }
      if pruning[index].take(number, at: iteration) { isPruned = true }
    }
    return isPruned
  }

  func begin(_ iteration: Int, isLast: Bool) {
    context.iteration = iteration
    context.isLast = isLast
    turns = 0
    attemptedBefore = attempted
    if !attempted.isEmpty { attempted = [] }
  }

  /// Ends the experiment with the iteration before the current one, in which nothing has had its turn.
  /// - Returns: false if there is none.
  func stepBack() -> Bool {
    guard turns == 0, context.iteration > 0 else { return false }
    context.iteration -= 1
    attempted = attemptedBefore
    hasSteppedBack = true
    return true
  }

  /// Runs a unit once.
  func execute(_ unit: UnitDescription, at index: Int, dump: ([SavedValue]) async -> Void)
    async throws
  {
    // Before anything else happens, however the unit ends.
    defer { ForkGuard.check(unit.name) }
    do {
      try await executeBody(unit, at: index, dump: dump)
    } catch {
      // What the unit could not save is its own failure, even if it ends the experiment.
      if let saving = context.takeSaveError(), error is StopExperiment { throw saving }
      throw error
    }
    try context.checkSaved()
  }

  private func executeBody(
    _ unit: UnitDescription,
    at index: Int,
    dump: ([SavedValue]) async -> Void
  ) async throws {
    let value: Any
    switch unit.body {
    case .function(let body): value = try await body(context)
    case .instance(let make):
      value = try await build(unit.instanceName ?? unit.name, make)
    case .generator(let open):
      if sources[index] == nil { sources[index] = try await open(context) }
      guard let element = try await sources[index]?() else {
        // An asynchronous sequence also ends when its task is cancelled; that is not its own end.
        if Task.isCancelled { throw CancellationError() }
        throw StopExperiment()
      }
      value = element
    case .program(let program):
      let running = try programs[index] ?? start(program, index)
      guard let values = try await running.next(isLast: context.isLast) else {
        if context.iteration == start, output == nil, context.outputs[unit.name] == nil {
          silentPrograms.append(unit.name)
        }
        throw ProgramEnd()
      }
      for (name, part) in values { context.save(name: name, value: part) }
      value = values
    case .dump(let names):
      await dump(context.savedValues.dump(names))
      return
    }
    if let saving = unit.saving {
      for (name, part) in try saving.values(of: value) { context.save(name: name, value: part) }
    }
    if case .instance = unit.body { context.instances[unit.instanceName ?? unit.name] = value }
    output = (unit.name, UnitOutput(value: value, iteration: context.iteration))
  }

  private func start(_ program: ProgramDescription, _ index: Int) throws -> any RunningProgram {
    guard let launcher = context.programs else {
      throw FieldworkError(.invalidDefinition, "programs cannot be run here")
    }
    let running = try launcher.start(program, for: context)
    programs[index] = running
    return running
  }

  /// Asks the programs that run beside the experiment to end.
  func terminatePrograms() { for program in programs.values { program.terminate() } }

  /// Ends the programs that run beside the experiment.
  func endPrograms() async {
    terminatePrograms()
    for program in programs.values { await program.end() }
    programs = [:]
    context.programs?.end(context)
  }

  /// Shows the output of the turn.
  func showOutput() {
    if let output { context.outputs[output.unit] = output.value }
    output = nil
  }

  /// The last value that was saved under a name; nil after the end of the experiment.
  func lastSaved(_ name: String) -> Value? {
    isOver ? nil : context.savedValues.last(name)
  }

  func add(_ timing: UnitTiming) { timings.append(timing) }

  /// Takes over what another member has measured.
  func takeTimings(of other: TaskMember) { timings += other.takeTimings() }

  func takeTimings() -> [UnitTiming] {
    defer { timings = [] }
    return timings
  }

  /// Forgets what its units hold, so that what reads ahead ends.
  func close() { sources = [:] }
}
