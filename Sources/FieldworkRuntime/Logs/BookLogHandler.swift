import Foundation
package import Logging

/// Writes what a logger is told into a ``LogBook``.
package struct BookLogHandler: LogHandler {
  private let book: LogBook
  private let experiment: String?

  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?

  /// - Parameter experiment: the id of the experiment that the records belong to; nil for none.
  init(_ book: LogBook, experiment: String?, metadataProvider: Logger.MetadataProvider?) {
    self.book = book
    self.experiment = experiment
    self.metadataProvider = metadataProvider
    logLevel = book.threshold
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Is called by the logger for records that are not below ``logLevel`` alone.
  package func log(event: LogEvent) {
    var metadata = metadata
    if let more = metadataProvider?.get() { metadata.merge(more) { $1 } }
    if let more = event.metadata { metadata.merge(more) { $1 } }
    if let error = event.error { metadata["error"] = "\(error)" }
    book.write(event.level, "\(event.message)", metadata: metadata, experiment: experiment)
  }
}
