import ArgumentParser
import FieldworkCore
import FieldworkStore

/// `status`: shows whether the research runs, and how far it is.
struct StatusCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show whether the research runs, how far it is, and what is running.",
    discussion: """
      It reads the lock file and the store, and disturbs no run. An iteration is counted once it has saved \
      something.
      """
  )

  @Flag(
    help: """
      Show it anew until the run ends: once a second it looks whether something was stored, and reads the \
      store if so. With --json a line whenever something was.
      """
  )
  var watch = false

  @Flag(name: .customLong("json"), help: "Print it as one JSON object.")
  var json = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let name = location.name ?? context.research.name
    let terminal = context.terminal
    let status =
      try watch
      ? await watched(RunWatch(folder, name: name), context) : ResearchStatus(folder, name: name)
    let lines = status.lines(hint(context), width: nil)
    terminal.print(json ? status.json : lines.joined(separator: "\n"))
    return .done
  }

  private func hint(_ context: PlaybookContext) -> CommandHint {
    CommandHint(name: context.name, location: location.text)
  }

  /// - Returns: how the research stands after the run.
  private func watched(
    _ watch: RunWatch,
    _ context: PlaybookContext
  ) async throws -> ResearchStatus {
    let terminal = context.terminal
    var progress = ProgressLines(terminal)
    let status = try await watch.follow { status, hasChanged in
      guard status.isRunning else { return }
      if json {
        if hasChanged { terminal.print(status.json) }
      } else if terminal.canRedraw {
        progress.draw { columns, _ in
          status.lines(hint(context), width: columns).map { ScreenLine($0) }
        }
      } else if let line = progress.line(status) {
        terminal.print(line)
      }
    }
    if !json { progress.erase() }
    return status
  }
}
