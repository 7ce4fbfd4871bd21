import FieldworkCore
import FieldworkStore
import Foundation
import Logging

/// What surrounds the experiments of a run: logs, the capture of what units print, devices.
///
/// Nothing is made that was not asked for.
final class RunServices: Sendable {
  let capture: OutputCapture?
  let logBook: LogBook?
  let devices: DeviceAssignment?
  let memoryCheck: DeviceMemoryCheck?
  private let silence = Logger(label: "fieldwork") { _ in SwiftLogNoOpLogHandler() }

  /// - Parameters:
  ///   - workers: among how many workers devices are shared out.
  ///   - failed: is told, once for each, why output or logs cannot be kept.
  init(
    _ research: Research,
    _ store: any ResultStore,
    workers: Int,
    failed: @escaping @Sendable (FieldworkError) -> Void
  ) throws {
    let settings = research.settings
    let (output, error) = (settings.stdout ?? .terminal, settings.stderr ?? .terminal)
    if output == .terminal && error == .terminal {
      capture = nil
    } else {
      capture = try OutputCapture(
        folder: store.folder,
        output: output,
        error: error,
        failed: failed
      )
    }
    if let level = settings.logLevel {
      let place: LogBook.Place =
        store.folder.map { .folder($0) } ?? .descriptor(capture?.terminalError ?? 2)
      logBook = LogBook(name: research.name, place, threshold: level, failed: failed)
    } else {
      logBook = nil
    }
    devices = try settings.devices.map {
      try DeviceAssignment($0, workers: workers, branches: settings.branches.count)
    }
    memoryCheck = try RunServices.memoryCheck(settings)
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

  /// Who follows the run besides those who asked for it.
  var consumers: [any EventConsumer] { logBook.map { [LogConsumer($0)] } ?? [] }

  func begin(_ store: any ResultStore) throws {
    guard let capture else { return }
    // What a process that died has printed last.
    if let folder = store.folder { try OutputCapture.salvage(in: folder) }
    capture.begin()
  }

  func end() { capture?.end() }

  /// Finds out what is to be recorded of the circumstances of the run.
  func meta(_ research: Research, run: Int) async -> [MetaItem] {
    guard let sources = research.settings.meta, !sources.isEmpty else { return [] }
    return await MetaCollector(gpus: { DeviceMemory.descriptions() }).collect(
      sources,
      run: run,
      arguments: CommandLine.arguments,
      environment: ProcessInfo.processInfo.environment
    )
  }

  func logger(_ experiment: String) -> Logger {
    logBook?.logger(experiment: experiment) ?? silence
  }

  /// Leads what the branches of a task print to their experiments; nil if output goes to one place.
  func router(_ experiments: [PlannedExperiment], _ settings: ResearchSettings)
    -> (any UnitOutputRouter)?
  {
    guard let capture, settings.separatesOutput else { return nil }
    return OutputRouter(capture: capture, ids: experiments.map(\.id))
  }
}

private struct OutputRouter: UnitOutputRouter {
  let capture: OutputCapture
  let ids: [String]

  func enter(branch: Int) { capture.enter(ids[branch]) }
  func leave() { capture.leave() }
}

extension ResearchSettings {
  /// Whether what each experiment prints is kept by itself.
  var separatesOutput: Bool {
    (stdout?.hasExperimentFiles ?? false) || (stderr?.hasExperimentFiles ?? false)
  }
}
