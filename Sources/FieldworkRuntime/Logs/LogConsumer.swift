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
package final class LogConsumer: RunObserver {
  private let book: LogBook
  private let research: Logger
  /// By key: the experiments that run.
  private let running = Protected<[String: (experiment: PlannedExperiment, worker: Int)]>([:])

  package init(_ book: LogBook) {
    self.book = book
    research = book.logger()
  }

  package var wantsUnits: Bool { book.threshold <= .debug }

  package func observe(_ record: RunRecord) {
    switch record {
    case .runStarted(let start): research.notice("run started", metadata: start.logged)
    case .runEnded(let summary): research.notice("run ended", metadata: summary.logged)
    case .skipped(let experiment):
      log(.info, "experiment left out, its results are stored", experiment)
    case .started(let experiment, let start):
      running.withLock { $0[experiment.key] = (experiment, start.worker) }
      log(
        .info,
        "experiment started",
        experiment,
        ["config": "\(experiment.shownConfig)", "worker": "\(start.worker)"]
      )
    case .ended(let key, let ending, let iterations, _):
      guard let (experiment, worker) = running.withLock({ $0.removeValue(forKey: key) }) else {
        break
      }
      log(
        .info,
        "experiment ended",
        experiment,
        ["ending": "\(ending.rawValue)", "iterations": "\(iterations)", "worker": "\(worker)"]
      )
    case .failed(let key, let failure): log(failure, key)
    case .retrying(let key, let retry):
      if retry.replaces == nil { for failure in retry.failures { log(failure, key) } }
      guard let (experiment, _) = running.withLock({ $0.removeValue(forKey: key) }) else { break }
      log(.notice, "experiment is tried again", experiment, ["attempt": "\(retry.attempt)"])
    case .unitStarted(let key, let unit, let iteration):
      guard book.threshold <= .debug, let (experiment, _) = running.withLock({ $0[key] }) else {
        break
      }
      book.logger(experiment: experiment.id)
        .debug("unit '\(unit)' runs", metadata: ["iteration": "\(iteration)"])
    case .domainUpdated(let number, let domain, let experiments):
      research.notice(
        "domain updated: \(domain)",
        metadata: [
          "update": "\(number)", "experiments": "\(experiments.map(String.init) ?? "open")",
        ]
      )
    case .workerLeft(let worker, let reason):
      research.warning("worker \(worker) takes no more tasks: \(reason)")
    case .workerDied(let worker, let reason):
      research.warning("worker \(worker) has died: \(reason)")
    case .warning(let text): research.warning("\(text)")
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

  /// Writes a record of an experiment. Texts are made only if the record is written, since this happens for every
  /// experiment.
  private func log(
    _ level: Logger.Level,
    _ message: @autoclosure () -> Logger.Message,
    _ experiment: PlannedExperiment,
    _ metadata: @autoclosure () -> Logger.Metadata = [:]
  ) {
    guard level >= book.threshold else { return }
    book.logger(experiment: experiment.id).log(level: level, message(), metadata: metadata())
  }
}

extension PlannedExperiment {
  /// The config with the repetition, and without what says little.
  fileprivate var shownConfig: Config {
    config.selecting(Set(config.keys).subtracting(["updates"]))
  }
}

extension Failure {
  fileprivate var logged: Logger.Metadata {
    var values: Logger.Metadata = ["iteration": "\(iteration)", "kind": "\(kind)"]
    if let place { values["place"] = "\(place)" }
    return values
  }
}

extension RunStart {
  fileprivate var logged: Logger.Metadata {
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
  fileprivate var logged: Logger.Metadata {
    [
      "done": "\(done)",
      "failed": "\(failed)",
      "skipped": "\(skipped)",
      "interrupted": "\(interrupted)",
      "cancelled": "\(isCancelled)",
      "seconds": "\(String(format: "%.3f", duration))",
    ]
  }
}
