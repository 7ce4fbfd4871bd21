/// The place in which the workers of a research run.
public enum ResearchEngine: Sendable, Hashable {
  /// On the machine of the run, see ``Parallelism``.
  case local
  /// In jobs of Slurm, on machines that share the folder of the results.
  case slurm(SlurmOptions)

  /// Runs workers in jobs of Slurm.
  ///
  ///     Research("sweep", engine: .slurm(tasks: 20, cpusPerTask: 4, memory: "8G", time: "2:00:00")) { … }
  ///
  /// - Parameters:
  ///   - tasks: the number of tasks of the job array; nil for as many as the workers need, or 4.
  ///   - workersPerTask: the number of workers in each task, among which its devices are shared out.
  ///   - cpusPerTask: the number of cores of a task.
  ///   - memory: the memory of a task, as Slurm writes it, such as `8G`.
  ///   - time: the time limit of a task, as Slurm writes it, such as `2:00:00`, or as `2h`.
  ///   - partition: the partition.
  ///   - account: the account.
  ///   - gres: other resources of a task, such as `gpu:2`.
  ///   - arrayParallelism: the greatest number of tasks of one array that run at once.
  ///   - idleTime: the seconds after which a task without anything to do gives its machine back.
  ///   - options: other options of `sbatch`, by name without dashes.
  public static func slurm(
    tasks: Int? = nil,
    workersPerTask: Int = 1,
    cpusPerTask: Int? = nil,
    memory: String? = nil,
    time: String? = nil,
    partition: String? = nil,
    account: String? = nil,
    gres: String? = nil,
    arrayParallelism: Int? = nil,
    idleTime: Double = 60,
    options: [String: String] = [:]
  ) -> ResearchEngine {
    var slurm = SlurmOptions()
    slurm.tasks = tasks
    slurm.workersPerTask = workersPerTask
    slurm.cpusPerTask = cpusPerTask
    slurm.memory = memory
    slurm.time = time
    slurm.partition = partition
    slurm.account = account
    slurm.gres = gres
    slurm.arrayParallelism = arrayParallelism
    slurm.idleTime = idleTime
    slurm.options = options
    return .slurm(slurm)
  }
}

/// The jobs of a research in Slurm.
public struct SlurmOptions: Sendable, Hashable {
  /// The number of tasks of the job array; nil for as many as the workers of the research need, or 4.
  public var tasks: Int?
  /// The number of workers in each task.
  public var workersPerTask = 1
  public var cpusPerTask: Int?
  /// The memory of a task, as Slurm writes it.
  public var memory: String?
  /// The time limit of a task; nil for that of the partition.
  public var time: String?
  public var partition: String?
  public var account: String?
  public var gres: String?
  /// The greatest number of tasks of one array that run at once; nil for all.
  public var arrayParallelism: Int?
  /// The seconds after which a task without anything to do gives its machine back.
  public var idleTime = 60.0
  /// Other options of `sbatch`, by name without dashes; an empty value for one without.
  public var options: [String: String] = [:]

  public init() {}

  /// The number of tasks if neither they nor workers are given.
  package static let standardTasks = 4

  /// The time limit as Slurm writes it: one such as `90m`, `2h` or `1d` as well.
  /// - Returns: nil if it cannot be read.
  package static func slurmTime(_ text: String) -> String? {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    if let unit = text.last.flatMap({ units[$0] }) {
      guard let number = Double(text.dropLast()), number > 0, number < 1e6 else { return nil }
      let seconds = Int((number * Double(unit)).rounded(.up))
      func padded(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
      let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
      return
        "\(days)-\(padded(rest / 3600)):\(padded(rest / 60 % 60)):\(padded(rest % 60))"
    }
    let isTime = text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ":" || $0 == "-") }
    return isTime && text.contains(where: \.isNumber) ? text : nil
  }

  /// The parts of the definition that cannot be used, as text.
  package var problems: [String] {
    var problems: [String] = []
    func check(_ number: Int?, _ name: String) {
      if let number, number < 1 { problems.append("\(name) is \(number): give 1 or more") }
    }
    check(tasks, "--slurm-tasks (tasks:)")
    check(workersPerTask, "--workers-per-task (workersPerTask:)")
    check(cpusPerTask, "--cpus-per-task (cpusPerTask:)")
    check(arrayParallelism, "--array-parallelism (arrayParallelism:)")
    if !(idleTime > 0) {
      problems.append("--idle-time (idleTime:) is \(idleTime): give a time above 0")
    }
    if let time, Self.slurmTime(time) == nil {
      problems.append("--time '\(time)' is no time limit: write 2:00:00, 1-12:00:00, 90m or 2h")
    }
    let texts =
      [memory, partition, account, gres].compactMap(\.self)
      + options.flatMap { [$0.key, $0.value] }
    for (name, text) in [
      ("--mem", memory), ("--partition", partition), ("--account", account), ("--gres", gres),
    ] where text?.isEmpty ?? false {
      problems.append("\(name) is empty: give a value, or leave it out")
    }
    for text in texts where text.contains(where: \.isNewline) {
      problems.append("an option of Slurm has a line break: \(text)")
    }
    for name in options.keys.sorted() where Self.reserved.contains(name) {
      problems.append("Fieldwork sets --\(name) itself: leave it out of the options of Slurm")
    }
    return problems
  }

  /// The options of `sbatch` that the engine needs for itself.
  private static let reserved: Set<String> = [
    "array", "job-name", "output", "error", "open-mode", "signal", "requeue", "no-requeue", "chdir",
    "wrap", "parsable", "ntasks", "export",
  ]
}
