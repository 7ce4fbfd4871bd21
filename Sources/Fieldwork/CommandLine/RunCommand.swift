import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the results of a run go.
enum StoreKind: String, CaseIterable, Sendable {
  case local, memory
}

/// The experiments that run again although they are done.
enum Rerun: String, CaseIterable, Sendable {
  case otherBuild = "other-build"
}

/// `run`: runs what is missing, with a progress display, and ends with a summary.
struct RunCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the research: what is stored is left out, what failed runs again."
  )

  @OptionGroup(title: "What to run")
  var settings: SettingOptions

  @OptionGroup(title: "Configs of your own")
  var added: AddedOptions

  @OptionGroup(title: "How to run it")
  var execution: ExecutionOptions

  @OptionGroup(title: "Cached units")
  var cache: CacheOptions

  @OptionGroup(title: "On a cluster")
  var engine: EngineOptions

  @Option(
    help: ArgumentHelp(
      "Where results go: a file, or memory, from which they are printed at the end.",
      valueName: choices(StoreKind.self)
    ),
    transform: choice
  )
  var store: StoreKind?

  @OptionGroup
  var durability: DurabilityOptions

  @Flag(help: "Run one experiment after the other and end at the first error of a unit.")
  var debug = false

  @Flag(help: "Delete the stored results and start over.")
  var fresh = false

  @Flag(
    name: .customLong("continue"),
    help: "Go on from the stored results although the units or iterations have changed."
  )
  var continues = false

  @Option(
    help: ArgumentHelp(
      "Run stored experiments again that are done: those that another build of the playbook has made, or with other files of its programs.",
      valueName: choices(Rerun.self)
    ),
    transform: choice
  )
  var rerun: Rerun?

  @Flag(
    name: .customLong("rerun-changed"),
    help: "The same as --rerun other-build."
  )
  var rerunsChanged = false

  @Flag(
    help:
      "Accept the stored results of other builds of the playbook: they count as this one's from now on."
  )
  var accept = false

  @Flag(
    name: .customLong("keep-failed"),
    help: "Leave out what has failed before, as what is done."
  )
  var keepsFailed = false

  @Flag(
    name: .customLong("dry-run"),
    help: "Show what would run, and how long it may take, and write nothing."
  )
  var isDry = false

  @Flag(
    name: .customLong("require-clean"),
    help: "Refuse to run if files of the git repository differ from the commit or are not tracked."
  )
  var requiresClean = false

  @Flag(
    name: .customLong("take-over"),
    help:
      "Write results although a run on another machine holds them. Only if that machine will never write again, and Slurm does not know that."
  )
  var takesOver = false

  @Flag(name: .customLong("yes"), help: "Do not ask before deleting results.")
  var isConfirmed = false

  @Flag(name: .customLong("json"), help: "Print the summary as JSON, and no progress.")
  var json = false

  @Flag(
    name: .customLong("no-progress"),
    help: "Show no progress; the summary is printed all the same."
  )
  var hidesProgress = false

  @OptionGroup(title: "How long, and where")
  var control: ControlOptions

  @OptionGroup(title: "When something goes wrong")
  var faults: FaultOptions

  @OptionGroup(title: "What is kept of it")
  var record: RecordOptions

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  @Flag(
    name: .customLong("as-worker"),
    help: ArgumentHelp("Run what another process asks for.", visibility: .private)
  )
  var isWorker = false

  @Flag(
    name: .customLong("as-pilot"),
    help: ArgumentHelp("Start workers in a job of a cluster.", visibility: .private)
  )
  var isPilot = false

  @Option(
    help: ArgumentHelp("How worker processes are reached.", visibility: .private),
    transform: choice
  )
  var transport: WorkerTransport?

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    try await perform(context, retrying: nil)
  }

  /// - Parameter retry: which of the failed experiments to run alone; nil for all that is missing.
  func perform(
    _ context: PlaybookContext,
    retrying retry: RetrySelection?
  ) async throws -> ExitStatus {
    if isWorker {
      try await WorkerServer(overridden(context.research)).run()
      return .done
    }
    if isPilot { return try pilot(context) }
    let (terminal, folder) = (context.terminal, try location.folder(of: context.research))
    let research = try overridden(context.research)
    var selection = try settings.selection(in: research)
    let kind = store ?? .local
    // Everything that can be refused is, before results are deleted.
    let check = RunCheck(
      research,
      debug: debug,
      selects: selection != nil,
      keepsFiles: kind == .local,
      hasProcesses: context.workerCommand != nil
    )
    if retry != nil, !added.configs.isEmpty {
      throw FieldworkError(
        .invalidDefinition,
        "retry runs what has failed and nothing else: add configs with enqueue"
      )
    }
    if requiresClean { try await requireClean() }
    let policy = try faults.policy(for: research, hasProcesses: context.workerCommand != nil)
    let place = kind == .local ? folder : nil
    let addedConfigs = try added.configs.map {
      try AddedConfigs.config($0, in: research, option: "--add")
    }
    let warnings = try check.require(
      MachineCheck(research, folder: place, submits: !isDry).problems
    )
    for warning in warnings where !json { terminal.printError(terminal.text(of: warning)) }
    var unplanned: [String] = []
    if let retry {
      if !isDry, !folder.isShared { try folder.requireFree() }
      let found = try retry.selection(research, folder, where: selection)
      for note in found.notes where !json { terminal.printError(note) }
      unplanned = found.unplanned
      guard let named = found.selection else {
        terminal.print(json ? Value.dictionary(["retried": .int(0)]).jsonText : found.reason)
        return .done
      }
      selection = named
    }
    if isDry {
      var research = research
      research.added = addedConfigs
      return try performDry(research, selection, folder: place, warnings: warnings, context)
    }
    if kind == .local {
      if !folder.isShared { try folder.requireFree() }
      try confirmFresh(folder, terminal)
    }
    if control.detaches { return try await detach(research, folder, context) }
    let ready = control.isDetached ? try ReadyObserver() : nil
    let store =
      kind == .memory
      ? try DatabaseStore.inMemory()
      : try DatabaseStore.open(
        folder,
        fresh: fresh,
        durability: durability.durability ?? .process,
        command: commandText,
        isGone: { takesOver ? true : SlurmJobs.isGone($0) }
      )
    if !unplanned.isEmpty { try store.write(unplanned.map { .removed(experiment: $0) }) }
    if !json, !context.isOptimized, !control.isDetached {
      terminal.printError(
        "note: this playbook was built without optimisation, so its units may run 20 to 40 times slower: use swift run -c release, or add .unsafeFlags([\"-O\"], .when(configuration: .debug)) to the swiftSettings of its target"
      )
    }
    if !json {
      if let trash = store.trash { printTrash(trash, terminal) }
      if let note = store.openingNote {
        terminal.printError("\(terminal.yellow("warning:")) \(note)")
      }
      try reportOtherBuilds(store, research, selection, terminal)
    }
    let display =
      json || hidesProgress
      ? nil
      : ProgressDisplay(
        terminal,
        research.settings.objectives.count == 1 ? research.settings.objective : nil
      )
    let observers: [(any RunObserver)?] = [display ?? ErrorRelay(terminal, warns: !json), ready]
    var runner = ResearchRunner(
      research,
      store: store,
      debug: debug,
      changes: continues ? .accept : .refuse,
      keepsFailed: keepsFailed,
      selection: selection,
      faults: policy,
      budget: control.budget,
      workerCommand: context.workerCommand,
      transport: transport ?? .sockets,
      overrides: settings.planOverrides,
      additions: added.configs,
      observers: observers.compactMap(\.self) + context.observers
    ).checked
    runner.settingItems =
      try EffectiveSettings(playbook: context.research, effective: research, faults: faults) {
        try RecordOptions.applyDefaults(to: &$0, keepsFiles: store.folder != nil, debug: debug)
      }.items
    let isWithoutTerminal = control.isDetached || control.isCoordinator
    let interrupts = Interrupts(outlivesTerminal: isWithoutTerminal)
    let stop = Protected<@Sendable (Bool) -> Void>({ _ in })
    runner.onStop = { now in stop.withLock { $0 }(now) }
    let task = Task { [runner] in try await runner.run() }
    stop.withLock {
      $0 = { now in
        // As two signals.
        if now || task.isCancelled { _exit(ExitStatus.interrupted.rawValue) }
        task.cancel()
        display?.tell("Stopped by another process: running iterations end first.")
      }
    }
    interrupts.whenFirst {
      task.cancel()
      display?.tell("Interrupted: running iterations end first; once more ends them at once.")
    }
    let handover =
      control.isCoordinator
      ? HandoverSignal {
        task.cancel()
        Task.detached {
          // Iterations that take longer are cut off: the job must not end without being queued again.
          try? await Task.sleep(for: Self.handoverTime)
          await Self.requeue(terminal)
        }
      } : nil
    let outcome = await task.result
    // A program takes signals to its end: one that comes while the store is closed must not kill it.
    defer { if !context.isProgram { interrupts.stop() } }
    display?.finish()
    let report = RunReport(
      research,
      context,
      // Experiments with other values are not part of the research as the playbook has it.
      location: (settings.replacements.isEmpty ? "" : " --all") + location.text,
      folder: kind == .memory ? nil : folder
    )
    // After a cancellation the next signal ends the process.
    let hookInterrupts = task.isCancelled ? nil : interrupts
    switch outcome {
    case .success(let summary):
      var isClosed = false
      defer { if !isClosed { try? store.close() } }
      let (summaryText, text): (String, String)
      do {
        if retry == nil, selection != nil, summary.isEmpty, !summary.hasEndedEarly {
          throw FieldworkError(.nothingPasses, "--where: no experiment satisfies the condition")
        }
        // After the store is closed nothing can be read.
        summaryText = json || control.onEnd != nil ? try report.json(summary, store) : ""
        text = try json ? summaryText : report.text(summary, store)
        isClosed = true
        // What is printed as done is in the store then.
        try store.close()
      } catch {
        runEndHook(failure(error, research), terminal, hookInterrupts)
        throw error
      }
      terminal.print(text)
      if summary.isCancelled, handover?.hasCome ?? false {
        await Self.requeue(terminal)
        return .interrupted
      }
      runEndHook(summaryText, terminal, hookInterrupts)
      if let log = store.remainingLog, !json { terminal.printError("note: \(log)") }
      if summary.isCancelled { return .interrupted }
      return summary.failed > 0 ? .someFailed : .done
    case .failure(let error):
      try? store.close()
      runEndHook(failure(error, research), terminal, hookInterrupts)
      guard debug, !isOurs(error) else { throw error }
      terminal.printError(terminal.red("error: ") + "a unit failed: \(error)")
      return .someFailed
    }
  }

  /// The summary of a run that an error has ended.
  private func failure(_ error: any Error, _ research: Research) -> String {
    let message = (error as? FieldworkError)?.message ?? "\(error)"
    return Value.dictionary(["name": .string(research.name), "error": .string(message)]).jsonText
  }

  /// Runs the command of `--on-end`, which does not change the exit code.
  /// - Parameter interrupts: the signals the first of which ends the command; nil for none.
  private func runEndHook(
    _ summary: @autoclosure () -> String,
    _ terminal: Terminal,
    _ interrupts: Interrupts?
  ) {
    guard let command = control.onEnd else { return }
    let isInterrupted = Protected(false)
    interrupts?.whenFirst { isInterrupted.withLock { $0 = true } }
    let problem = EndHook(command).run(input: summary()) { isInterrupted.withLock { $0 } }
    guard let problem else { return }
    terminal.printError(
      "\(terminal.yellow("warning:")) the command of --on-end did not succeed: \(problem)"
    )
  }

  /// Starts workers in a job of a cluster, as the run asks for them.
  private func pilot(_ context: PlaybookContext) throws -> ExitStatus {
    let research = try overridden(context.research)
    guard let command = context.workerCommand else { return .unusable }
    let policy = try faults.policy(for: research, hasProcesses: true)
    PilotServer(
      command,
      research,
      folder: try location.folder(of: context.research),
      patience: policy.silenceLimit
    ).run()
    return .done
  }

  /// The time that running iterations have before the job of the run is queued again.
  private static let handoverTime = Duration.seconds(75)

  /// Queues the job of this run again, which ends the process.
  private static func requeue(_ terminal: Terminal) async {
    terminal.print("The job has reached its time limit and is queued again.")
    if await SlurmEngine.requeueOwnJob() { return }
    terminal.printError(
      "\(terminal.yellow("warning:")) Slurm did not queue the job again: run the same command to go on"
    )
  }

  /// Prints the number of stored results that another build made, and what the run does with them.
  private func reportOtherBuilds(
    _ store: DatabaseStore,
    _ research: Research,
    _ selection: Selection?,
    _ terminal: Terminal
  ) throws {
    let (count, isOfFiles) = try store.otherBuildCount(in: research, selection)
    guard count > 0 else { return }
    let results = count == 1 ? "1 stored result was" : "\(count) stored results were"
    let them = count == 1 ? "it" : "them"
    let remark =
      switch research.settings.otherBuilds {
      case .keep:
        "kept. If \(count == 1 ? "it is" : "they are") still valid, --accept records that; if not, --rerun other-build runs \(them) again (configs --why shows which)"
      case .rerun: "\(count == 1 ? "its experiment runs" : "their experiments run") again"
      case .accept: "accepted"
      }
    let origin =
      isOfFiles ? "with other files of its programs" : "by another build of the playbook"
    terminal.printError("note: \(results) made \(origin): \(remark)")
  }

  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if the repository of this folder has uncommitted changes.
  private func requireClean() async throws {
    let folder = FileManager.default.currentDirectoryPath
    guard let lines = await KeptSources.uncommitted(in: folder) else {
      throw FieldworkError(
        .invalidDefinition,
        "--require-clean: \(folder) is in no git repository; begin one with git init, or leave out the option"
      )
    }
    guard !lines.isEmpty else { return }
    let shown = lines.prefix(10).joined(separator: "\n")
    throw FieldworkError(
      .invalidDefinition,
      "--require-clean: \(Wording.count(lines.count, "file")) \(lines.count == 1 ? "differs" : "differ") from the commit; commit or remove \(lines.count == 1 ? "it" : "them"):\n\(shown)\(lines.count > 10 ? "\n…" : "")"
    )
  }

  /// The command line as others are shown it.
  private var commandText: String {
    let own = [ControlOptions.detachedFlag, ControlOptions.coordinatorFlag]
    return CommandText.text(CommandLine.arguments.filter { !own.contains($0) })
  }

  /// Whether an error comes from the run itself and not from a unit.
  private func isOurs(_ error: any Error) -> Bool {
    guard let code = (error as? FieldworkError)?.code else { return false }
    return [.invalidDefinition, .store, .busy, .nothingPasses, .device].contains(code)
  }

  /// True if results of other builds are made again.
  var runsOtherBuildsAgain: Bool { rerun == .otherBuild || rerunsChanged }

  private func overridden(_ research: Research) throws -> Research {
    var research = try settings.applied(to: research)
    try execution.apply(to: &research)
    try cache.apply(to: &research)
    try engine.apply(to: &research, workers: execution.workers)
    let kind = store ?? .local
    try record.apply(to: &research, keepsFiles: kind == .local, debug: debug)
    if debug {
      if let parallel = execution.parallel, parallel != .serial {
        throw FieldworkError(
          .invalidDefinition,
          "--debug runs one experiment after the other: leave out --parallel \(parallel.rawValue)"
        )
      }
      research.settings.parallelism = .serial
    }
    if let name = location.name { research.name = name }
    if runsOtherBuildsAgain { research.settings.otherBuilds = .rerun }
    if accept { research.settings.otherBuilds = .accept }
    return research
  }

  func validate() throws {
    if control.detach && store == .memory {
      throw ValidationError("--store memory ends with the process: leave out --detach")
    }
    if control.onEnd != nil && isDry {
      throw ValidationError("--dry-run runs nothing: leave out --on-end")
    }
    if control.detach && isDry {
      throw ValidationError("--dry-run runs nothing: leave out --detach")
    }
    if debug, let workers = execution.workers, workers > 1 {
      throw ValidationError("--debug has one worker: leave out --workers \(workers)")
    }
    if store == .memory && (fresh || continues) {
      throw ValidationError("--store memory begins with nothing: leave out --fresh and --continue")
    }
    if fresh, settings.condition != nil {
      throw ValidationError(
        "--fresh deletes all results, and --where runs only some experiments: leave out one of them"
      )
    }
    if accept && runsOtherBuildsAgain {
      throw ValidationError("--accept keeps what --rerun runs again: give one of them")
    }
    if (accept || runsOtherBuildsAgain) && (fresh || store == .memory) {
      let other = fresh ? "--fresh" : "--store memory"
      throw ValidationError(
        "\(other) begins with nothing: leave out \(accept ? "--accept" : rerunsChanged ? "--rerun-changed" : "--rerun")"
      )
    }
    if keepsFailed && (fresh || store == .memory) {
      let other = fresh ? "--fresh" : "--store memory"
      throw ValidationError("\(other) begins with nothing: leave out --keep-failed")
    }
    if store == .memory, let durability = durability.durability {
      throw ValidationError(
        "--store memory survives nothing: leave out --durability \(durability.rawValue)"
      )
    }
  }

  func printTrash(_ trash: String, _ terminal: Terminal) {
    terminal.printError(
      "note: the earlier results are in \(trash); delete that folder to free its space"
    )
  }

  /// Asks whether results may be deleted.
  /// - Throws: ``FieldworkError`` if not.
  private func confirmFresh(_ folder: ResearchFolder, _ terminal: Terminal) throws {
    guard fresh, folder.hasStore, !isConfirmed else { return }
    let results = "the results in \(folder.path) (\(folder.extent().text))"
    if terminal.confirm("Move \(results) to the trash?") { return }
    throw FieldworkError(
      .invalidDefinition,
      "--fresh removes \(results): add --yes to say so"
    )
  }
}
