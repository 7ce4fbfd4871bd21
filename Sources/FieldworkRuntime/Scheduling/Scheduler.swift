import FieldworkCore
import FieldworkStore

/// Gives out the tasks of a source, in order, to the worker that asks; experiments that are stored are left out.
///
/// A step that needs results is held until the experiments before it, so many as it needs, have all ended.
final class Scheduler: Sendable {
  private struct State {
    var source: any ExperimentSource
    var failure: (any Error)?
    /// The number of tasks that were given out and have not ended.
    var running = 0
    /// The tasks that were drawn and have not ended.
    var open = OpenTasks()
    var isDeciding = false
    /// The workers that have asked for a task and will ask again.
    var asking: Set<Int> = []
    /// True if nothing more can be added, since no worker would draw it.
    var isClosed = false
    /// True if a decision was cancelled, so that nothing goes on before a run that makes it.
    var isCancelled = false
    /// By worker: tasks that were drawn and are for this worker alone.
    var assigned: [[PlannedTask]]
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// The number of times at which the waiting workers were woken.
    var wakes = 0
    /// Tasks that a worker gave back.
    var returned: [PlannedTask] = []
    /// Workers that take no tasks any more.
    var gone: Set<Int> = []
    /// True if tasks were left because their worker is gone.
    var hasAbandoned = false
    /// The keys of the experiments in the order of the plan, if there are decisions.
    var keys: [String] = []
    /// The keys of stored experiments that have not come up; nil if these can be found from the source alone.
    var unseen: Set<String>?
    /// The number of stored experiments that have come up.
    var seen = 0

    /// The number of first experiments of the plan that have all ended.
    var ended: Int { mutating get { open.firstPosition() ?? source.produced } }
  }

  /// The number of tasks that may wait for one worker while another one draws.
  private static let assignedLimit = 64

  private enum Answer {
    case task(PlannedTask)
    case decision(Decision, keys: ArraySlice<String>)
    /// With the number of wakes so far.
    case wait(Int)
    case end
  }

  private let state: Protected<State>
  private let resume: ResumePlan
  private let selection: Selection?
  /// True if each task belongs to one worker.
  private let hasAffinity: Bool
  /// True if experiments that are stored run again where another one of their task does.
  private let keepsTasksWhole: Bool
  /// True if a worker may give a task back, so that others wait for it.
  private let mayReturn: Bool
  /// True if workers have tasks that they have not begun, and that any other may run.
  private let mayReclaim: Bool
  private let delegate: any SchedulerDelegate
  /// True if there may be decisions among the steps of the source.
  let decides: Bool
  /// The source as it was at the beginning.
  private let initial: any ExperimentSource
  private let journal: UpdateJournal
  private let results: HistoryReader

  /// - Parameters:
  ///   - resume: what becomes of the experiments that are stored.
  ///   - prefetches: true if workers have tasks that they have not begun, and may give them back.
  ///   - affinity: the number of workers to which tasks belong by their numbers; nil to give them to the worker that
  ///     asks.
  ///   - results: reads the results that the source depends on.
  ///   - journal: records decisions, and replays those of earlier runs.
  init(
    _ source: any ExperimentSource,
    _ research: Research,
    resume: ResumePlan,
    selection: Selection?,
    prefetches: Bool,
    affinity: Int?,
    results: HistoryReader,
    journal: UpdateJournal,
    delegate: any SchedulerDelegate
  ) {
    state = Protected(
      State(
        source: source,
        assigned: Array(repeating: [], count: affinity ?? 0),
        unseen: source.decides ? Set(resume.states.keys) : nil
      )
    )
    self.resume = resume
    self.selection = selection
    hasAffinity = affinity != nil
    keepsTasksWhole = research.crossesBranches
    mayReclaim = prefetches && affinity == nil
    mayReturn = research.settings.deviceMemory != nil || mayReclaim
    decides = source.decides
    initial = source
    self.results = results
    self.journal = journal
    self.delegate = delegate
  }

