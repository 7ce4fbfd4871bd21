import FieldworkCore
import FieldworkStore
import Foundation

/// Runs the workers of a research in jobs of Slurm.
///
/// The run submits arrays of pilots as workers need places, and writes into the folder of the research:
///
///     slurm/programs/<build>/   the program that the jobs run
///     slurm/<array>/script.sh   the script of an array, and what its tasks print
struct SlurmEngine: Sendable {
  private static let folderName = "slurm"

  private let pool: PilotPool
  private let engine: PilotEngine

  /// - Parameters:
  ///   - workers: the number of workers.
  ///   - pilotArguments: the words after the name of the program that make it a pilot.
  ///   - silenceLimit: the time for which a pilot and the run may be silent to each other.
  /// - Throws: ``FieldworkError`` if there is no Slurm, or the program cannot be copied.
  init(
    _ options: SlurmOptions,
    folder: ResearchFolder,
    research: Research,
    workers: Int,
    pilotArguments: [String],
    silenceLimit: Duration,
    report: @escaping @Sendable (RunRecord) -> Void,
    variables: @escaping @Sendable (_ worker: Int) -> [String: String]
  ) throws {
    try SlurmScheduler.require()
    let root = folder.file(Self.folderName)
    let program = try ProgramCopy.make(in: "\(root)/programs")
    let scheduler = SlurmScheduler(options)
    let arrays = Self.arrays(
      scheduler,
      root: root,
      name: research.name,
      program: program,
      arguments: pilotArguments
    )
    let slots = options.workersPerTask
    pool = PilotPool(
      PilotPool.Plan(
        tasks: (workers + slots - 1) / slots,
        slots: slots,
        idleTime: .seconds(options.idleTime),
        silenceLimit: silenceLimit
      ),
      folder: folder,
      arrays: arrays,
      report: report
    )
    engine = PilotEngine(folder: folder, pool: pool, variables: variables)
  }

  private static func arrays(
    _ scheduler: SlurmScheduler,
    root: String,
    name: String,
    program: ProgramCopy,
    arguments: [String]
  ) -> PilotArrays {
    let key = ([program.build, scheduler.resources] + arguments).joined(separator: "\n")
    let slots = scheduler.options.workersPerTask
    let environment = ProcessInfo.processInfo.environment
    let paths = [program.libraries, environment["LD_LIBRARY_PATH"] ?? ""].filter { !$0.isEmpty }
    let folder = FileManager.default.currentDirectoryPath
    return PilotArrays(
      scheduler,
      root: root,
      prefix: "fieldwork-" + String(name.map { $0.isLetter || $0.isNumber ? $0 : "-" }.prefix(40)),
      key: key
    ) { name, count in
      PilotArray(
        name: name,
        count: count,
        slots: slots,
        key: key,
        path: "\(root)/\(name)",
        command: [program.program] + arguments,
        environment: ["LD_LIBRARY_PATH": paths.joined(separator: ":")],
        workingDirectory: folder
      )
    }
  }

  /// The script that a run would submit.
  static func preview(
    _ options: SlurmOptions,
    folder: ResearchFolder,
    name: String,
    workers: Int,
    arguments: [String]
  ) -> String {
    let root = folder.file(folderName)
    let scheduler = SlurmScheduler(options)
    let program = ProgramCopy(
      program: "\(root)/programs/<build>/\(name)",
      libraries: "\(root)/programs/<build>/lib",
      build: ""
    )
    let slots = options.workersPerTask
    let array = PilotArray(
      name: "fieldwork-\(name)",
      count: (workers + slots - 1) / slots,
      slots: slots,
      key: "",
      path: "\(root)/fieldwork-\(name)",
      command: [program.program] + arguments,
      environment: ["LD_LIBRARY_PATH": program.libraries],
      workingDirectory: FileManager.default.currentDirectoryPath
    )
    return scheduler.script(array)
  }

  /// Looks after pilots while something runs workers.
  /// - Throws: ``SystemError`` if the folder cannot be written.
  func serve(
    _ cancellation: CancellationToken,
    _ body: (any Engine, any WorkerSeats) async -> Void
  ) async throws {
    try pool.begin()
    cancellation.whenRequested { [pool] in pool.close() }
    await withTaskGroup { group in
      group.addTask { await pool.follow() }
      await body(engine, pool)
      group.cancelAll()
    }
    await pool.end()
  }
}
