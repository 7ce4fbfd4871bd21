import FieldworkCore
import FieldworkStore

/// Gives out the tasks of a plan, in order, to whichever worker asks; experiments that are stored are
/// left out.
///
/// Where the domain is to be updated, workers wait until all tasks that were given out have ended.
final class TaskQueue: Sendable {
  /// What the queue tells, and asks for.
  struct Hooks: Sendable {
    let skipped: @Sendable (PlannedExperiment) -> Void
    /// Whether nothing more is to be given out.
    let shouldStop: @Sendable () -> Bool
    /// Makes the domain that takes over; nil to keep the present one. It is called when nothing runs.
    let update: @Sendable (DomainUpdate, UpdateRequest) async throws -> Domain?
    /// A worker has nothing to do while others have tasks, some of which they may not have begun.
    let starved: @Sendable (_ worker: Int) -> Void
    /// What the last update gave is what the plan goes on with.
    let settled: @Sendable () async -> Void
    /// The domain was updated; with the new number of experiments, nil if there is no end.
    let updated: @Sendable (Int, Domain, Int?) -> Void
  }

  /// The state of the plan when a domain is to be updated.
  struct UpdateRequest: Sendable {
    let updates: Int
    let produced: Int
    let domain: Domain?
    /// The keys of the experiments that were planned so far.
    let keys: Set<String>
    /// What tells apart which they are, in their order.
    let history: UInt64
    /// Whether the present domain is through.
    let isAtEnd: Bool
  }

  private struct State {
    var plan: ExperimentPlan
    var failure: (any Error)?
    /// The number of tasks that were given out and have not ended.
    var running = 0
    var isUpdating = false
    /// Whether an update was cancelled, so that nothing goes on before a run that makes it.
    var isCancelled = false
    /// By worker: tasks that were drawn and are for this worker alone.
    var dealt: [[PlannedTask]]
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// Counts the moments at which those who wait were woken.
    var wakes = 0
    /// Tasks that a worker gave back.
    var returned: [PlannedTask] = []
    /// Workers that take no tasks any more.
    var gone: Set<Int> = []
    /// Whether tasks were left because their worker is gone.
    var hasAbandoned = false
    var keys: Set<String> = []
    /// The keys of stored experiments that have not come up in the plan.
    var unseen: Set<String>
  }

  /// How many tasks may wait for one worker while another one draws.
  private static let dealtLimit = 64

  private enum Answer {
    case task(PlannedTask)
    case update(DomainUpdate, UpdateRequest)
    /// With the number of wakes so far.
    case wait(Int)
    case end
  }

  private let state: Protected<State>
  private let finished: Set<String>
  /// Returns true if a finished experiment has to run again.
  private let isOutdated: @Sendable (PlannedExperiment) -> Bool
  private let selection: Selection?
  /// Whether each task belongs to one worker.
  private let isDealt: Bool
  /// Whether experiments that are stored run again where another one of their task does.
  private let keepsTasksWhole: Bool
  private let hasUpdates: Bool
  /// Whether a worker may give a task back, so that others wait for it.
  private let mayReturn: Bool
  /// Whether workers have tasks that they have not begun, and that any other may run.
  private let mayCallBack: Bool
  private let hooks: Hooks

  /// - Parameters:
  ///   - stored: the keys of all experiments that are stored.
  ///   - isOutdated: returns true if a finished experiment has to run again.
  ///   - sendsAhead: whether workers have tasks that they have not begun, and may give them back.
  ///   - lanes: the number of workers among which tasks are dealt out in turn; nil to give them to
  ///     whoever asks.
  init(
    _ plan: ExperimentPlan,
    _ research: Research,
    finished: Set<String>,
    stored: Set<String> = [],
    selection: Selection?,
    sendsAhead: Bool,
    lanes: Int?,
    isOutdated: @escaping @Sendable (PlannedExperiment) -> Bool = { _ in false },
    hooks: Hooks
  ) {
    state = Protected(
      State(plan: plan, dealt: Array(repeating: [], count: lanes ?? 0), unseen: stored)
    )
    self.finished = finished
    self.isOutdated = isOutdated
    self.selection = selection
    isDealt = lanes != nil
    keepsTasksWhole = research.crossesBranches
    hasUpdates = !research.updates.isEmpty
    mayCallBack = sendsAhead && lanes == nil
    mayReturn = research.settings.deviceMemory != nil || mayCallBack
    self.hooks = hooks
  }

