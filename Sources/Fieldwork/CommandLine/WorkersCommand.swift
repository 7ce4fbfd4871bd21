import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// The actions of `workers`.
enum WorkersAction: String, CaseIterable, Sendable {
  case add, drain
}

/// `workers`: changes the number of workers of a run that goes on.
struct WorkersCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "workers",
    abstract: "Change the number of workers of the run that goes on.",
    discussion: """
      'workers add 4' starts 4 more; with --engine slurm the run submits the tasks that they need. \
      'workers drain 2' ends 2 after the experiments that they run; one worker always stays. The results do not \
      depend on the number of workers. Exit codes: 0 if the run has answered, also if it changes nothing, 1 if \
      nothing runs, 2 if it does not answer.
      """
  )

  @Argument(
    help: ArgumentHelp("Add workers, or let some end.", valueName: choices(WorkersAction.self)),
    transform: choice
  )
  var action: WorkersAction

  @Argument(help: ArgumentHelp("The number of workers.", valueName: "n"))
  var count = 1

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    guard (1...10_000).contains(count) else {
      throw ValidationError("the number of workers is \(count): give a number from 1 to 10000")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    guard case .held(let holder) = try folder.holding() else {
      context.terminal.printError("nothing runs in \(folder.path)")
      return .someFailed
    }
    let request = RunRequest.workers(change: action == .add ? count : -count)
    guard let answer = try RunRequests(folder).send(request, waiting: .seconds(30)) else {
      throw FieldworkError(
        .busy,
        "the run in \(folder.path)\(holder.map { " (\($0))" } ?? "") has not answered within 30 s: it may be stopped, gone, or of an earlier version; see it with 'status'"
      )
    }
    context.terminal.print(answer)
    return .done
  }
}
