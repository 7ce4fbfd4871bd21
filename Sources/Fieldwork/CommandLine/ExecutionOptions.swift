import ArgumentParser
import FieldworkCore

/// How a research is run: workers, branches, devices.
struct ExecutionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The number of workers; by default one for each core, or with --engine slurm one for each place in 4 tasks.",
      valueName: "n"
    )
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
  }

  func apply(to research: inout Research) throws {
    if let workers {
      research.settings.workers = try count(workers, "--workers", research.settings.workers)
    }
    if let branches {
      research.settings.branches = try count(branches, "--branches", research.settings.branches)
    }
    if let branchExecution { research.settings.branchExecution = branchExecution }
    if let parallel { research.settings.parallelism = parallel }
    if research.settings.parallelism == .serial, let workers, workers > 1 {
      throw FieldworkError(
        .invalidDefinition,
        "--workers is \(workers), but the research runs one task after the other: add --parallel threads"
      )
    }
    if noFinalize { research.settings.finalize = false }
    if let devices {
      do {
        research.settings.devices = try DeviceList(parsing: devices)
      } catch let error as FieldworkError {
        throw FieldworkError(.unreadableText, "--devices: \(error.message)")
      }
    }
    try applyMemoryRule(to: &research)
  }

  /// Overrides what is given of the research's own rule.
  private func applyMemoryRule(to research: inout Research) throws {
    guard memoryRatio != nil || gpuChecks != nil || gpuCheckDelay != nil else { return }
    let own = research.settings.deviceMemory ?? memoryRatio.map { DeviceMemoryRule(free: $0) }
    guard var rule = own else {
      throw FieldworkError(
        .invalidDefinition,
        "--gpu-checks and --gpu-check-delay need --memory-ratio, as the research asks for no free memory"
      )
    }
    if let memoryRatio { rule.free = memoryRatio }
    if let gpuChecks { rule.attempts = gpuChecks }
    if let gpuCheckDelay { rule.delay = gpuCheckDelay }
    research.settings.deviceMemory = rule
  }

  /// - Throws: ``FieldworkError`` if the number is below 1, or not that of the configs that the research
  ///   gives one by one: without these it would be another research.
  private func count(_ number: Int, _ option: String, _ slots: Slots?) throws -> Slots {
    let number = try positive(number, option)
    guard let slots, let configs = slots.configs else { return .count(number) }
    guard configs.count == number else {
      throw FieldworkError(
        .invalidDefinition,
        "\(option) is \(number), but the research gives a config for each of \(configs.count): leave out \(option)"
      )
    }
    return slots
  }
}
