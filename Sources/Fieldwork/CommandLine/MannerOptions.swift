import ArgumentParser
import FieldworkCore

/// How a research is run: workers, branches, devices.
struct MannerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("How many tasks run at once; one per core by default.", valueName: "n")
  )
  var workers: Int?

  @Option(
    help: ArgumentHelp("How many experiments run together and share root units.", valueName: "n")
  )
  var branches: Int?

  @Option(
    help: ArgumentHelp(
      "How the branches of a task run beside each other.",
      valueName: choices(BranchExecution.self)
    ),
    transform: choice
  )
  var branchExecution: BranchExecution?

  @Option(
    help: ArgumentHelp(
      "How workers run beside each other.",
      valueName: choices(Parallelism.self)
    ),
    transform: choice
  )
  var parallel: Parallelism?

  @Option(
    help: ArgumentHelp(
      "Devices to share out among workers and branches: --devices 0,1,2 or '[[0,1],[2,3]]'.",
      valueName: "list"
    )
  )
  var devices: String?

  @Option(
    help: ArgumentHelp(
      "Begin a task only when this share of its devices' memory is free, such as 0.9.",
      valueName: "share"
    )
  )
  var memoryRatio: Double?

  @Option(
    help: ArgumentHelp(
      "With --memory-ratio: how often to look before a worker gives up; 3 by default.",
      valueName: "n"
    )
  )
  var gpuChecks: Int?

  @Option(
    help: ArgumentHelp(
      "With --memory-ratio: the seconds between two looks; 5 by default.",
      valueName: "seconds"
    )
  )
  var gpuCheckDelay: Double?

  @Flag(
    name: .customLong("no-finalize"),
    help: "Leave the iteration in which an experiment stops or fails as it is."
  )
  var noFinalize = false

  func validate() throws {
    if parallel == .serial, let workers, workers > 1 {
      throw ValidationError("--parallel serial has one worker: leave out --workers \(workers)")
    }
    if memoryRatio == nil && (gpuChecks != nil || gpuCheckDelay != nil) {
      throw ValidationError("--gpu-checks and --gpu-check-delay need --memory-ratio")
    }
  }

  func apply(to research: inout Research) throws {
    if let workers { research.settings.workers = .count(try positive(workers, "--workers")) }
    if let branches { research.settings.branches = .count(try positive(branches, "--branches")) }
    if let branchExecution { research.settings.branchExecution = branchExecution }
    if let parallel { research.settings.parallelism = parallel }
    if noFinalize { research.settings.finalize = false }
    if let devices {
      do {
        research.settings.devices = try DeviceList(parsing: devices)
      } catch let error as FieldworkError {
        throw FieldworkError(.unreadableText, "--devices: \(error.message)")
      }
    }
    if let memoryRatio {
      var rule = DeviceMemoryRule(free: memoryRatio)
      if let gpuChecks { rule.attempts = gpuChecks }
      if let gpuCheckDelay { rule.delay = gpuCheckDelay }
      research.settings.deviceMemory = rule
    }
  }
}
