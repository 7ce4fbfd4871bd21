import FieldworkCore
import FieldworkStore

/// Records what happens in a running task. A branch is given by its position in the task.
struct TaskReporter: Sendable {
  private let host: TaskHost
  private let experiments: [PlannedExperiment]
  /// The capture of what units print, for each experiment; nil if all output goes to one place.
  private let capture: OutputCapture?

  init(_ host: TaskHost, _ task: PlannedTask) {
    self.host = host
    experiments = task.experiments
    capture = host.research.settings.separatesOutput ? host.services.capture : nil
  }

  /// True if running experiments have to end with their iteration.
  var shouldStop: Bool { host.setting.shouldStop() }

  func unitStarted(_ branch: Int, _ unit: Int, _ iteration: Int) {
    host.position?.begin(unit, iteration: iteration, branch: branch)
    defer { capture?.enter(experiments[branch].id) }
    guard host.sink.wantsUnits else { return }
    host.sink.recordAtOnce([
      .unitStarted(
        experiment: experiments[branch].key,
        unit: host.units.units[unit].name,
        iteration: iteration
      )
    ])
  }

  func unitEnded(_ branch: Int) {
    capture?.leave()
    host.position?.end(branch: branch)
  }

  func iterationEnded(_ branch: Int, _ iteration: Int) {
    host.sink.iterationEnded(experiments[branch].key, iteration)
  }

  func saved(_ branch: Int, _ values: [SavedValue]) async {
    await host.sink.record([.saved(experiment: experiments[branch].key, values)])
  }

  /// Records the state of a branch after what it has saved and measured since the last record: what the state rests
  /// on is stored whenever the state is.
  func checkpoint(
    _ branch: Int,
    _ checkpoint: Checkpoint,
    _ saved: [SavedValue],
    _ timings: [UnitTiming]
  ) async {
    let key = experiments[branch].key
    var records: [RunRecord] = []
    if !saved.isEmpty { records.append(.saved(experiment: key, saved)) }
    if !timings.isEmpty { records.append(.profiled(experiment: key, timings)) }
    await host.sink.record(records + [.checkpoint(experiment: key, checkpoint)])
  }

  func ended(_ member: TaskMember) async {
    let experiment = experiments[member.position]
    let (outcome, key) = (member.outcome, experiment.key)
    var records: [RunRecord] = []
    for name in member.context.missingReads.sorted()
    where host.examinedReads.withLock({ $0.insert(name).inserted }) {
      if let text = host.research.warning(ofReading: name) { records.append(.warning(text)) }
    }
    for name in member.silentPrograms
    where host.examinedReads.withLock({ $0.insert("program " + name).inserted }) {
      records.append(
        .warning(
          "program '\(name)' has ended without printing an iteration, so nothing of it is saved; let it print lines such as {\"loss\": 0.3}, or say with output: what it prints"
        )
      )
    }
    let saved = member.context.takeSaved()
    if !saved.isEmpty { records.append(.saved(experiment: key, saved)) }
    records += outcome.failures.map { .failed(experiment: key, $0) }
    let timings = member.takeTimings()
    if !timings.isEmpty { records.append(.profiled(experiment: key, timings)) }
    records += outputRecords(experiment)
    records.append(
      .ended(
        experiment: key,
        outcome.ending,
        iterations: outcome.iterations,
        at: TaskHost.now()
      )
    )
    await host.sink.record(records)
  }

  /// What an experiment printed, for a store without files.
  private func outputRecords(_ experiment: PlannedExperiment) -> [RunRecord] {
    let services = host.services
    guard let capture = services.capture, services.keepsOutputInStore,
      host.research.settings.separatesOutput
    else { return [] }
    let (output, error) = capture.take(experiment.id)
    return [(StandardStream.stdout, output), (.stderr, error)].filter { !$0.1.isEmpty }
      .map { .output(experiment: experiment.key, $0.0, $0.1) }
  }
}
