/// Starts the programs of experiments.
package protocol ProgramLauncher: Sendable {
  /// Starts a program that runs beside an experiment.
  /// - Throws: ``ProgramError`` if it cannot be started, or the error of an expression.
  func start(_ program: ProgramDescription, for run: RunContext) throws -> any RunningProgram

  /// Runs a program to its end.
  /// - Throws: ``ProgramError`` if it cannot be started, or the error of an expression; `CancellationError` when the
  ///   calling task is cancelled.
  func execute(_ program: ProgramDescription, for run: RunContext) async throws -> ProgramResult

  /// Ends what programs of an experiment have needed, when it has ended.
  func end(_ run: RunContext)
}

/// A program that runs beside an experiment.
package protocol RunningProgram: AnyObject {
  /// Waits for the next iteration.
  /// - Parameter isLast: true to end the program after it: as soon as it prints a further iteration, and at the latest
  ///   after its grace.
  /// - Returns: nil when the program has ended with exit code 0.
  /// - Throws: ``ProgramError`` for another end, ``FieldworkError`` for an output that cannot be read,
  ///   `CancellationError` when the calling task is cancelled.
  func next(isLast: Bool) async throws -> [String: Value]?

  /// Sends SIGTERM to the program, and SIGKILL after its grace.
  func terminate()

  /// Ends the program and all that it has started: by SIGTERM, and by SIGKILL after its grace.
  func end() async
}

extension RunContext {
  /// A number from 0 to 2³¹ - 1 with which programs and libraries seed their random numbers. It depends on the
  /// research's seed and the experiment's id alone.
  public var seed: Int { Int(random.bits(of: "fieldwork.seed") >> 33) }

  /// Runs a program to its end.
  ///
  ///     let score = try await run.execute("./score --depth \(depth)").text
  ///
  /// The program has the environment and the folder of a `Program`. Its standard error is the experiment's.
  /// - Parameters:
  ///   - checked: true to throw an error if the program does not end with exit code 0.
  /// - Throws: ``ProgramError`` if the program cannot be started or, with `checked`, fails.
  public func execute(
    _ command: ProgramCommand,
    input: ProgramInput = .none,
    environment: [String: ProgramText] = [:],
    in folder: ProgramText? = nil,
    checked: Bool = true
  ) async throws -> ProgramResult {
    if let problem = command.problems.first {
      throw FieldworkError(.invalidDefinition, "\(problem.message): \(command); \(problem.remedy)")
    }
    guard let programs else {
      throw FieldworkError(.invalidDefinition, "programs can be run in units of a run only")
    }
    var program = ProgramDescription(command)
    program.input = input
    program.environment = environment
    program.folder = folder
    let result = try await programs.execute(program, for: self)
    if checked, let error = result.error { throw error }
    return result
  }
}

extension ProgramResult {
  /// The failure; nil if the program has ended with exit code 0.
  package var error: ProgramError? {
    if let exitCode {
      return exitCode == 0
        ? nil : ProgramError(words: words, reason: .exitCode(exitCode), errorText: errorText)
    }
    let number = signal ?? 0
    return ProgramError(
      words: words,
      reason: .signal(number, name: SignalName.of(number)),
      errorText: errorText
    )
  }
}