  /// The next task to run for a worker; ``taskEnded()`` has to follow.
  /// - Parameter beforeWaiting: is called before the worker has to wait for others.
  /// - Returns: nil at the end, or after the plan has failed.
  func next(for worker: Int, beforeWaiting: () -> Void = {}) async -> PlannedTask? {
    while true {
      let answer = state.withLock { state -> Answer in
        let answer = draw(&state, worker)
        switch answer {
        case .task: state.running += 1
        case .update: state.isUpdating = true
        case .wait, .end: break
        }
        return answer
      }
      switch answer {
      case .task(let task):
        // What was drawn for others, or the room for more, may be what they wait for.
        if isDealt { wakeAll() }
        return task
      case .update(let rule, let request):
        beforeWaiting()
        await update(rule, request)
      case .wait(let wakes):
        beforeWaiting()
        // One who waits is enough to have tasks called back.
        if mayCallBack, state.withLock({ $0.waiting.isEmpty }) { hooks.starved(worker) }
        await wait(since: wakes)
      case .end:
        // Others may wait for tasks that this worker would have taken: they end, too, or draw them.
        wakeAll()
        return nil
      }
    }
  }

  /// A task that was given out has ended.
  func taskEnded() {
    state.withLock { $0.running -= 1 }
    wakeAll()
  }

  /// A worker gives back a task that it has not begun, at the end of a run.
  func giveBack(_ task: PlannedTask) {
    state.withLock { state in
      state.running -= 1
      state.returned.append(task)
    }
    wakeAll()
  }

  /// A worker gives back the tasks that it has, and takes no more.
  func leave(_ worker: Int, givingBack tasks: [PlannedTask]) {
    state.withLock { state in
      state.running -= tasks.count
      state.gone.insert(worker)
      if isDealt {
        // It is for this worker alone.
        state.hasAbandoned = true
        state.dealt[worker] = []
      } else {
        state.returned += tasks
      }
    }
    wakeAll()
  }

  /// The keys of stored experiments that the plan does not have.
  /// - Parameter others: the keys of experiments that count as planned.
  func unplanned(besides others: Set<String>) -> Set<String> {
    let (plan, left) = state.withLock { ($0.plan, $0.unseen) }
    let unseen = left.subtracting(others)
    guard !unseen.isEmpty, let planned = try? plan.keys(among: unseen) else { return [] }
    return unseen.subtracting(planned)
  }

  /// Why the plan could not go on; nil if it could.
  var failure: (any Error)? { state.withLock { $0.failure } }

  /// How many tasks that have nothing to run are passed in search of one that has.
  private static let searchLimit = 20_000

  /// How many tasks are gone through to count what is left.
  private static let countLimit = 10_000

  /// The number of experiments that nobody has begun.
  /// - Returns: nil if it cannot be told in a moment.
  var left: Int? {
    state.withLock { state in
      guard state.failure == nil, !state.hasAbandoned, state.plan.size != nil else { return nil }
      let waiting = state.returned + state.dealt.flatMap(\.self)
      var count = waiting.reduce(0) { $0 + $1.experiments.count }
      var plan = state.plan
      if finished.isEmpty, selection == nil, !hasUpdates, let size = plan.size {
        return count + size - plan.produced
      }
      for _ in 0..<Self.countLimit {
        guard !isThrough(plan), let step = try? plan.nextTask() else { return count }
        switch step {
        case .end: return count
        case .update: return nil
        case .task(let task): count += missing(task).count
        }
      }
      return nil
    }
  }

  /// Whether tasks are left that nobody has run, as far as can be told in a moment.
  var hasMore: Bool {
    state.withLock { state in
      guard state.failure == nil else { return false }
      if state.hasAbandoned || !state.returned.isEmpty { return true }
      if state.dealt.contains(where: { !$0.isEmpty }) { return true }
      var plan = state.plan
      for _ in 0..<Self.searchLimit {
        guard !isThrough(plan), let step = try? plan.nextTask() else { return false }
        switch step {
        case .end: return false
        case .update: return true
        case .task(let task): if !missing(task).isEmpty { return true }
        }
      }
      return true
    }
  }

