import FieldworkCore
import FieldworkRuntime
import FieldworkStore

extension RunCommand {
  /// Lets another process run the research, and waits until it has begun.
  func detach(_ folder: ResearchFolder, _ context: PlaybookContext) throws -> ExitStatus {
    guard context.isProgram else {
      throw FieldworkError(
        .invalidDefinition,
        "a research that runs within another program cannot be detached: leave out --detach"
      )
    }
    let terminal = context.terminal
    try folder.make()
    // Whoever was to be asked has been asked.
    let flags = [ControlOptions.detachedFlag] + (fresh && !isConfirmed ? ["--yes"] : [])
    let arguments = context.arguments(adding: flags)
    let process = try DetachedProcess(arguments, log: folder.runLogPath)
    switch process.wait() {
    case .ready:
      terminal.print(json ? json(process, folder) : text(process, folder, context))
      return .done
    case .ended(let code, let printed):
      terminal.printError(printed.trimmedEnd)
      guard code >= 0 else {
        terminal.printError(terminal.red("error: ") + "the detached run died of signal \(-code)")
        return .unusable
      }
      return ExitStatus(rawValue: code) ?? .unusable
    }
  }

  private func text(
    _ process: DetachedProcess,
    _ folder: ResearchFolder,
    _ context: PlaybookContext
  ) -> String {
    let command = "swift run \(context.name)"
    return """
      process \(process.id) runs \(location.name ?? context.research.name), and goes on when this terminal is closed
        how far it is  \(command) status\(location.text)
        its progress   \(command) attach\(location.text)
        end it         \(command) stop\(location.text)
        what it says   \(folder.runLogPath)
      """
  }

  private func json(_ process: DetachedProcess, _ folder: ResearchFolder) -> String {
    Value.dictionary([
      "process": .int(Int(process.id)), "folder": .string(folder.path),
      "log": .string(folder.runLogPath),
    ]).jsonText
  }
}

extension String {
  /// The text without white space at its end.
  fileprivate var trimmedEnd: String {
    String(reversed().drop(while: \.isWhitespace).reversed())
  }
}
