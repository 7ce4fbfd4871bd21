import Dispatch
import FieldworkStore
import Foundation

/// Runs programs and keeps what they print.
///
/// Nothing that they print reaches the terminal, and they cannot ask anything: their input is empty.
struct ProgramRunner: Sendable {
  /// The folders in which programs are looked for, separated by colons.
  let searchPath: String
  let environment: [String: String]
  /// The folder in which programs run.
  let folder: String
  let timeLimit: Duration
  /// The number of bytes that are kept of a program's output.
  let sizeLimit: Int

  var search: ProgramSearch { ProgramSearch(path: searchPath, folder: folder) }

  /// Runs a program to its end. When the calling task is cancelled, the program is killed.
  /// - Parameters:
  ///   - line: the name or path of the program, and its arguments.
  ///   - folder: where to run it instead of in the runner's folder.
  ///   - environment: its environment instead of the runner's.
  ///   - sizeLimit: how many bytes to keep instead of the runner's limit.
  func run(
    _ line: [String],
    in folder: String? = nil,
    environment: [String: String]? = nil,
    sizeLimit: Int? = nil
  ) async -> CommandResult {
    let name = line.first ?? ""
    guard let path = search.file(name) else {
      return CommandResult(ending: .missing(name))
    }
    if Task.isCancelled { return CommandResult(ending: .interrupted) }
    let program: StartedProgram
    do {
      program = try StartedProgram(
        path,
        line,
        environment: environment ?? self.environment,
        folder: folder ?? self.folder
      )
    } catch {
      let reason = (error as? SystemError).map { String(cString: strerror($0.number)) }
      return CommandResult(ending: .refused(name, reason ?? "\(error)"))
    }
    let limit = sizeLimit ?? self.sizeLimit
    let isInterrupted = Protected(false)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // A thread of its own waits.
        DispatchQueue(label: "fieldwork.program").async {
          continuation.resume(returning: read(program, sizeLimit: limit, isInterrupted))
        }
      }
    } onCancel: {
      isInterrupted.withLock { $0 = true }
      program.kill()
    }
  }

  /// The number of bytes that are kept of the standard error.
  private static let errorLimit = 100_000

  /// Reads until the program has ended or its time is up.
  private func read(
    _ program: StartedProgram,
    sizeLimit: Int,
    _ isInterrupted: Protected<Bool>
  ) -> CommandResult {
    var output = CapturedOutput(limit: sizeLimit)
    var errors = CapturedOutput(limit: min(sizeLimit, Self.errorLimit))
    var deadline: ContinuousClock.Instant? = .now + timeLimit
    var isOverTime = false
    var ending: ChildProcess.Termination?
    while ending == nil {
      let progress = try? program.read(until: deadline) { stream, bytes in
        switch stream {
        case .output: output.append(bytes)
        case .errors: errors.append(bytes)
        }
      }
      switch progress {
      case .ended(let termination): ending = termination
      case .overTime:
        isOverTime = true
        deadline = nil
        program.kill()
      case .running, nil: break
      }
    }
    let result: CommandResult.Ending =
      switch ending {
      case _ where isOverTime: .overTime(timeLimit)
      case .signalled(SIGKILL) where isInterrupted.withLock({ $0 }): .interrupted
      case .exited(let status): .exited(status)
      case .signalled(let signal): .signalled(signal)
      case nil: .interrupted
      }
    return CommandResult(ending: result, output: output, errors: errors)
  }
}