  // MARK: Drawing

  private func draw(_ state: inout State, _ worker: Int) -> Answer {
    while state.failure == nil && !state.isCancelled && !hooks.shouldStop() {
      if isDealt, !state.dealt[worker].isEmpty { return .task(state.dealt[worker].removeFirst()) }
      if !state.returned.isEmpty { return .task(state.returned.removeFirst()) }
      let isFull = state.dealt.contains { $0.count >= Self.dealtLimit }
      if state.isUpdating || isFull { return .wait(state.wakes) }
      do {
        switch isThrough(state.plan) ? .end : try state.plan.nextTask() {
        case .end: return mayReturn && state.running > 0 ? .wait(state.wakes) : .end
        case .update(let rule):
          // The domain would be made from what happened to run.
          if state.hasAbandoned { return .end }
          guard state.running == 0, state.dealt.allSatisfy(\.isEmpty) else {
            return .wait(state.wakes)
          }
          return .update(rule, request(state))
        case .task(let task):
          guard let left = withoutFinished(task, &state) else { continue }
          guard isDealt else { return .task(left) }
          let lane = task.number % state.dealt.count
          if state.gone.contains(lane) {
            state.hasAbandoned = true
          } else {
            state.dealt[lane].append(left)
          }
        }
      } catch {
        state.failure = error
      }
    }
    return .end
  }

  /// What of a task has to run.
  /// - Returns: nil if nothing has to.
  private func withoutFinished(_ task: PlannedTask, _ state: inout State) -> PlannedTask? {
    if hasUpdates { state.keys.formUnion(task.experiments.map(\.key)) }
    if !state.unseen.isEmpty { state.unseen.subtract(task.experiments.map(\.key)) }
    var left = task
    left.experiments = missing(task)
    if left.experiments.count < task.experiments.count {
      let running = Set(left.experiments.map(\.key))
      for experiment in task.experiments
      where finished.contains(experiment.key) && !running.contains(experiment.key)
        && includes(experiment)
      {
        hooks.skipped(experiment)
      }
    }
    return left.experiments.isEmpty ? nil : left
  }

  private func request(_ state: State) -> UpdateRequest {
    UpdateRequest(
      updates: state.plan.updates + 1,
      produced: state.plan.produced,
      domain: state.plan.domain,
      keys: state.keys,
      history: state.plan.history,
      isAtEnd: state.plan.size == state.plan.produced
    )
  }

  /// Whether nothing that was asked for comes any more.
  private func isThrough(_ plan: ExperimentPlan) -> Bool {
    selection?.limit.map { plan.produced >= $0 } ?? false
  }

  private func includes(_ experiment: PlannedExperiment) -> Bool {
    selection?.includes(experiment) ?? true
  }

  /// The experiments of a task that have to run. Where they depend on one another, all do if any does.
  private func missing(_ task: PlannedTask) -> [PlannedExperiment] {
    let missing = task.experiments.filter {
      (!finished.contains($0.key) || isOutdated($0)) && includes($0)
    }
    return keepsTasksWhole && !missing.isEmpty ? task.experiments : missing
  }

  // MARK: Waiting

  private func update(_ rule: DomainUpdate, _ request: UpdateRequest) async {
    let result: Result<Domain?, any Error>
    do {
      result = .success(try await hooks.update(rule, request))
    } catch {
      result = .failure(error)
    }
    let isCancelled = Task.isCancelled
    var isSettled = false
    let taken = state.withLock { state -> (Int, Domain, Int?)? in
      guard !isCancelled else {
        // Who knows what it would have given. Other workers may not have heard of it yet.
        state.isCancelled = true
        return nil
      }
      do {
        let domain = try result.get()
        try state.plan.resolve(rule, with: domain)
        isSettled = true
        return domain.map { (state.plan.updates, $0, state.plan.size) }
      } catch {
        state.failure = error
        return nil
      }
    }
    // Before any task of the new domain is given out.
    if isSettled { await hooks.settled() }
    if let (number, domain, size) = taken { hooks.updated(number, domain, size) }
    state.withLock { $0.isUpdating = false }
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

  private func wakeAll() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      state.wakes += 1
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}
