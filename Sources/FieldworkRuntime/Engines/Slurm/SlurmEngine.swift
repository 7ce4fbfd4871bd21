package import FieldworkCore
package import FieldworkStore
import Foundation

/// Runs the workers of a research in jobs of Slurm.
///
/// The run submits arrays of pilots as workers need places, and writes into the folder of the research:
///
///     slurm/programs/<build>/   the program that the jobs run
///     slurm/<array>/script.sh   the script of an array, and what its tasks print
///     slurm/run.sh, run.job     the script and the name of the job of a detached run
package struct SlurmEngine: Sendable {
  private static let folderName = "slurm"

  private let pool: PilotPool
  private let engine: PilotEngine

  /// - Parameters:
  ///   - workers: the number of workers.
  ///   - pilotArguments: the words after the name of the program that make it a pilot.
  ///   - silenceLimit: the time for which a pilot and the run may be silent to each other.
  /// - Throws: ``FieldworkError`` if the program cannot be copied.
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
    let root = folder.file(Self.folderName)
    let program = try ProgramCopy.make(in: "\(root)/programs")
    let scheduler = SlurmScheduler(options)
    let arrays = Self.arrays(
      scheduler,
      root: root,
      research: research.name,
      program: program,
      arguments: pilotArguments
    )
    let slots = options.workersPerTask
    pool = PilotPool(
      PilotPool.Plan(
        program: Self.programName(program, pilotArguments),
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
    research: String,
    program: ProgramCopy,
    arguments: [String]
  ) -> PilotArrays {
    let name = programName(program, arguments)
    let key = "\(name)\n\(scheduler.resources)"
    let slots = scheduler.options.workersPerTask
    let folder = FileManager.default.currentDirectoryPath
    return PilotArrays(
      scheduler,
      root: root,
      prefix: prefix(research),
      key: key
    ) { array, count in
      PilotArray(
        name: array,
        count: count,
        slots: slots,
        key: key,
        program: name,
        path: "\(root)/\(array)",
        command: [program.program] + arguments,
        environment: ["LD_LIBRARY_PATH": libraryPath(program)],
        workingDirectory: folder
      )
    }
  }

  /// The beginning of the names of the jobs of a research.
  private static func prefix(_ name: String) -> String {
    "fieldwork-" + String(name.map { $0.isLetter || $0.isNumber ? $0 : "-" }.prefix(40))
  }

  private static func programName(_ program: ProgramCopy, _ arguments: [String]) -> String {
    SHA256.hexDigest(of: ([program.build] + arguments).joined(separator: "\n"), length: 16)
  }

  /// The folders in which a copied program looks for libraries.
  private static func libraryPath(_ program: ProgramCopy) -> String {
    let own = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? ""
    return [program.libraries, own].filter { !$0.isEmpty }.joined(separator: ":")
  }

  // MARK: The run as a job

  /// Submits a run as a job of its own.
  /// - Parameter arguments: the words after the name of the program.
  /// - Returns: the id of the job, and the path of its script.
  /// - Throws: ``FieldworkError`` if there is such a job, Slurm refuses it or does not answer.
  package static func detach(
    _ options: SlurmOptions,
    folder: ResearchFolder,
    name: String,
    arguments: [String]
  ) async throws -> (job: String, script: String) {
    let root = folder.file(folderName)
    let program = try ProgramCopy.make(in: "\(root)/programs")
    let scheduler = SlurmScheduler(options)
    let (script, nameFile) = ("\(root)/run.sh", "\(root)/run.job")
    do {
      if let last = FileManager.default.contents(atPath: nameFile).map({
        String(decoding: $0, as: UTF8.self)
      }), let job = try await scheduler.tasks(ofArrays: [last]).first(where: { !$0.state.isOver }) {
        throw FieldworkError(
          .busy,
          "the run has been submitted already, as Slurm job \(job.id): wait for it, or cancel it with scancel \(job.id)"
        )
      }
      let random = RandomName.short()
      let job = "\(prefix(name))-run-\(random)"
      let text = scheduler.coordinatorScript(
        name: job,
        command: [program.program] + arguments,
        libraries: libraryPath(program),
        log: folder.runLogPath
      )
      // The name first, so that a job whose number is not known is found by it.
      try Data(job.utf8).write(to: URL(fileURLWithPath: nameFile), options: .atomic)
      try Data(text.utf8).write(to: URL(fileURLWithPath: script), options: .atomic)
      return (try await scheduler.submit(script: script), script)
    } catch BatchError.refused(let reason) {
      throw FieldworkError(.invalidDefinition, "Slurm refuses the job of the run: \(reason)")
    } catch BatchError.unreachable(let reason) {
      throw FieldworkError(
        .busy,
        "Slurm does not answer (\(reason)): run the same command again. If Slurm has taken the job, it is found then"
      )
    }
  }

  /// Puts the job of this process back into the queue, which ends the process.
  /// - Returns: false if that has failed.
  package static func requeueOwnJob() async -> Bool {
    guard let job = ProcessInfo.processInfo.environment["SLURM_JOB_ID"] else { return false }
    return await Task.detached { await SlurmScheduler(SlurmOptions()).requeue(job) }.value
  }

  /// The script that a run would submit.
  package static func preview(
    _ options: SlurmOptions,
    folder: ResearchFolder,
    research: Research,
    arguments: [String]
  ) -> String {
    let root = folder.file(folderName)
    let (name, workers) = (prefix(research.name), research.settings.wantedWorkers)
    let own = URL(fileURLWithPath: CommandLine.arguments.first ?? "program").lastPathComponent
    let scheduler = SlurmScheduler(options)
    let program = ProgramCopy(
      program: "\(root)/programs/<build>/\(own)",
      libraries: "\(root)/programs/<build>/lib",
      build: ""
    )
    let slots = options.workersPerTask
    let array = PilotArray(
      name: name,
      count: (workers + slots - 1) / slots,
      slots: slots,
      key: "",
      program: programName(program, arguments),
      path: "\(root)/\(name)",
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
    // Not a child: jobs are looked after and cancelled when the run is cancelled, too.
    let following = Task.detached { [pool] in await pool.follow() }
    await body(engine, pool)
    await Task.detached { [pool] in await pool.end(after: following) }.value
  }
}
