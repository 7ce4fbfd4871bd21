import FieldworkStore
import Logging

/// Records what a unit writes to the log of its experiment.
///
/// The process of the run writes the log, in the order of its records.
struct RecordLogHandler: LogHandler {
  private let sink: any RecordSink
  /// The key of the experiment.
  private let experiment: String

  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(
    _ sink: any RecordSink,
    experiment: String,
    threshold: Logger.Level,
    metadataProvider: Logger.MetadataProvider?
  ) {
    self.sink = sink
    self.experiment = experiment
    self.metadataProvider = metadataProvider
    logLevel = threshold
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Is called by the logger for records that are not below ``logLevel`` alone.
  func log(event: LogEvent) {
    var metadata = metadata
    if let more = metadataProvider?.get() { metadata.merge(more) { $1 } }
    if let more = event.metadata { metadata.merge(more) { $1 } }
    if let error = event.error { metadata["error"] = "\(error)" }
    sink.recordNow(
      .logged(
        experiment: experiment,
        LogEntry(
          level: event.level.rawValue,
          message: "\(event.message)",
          metadata: metadata.mapValues { "\($0)" },
          at: TaskHost.now()
        )
      )
    )
  }
}