  /// Returns the next task to run for a worker; ``tasksEnded(_:)`` has to follow.
  /// - Parameters:
  ///   - isLeaving: returns true if the worker takes no task; ``wake()`` has to follow where it waits.
  ///   - beforeWaiting: is called before the worker has to wait for others.
  /// - Returns: nil at the end, after the source has failed, or if the worker takes none.
  func next(
    for worker: Int,
    isLeaving: () -> Bool = { false },
    beforeWaiting: () -> Void = {}
  ) async -> PlannedTask? {
    state.withLock {
      $0.asking.insert(worker)
      $0.isClosed = false
    }
    let task = await take(worker, isLeaving, beforeWaiting)
    if task == nil {
      state.withLock {
        $0.asking.remove(worker)
        $0.isClosed = $0.asking.isEmpty
      }
    }
    return task
  }

  private func take(
    _ worker: Int,
    _ isLeaving: () -> Bool,
    _ beforeWaiting: () -> Void
  ) async -> PlannedTask? {
    while !isLeaving() {
      let answer = state.withLock { state -> Answer in
        let answer = draw(&state, worker)
        switch answer {
        case .task: state.running += 1
        case .decision: state.isDeciding = true
        case .wait, .end: break
        }
        return answer
      }
      switch answer {
      case .task(let task):
        // What was drawn for others, or the room for more, may be what they wait for.
        if hasAffinity { wakeAll() }
        return task
      case .decision(let decision, let keys):
        beforeWaiting()
        await decide(decision, keys)
      case .wait(let wakes):
        beforeWaiting()
        if isLeaving() { return nil }
        // One worker that waits is enough to have tasks reclaimed.
        if mayReclaim, state.withLock({ $0.waiting.isEmpty }) { delegate.reclaimTasks(for: worker) }
        await wait(since: wakes)
      case .end:
        // Others may wait for tasks that this worker would have taken: they end, too, or draw them.
        wakeAll()
        return nil
      }
    }
    return nil
  }

  /// Adds experiments, which come before those that have not been given out.
  /// - Returns: false if no worker takes any more.
  /// - Throws: ``FieldworkError`` if the source cannot take any.
  func add(_ experiments: [(config: Config, repetition: Int)]) throws -> Bool {
    let isAdded = try state.withLock { state in
      guard !state.isClosed, !delegate.shouldStop else { return false }
      guard state.source.add(experiments) else {
        throw FieldworkError(
          .invalidDefinition,
          "the research decides on all its experiments itself"
        )
      }
      return true
    }
    wakeAll()
    return isAdded
  }

  /// The reason for which the source has ended before all its experiments; nil if it has not.
  var endReason: String? { state.withLock { $0.source.endReason } }

  /// The number of all experiments; nil if there is no end.
  var size: Int? { state.withLock { $0.source.size } }

  /// Ends the run for experiments that would be added.
  func close() { state.withLock { $0.isClosed = true } }

  /// Returns the keys of experiments that have been drawn.
  /// - Parameter others: keys that are left out.
  func drawn(besides others: some Collection<String>) -> Set<String> {
    let (count, keys) = state.withLock { ($0.source.produced, $0.keys) }
    let others = Set(others)
    if decides { return Set(keys).subtracting(others) }
    var (source, drawn) = (initial, Set<String>())
    while source.produced < count, let task = try? source.nextTask() {
      for experiment in task.experiments where !others.contains(experiment.key) {
        drawn.insert(experiment.key)
      }
    }
    return drawn
  }

  /// Takes the numbers of tasks that were given out and have ended.
  func tasksEnded(_ numbers: [Int]) {
    state.withLock { state in
      state.running -= numbers.count
      for number in numbers { state.open.remove(number) }
    }
    wakeAll()
  }

  /// A worker gives back a task that it has not begun.
  func giveBack(_ task: PlannedTask, from worker: Int) {
    state.withLock { state in
      state.running -= 1
      if hasAffinity {
        state.assigned[worker].insert(task, at: 0)
      } else {
        state.returned.append(task)
      }
    }
    wakeAll()
  }

  /// A worker gives back the tasks that it has, and takes no more.
  func leave(_ worker: Int, givingBack tasks: [PlannedTask]) {
    state.withLock { state in
      state.running -= tasks.count
      state.gone.insert(worker)
      state.asking.remove(worker)
      if hasAffinity {
        // They are for this worker alone.
        state.hasAbandoned = true
        state.assigned[worker] = []
      } else {
        state.returned += tasks
      }
    }
    wakeAll()
  }

