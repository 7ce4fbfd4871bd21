package import FieldworkCore
package import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Takes what a process writes to its standard output and error into files, byte for byte.
///
/// It redirects the descriptors themselves, so that the output of `print`, of C code and of programs
/// that units start is taken alike. Between ``enter(_:)`` and ``leave()`` it belongs to an experiment.
/// A file is seen, from the end of the turn on, only if something has been written to it; what is there
/// from earlier runs is kept.
///
/// A process has one pair of descriptors: while experiments run at once in it, what they write cannot be
/// told apart. Only one at a time may have its turn; the caller sees to that.
///
/// What cannot be kept, since a disk is full or a folder cannot be written, does not end a run: it is
/// told once, and the output goes to the terminal where it can.
package final class OutputCapture: Sendable {
  private struct State {
    let output: CapturedStream
    let error: CapturedStream
    var hasReportedFailure = false
    /// True while the size of the output is checked periodically.
    var isWatching = false
  }

  /// Where the standard output led before, for whatever is to be seen on the terminal. Open as long as
  /// this object lives.
  package let terminalOutput: Int32
  /// Where the standard error led before, for progress displays and messages. Open as long as this
  /// object lives.
  package let terminalError: Int32

  private let state: Protected<State>
  private let isLimited: Bool
  private let failed: @Sendable (FieldworkError) -> Void

  /// Redirects nothing yet.
  /// - Parameters:
  ///   - folder: the folder of the research, which is there already; nil for a store without files.
  ///   - descriptors: what to redirect.
  ///   - limit: the number of bytes that are kept of what an experiment writes to a stream; nil for all of it.
  ///   - writers: how many experiments write at once into the file of the research.
  ///   - failed: is told, once, why output cannot be kept.
  /// - Throws: ``FieldworkError`` of code `invalidDefinition` if there is no folder for a common file, of
  ///   code `store` if the process cannot open more files.
  package init(
    folder: ResearchFolder?,
    output: OutputMode,
    error: OutputMode,
    descriptors: (output: Int32, error: Int32) = (STDOUT_FILENO, STDERR_FILENO),
    limit: Int? = nil,
    writers: Int = 1,
    failed: @escaping @Sendable (FieldworkError) -> Void
  ) throws {
    let problems = Self.problems(output: output, error: error, hasFolder: folder != nil)
    guard problems.isEmpty else {
      throw FieldworkError(
        .invalidDefinition,
        "the output cannot be kept that way",
        problems: problems
      )
    }
    do {
      let output = try CapturedStream(
        .stdout,
        output,
        folder,
        descriptors.output,
        limit: limit,
        writers: writers
      )
      let error = try CapturedStream(
        .stderr,
        error,
        folder,
        descriptors.error,
        limit: limit,
        writers: writers
      )
      terminalOutput = output.terminal.descriptor
      terminalError = error.terminal.descriptor
      state = Protected(State(output: output, error: error))
    } catch {
      throw FieldworkError(.store, "the output cannot be redirected", cause: "\(error)")
    }
    self.failed = failed
    isLimited = limit != nil
  }

  /// What is wrong with taking the streams in these modes.
  static func problems(
    output: OutputMode?,
    error: OutputMode?,
    hasFolder: Bool,
    place: SourceLocation? = nil
  ) -> [Problem] {
    guard !hasFolder else { return [] }
    return [(StandardStream.stdout, output), (.stderr, error)].compactMap { stream, mode in
      guard let mode, mode.hasCommonFile else { return nil }
      return Problem(
        "\(stream.rawValue) cannot go to '\(mode.rawValue)': results in memory have no folder for its file",
        remedy: "choose 'experiment' or 'terminal', or keep the results in files",
        place: place
      )
    }
  }

  deinit { end() }

  /// Redirects. What is written outside of experiments goes to the file of the research, or to the
  /// terminal if there is none.
  package func begin() {
    forBoth { $0.begin() }
    guard isLimited else { return }
    state.withLock { $0.isWatching = true }
    watch()
  }

  /// The time between two checks of the size of the output.
  private static let interval = DispatchTimeInterval.milliseconds(100)
  private static let watcher = DispatchQueue(label: "fieldwork.output", qos: .utility)

  /// A program can write hundreds of megabytes a second, and a full disk would end the run.
  private func watch() {
    Self.watcher.asyncAfter(deadline: .now() + Self.interval) { [weak self] in
      guard let self, state.withLock({ $0.isWatching }) else { return }
      forBoth { $0.trim() }
      watch()
    }
  }

  /// An experiment begins in this process, so what is written from now on is its output.
  package func experimentBegins() { forBoth { $0.experimentBegins() } }

  /// Leads the streams to where they led before, and deletes what is not needed.
  package func end() {
    state.withLock { $0.isWatching = false }
    forBoth { $0.end() }
  }

  /// What is written from here on belongs to an experiment, until ``leave()``.
  ///
  /// It may be called around every unit: with nothing written it makes no files.
  /// - Parameter experiment: the experiment's id.
  package func enter(_ experiment: String) { forBoth { $0.enter(experiment) } }

  /// Ends the turn of the experiment that was entered. With ``OutputMode/both``, what it wrote is now
  /// appended to the file of the research, too.
  package func leave() { forBoth { $0.leave() } }

  /// What an experiment has written since this was last asked, if the store has no files.
  ///
  /// It may be asked between turns and after the end. Bytes that are no UTF-8 are replaced by U+FFFD.
  /// - Returns: empty texts if the output goes elsewhere.
  package func take(_ experiment: String) -> (stdout: String, stderr: String) {
    withStreams { output, error in
      (
        String(decoding: output.take(experiment), as: UTF8.self),
        String(decoding: error.take(experiment), as: UTF8.self)
      )
    }
  }

  private func forBoth(_ body: (CapturedStream) -> Void) {
    withStreams { output, error in
      body(output)
      body(error)
    }
  }

  private func withStreams<Result: Sendable>(
    _ body: (CapturedStream, CapturedStream) -> Result
  ) -> Result {
    let (result, failure) = state.withLock { state -> (Result, SystemError?) in
      let result = body(state.output, state.error)
      let failure = state.hasReportedFailure ? nil : state.output.failure ?? state.error.failure
      state.hasReportedFailure = state.hasReportedFailure || failure != nil
      return (result, failure)
    }
    // Outside of the lock, since who is told may use this object.
    if let failure {
      failed(
        FieldworkError(
          .store,
          "\(failure); the run goes on, but what units write is not kept as asked: free some space, or choose another directory"
        )
      )
    }
    return result
  }
}
