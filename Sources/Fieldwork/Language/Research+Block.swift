public import FieldworkCore
public import Logging

extension Research {
  /// Makes a research of a block that holds a domain and the steps of an experiment.
  ///
  ///     Research("digits", repetitions: 3, iterations: 20, objective: .maximize("accuracy")) {
  ///       Domain("lr" <- [0.1, 0.01], "width" <- [16, 32])
  ///       Unit("train", saving: "loss", train, EC("lr"), EC("width"))
  ///     }
  ///     // 12 experiments of 20 iterations
  ///
  /// - Parameters:
  ///   - name: names the research, and its folder below the results directory.
  ///   - configs: how many configs to take; nil for all. An endless domain needs it.
  ///   - duplicates: what a run does with a config that comes up twice.
  ///   - repetitions: how often to run every config.
  ///   - repeatEach: the length of the blocks that are repeated as a whole; nil for all configs, or 100
  ///     if the domain has no end.
  ///   - iterations: how many iterations an experiment has; nil for one, or, with generators, for as
  ///     many as they have elements.
  ///   - seed: the seed of everything random; nil to draw one, which is recorded.
  ///   - finalize: whether the iteration in which an experiment stops or fails is completed.
  ///   - idPrefix: the number of digits in sortable prefixes of ids; nil for none.
  ///   - objective: the saved values by which configs are compared: `.minimize("loss")`, or a list of several.
  ///   - window: the number of experiments that may run while results decide about the next one, for ``Prune``; nil
  ///     for as many as there are workers, so that the table depends on time.
  ///   - workers: how many tasks run at once, or a config for each worker, whose values win over the
  ///     domain's and the branches'; nil for one per core.
  ///   - branches: how many experiments run together as one task and share what root units give, or a
  ///     config for each branch, whose values win over the domain's.
  ///   - branchExecution: how the branches of a task run beside each other.
  ///   - parallel: how workers run.
  ///   - engine: where workers run: on this machine, or in jobs of Slurm.
  ///   - devices: the devices that are shared out among workers and branches.
  ///   - deviceMemory: how much of their memory has to be free before a task begins.
  ///   - stdout: where what units print goes; nil to leave it to the command line, which takes `.common`
  ///     where it keeps results in files. Elsewhere it is the terminal.
  ///   - stderr: the same for the standard error, which the command line leaves to the terminal too.
  ///   - logLevel: the level below which nothing is logged; nil to leave it to the command line, which
  ///     takes `.notice` where it keeps results in files. Elsewhere there is no log.
  ///   - provenance: the provenance that is recorded of a run; nil to leave it to the command line, which
  ///     takes `[.environment, .git()]` where it keeps results in files. Elsewhere it is nothing.
  ///   - profile: how much is measured of where the time goes.
  ///   - checkpoint: after which iterations the state of an experiment is saved, so that it goes on from
  ///     there if it is interrupted; instances have to be ``Checkpointable``. nil for none.
  ///   - cache: the place of the outputs of cached units.
  ///   - cacheLimit: the most bytes that they may take; those that were used least recently are removed.
  ///   - otherBuilds: what a run does with stored results that another build of the playbook has made.
  ///   - executor: what runs the experiments of a task.
  public init(
    _ name: String,
    configs: Int? = nil,
    duplicates: DuplicatePolicy = .run,
    repetitions: Int = 1,
    repeatEach: Int? = nil,
    iterations: Int? = nil,
    seed: UInt64? = nil,
    finalize: Bool = true,
    idPrefix: Int? = nil,
    objective: Objectives? = nil,
    window: Int? = 8,
    workers: Slots? = nil,
    branches: Slots = 1,
    branchExecution: BranchExecution = .concurrent,
    parallel: Parallelism = .processes,
    engine: ResearchEngine = .local,
    devices: DeviceList? = nil,
    deviceMemory: DeviceMemoryRule? = nil,
    stdout: OutputMode? = nil,
    stderr: OutputMode? = nil,
    logLevel: Logger.Level? = nil,
    provenance: [ProvenanceSource]? = nil,
    profile: Profiling = .off,
    checkpoint: When? = nil,
    cache: CacheLocation = .research,
    cacheLimit: Int? = nil,
    otherBuilds: OtherBuildPolicy = .keep,
    executor: any BranchExecutor = StandardExecutor(),
    file: String = #fileID,
    line: Int = #line,
    @ResearchBuilder _ content: () -> [ResearchPart]
  ) {
    var settings = ResearchSettings()
    settings.configs = configs
    settings.duplicates = duplicates
    settings.repetitions = repetitions
    settings.repeatEach = repeatEach
    settings.iterations = iterations
    settings.seed = seed
    settings.finalize = finalize
    settings.idPrefix = idPrefix
    settings.objectives = objective?.all ?? []
    settings.window = window
    settings.workers = workers
    settings.branches = branches
    settings.branchExecution = branchExecution
    settings.parallelism = parallel
    settings.engine = engine
    settings.devices = devices
    settings.deviceMemory = deviceMemory
    settings.stdout = stdout
    settings.stderr = stderr
    settings.logLevel = logLevel
    settings.provenance = provenance
    settings.profiling = profile
    settings.checkpoint = checkpoint
    settings.otherBuilds = otherBuilds
    settings.cache = cache
    settings.cacheLimit = cacheLimit
    var domains: [Domain] = []
    var units: [UnitDescription] = []
    var updates: [DomainUpdate] = []
    var pruning: [PruningDescription] = []
    var searches: [SearchDescription] = []
    for part in content() {
      switch part {
      case .domain(let domain): domains.append(domain)
      case .unit(let unit): units.append(unit)
      case .update(let update): updates.append(update)
      case .pruning(let description): pruning.append(description)
      case .search(let description, let configs):
        var description = description
        description.configs = configs
        searches.append(description)
        settings.configs = configs ?? settings.configs
      }
    }
    self.init(
      name: name,
      domains: domains,
      units: units,
      updates: updates,
      pruning: pruning,
      searches: searches,
      settings: settings,
      executor: executor,
      problems: [],
      place: SourceLocation(file: file, line: line)
    )
  }
}
