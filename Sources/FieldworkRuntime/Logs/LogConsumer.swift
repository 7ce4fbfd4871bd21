import FieldworkCore
import FieldworkStore
import Foundation
import Logging

/// Writes the events of a run into its logs.
///
/// | level | what |
/// |---|---|
/// | error | a unit has failed; an experiment's failures stand in its own log, too |
/// | warning | a worker has died or takes no more tasks |
/// | notice | the run has started or ended, the domain was updated; an experiment is tried again, in its own log, too |
/// | info | an experiment has started, ended, or was left out; in its own log, too |
/// | debug | a unit runs; in the log of its experiment, too |
///
/// So with a threshold of `notice` an experiment that goes well has no log.
package final class LogConsumer: EventConsumer {
  private let book: LogBook
  private let research: Logger

  package init(_ book: LogBook) {
    self.book = book
    research = book.logger()
  }

  package var wantsUnits: Bool { book.threshold <= .debug }

  package func consume(_ event: Event) {
    switch event {
    case .runStarted(let start): research.notice("run started", metadata: start.logged)
    case .runEnded(let summary): research.notice("run ended", metadata: summary.logged)
    case .experimentSkipped(let experiment):
      log(.info, "experiment left out, its results are stored", experiment)
    case .experimentStarted(let experiment, let worker):
      log(
        .info,
        "experiment started",
        experiment,
        ["config": "\(experiment.shownConfig)", "worker": "\(worker)"]
      )
    case .experimentEnded(let experiment, let ending, let iterations, let worker):
      log(
        .info,
        "experiment ended",
        experiment,
        ["ending": "\(ending.rawValue)", "iterations": "\(iterations)", "worker": "\(worker)"]
      )
    case .unitFailed(let experiment, let failure):
      log(
        .error,
        "unit '\(failure.unit)' failed: \(failure.message)",
        experiment,
        failure.logged.merging(["config": "\(experiment.shownConfig)"]) { $1 }
      )
    case .unitStarted(let experiment, let unit, let iteration):
      guard book.threshold <= .debug else { return }
      book.logger(experiment: experiment)
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
    case .retrying(let experiment, let attempt):
      log(.notice, "experiment is tried again", experiment, ["attempt": "\(attempt)"])
    case .warning(let text): research.warning("\(text)")
    case .iterationEnded, .printed: break
    }
  }

  /// Writes a record of an experiment. Texts are made only if the record is written, since this happens
  /// for every experiment.
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
