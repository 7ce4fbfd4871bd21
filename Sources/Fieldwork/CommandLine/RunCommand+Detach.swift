import FieldworkCore
import FieldworkRuntime
import FieldworkStore

extension RunCommand {
  /// Lets another process run the research, and waits until it has begun.
  func detach(
    _ research: Research,
    _ folder: ResearchFolder,
    _ context: PlaybookContext
  ) async throws -> ExitStatus {
    guard context.isProgram else {
      throw FieldworkError(
        .invalidDefinition,
        "a research that runs within another program cannot be detached: leave out --detach"
      )
    }
    let terminal = context.terminal
    try folder.make()
    if case .slurm(let options) = research.settings.engine {
      return try await detach(options, folder, context)
    }
    // The question of --fresh was answered before.
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

  /// Submits the run as a job of Slurm.
  private func detach(
    _ options: SlurmOptions,
    _ folder: ResearchFolder,
    _ context: PlaybookContext
  ) async throws -> ExitStatus {
    let name = location.name ?? context.research.name
    var context = context
    if fresh {
      // Here and once: the job may be started several times.
      let store = try DatabaseStore.open(folder, fresh: true, command: "run --fresh --detach")
      try store.close()
      if !json, let trash = store.trash { printTrash(trash, context.terminal) }
      context.arguments.removeAll { ["--fresh", "--yes"].contains($0) }
    }
    let flags = [ControlOptions.coordinatorFlag]
    let (job, script) = try await SlurmEngine.detach(
      options,
      folder: folder,
      name: name,
      arguments: context.arguments(adding: flags)
    )
    if json {
      context.terminal.print(
        Value.dictionary([
          "job": .string(job), "script": .string(script), "folder": .string(folder.path),
          "log": .string(folder.runLogPath),
        ]).jsonText
      )
    } else {
      context.terminal.print(
        "Slurm job \(job) runs \(name) when it is its turn\n" + hints(folder, context)
      )
    }
    return .done
  }

  private func hints(_ folder: ResearchFolder, _ context: PlaybookContext) -> String {
    let command = "swift run \(context.name)"
    return """
        how far it is  \(command) status\(location.text)
        its progress   \(command) attach\(location.text)
        end it         \(command) stop\(location.text)
        what it says   \(folder.runLogPath)
      """
  }

  private func text(
    _ process: DetachedProcess,
    _ folder: ResearchFolder,
    _ context: PlaybookContext
  ) -> String {
    "process \(process.id) runs \(location.name ?? context.research.name), and goes on when this terminal is closed\n"
      + hints(folder, context)
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