  /// Returns the keys of stored experiments that the plan does not have.
  /// - Parameter others: the keys of experiments that count as planned.
  func unplanned(besides others: Set<String>) -> Set<String> {
    let (source, left, drawn) = state.withLock { state in
      if let unseen = state.unseen { return (state.source, unseen, 0) }
      let left = state.seen < resume.states.count ? Set(resume.states.keys) : []
      return (initial, left, state.source.produced)
    }
    let unseen = left.subtracting(others)
    guard !unseen.isEmpty, let planned = try? source.keys(among: unseen, besides: drawn) else {
      return []
    }
    return unseen.subtracting(planned)
  }

  /// Why the source could not go on; nil if it could.
  var failure: (any Error)? { state.withLock { $0.failure } }

  /// The number of tasks without anything to run that are passed in search of one with something.
  private static let searchLimit = 20_000

  /// The number of tasks that are gone through to count what is left.
  private static let countLimit = 10_000

  /// The number of experiments that have not begun.
  /// - Returns: nil if it cannot be determined in a moment.
  var left: Int? {
    state.withLock { state in
      var source = state.source
      guard state.failure == nil, !state.hasAbandoned, let size = source.size else { return nil }
      let waiting = state.returned + state.assigned.flatMap(\.self)
      var count = waiting.reduce(0) { $0 + $1.experiments.count }
      if resume.states.isEmpty, selection == nil, !source.decides {
        return count + size - source.produced
      }
      for _ in 0..<Self.countLimit {
        guard !isComplete(source.produced), let task = try? source.nextTask() else {
          return source.isOpen ? nil : count
        }
        count += missing(task).count
      }
      return nil
    }
  }

  /// True if tasks are left that no worker has run, as far as can be determined in a moment.
  var hasMore: Bool {
    state.withLock { state in
      guard state.failure == nil else { return false }
      if state.hasAbandoned || !state.returned.isEmpty { return true }
      if state.assigned.contains(where: { !$0.isEmpty }) { return true }
      var source = state.source
      for _ in 0..<Self.searchLimit {
        guard !isComplete(source.produced), let task = try? source.nextTask() else {
          return source.isOpen
        }
        if !missing(task).isEmpty { return true }
      }
      return true
    }
  }

  // MARK: Drawing

  private func draw(_ state: inout State, _ worker: Int) -> Answer {
    while state.failure == nil && !state.isCancelled && !delegate.shouldStop {
      if hasAffinity, !state.assigned[worker].isEmpty {
        return .task(state.assigned[worker].removeFirst())
      }
      if !state.returned.isEmpty { return .task(state.returned.removeFirst()) }
      let isFull = state.assigned.contains { $0.count >= Self.assignedLimit }
      if state.isDeciding || isFull { return .wait(state.wakes) }
      do {
        switch isComplete(state.source.produced) ? .end : try step(&state) {
        case .end: return mayReturn && state.running > 0 ? .wait(state.wakes) : .end
        case .needs(let count):
          guard state.ended < count else { continue }
          // A decision without the results of tasks that no worker could run would depend on time.
          return state.hasAbandoned || state.open.isEmpty ? .end : .wait(state.wakes)
        case .decision(let decision):
          return .decision(decision, keys: state.keys.prefix(decision.ended))
        case .task(let task):
          guard let left = withoutFinished(task, &state) else { continue }
          state.open.add(task.number, at: task.experiments[0].ordinal)
          guard hasAffinity else { return .task(left) }
          let owner = task.number % state.assigned.count
          if state.gone.contains(owner) {
            state.hasAbandoned = true
          } else {
            state.assigned[owner].append(left)
          }
        }
      } catch {
        state.failure = error
      }
    }
    return .end
  }

  private func step(_ state: inout State) throws -> SourceStep {
    if state.source.watched.isEmpty {
      return try state.source.next(RunHistory(ended: state.ended))
    }
    return try state.source.next(try results.history(ended: state.ended))
  }

  /// Returns what of a task has to run.
  /// - Returns: nil if nothing has to.
  private func withoutFinished(_ task: PlannedTask, _ state: inout State) -> PlannedTask? {
    if decides { state.keys += task.experiments.map(\.key) }
    if state.unseen != nil {
      state.unseen?.subtract(task.experiments.map(\.key))
    } else if !resume.states.isEmpty {
      state.seen += task.experiments.count { resume.states[$0.key] != nil }
    }
    if !state.source.watched.isEmpty { results.add(task.experiments) }
    let missing = missing(task)
    if missing.count < task.experiments.count {
      let running = missing.isEmpty ? [] : Set(missing.map(\.key))
      for experiment in task.experiments where !running.contains(experiment.key) {
        if selection?.includes(experiment) ?? true { delegate.skip(experiment) }
      }
    }
    guard !missing.isEmpty else { return nil }
    var left = task
    left.experiments = missing
    return left
  }

