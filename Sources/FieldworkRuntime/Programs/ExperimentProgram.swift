import FieldworkCore
import FieldworkStore
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program that runs beside an experiment. It is read in the turns of its unit.
final class ExperimentProgram: RunningProgram {
  private let program: StartedProgram
  private let start: ProgramStart
  private var reader: ProgramOutputReader
  private var errors = ErrorForwarder()
  private let grace: Duration
  /// True once the output has been read to its end.
  private var isRead = false
  /// True if the output is no longer of interest.
  private var isDiscarded = false
  private var hasFlushed = false

  init(
    _ program: StartedProgram,
    _ start: ProgramStart,
    _ reader: ProgramOutputReader,
    grace: Duration
  ) {
    self.program = program
    self.start = start
    self.reader = reader
    self.grace = grace
  }

  func next(isLast: Bool) async throws -> [String: Value]? {
    let (program, grace) = (program, grace)
    return try await withTaskCancellationHandler {
      guard let values = try nextOfOutput() else { return nil }
      if isLast { try finish() }
      return values
    } onCancel: {
      program.terminate(after: grace)
    }
  }

  /// Reads until there is an iteration, or the program has ended.
  /// - Parameter deadline: the time after which the program is terminated.
  private func nextOfOutput(
    until deadline: ContinuousClock.Instant? = nil
  ) throws -> [String: Value]? {
    var deadline = deadline
    hasFlushed = false
    while true {
      if let values = try take(isAtEnd: isRead) { return values }
      if isRead { return nil }
      switch try read(until: deadline) {
      case .running: break
      case .overTime:
        deadline = nil
        program.terminate(after: grace)
      case .ended(let termination):
        if program.isTerminated { throw CancellationError() }
        isRead = true
        let result = ProgramResult(termination, start.words, [], errors.text)
        // What was printed before counts.
        if let error = result.error {
          while try take(isAtEnd: true) != nil {}
          throw error
        }
      }
    }
  }

  /// Lets the program end after the last iteration.
  private func finish() throws {
    do {
      guard try nextOfOutput(until: .now + grace) != nil else { return }
    } catch is CancellationError where program.isTerminated && !Task.isCancelled {
      return
    }
    // It would go on.
    program.terminate(after: grace)
    drain()
  }

  func terminate() { if program.ending == nil { program.terminate(after: grace) } }

  func end() async {
    if program.ending == nil {
      program.terminate(after: grace)
      drain()
    }
  }

  /// Reads until the program has ended, and passes on nothing but its text.
  private func drain() {
    isDiscarded = true
    while true {
      if case .ended = try? read(until: nil) { return }
    }
  }

  private func read(until deadline: ContinuousClock.Instant?) throws -> StartedProgram.Progress {
    try program.read(until: deadline) { stream, bytes in
      switch stream {
      case .output: if !isDiscarded { reader.append(bytes) }
      case .errors: errors.forward(bytes)
      }
    }
  }

  /// Takes what has been read, and passes text on.
  /// - Returns: the next iteration; nil if more has to be read.
  private func take(isAtEnd: Bool) throws -> [String: Value]? {
    while let event = try isAtEnd ? reader.finish() : reader.next() {
      switch event {
      case .iteration(let values): return values
      case .text(let bytes):
        // What the unit's process has printed before comes first.
        if !hasFlushed { try? StandardStream.stdout.flush() }
        hasFlushed = true
        bytes.withUnsafeBytes { ErrorForwarder.write($0, to: STDOUT_FILENO) }
      }
    }
    return nil
  }
}
