import FieldworkCore
package import FieldworkStore
import Foundation
import Logging

/// Writes the records of a run into its logs.
///
/// | level | record |
/// |---|---|
/// | error | a unit has failed; an experiment's failures are in its own log, too |
/// | warning | a worker has died or takes no more tasks |
/// | notice | the run has started or ended, the domain was updated; an experiment is tried again, in its own log, too |
/// | info | an experiment has started, ended, or was left out; in its own log, too |
/// | debug | a unit runs; in the log of its experiment, too |
///
/// With a threshold of `notice` an experiment without failures has no log.
package final class LogObserver: RunObserver {
  private let file: RunLog
  /// By key: the experiments that run.
  private let running = Protected<[String: (experiment: PlannedExperiment, worker: Int)]>([:])

  package init(_ file: RunLog) {
    self.file = file
  }

  package var wantsUnits: Bool { file.threshold <= .debug }

  package func observe(_ record: RunRecord) {
    switch record {
    case .runStarted(let start): log(.notice, "run started", start.logged)
    case .runEnded(let summary): log(.notice, "run ended", summary.logged)
    case .skipped(let experiment):
      log(.info, "experiment left out, its results are stored", experiment)
    case .started(let experiment, let start):
      running.withLock { $0[experiment.key] = (experiment, start.worker) }
      log(
        .info,
        "experiment started",
        experiment,
        ["config": "\(experiment.shownConfig)", "worker": "\(start.worker)"],
        at: start.at
      )
    case .ended(let key, let ending, let iterations, let time):
      guard let (experiment, worker) = running.withLock({ $0.removeValue(forKey: key) }) else {
        break
      }
      log(
        .info,
        "experiment ended",
        experiment,
        ["ending": "\(ending.rawValue)", "iterations": "\(iterations)", "worker": "\(worker)"],
        at: time
      )
    case .failed(let key, let failure): log(failure, key)
    case .retrying(let key, let retry):
      if retry.replaces == nil { for failure in retry.failures { log(failure, key) } }
      guard let (experiment, _) = running.withLock({ $0.removeValue(forKey: key) }) else { break }
      log(.notice, "experiment is tried again", experiment, ["attempt": "\(retry.attempt)"])
    case .unitStarted(let key, let unit, let iteration):
      guard let (experiment, _) = running.withLock({ $0[key] }) else { break }
      log(.debug, "unit '\(unit)' runs", experiment, ["iteration": "\(iteration)"])
    case .logged(let key, let entry):
      guard let (experiment, _) = running.withLock({ $0[key] }) else { break }
      file.write(
        Logger.Level(rawValue: entry.level) ?? .info,
        entry.message,
        metadata: entry.metadata,
        experiment: experiment.id,
        at: entry.at
      )
    case .domainUpdated(let number, let domain, let experiments):
      log(
        .notice,
        "domain updated: \(domain)",
        [
          "update": "\(number)", "experiments": "\(experiments.map(String.init) ?? "open")",
        ]
      )
    case .workerLeft(let worker, let reason):
      log(.warning, "worker \(worker) takes no more tasks: \(reason)")
    case .workerDied(let worker, let reason):
      log(.warning, "worker \(worker) has died: \(reason)")
    case .warning(let text): log(.warning, text)
    case .notice(let text): log(.notice, text)
    default: break
    }
  }

  private func log(_ failure: Failure, _ key: String) {
    guard let (experiment, _) = running.withLock({ $0[key] }) else { return }
    log(
      .error,
      "unit '\(failure.unit)' failed: \(failure.message)",
      experiment,
      failure.logged.merging(["config": "\(experiment.shownConfig)"]) { $1 }
    )
  }

  /// Writes a line of the research.
  private func log(_ level: Logger.Level, _ message: String, _ metadata: [String: String] = [:]) {
    guard level >= file.threshold else { return }
    file.write(level, message, metadata: metadata)
  }

  /// Writes a line of an experiment. Texts are made only if the line is written, since this happens for every experiment.
  private func log(
    _ level: Logger.Level,
    _ message: @autoclosure () -> String,
    _ experiment: PlannedExperiment,
    _ metadata: @autoclosure () -> [String: String] = [:],
    at time: Double? = nil
  ) {
    guard level >= file.threshold else { return }
    file.write(level, message(), metadata: metadata(), experiment: experiment.id, at: time)
  }
}

extension PlannedExperiment {
  /// The config with the repetition and the device.
  fileprivate var shownConfig: Config {
    var shown = config
    shown.set("repetition", to: AnyAlias(Value.int(repetition)))
    if let device { shown.set("device", to: device) }
    return shown
  }
}

extension Failure {
  fileprivate var logged: [String: String] {
    var values: [String: String] = ["iteration": "\(iteration)", "kind": "\(kind)"]
    if let place { values["place"] = "\(place)" }
    return values
  }
}

extension RunStart {
  fileprivate var logged: [String: String] {
    [
      "experiments": "\(experiments.map(String.init) ?? "open")",
      "iterations": "\(iterations.map(String.init) ?? "open")",
      "workers": "\(workers)",
      "seed": "\(seed)",
      "stored": "\(stored)",
    ]
  }
}

extension RunSummary {
  fileprivate var logged: [String: String] {
    var values = [
      "done": "\(done)",
      "failed": "\(failed)",
      "skipped": "\(skipped)",
      "interrupted": "\(interrupted)",
      "cancelled": "\(isCancelled)",
      "seconds": "\(String(format: "%.3f", duration))",
    ]
    if pruned > 0 { values["pruned"] = "\(pruned)" }
    return values
  }
}