  /// Returns true if nothing that was asked for follows.
  private func isComplete(_ produced: Int) -> Bool {
    selection?.limit.map { produced >= $0 } ?? false
  }

  /// Returns the experiments of a task that have to run. Where they depend on one another, all do if any does.
  private func missing(_ task: PlannedTask) -> [PlannedExperiment] {
    let missing = task.experiments.filter { resume.runs($0) }
    return keepsTasksWhole && !missing.isEmpty ? task.experiments : missing
  }

  // MARK: Waiting

  private func decide(_ decision: Decision, _ keys: ArraySlice<String>) async {
    let result: Result<Domain?, any Error>
    do {
      result = .success(
        try await journal.outcome(of: decision) { try await delegate.update(decision, keys: keys) }
      )
    } catch {
      result = .failure(error)
    }
    let isCancelled = Task.isCancelled
    var isSettled = false
    let replaced = state.withLock { state -> (Int, Domain, Int?)? in
      guard !isCancelled else {
        // The domain is not known. Other workers may not have been cancelled yet.
        state.isCancelled = true
        return nil
      }
      do {
        let domain = try result.get()
        try state.source.resolve(decision, with: domain)
        isSettled = true
        guard decision.accepts == nil else { return nil }
        return domain.map { (decision.number, $0, state.source.size) }
      } catch {
        state.failure = error
        return nil
      }
    }
    // Before any task of the new domain is given out.
    if isSettled { await journal.settle() }
    if let (number, domain, size) = replaced { delegate.domainUpdated(number, domain, size) }
    state.withLock { $0.isDeciding = false }
    wakeAll()
  }

  private func wait(since wakes: Int) async {
    await withCheckedContinuation { continuation in
      let isLate = state.withLock { state in
        guard state.wakes == wakes else { return true }
        state.waiting.append(continuation)
        return false
      }
      if isLate { continuation.resume() }
    }
  }

  /// Lets the workers that wait look again.
  func wake() { wakeAll() }

  private func wakeAll() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      state.wakes += 1
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

/// Tasks in the order of the plan, of which the first one is found at once.
private struct OpenTasks {
  private var numbers: Set<Int> = []
  private var order: [(number: Int, position: Int)] = []
  /// The number of tasks at the beginning of the order that have ended.
  private var passed = 0
  /// The number of tasks that may stay in the order after their end.
  private static let slack = 64

  var isEmpty: Bool { numbers.isEmpty }

  /// - Parameter position: that of the task's first experiment; tasks are added in the order of the plan.
  mutating func add(_ number: Int, at position: Int) {
    numbers.insert(number)
    order.append((number, position))
  }

  mutating func remove(_ number: Int) { numbers.remove(number) }

  /// Returns the position of the first experiment of all; nil if there are no tasks.
  mutating func firstPosition() -> Int? {
    while passed < order.count, !numbers.contains(order[passed].number) { passed += 1 }
    // Those behind a long task have ended, too.
    if passed > order.count / 2 || order.count > 2 * numbers.count + Self.slack {
      order.removeAll { !numbers.contains($0.number) }
      passed = 0
    }
    return passed < order.count ? order[passed].position : nil
  }
}

/// The run that a scheduler gives tasks to.
protocol SchedulerDelegate: Sendable {
  /// Leaves out an experiment whose results are stored.
  func skip(_ experiment: PlannedExperiment)

  /// True if nothing more is to be given out.
  var shouldStop: Bool { get }

  /// Returns the domain that replaces the present one; nil to keep it.
  /// - Parameter keys: the keys of the experiments whose results the decision may depend on. They have ended.
  func update(_ decision: Decision, keys: ArraySlice<String>) async throws -> Domain?

  /// Takes the number of the new domain, the domain, and the number of experiments; nil if there is no end.
  func domainUpdated(_ number: Int, _ domain: Domain, _ experiments: Int?)

  /// Has other workers return tasks that they have not begun, for a worker that has nothing to do.
  func reclaimTasks(for worker: Int)
}
