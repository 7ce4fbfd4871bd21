import Dispatch
public import FieldworkCore
import FieldworkSearch
public import FieldworkStore
import Foundation

/// Runs a research: draws experiments from its plan, runs them on workers, and stores what they save.
///
/// The results depend on the research and its seed alone: any number of workers, in any order, gives the
/// same table.
public struct ResearchRunner: Sendable {
  /// How to deal with what an earlier run has stored.
  public enum ChangePolicy: Sendable, Hashable {
    /// Refuse to go on if the units or the number of iterations have changed.
    case refuse
    /// Go on, with the stored results as they are.
    case accept
  }

  let research: Research
  let store: any ResultStore
  private let debug: Bool
  private let changes: ChangePolicy
  private let keepsFailed: Bool
  let selection: Selection?
  private let faults: FaultPolicy
  private let budget: Duration?
  private let workerCommand: WorkerCommand?
  private let transport: WorkerTransport
  private let observers: [any RunObserver]
  private let overrides: [String]
  private let additions: [String]
  private var isChecked = false
  /// The settings with their origins, which are kept with the provenance of the run.
  package var settingItems: [(item: String, text: String)] = []
  /// Is called when another process wants the run to end; nil to cancel the run.
  package var onStop: (@Sendable (_ now: Bool) -> Void)?
  /// Makes the source from the research and the seed; tests replace it.
  package var makeSource: @Sendable (Research, UInt64) throws -> any ExperimentSource = {
    try $0.source(seed: $1)
  }

  /// - Parameters:
  ///   - debug: whether the first error that a unit throws ends the run and is thrown; it needs
  ///     `.serial`.
  ///   - changes: whether to go on from results of another definition.
  ///   - keepsFailed: whether experiments that are stored as failed are left out too.
  ///   - selection: which experiments of the plan to run; nil for all.
  ///   - faults: how to deal with what goes wrong in experiments.
  ///   - budget: after how much time no more experiments are begun, and running ones end with their
  ///     iteration, to go on in a later run; nil for any time.
  ///   - workerCommand: how worker processes are started; without it workers are threads.
  ///   - transport: how worker processes and the run exchange messages.
  ///   - overrides: the options of the command line that change which experiments are planned, for later commands.
  ///   - additions: configs that come before those of the domain, such as `rate=0.3 width=64`. They are stored, so that
  ///     later runs have them, too.
  ///   - observers: the types that follow the run.
  public init(
    _ research: Research,
    store: any ResultStore,
    debug: Bool = false,
    changes: ChangePolicy = .refuse,
    keepsFailed: Bool = false,
    selection: Selection? = nil,
    faults: FaultPolicy = FaultPolicy(),
    budget: Duration? = nil,
    workerCommand: WorkerCommand? = nil,
    transport: WorkerTransport = .sockets,
    overrides: [String] = [],
    additions: [String] = [],
    observers: [any RunObserver] = []
  ) {
    self.research = research
    self.store = store
    self.debug = debug
    self.changes = changes
    self.keepsFailed = keepsFailed
    self.selection = selection
    self.faults = faults
    self.budget = budget
    self.workerCommand = workerCommand
    self.transport = transport
    self.overrides = overrides
    self.additions = additions
    self.observers = observers
  }

