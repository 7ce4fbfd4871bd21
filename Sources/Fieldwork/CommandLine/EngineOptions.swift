import ArgumentParser
import FieldworkCore

/// The names of engines.
enum EngineName: String, CaseIterable, Sendable {
  case local, slurm
}

/// The options for the engine: workers on this machine, or in jobs of Slurm.
struct EngineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run workers on this machine, or in jobs of Slurm that share the folder of the results.",
      valueName: choices(EngineName.self)
    ),
    transform: choice
  )
  var engine: EngineName?

  @Option(
    help: ArgumentHelp(
      "The number of Slurm tasks; by default as many as --workers needs, or \(SlurmOptions.standardTasks).",
      valueName: "n"
    )
  )
  var slurmTasks: Int?

  @Option(
    help: ArgumentHelp(
      "The number of workers in each Slurm task; its devices are divided among them; 1 by default.",
      valueName: "n"
    )
  )
  var workersPerTask: Int?

  @Option(help: ArgumentHelp("The number of cores of a Slurm task.", valueName: "n"))
  var cpusPerTask: Int?

  @Option(help: ArgumentHelp("The memory of a Slurm task, such as 8G.", valueName: "size"))
  var mem: String?

  @Option(
    help: ArgumentHelp(
      "The time limit of a Slurm task, such as 2:00:00 or 2h; a number alone is minutes. Two to three minutes before it, workers end their iterations, and the task is queued again.",
      valueName: "time"
    )
  )
  var time: String?

  @Option(help: ArgumentHelp("The partition of Slurm.", valueName: "name"))
  var partition: String?

  @Option(help: ArgumentHelp("The account of Slurm.", valueName: "name"))
  var account: String?

  @Option(
    help: ArgumentHelp("Other resources of a Slurm task, such as gpu:2.", valueName: "list")
  )
  var gres: String?

  @Option(
    help: ArgumentHelp(
      "The greatest number of tasks of one array that run at once.",
      valueName: "n"
    )
  )
  var arrayParallelism: Int?

  @Option(
    help: ArgumentHelp(
      "The time after which a Slurm task without anything to do gives its machine back; 60s by default.",
      valueName: "time"
    ),
    transform: readDuration
  )
  var idleTime: Duration?

  @Option(
    help: ArgumentHelp(
      "Another option of sbatch, such as qos=low or exclusive; may be given several times.",
      valueName: "name=value"
    )
  )
  var slurmOption: [String] = []

  /// The option that is for Slurm alone and was given; nil if none was.
  private var given: String? {
    let options: [(String, Bool)] = [
      ("--slurm-tasks", slurmTasks != nil), ("--workers-per-task", workersPerTask != nil),
      ("--cpus-per-task", cpusPerTask != nil), ("--mem", mem != nil), ("--time", time != nil),
      ("--partition", partition != nil), ("--account", account != nil), ("--gres", gres != nil),
      ("--array-parallelism", arrayParallelism != nil), ("--idle-time", idleTime != nil),
      ("--slurm-option", !slurmOption.isEmpty),
    ]
    return options.first(where: \.1)?.0
  }

  /// Overrides what the research says of its engine, and sets the number of workers that its jobs have.
  /// - Parameter workers: the number that the command line gives; nil if it gives none.
  func apply(to research: inout Research, workers: Int?) throws {
    var slurm = SlurmOptions()
    var isSlurm = false
    if case .slurm(let own) = research.settings.engine { (slurm, isSlurm) = (own, true) }
    if let engine { isSlurm = engine == .slurm }
    guard isSlurm else {
      research.settings.engine = .local
      guard let given else { return }
      throw FieldworkError(.invalidDefinition, "\(given) is for Slurm: add --engine slurm")
    }
    if let slurmTasks { slurm.tasks = slurmTasks }
    if let workersPerTask { slurm.workersPerTask = workersPerTask }
    if let cpusPerTask { slurm.cpusPerTask = cpusPerTask }
    if let mem { slurm.memory = mem }
    if let time { slurm.time = time }
    if let partition { slurm.partition = partition }
    if let account { slurm.account = account }
    if let gres { slurm.gres = gres }
    if let arrayParallelism { slurm.arrayParallelism = arrayParallelism }
    if let idleTime { slurm.idleTime = idleTime / .seconds(1) }
    for option in slurmOption {
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts[0].drop { $0 == "-" }
      guard !name.isEmpty, !name.contains(where: \.isWhitespace) else {
        throw FieldworkError(
          .invalidDefinition,
          "--slurm-option '\(option)' has no name: write name=value, such as qos=low"
        )
      }
      slurm.options[String(name)] = parts.count > 1 ? String(parts[1]) : ""
    }
    if let problem = slurm.problems.first { throw FieldworkError(.invalidDefinition, problem) }
    research.settings.engine = .slurm(slurm)
    try setWorkers(of: &research, slurm, workers)
  }

  private func setWorkers(
    of research: inout Research,
    _ slurm: SlurmOptions,
    _ workers: Int?
  ) throws {
    // A config for each worker says how many there are.
    if research.settings.workers?.configs != nil { return }
    guard let tasks = slurm.tasks else {
      if research.settings.workers == nil {
        research.settings.workers = .count(SlurmOptions.standardTasks * slurm.workersPerTask)
      }
      return
    }
    let count = tasks.multipliedReportingOverflow(by: slurm.workersPerTask)
    guard !count.overflow, count.partialValue <= 100_000 else {
      throw FieldworkError(
        .invalidDefinition,
        "--slurm-tasks \(tasks) with \(slurm.workersPerTask) workers each is more than 100000 workers: give fewer"
      )
    }
    if let workers, workers != count.partialValue {
      throw FieldworkError(
        .invalidDefinition,
        "--workers is \(workers), but \(tasks) Slurm tasks have \(count.partialValue) workers: leave out --workers"
      )
    }
    research.settings.workers = .count(count.partialValue)
  }
}
