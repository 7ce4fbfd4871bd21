import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// `enqueue`: adds configs to the research, also while it runs.
struct EnqueueCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "enqueue",
    abstract: "Add configs to the research, which run before those that have not begun.",
    discussion: """
      'enqueue "rate=0.3 width=64"' gives each parameter of a config a value of its type, also one that is not in the \
      domain. A run that goes on takes the configs at once; otherwise the next run does. They stay a part of the \
      research. Exit codes: 0, 2 if a config cannot be read or the run does not answer.
      """
  )

  @Argument(help: ArgumentHelp("The configs.", valueName: "config"))
  var configs: [String]

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    for text in configs {
      _ = try AddedConfigs.config(text, in: context.research, option: "enqueue")
    }
    if case .held(let holder) = try folder.holding() {
      let request = RunRequest.enqueue(configs)
      guard let answer = try RunRequests(folder).send(request, waiting: .seconds(30)) else {
        throw FieldworkError(
          .busy,
          "the run in \(folder.path)\(holder.map { " (\($0))" } ?? "") has not answered within 30 s; see it with 'status'"
        )
      }
      if answer.hasPrefix("error: ") {
        throw FieldworkError(.invalidDefinition, String(answer.dropFirst(7)))
      }
      context.terminal.print(answer)
      return .done
    }
    guard folder.hasStore else {
      throw folder.lookupError
        ?? FieldworkError(
          .store,
          "there are no results in \(folder.path): begin the research with run --add '\(configs[0])'"
        )
    }
    let store = try DatabaseStore.open(folder, command: CommandText.text(CommandLine.arguments))
    defer { try? store.close() }
    var texts = AddedConfigs.texts(try store.notes())
    texts += configs.filter { !texts.contains($0) }
    try store.write([AddedConfigs.note(texts)])
    context.terminal.print("added; the next run runs \(configs.count == 1 ? "it" : "them") first")
    return .done
  }
}
