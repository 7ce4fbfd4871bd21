import ArgumentParser
import FieldworkCore
import FieldworkStore

/// `attach`: shows the progress of a run that goes on elsewhere.
struct AttachCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "attach",
    abstract: "Show the progress of a run that goes on elsewhere, until it ends.",
    discussion: """
      The bar is made from what is stored, once a second: it shows how far the run is and what is running, \
      an iteration once it has saved something. What the run says beside that, such as failures as they \
      happen, stands in its terminal or its run.log, and in 'results --failures'. Ctrl-C ends the showing \
      and leaves the run alone. Exit codes: those of the run, 1 if it was cut off or nothing runs.
      """
  )

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let name = location.name ?? context.research.name
    let terminal = context.terminal
    guard case .held(let holder) = try folder.holding() else {
      terminal.printError("nothing runs in \(folder.path)")
      return .someFailed
    }
    if var shown = holder {
      shown.command = nil
      if shown.isOnThisHost { shown.host = nil }
      terminal.printError("\(name) is run by \(shown); Ctrl-C leaves it alone")
    }
    var progress = ProgressLines(terminal)
    let status = try await RunWatch(folder, name: name).follow { status, _ in
      guard status.isRunning else { return }
      if terminal.canRedraw {
        let painter = progress
        progress.draw { painter.lines(status, columns: $0, rows: $1) }
      } else if let line = progress.line(status) {
        terminal.printError(line)
      }
    }
    progress.erase()
    let hint = CommandHint(name: context.name, location: location.text)
    terminal.print(status.outcome(hint, of: holder))
    guard let account = status.account(of: holder), account.ended != nil else { return .someFailed }
    if account.isCancelled { return .interrupted }
    return account.counters.failed > 0 ? .someFailed : .done
  }
}