  /// Runs what is missing: experiments that are stored as done are left out.
  ///
  /// When the calling task is cancelled, no experiment is begun, running ones end with their iteration,
  /// and what they saved is stored; the summary says so.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` with all problems, before anything runs;
  ///   of code `store` if results cannot be stored; with `debug`, the first error of a unit. A failing
  ///   experiment is no error otherwise: it is a row of the results.
  @discardableResult
  public func run() async throws -> RunSummary {
    if !isChecked { try check() }
    let clock = ContinuousClock()
    let began = clock.now
    var resume = try resumePlan()
    try requireSameDefinition(resume)
    var unreadable: [String] = []
    if let folder = store.folder, WorkerSession.areLeft(in: folder) {
      // What the workers of a run that was killed have finished comes first.
      unreadable = try WorkerSession.recover(in: folder, into: store)
      resume = try resumePlan()
    }
    if let folder = store.folder { SpareFolders.removeAll(in: folder) }
    let seed =
      resume.seed ?? research.settings.seed ?? UInt64.random(in: 0..<1_000_000_000)
    let warnings = Protected<[FieldworkError]>([])
    let added = try addedTexts()
    let extended = research.adding([AddedConfigs.noteKey: .list(added.map(Value.string))]) { text in
      warnings.withLock { $0.append(FieldworkError(.invalidDefinition, text)) }
    }
    let earlier = try EarlierResults(research, store)
    var learning = extended
    learning.earlier = earlier.all
    let source = try makeSource(learning, seed)
    let report = Protected<(@Sendable (FieldworkError) -> Void)?>(nil)
    let services = try RunServices(
      research,
      folder: store.folder,
      workers: research.settings.wantedWorkers
    ) { error in
      if let report = report.withLock({ $0 }) {
        report(error)
      } else {
        warnings.withLock { $0.append(error) }
      }
    }
    let run = RunState(
      research,
      store,
      seed: seed,
      debug: debug,
      observers: observers,
      services: services,
      faults: faults,
      resume: resume,
      results: HistoryReader(
        source.watched,
        store,
        stored: resume.states,
        includesLater: research.settings.window == nil
      ),
      storedIDs: try storedIDs(resume.states.keys),
      added: added
    )
    let selected = try selection?.counts(in: source, stored: resume.finished)
    let size = selection == nil ? source.size : selected?.all
    let workers = workerCount(size, source)
    try SystemThread.require(threadCount(workers))
    await run.recorder.record([
      .runStarted(
        RunStart(
          name: research.name,
          experiments: size,
          iterations: research.iterations,
          workers: workers,
          branches: research.settings.branches.count,
          seed: seed,
          stored: selected?.stored ?? resume.finishedCount,
          at: TaskHost.now()
        )
      )
    ])
    report.withLock { $0 = { run.warn($0.description) } }
    for error in warnings.withLock({ $0 }) { run.warn(error.description) }
    for problem in unreadable { run.warn(problem) }
    if !added.isEmpty { await run.recorder.record([AddedConfigs.note(added)]) }
    if earlier.isNew { await run.recorder.record([earlier.note]) }
    await run.recorder.record(openingRecords(seed, resume, run.code))
    let scheduler = Scheduler(
      source,
      research,
      resume: resume,
      selection: selection,
      prefetches: usesProcesses,
      affinity: workers > 1 && research.settings.workers?.configs != nil ? workers : nil,
      results: run.results,
      journal: try UpdateJournal(research, source, store, run.recorder) { run.warn($0) },
      delegate: run
    )
    let isOver = Protected(false)
    defer { isOver.withLock { $0 = true } }
    if let folder = store.folder {
      let requests = RunRequests(folder)
      requests.clear()
      requests.serve(until: { isOver.withLock { $0 } }) { answer($0, run, scheduler) }
    }
    let timer = budget.map { time in
      RunBudget(time) {
        run.warn("the budget of \(time.optionText) is used up: running iterations end first")
        run.cancellation.request(.budget(time))
      }
    }
    defer { timer?.cancel() }
    // The metadata is collected during the run and stored at once, so that a killed run has it too.
    async let provenance: Void = run.recorder.record(
      (settingItems.map {
        ProvenanceItem(
          run: resume.runNumber,
          topic: KeptSources.settingsTopic,
          item: $0.item,
          text: $0.text
        )
      } + services.provenance(research, run: resume.runNumber)).map(RunRecord.provenance)
    )
    try await captured(services) {
      await withTaskCancellationHandler {
        await runAll(run, scheduler, workers: workers)
      } onCancel: {
        run.cancellation.request(nil)
      }
    }
    scheduler.close()
    if scheduler.endReason != nil { run.recorder.recordAtOnce([.planned(scheduler.size)]) }
    let elapsed = clock.now - began
    await provenance
    await run.recordChanges()
    // Another definition counts from the first experiment that has run by it.
    if run.hasRun, resume.isBegun { await run.recorder.record(definitionNotes) }
    var failure = debug ? run.firstError : nil
    if let error = scheduler.failure { failure = error }
    if case .noWorkers(let error) = run.cancellation.reason { failure = error }
    if let leaving = run.leavingReason.withLock({ $0 }), !Task.isCancelled, scheduler.hasMore {
      failure = FieldworkError(
        leaving.code,
        "experiments are left that no worker could run: \(leaving.reason); \(leaving.remedy)"
      )
    }
    do {
      try await run.recorder.flushed()
    } catch {
      failure = error
    }
    // A signal that comes when everything has run leaves nothing undone.
    let isCutShort =
      run.cancellation.isRequested && (run.recorder.counters.interrupted > 0 || scheduler.hasMore)
    var summary = run.summarize(
      isCancelled: Task.isCancelled && isCutShort,
      isCutShort: isCutShort,
      left: isCutShort ? scheduler.left : nil,
      unplanned: try unplanned(scheduler),
      duration: elapsed / .seconds(1)
    )
    summary.searchEnd = scheduler.endReason
    // What was requested until now is stored with the end.
    isOver.withLock { $0 = true }
    await run.recorder.record([.runEnded(summary)])
    do {
      try await run.recorder.flushed()
    } catch {
      failure = failure ?? error
    }
    // What the workers of this run have sent is stored.
    if failure == nil, let folder = store.folder { WorkerSession.removeAll(in: folder) }
    if let failure { throw failure }
    return summary
  }

