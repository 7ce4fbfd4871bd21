package import FieldworkCore
package import FieldworkStore
import Foundation
package import Logging

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The logs of a run: `research.log` in the folder of the research, and `experiment.log` in that of each
/// experiment that has a line in it.
///
/// A record of an experiment stands in both. Records are appended to what is there, each in one piece,
/// so that several processes may write at once. For a store without files all goes to a descriptor.
///
/// Nobody who writes a record meets an error: what cannot be written is told once and then lost.
package final class RunLog: Sendable {
  /// Where the records go.
  package enum Place: Sendable {
    /// Into files in the folder of the research, which is there already.
    case folder(ResearchFolder)
    /// To an open file, such as the standard error, of which a duplicate is used: a unit may keep its
    /// logger when whoever opened the file has closed it, and its number may be another file's by then.
    case descriptor(Int32)
  }

  private struct State {
    /// The log of the research; in a folder, from its first record on. Those of experiments, of which there may be
    /// many thousands, are opened for each record.
    var file: SystemFile?
    var hasReportedFailure = false
  }

  /// The name of the research.
  package let name: String
  /// The level below which records are left out.
  package let threshold: Logger.Level
  private let place: Place
  private let failed: @Sendable (FieldworkError) -> Void
  private let state = Protected(State())

  /// Writes nothing yet.
  /// - Parameter failed: is told, once, why records cannot be written.
  package init(
    name: String,
    _ place: Place,
    threshold: Logger.Level,
    failed: @escaping @Sendable (FieldworkError) -> Void
  ) {
    self.name = name
    self.place = place
    self.threshold = threshold
    self.failed = failed
    if case .descriptor(let descriptor) = place {
      // Without one it is told at the first record.
      let file = try? SystemFile(duplicating: descriptor)
      state.withLock { $0.file = file }
    }
  }

  private func label(_ experiment: String?) -> String {
    experiment.map { "\(name).\($0)" } ?? name
  }

  /// Writes a line.
  /// - Parameters:
  ///   - experiment: the id of the experiment that it belongs to; nil for none.
  ///   - time: in seconds since 1970; nil for now.
  package func write(
    _ level: Logger.Level,
    _ message: String,
    metadata: [String: String] = [:],
    experiment: String? = nil,
    at time: Double? = nil
  ) {
    let failure = state.withLock { state -> SystemError? in
      let line = LogLine(
        time: time ?? Date().timeIntervalSince1970,
        level: level,
        name: label(experiment),
        message: message,
        metadata: metadata
      )
      let failure = append(line.text, experiment: experiment, &state)
      guard failure != nil, !state.hasReportedFailure else { return nil }
      state.hasReportedFailure = true
      return failure
    }
    if let failure {
      failed(
        FieldworkError(
          .store,
          "\(failure); the run goes on, but its log is not complete: free some space, or choose another directory"
        )
      )
    }
  }

  /// - Returns: the first thing that went wrong; a failure with one log does not keep a line from the
  ///   other.
  private func append(_ text: String, experiment: String?, _ state: inout State) -> SystemError? {
    var text = text
    return text.withUTF8 { bytes in
      let bytes = UnsafeRawBufferPointer(bytes)
      var failure: SystemError?
      func attempt(_ body: () throws -> Void) {
        do { try body() } catch { failure = failure ?? error as? SystemError }
      }
      switch place {
      case .descriptor(let descriptor):
        attempt {
          let file = try state.file ?? SystemFile(duplicating: descriptor)
          state.file = file
          try file.append(bytes)
        }
      case .folder(let folder):
        attempt {
          let file = try state.file ?? RunLog.openLog(folder.file("research.log"))
          state.file = file
          try file.append(bytes)
        }
        if let experiment {
          attempt {
            try RunLog.openExperimentLog(folder.experimentPath(experiment)).append(bytes)
          }
        }
      }
      return failure
    }
  }

  private static func openLog(_ path: String) throws -> SystemFile {
    try SystemFile(path, O_WRONLY | O_APPEND | O_CREAT)
  }

  private static func openExperimentLog(_ folder: String) throws -> SystemFile {
    let path = folder + "/experiment.log"
    do {
      return try openLog(path)
    } catch let error as SystemError where error.number == ENOENT {
      try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      return try openLog(path)
    }
  }
}
