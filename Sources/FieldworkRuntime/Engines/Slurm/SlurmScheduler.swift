import FieldworkCore
import FieldworkStore
import Foundation

/// Slurm, through its commands `sbatch`, `squeue`, `scancel` and `scontrol`. Accounting is not needed.
struct SlurmScheduler: BatchScheduler {
  let name = "Slurm"
  let options: SlurmOptions
  private let runner: ProgramRunner
  /// The time before the limit at which Slurm signals a task, in seconds. Slurm may signal up to a minute earlier.
  private static let standardNotice = 120
  /// The number of tasks of an array at sites that do not say.
  private static let standardLimit = 1001

  init(_ options: SlurmOptions, environment: [String: String] = ProcessInfo.processInfo.environment)
  {
    self.options = options
    runner = Self.runner(environment)
  }

  /// Runs the commands of Slurm.
  static func runner(_ environment: [String: String]) -> ProgramRunner {
    ProgramRunner(
      searchPath: environment["PATH"] ?? "/usr/bin:/bin:/usr/local/bin",
      environment: environment,
      folder: FileManager.default.currentDirectoryPath,
      timeLimit: .seconds(60),
      sizeLimit: 64 << 20
    )
  }

  /// The commands of Slurm that cannot be found.
  static func missingCommands(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> [String] {
    let runner = runner(environment)
    return ["sbatch", "squeue", "scancel", "scontrol"].filter { runner.search.file($0) == nil }
  }

  // MARK: Scripts

  /// The time that a task has to end its iterations, in seconds: less if it has not long in all.
  private var notice: Int {
    let limit = options.time.flatMap(SlurmOptions.slurmTime).flatMap(Self.duration)
    guard let limit else { return Self.standardNotice }
    return max(1, min(Self.standardNotice, Int(limit / .seconds(4))))
  }

  var resources: String { lines.joined(separator: "\n") }

  /// The lines of the script that say what a task gets.
  private var lines: [String] {
    var lines: [(String, String?)] = [("ntasks", "1")]
    lines.append(("cpus-per-task", options.cpusPerTask.map(String.init)))
    lines.append(("mem", options.memory))
    lines.append(("time", options.time.flatMap(SlurmOptions.slurmTime)))
    lines.append(("gres", options.gres))
    lines += options.options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    return Self.directives(lines) + placeLines
  }

  /// The lines of a script that say where a job runs, and who pays.
  private var placeLines: [String] {
    Self.directives([("partition", options.partition), ("account", options.account)])
  }

  private static func directives(_ options: [(String, String?)]) -> [String] {
    options.compactMap { name, value in
      value.map { "#SBATCH --\(name)" + ($0.isEmpty ? "" : "=\(quoted($0))") }
    }
  }

  /// A value as `sbatch` reads it from a script: a space or `#` would end it.
  private static func quoted(_ value: String) -> String {
    let isPlain = value.allSatisfy { $0.isASCII && !$0.isWhitespace && !#"#"'\"#.contains($0) }
    if isPlain { return value }
    let escaped = value.replacing(#"\"#, with: #"\\"#).replacing("\"", with: #"\""#)
    return "\"\(escaped)\""
  }

  /// A path in a pattern of file names, in which `%` has a meaning.
  private static func pattern(_ path: String) -> String { path.replacing("%", with: "%%") }

  func script(_ array: PilotArray) -> String {
    let parallel = options.arrayParallelism.map { "%\($0)" } ?? ""
    let variables = array.environment.sorted { $0.key < $1.key }
      .map { "export \($0.key)=\(ShellWords.quoted($0.value))" }
    return """
      #!/bin/bash
      # Workers of a research. Each task runs one pilot, which starts workers as the run asks for them.
      # More tasks for a run that goes on: sbatch \(array.script)
      #SBATCH --job-name=\(array.name)
      #SBATCH --array=0-\(array.count - 1)\(parallel)
      #SBATCH --requeue
      #SBATCH --open-mode=append
      #SBATCH --signal=B:USR1@\(notice)
      #SBATCH --output=\(Self.quoted(Self.pattern(array.path) + "/%A_%a.out"))
      #SBATCH --chdir=\(Self.quoted(array.workingDirectory))
      \(lines.joined(separator: "\n"))

      export \(PilotServer.Variable.task)="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
      export \(PilotServer.Variable.slots)=\(array.slots)
      export \(PilotServer.Variable.key)=\(array.program)
      export \(PilotServer.Variable.requeue)="scontrol requeue ${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
      \(variables.joined(separator: "\n"))
      # The mark by which a process that starts others ends them with itself.
      unset \(ProcessToken.variable)
      # The program takes the place of the shell, so that signals reach it.
      exec \(array.command.map(ShellWords.quoted).joined(separator: " "))

      """
  }

  /// Returns the script of a job that is the run itself.
  /// - Parameters:
  ///   - name: the name of the job.
  ///   - log: the file for what it prints.
  func coordinatorScript(name: String, command: [String], libraries: String, log: String) -> String
  {
    """
    #!/bin/bash
    # The run of a research. It submits the jobs of its workers.
    #SBATCH --job-name=\(name)
    #SBATCH --ntasks=1
    #SBATCH --cpus-per-task=1
    #SBATCH --requeue
    #SBATCH --open-mode=append
    #SBATCH --signal=B:USR1@\(Self.standardNotice)
    #SBATCH --output=\(Self.quoted(Self.pattern(log)))
    #SBATCH --chdir=\(Self.quoted(FileManager.default.currentDirectoryPath))
    \(placeLines.joined(separator: "\n"))

    export LD_LIBRARY_PATH=\(ShellWords.quoted(libraries))
    unset \(ProcessToken.variable)
    exec \(command.map(ShellWords.quoted).joined(separator: " "))

    """
  }

  // MARK: Commands

  func arrayLimit() async -> Int {
    let result = await runner.run(["scontrol", "show", "config"])
    let line = result.output.text.split(separator: "\n").first { $0.hasPrefix("MaxArraySize") }
    let number = line?.split(separator: "=").last.flatMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    // The number limits the index, which begins at 0.
    return max(1, number ?? Self.standardLimit)
  }

  func submit(_ array: PilotArray) async throws -> String { try await submit(script: array.script) }

  /// Submits a script.
  /// - Returns: the id of the job.
  /// - Throws: ``BatchError``.
  func submit(script: String) async throws -> String {
    let text = try await output(["sbatch", "--parsable", script])
    // With several clusters their name follows.
    let id = text.trimmingCharacters(in: .whitespacesAndNewlines).prefix { $0 != ";" }
    guard !id.isEmpty, id.allSatisfy(\.isNumber) else {
      throw BatchError.refused("sbatch printed '\(text)' where the number of the job was expected")
    }
    return String(id)
  }

  func tasks(ofArrays names: [String]) async throws -> [BatchTask] {
    let text: String
    do {
      text = try await output(
        [
          "squeue", "--noheader", "--all", "--array", "--states=all",
          "--name=\(names.joined(separator: ","))", "--format=%i|%T|%L|%j|%r",
        ]
      )
    } catch BatchError.refused(let reason) {
      // A question cannot be wrong.
      throw BatchError.unreachable(reason)
    }
    return text.split(separator: "\n").compactMap { Self.task($0, reserve: reserve) }
  }

  /// The time before its limit at which a task may be asked to end: Slurm sends the signal up to a minute earlier.
  private var reserve: Duration { .seconds(notice + 60) }

  /// Reads a line of `squeue`.
  /// - Parameter reserve: the time before its limit at which a task is asked to end.
  static func task(_ line: Substring, reserve: Duration = .zero) -> BatchTask? {
    let parts = line.split(separator: "|", maxSplits: 4, omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    guard parts.count == 5, !parts[0].isEmpty else { return nil }
    return BatchTask(
      id: parts[0],
      array: parts[3],
      state: state(parts[1], reason: parts[4]),
      timeLeft: duration(parts[2]).map { max($0 - reserve, .zero) }
    )
  }

  private static func state(_ name: String, reason: String) -> BatchTask.State {
    switch name {
    case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED":
      let isHeld = reason.hasPrefix("JobHeld") || reason.contains("held")
      return isHeld ? .held(reason) : .waiting(reason)
    case "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD": return .held(reason)
    case "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING":
      return .running
    case "CANCELLED", "REVOKED": return .cancelled
    case "FAILED", "BOOT_FAIL", "OUT_OF_MEMORY", "LAUNCH_FAILED", "RECONFIG_FAIL":
      return .failed(reason == "None" || reason.isEmpty ? name : reason)
    default: return .ended(name)
    }
  }

  /// Reads a time as Slurm writes it: `90` (minutes), `5:00`, `1:00:00`, `1-12`, `1-12:30`, `1-12:30:00`; nil for none,
  /// such as `UNLIMITED`.
  static func duration(_ text: String) -> Duration? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard let last = parts.last, parts.count <= 2 else { return nil }
    let numbers = last.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count <= 3, !numbers.contains(nil) else { return nil }
    let values = numbers.compactMap(\.self)
    if parts.count == 2 {
      guard let days = Int(parts[0]) else { return nil }
      // Hours come first after days.
      let padded = values + Array(repeating: 0, count: 3 - values.count)
      return .seconds(days * 86_400 + padded[0] * 3600 + padded[1] * 60 + padded[2])
    }
    if values.count == 1 { return .seconds(values[0] * 60) }
    return .seconds(values.reduce(0) { $0 * 60 + $1 })
  }

  func cancel(_ names: [String], waitingOnly: Bool) async -> Bool {
    var hasWorked = true
    for name in names {
      let words =
        ["scancel", "--quiet", "--name=\(name)"] + (waitingOnly ? ["--state=PENDING"] : [])
      if await !runner.run(words).hasSucceeded { hasWorked = false }
    }
    return hasWorked
  }

  /// Puts a job back into the queue; if it is running, it ends.
  /// - Returns: false if that has failed.
  func requeue(_ job: String) async -> Bool {
    await runner.run(["scontrol", "requeue", job]).hasSucceeded
  }

  func releaseRemedy(_ task: String) -> String { "scontrol release \(task)" }

  /// Runs a command.
  /// - Throws: ``BatchError``.
  private func output(_ words: [String]) async throws -> String {
    let result = await runner.run(words)
    if result.hasSucceeded { return result.output.text }
    let text = result.errors.text.isEmpty ? result.remark ?? "" : result.errors.text
    switch result.ending {
    case .exited where Self.isRefusal(text): throw BatchError.refused(text)
    case .missing: throw BatchError.refused("the command \(words[0]) cannot be found")
    default: throw BatchError.unreachable(text.split(separator: "\n").last.map(String.init) ?? text)
    }
  }

  /// Returns true if a message says that the request itself cannot be met. Everything else may pass.
  private static func isRefusal(_ text: String) -> Bool {
    let passing = [
      "unable to contact", "timed out", "timeout", "connection", "temporarily", "try again",
      "socket", "slurm_load_jobs error: zero bytes", "communication", "not responding",
      "submit limit", "slurm controller", "backup", "configuration source", "fetch_config",
      "unknown host",
    ]
    let text = text.lowercased()
    guard !passing.contains(where: text.contains) else { return false }
    return [
      "invalid", "not available", "unrecognized", "denied", "not permitted", "must specify",
      "unknown", "exceed", "no such",
    ].contains(where: text.contains)
  }
}
