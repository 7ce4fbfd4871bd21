import FieldworkCore
import FieldworkStore
import Foundation
import Logging

/// What surrounds the experiments of a run: logs, the capture of what units print, devices.
///
/// Nothing is made that was not asked for.
final class RunServices: Sendable {
  let capture: OutputCapture?
  let log: RunLog?
  private let devices: DeviceAssignment?
  private let role: Role
  /// The devices that a scheduler has left to the run; nil for all.
  private let mask: DeviceMask?
  let folder: ResearchFolder?
  let memoryCheck: DeviceMemoryCheck?
  /// Keeps the outputs of cached units.
  let cache: any UnitCache
  /// Whose services they are.
  enum Role {
    /// Of a run, which may have workers in its own process.
    case run
    /// Of a worker in a process of its own, whose standard error its supervisor reads.
    case worker
  }

  /// - Parameters:
  ///   - folder: the folder of the results; nil for results in memory.
  ///   - workers: among how many workers devices are shared out.
  ///   - failed: is told, once for each, why output or logs cannot be kept.
  init(
    _ research: Research,
    folder: ResearchFolder?,
    workers: Int,
    role: Role = .run,
    failed: @escaping @Sendable (FieldworkError) -> Void
  ) throws {
    let settings = research.settings
    self.folder = folder
    self.role = role
    cache = research.unitCache(in: folder) { failed(FieldworkError(.store, $0)) }
    // A worker sees its own devices alone.
    mask = role == .run ? DeviceMask(ProcessInfo.processInfo.environment) : nil
    let output = settings.stdout ?? .terminal
    var error = settings.stderr ?? .terminal
    // What it writes there last is why it died, so the supervisor itself keeps it.
    if role == .worker && error == .common { error = .terminal }
    if output == .terminal && error == .terminal {
      capture = nil
    } else {
      capture = try OutputCapture(
        folder: folder,
        output: output,
        error: error,
        limit: settings.outputLimit,
        writers: role == .worker ? settings.branches.count : workers,
        failed: failed
      )
    }
    if let level = settings.logLevel, role == .run {
      let place: RunLog.Place =
        folder.map { .folder($0) } ?? .descriptor(capture?.terminalError ?? 2)
      log = RunLog(name: research.name, place, threshold: level, failed: failed)
    } else {
      log = nil
    }
    devices = try settings.devices.map {
      try DeviceAssignment($0, workers: workers, branches: settings.branches.count)
    }
    // Workers are sent tasks when their devices are free.
    memoryCheck = role == .run ? try RunServices.memoryCheck(settings) : nil
  }

  /// What workers wait for before each task; nil for nothing.
  /// - Throws: ``FieldworkError`` of code `device` if the memory of devices cannot be read.
  static func memoryCheck(_ settings: ResearchSettings) throws -> DeviceMemoryCheck? {
    try settings.deviceMemory.map { rule in
      guard let reader = DeviceMemory.reader() else {
        throw FieldworkError(
          .device,
          "the free memory of devices cannot be read: there is neither NVIDIA's driver library nor the program nvidia-smi; leave out deviceMemory: or --memory-ratio"
        )
      }
      return try DeviceMemoryCheck(
        ratio: rule.free,
        attempts: rule.attempts,
        delay: rule.delay,
        reader: reader
      )
    }
  }

  /// The observers beside those of the caller: the log of the run.
  var observers: [any RunObserver] { log.map { [LogObserver($0)] } ?? [] }

  func begin() throws {
    // What a process that died has printed last. Workers begin while others run.
    if let folder, role == .run { try OutputCapture.salvage(in: folder) }
    capture?.begin()
  }

  func end() { capture?.end() }

  /// Collects the provenance of the run.
  func provenance(_ research: Research, run: Int) async -> [ProvenanceItem] {
    guard let sources = research.settings.provenance, !sources.isEmpty else { return [] }
    return await ProvenanceCollector(gpus: { DeviceMemory.descriptions() }).collect(
      sources,
      run: run,
      arguments: CommandLine.arguments,
      environment: ProcessInfo.processInfo.environment
    )
  }

  /// Whether what experiments print goes into the store, since there are no files.
  var keepsOutputInStore: Bool { folder == nil }

  // MARK: Devices

  /// Adds the devices that a worker has for the experiments of a task to their configs. Workers of one
  /// process all see all devices, so they are given by the names that the system knows.
  var hasDevices: Bool { devices != nil }

  func place(_ task: inout PlannedTask, worker: Int) {
    guard devices != nil else { return }
    for index in task.experiments.indices { place(&task.experiments[index], worker) }
    place(&task.leader, worker)
  }

  func place(_ experiment: inout PlannedExperiment, _ worker: Int) {
    guard let devices else { return }
    let branch = experiment.branch
    let value =
      role == .worker
      ? devices.local(ofWorker: worker, branch: branch)
      : devices.physical(ofWorker: worker, branch: branch)
    experiment.device = AnyAlias(value)
  }

  /// The devices of an experiment by the names that the system knows; nil for none.
  func deviceName(of experiment: PlannedExperiment, worker: Int) -> String? {
    guard let devices else { return experiment.device?.name }
    return AnyAlias(devices.physical(ofWorker: worker, branch: experiment.branch)).name
  }

  /// The devices that a worker has, by the names that the system knows.
  func visibleDevices(ofWorker worker: Int) -> [String]? {
    devices?.visible(toWorker: worker).map { mask?.systemName(of: $0) ?? $0 }
  }

  /// What the environment of a worker's process has for its devices.
  func environment(ofWorker worker: Int) -> [String: String] {
    devices?.environment(ofWorker: worker, within: mask) ?? [:]
  }

}

extension ResearchSettings {
  /// Whether what each experiment prints is kept by itself.
  var separatesOutput: Bool {
    (stdout?.hasExperimentFiles ?? false) || (stderr?.hasExperimentFiles ?? false)
  }
}