  /// The texts of the configs that were added by earlier runs and for this one.
  /// - Throws: ``FieldworkError`` if the research cannot have one of this run.
  private func addedTexts() throws -> [String] {
    var texts = AddedConfigs.texts(try store.notes())
    var known = AddedConfigs.keys(texts, in: research)
    for text in additions {
      let config = try AddedConfigs.config(text, in: research, option: "--add")
      if known.insert(ExperimentIdentity(config: config, repetition: 0).key).inserted {
        texts.append(text)
      }
    }
    return texts
  }

  /// The keys of stored experiments that the plan does not have. Those that come from an update of the domain count as
  /// planned as long as there are updates.
  private func unplanned(_ scheduler: Scheduler) throws -> Set<String> {
    scheduler.unplanned(besides: scheduler.decides ? try store.updatedKeys() : [])
  }

  /// The number of workers: as many as were asked for, but not more than there are tasks.
  private func workerCount(_ experiments: Int?, _ source: any ExperimentSource) -> Int {
    let settings = research.settings
    let wanted = research.settings.wantedWorkers
    // With a config for each, every worker has tasks of its own; and a decision may bring more of them.
    guard settings.workers?.configs == nil, !source.decides, let experiments else {
      return wanted
    }
    // The number may be the largest there is.
    let (whole, rest) = experiments.quotientAndRemainder(dividingBy: settings.branches.count)
    let tasks = rest > 0 ? whole + 1 : whole
    return max(1, min(wanted, tasks))
  }

  /// By key: the ids of stored experiments, if ids have prefixes or had; empty elsewhere.
  private func storedIDs(_ keys: some Collection<String>) throws -> [String: String] {
    guard !keys.isEmpty else { return [:] }
    let prefixed = try store.prefixedIDs()
    guard research.settings.idPrefix != nil || !prefixed.isEmpty else { return [:] }
    return Dictionary(keys.map { ($0, prefixed[$0] ?? $0) }, uniquingKeysWith: { $1 })
  }

  /// The number of threads that a run has at the same time, beside those of the system.
  private func threadCount(_ workers: Int) -> Int {
    let settings = research.settings
    if settings.parallelism == .serial { return 4 }
    guard !usesProcesses else { return 4 + 2 * workers }
    let branches = settings.branchExecution == .concurrent ? settings.branches.count : 1
    return 4 + saturatingProduct(workers, min(branches, 1000))
  }

  /// The records that a run begins with.
  func openingRecords(
    _ seed: UInt64,
    _ resume: ResumePlan,
    _ code: CodeIdentity
  ) -> [RunRecord] {
    var records: [RunRecord] = [
      .note("name", .string(research.name)), .note("seed", StoredSeed.encode(seed)),
      .note("runs", .int(resume.runNumber)),
      .note("description", .string(research.description)),
      .note(StoredOverrides.noteKey, .list(overrides.map(Value.string))),
      .variables(research.units.flatMap(\.savedNames)),
    ]
    // A store of an earlier version gets the definition as this version has it.
    if !resume.isBegun || resume.change == nil && !resume.hasEncodedDefinition {
      records += definitionNotes
    }
    let digest = code.digest
    if digest != nil || resume.hasWatchedFiles {
      records.append(.note(CodeIdentity.noteKey, digest.map { .string($0) } ?? .null))
    }
    if resume.isAsked { records.append(.note(Self.askedKey, false)) }
    if let note = resume.origins.note { records.append(note) }
    if research.settings.otherBuilds == .accept, let note = resume.origins.acceptance {
      records.append(note)
    }
    return records
  }

  /// Does something while what is printed is captured.
  private func captured<Result>(
    _ services: RunServices,
    _ body: () async -> Result
  ) async throws -> Result {
    try services.begin()
    defer { services.end() }
    return await body()
  }

  var usesProcesses: Bool {
    workerCommand != nil && research.settings.parallelism == .processes
  }

  private func runAll(_ run: RunState, _ scheduler: Scheduler, workers: Int) async {
    if usesProcesses { DescriptorLimit.raise(forWorkers: workers) }
    if case .slurm(let options) = research.settings.engine, let folder = store.folder {
      await runOnSlurm(options, folder, run, scheduler, workers: workers)
      return
    }
    let engine = engine(run)
    if research.settings.parallelism == .serial {
      await WorkerSupervisor(0, engine, run, scheduler).work()
      return
    }
    let crew = WorkerCrew(workers)
    run.crew.withLock { $0 = crew }
    await crew.run { worker in
      // A worker in this process has a thread of its own.
      let executor = engine.isPrefetching ? nil : WorkerExecutor(worker)
      await withTaskExecutorPreference(executor) {
        let supervisor = WorkerSupervisor(worker, engine, run, scheduler)
        crew.set(supervisor, of: worker)
        await supervisor.work()
      }
    }
  }

