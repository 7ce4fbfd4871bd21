import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore
import Foundation

/// The exit codes of a playbook.
enum ExitStatus: Int32, Sendable {
  case done = 0
  /// Some experiments failed, or what was asked for is not so.
  case someFailed = 1
  /// The command or the research cannot be run as it is.
  case unusable = 2
  case interrupted = 130
}

/// What the subcommands are given.
struct PlaybookContext: Sendable {
  let research: Research
  /// The types that follow a run.
  let observers: [any RunObserver]
  /// The name of the executable.
  let name: String
  let terminal: Terminal
  /// The words of the command line after the name of the executable.
  var arguments: [String]
  /// Whether the process runs the command line and nothing else, so that it can be started once more.
  let isProgram: Bool
  /// True if the playbook's own code was built with optimisation.
  let isOptimized: Bool

  /// The words of the command line with some flags more, which do not get among what stands at its end.
  func arguments(adding flags: [String]) -> [String] {
    let hasCommand = arguments.first.map { !$0.hasPrefix("-") } ?? false
    return arguments.prefix(hasCommand ? 1 : 0) + flags + arguments.dropFirst(hasCommand ? 1 : 0)
  }

  /// How worker processes are started; nil if the program cannot be started again.
  var workerCommand: WorkerCommand? {
    guard isProgram else { return nil }
    var context = self
    context.arguments.removeAll {
      [PilotServer.flag, ControlOptions.coordinatorFlag].contains($0)
    }
    return WorkerCommand(arguments: context.arguments(adding: [WorkerCommand.flag]))
  }
}

/// A subcommand of a playbook.
protocol PlaybookSubcommand: ParsableCommand {
  func perform(_ context: PlaybookContext) async throws -> ExitStatus
}

/// Reads a playbook's command line, performs it, and reports what goes wrong.
struct PlaybookCommandLine {
  private let playbook: any Playbook
  private let name: String
  private let isProgram: Bool
  private let isOptimized: Bool

  /// - Parameter isProgram: whether the process runs this command line and nothing else, so that it can be
  ///   started once more as a worker.
  init(
    _ playbook: any Playbook,
    name: String,
    isProgram: Bool = false,
    isOptimized: Bool = true
  ) {
    self.playbook = playbook
    self.name = name
    self.isProgram = isProgram
    self.isOptimized = isOptimized
  }

  func run(_ arguments: [String]) async -> ExitStatus {
    let terminal = Terminal()
    let status = await run(arguments, terminal)
    guard let failure = terminal.outputFailure ?? Self.closedOutput(arguments) else {
      return status
    }
    report(failure, arguments, terminal)
    return .unusable
  }

  /// The error of a command that shows something and was started without a standard output. A run needs none.
  private static func closedOutput(_ arguments: [String]) -> FieldworkError? {
    let shows = arguments.first.map {
      RootCommand.names.contains($0) && !["run", "retry"].contains($0)
    }
    guard StandardDescriptors.wasOutputClosed, shows ?? false else { return nil }
    return FieldworkError(.store, "cannot write to the standard output: it is closed")
  }

  private func run(_ arguments: [String], _ terminal: Terminal) async -> ExitStatus {
    do {
      var parsed = try RootCommand.parseAsRoot(arguments)
      guard let command = parsed as? any PlaybookSubcommand else {
        // It is the help of some command, which is thrown as an error is.
        try parsed.run()
        return .done
      }
      let context = PlaybookContext(
        research: playbook.research,
        observers: playbook.observers,
        name: name,
        terminal: terminal,
        arguments: arguments,
        isProgram: isProgram,
        isOptimized: isOptimized
      )
      return try await command.perform(context)
    } catch let error as FieldworkError {
      report(error, arguments, terminal)
      return .unusable
    } catch {
      let isHelp = RootCommand.exitCode(for: error).isSuccess
      let text = RootCommand.fullMessage(for: error)
      if isHelp {
        terminal.print(text)
      } else {
        terminal.printError(Self.shortened(ownWords(text, arguments, terminal), arguments))
      }
      return isHelp ? .done : .unusable
    }
  }

  /// A message about wrong usage, beginning as all other errors do.
  private func ownWords(
    _ text: String,
    _ arguments: [String],
    _ terminal: Terminal
  ) -> String {
    let prefix = "Error: "
    var text = text
    // What is no command is taken for an argument of `run`.
    let start = "\(prefix)Unexpected argument '"
    if text.hasPrefix(start) {
      let word = text.dropFirst(start.count).prefix { $0 != "'" }
      if word.count > 2, arguments.first.map({ $0 == word }) ?? false,
        let command = RootCommand.names.first(where: { $0.hasPrefix(word.prefix(4)) })
      {
        text =
          "\(prefix)Unexpected argument '\(word)': did you mean '\(command)'?"
          + text.dropFirst(start.count + word.count + 1)
      }
    }
    return text.hasPrefix(prefix) ? terminal.red("error: ") + text.dropFirst(prefix.count) : text
  }

  private func report(_ error: FieldworkError, _ arguments: [String], _ terminal: Terminal) {
    func print(_ text: String) { terminal.printError(Self.shortened(text, arguments)) }
    guard !error.problems.isEmpty else {
      print(terminal.red("error: ") + error.description)
      return
    }
    for problem in error.problems { print(terminal.text(of: problem)) }
    print(terminal.red("error: ") + error.message)
  }

  /// The length to which quoted arguments are cut.
  private static let quotedLength = 80
  /// The length up to which a message is left as it is.
  private static let messageLength = 400

  /// A message in which long arguments are cut.
  private static func shortened(_ message: String, _ arguments: [String]) -> String {
    guard message.utf8.count > messageLength else { return message }
    var message = message
    // An option and its value may be one argument; the longest parts first, which hold the others.
    let parts = arguments.flatMap { argument in
      [argument]
        + (argument.firstIndex(of: "=").map { [String(argument[$0...].dropFirst())] } ?? [])
    }
    for part in parts.sorted(by: { $0.utf8.count > $1.utf8.count })
    where part.utf8.count > quotedLength && message.utf8.count > messageLength {
      message = message.replacing(part, with: part.prefix(quotedLength) + "…")
    }
    return message
  }
}

/// The command line itself: everything is a subcommand, `run` if none is named.
struct RootCommand: ParsableCommand {
  /// The names of the subcommands.
  static var names: [String] {
    configuration.subcommands.compactMap { $0.configuration.commandName }
  }

  /// Computed, since help texts show the name of the executable.
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: URL(fileURLWithPath: CommandLine.arguments[0]).lastPathComponent,
      abstract: "Runs a research and shows its results.",
      discussion: """
        Running again is resuming: experiments whose results are stored are left out.
        Exit codes: 0 all done, 1 some experiments failed, 2 wrong usage or a research that cannot \
        be run, 130 interrupted. A run that ends since its --budget is used up exits as it would otherwise.
        """,
      subcommands: [
        RunCommand.self, RetryCommand.self, ConfigsCommand.self, StatusCommand.self,
        AttachCommand.self, StopCommand.self, WorkersCommand.self, EnqueueCommand.self,
        AskCommand.self, TellCommand.self,
        RerunCommand.self, SourceCommand.self,
        CacheCommand.self,
        ResultsCommand.self,
        BestCommand.self, SimulateCommand.self,
        CompareCommand.self, ImportanceCommand.self, PlotCommand.self, ReportCommand.self,
        ProfileCommand.self,
        VerifyCommand.self, RemoveCommand.self,
      ],
      defaultSubcommand: RunCommand.self
    )
  }
}