  private func runOnSlurm(
    _ options: SlurmOptions,
    _ folder: ResearchFolder,
    _ run: RunState,
    _ scheduler: Scheduler,
    workers: Int
  ) async {
    do {
      let engine = try SlurmEngine(
        options,
        folder: folder,
        research: research,
        workers: workers,
        pilotArguments: workerCommand?.pilotArguments ?? [],
        silenceLimit: faults.silenceLimit,
        report: { run.report($0) },
        variables: { run.variables(ofWorker: $0) }
      )
      let crew = WorkerCrew(workers)
      run.crew.withLock { $0 = crew }
      try await engine.serve(run.cancellation) { engine, seats in
        run.seats.withLock { $0 = seats }
        await crew.run { await work($0, crew, engine, seats, run, scheduler) }
      }
    } catch {
      run.cancellation.request(
        .noWorkers(error as? FieldworkError ?? FieldworkError(.store, "\(error)"))
      )
    }
  }

  /// Runs tasks in one place after another, as long as there are some.
  private func work(
    _ worker: Int,
    _ crew: WorkerCrew,
    _ engine: any Engine,
    _ seats: any WorkerSeats,
    _ run: RunState,
    _ scheduler: Scheduler
  ) async {
    while !crew.isLeaving(worker) {
      // No place is asked for before there is something to do.
      let task = await scheduler.next(for: worker, isLeaving: { crew.isLeaving(worker) })
      guard let task else { break }
      scheduler.giveBack(task, from: worker)
      if crew.isLeaving(worker) { break }
      switch await seats.take(worker) {
      case .closed: return
      case .lost(let reason, let remedy):
        run.workerHasLeft(worker, reason: reason, remedy: remedy)
        return
      case .failed(let error):
        run.cancellation.request(.noWorkers(error))
        return
      case nil: break
      }
      let supervisor = WorkerSupervisor(worker, engine, run, scheduler)
      crew.set(supervisor, of: worker)
      let isDone = await supervisor.work()
      seats.giveBack(worker)
      if isDone { break }
    }
    if crew.isLeaving(worker) { return }
    // Where tasks belong to workers, others may have some left.
    if research.settings.workers?.configs == nil { seats.close() }
  }

  private func engine(_ run: RunState) -> any Engine {
    guard let command = workerCommand, usesProcesses else { return run.inProcessEngine }
    if transport == .files, let folder = store.folder {
      return FileEngine(
        folder: folder,
        launcher: LocalLauncher(command: command, variables: { run.variables(ofWorker: $0) })
      )
    }
    return ProcessEngine(
      command: command,
      branches: research.settings.branches.count,
      variables: { run.variables(ofWorker: $0) }
    )
  }

  // MARK: Before anything runs

  /// Returns the same runner for a research whose ``RunCheck`` has passed, so that it is not checked again.
  package var checked: ResearchRunner {
    var runner = self
    runner.isChecked = true
    return runner
  }

  func check() throws {
    if faults.timeLimit != nil, !usesProcesses {
      throw FieldworkError(
        .invalidDefinition,
        "a time limit needs worker processes, which can be ended; leave it out, or run the playbook from its command line"
      )
    }
    try RunCheck(
      research,
      debug: debug,
      selects: selection != nil,
      keepsFiles: store.folder != nil,
      hasProcesses: workerCommand != nil
    ).require()
  }

  private var definitionNotes: [RunRecord] {
    ResearchDefinition(research).notes.map { .note($0.key, $0.value) }
  }

  func resumePlan() throws -> ResumePlan {
    try ResumePlan(research, store, selection: selection, keepsFailed: keepsFailed)
  }

  func requireSameDefinition(_ resume: ResumePlan) throws {
    guard let change = resume.change, changes == .refuse else { return }
    throw FieldworkError(
      .invalidDefinition,
      """
      the research '\(research.name)' has changed since its results were begun:
      \(change)
      Start over with --fresh, go on with the stored results with --continue, or give the research another name.
      """
    )
  }
}

/// How worker processes and their run exchange messages.
public enum WorkerTransport: String, Sendable, CaseIterable {
  /// Through sockets and shared memory, on one machine.
  case sockets
  /// Through files in the folder of the research.
  case files
}

/// A seed in the store; as text, for it may be larger than an integer value.
package enum StoredSeed {
  static func encode(_ seed: UInt64) -> Value { .string(String(seed)) }

  package static func decode(_ value: Value?) throws -> UInt64? {
    guard let value else { return nil }
    guard case .string(let text) = value, let seed = UInt64(text) else {
      throw FieldworkError(.store, "the stored seed cannot be read: \(value)")
    }
    return seed
  }
}
