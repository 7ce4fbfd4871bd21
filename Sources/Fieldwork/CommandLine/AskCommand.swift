import ArgumentParser
import FieldworkCore
import FieldworkRuntime
import FieldworkStore

/// `ask`: gives the next experiment to a program that runs it.
struct AskCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "ask",
    abstract: "Print the next config, for a program of your own that runs the experiment.",
    discussion: """
      The program runs the experiment and passes the result to 'tell'. A search chooses the config by the results that are \
      stored; configs whose results are missing count as running. The units of the playbook do not run.

      swift run Tuning ask --json            {"config":{"rate":0.1},"id":"7e4a5c0d1b2f3a49","repetition":0}
      swift run Tuning tell 7e4a 0.93

      Exit codes: 0, 1 if no experiment is left, 2 if the research cannot be run.
      """
  )

  @Option(help: ArgumentHelp("How many experiments to print.", valueName: "n"))
  var count = 1

  @Flag(name: .customLong("json"), help: "Print each as JSON, one object per line.")
  var json = false

  @OptionGroup(title: "What to run")
  var settings: SettingOptions

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    if count < 1 { throw ValidationError("--count is \(count): give 1 or more") }
    if settings.condition != nil {
      throw ValidationError("--where chooses from a plan: put the condition into the domain")
    }
    if settings.window != nil {
      throw ValidationError("ask chooses by all results that are stored: leave out --window")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    var research = try settings.applied(to: context.research)
    if let name = location.name { research.name = name }
    let store = try await openWhenFree(folder)
    defer { try? store.close() }
    let runner = ResearchRunner(research, store: store, overrides: settings.planOverrides)
    let (experiments, end) = try await runner.ask(count)
    for experiment in experiments {
      context.terminal.print(json ? jsonText(experiment) : text(experiment))
    }
    guard experiments.isEmpty else { return .done }
    let running = try store.states().values.count { $0 == .running }
    let reason = end ?? "all configs have been asked for"
    context.terminal.printError(
      "no experiment is left: \(reason)\(running > 0 ? "; the results of \(running) are missing" : "")"
    )
    return .someFailed
  }

  private func jsonText(_ experiment: PlannedExperiment) -> String {
    let value: Value = [
      "id": .string(experiment.id),
      "config": .dictionary(experiment.identity.config.plainValues),
      "repetition": .int(experiment.identity.repetition),
    ]
    return value.jsonText
  }

  private func text(_ experiment: PlannedExperiment) -> String {
    let repetition = experiment.identity.repetition
    return "\(experiment.id) \(experiment.identity.config)"
      + (repetition > 0 ? " repetition \(repetition)" : "")
  }
}

/// `tell`: takes the result of an experiment that `ask` has printed.
struct TellCommand: PlaybookSubcommand {
  static let configuration = CommandConfiguration(
    commandName: "tell",
    abstract: "Store the result of an experiment that ask has printed.",
    discussion: """
      A number alone is the value of the objective; several are those of several objectives, in their order. Other saved \
      values have names: tell 7e4a 0.93 seconds=12.
      """
  )

  @Argument(
    help: ArgumentHelp("The id of the experiment, or the beginning of it.", valueName: "id")
  )
  var id: String

  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp("The values of the objectives, or name=value.", valueName: "value")
  )
  var values: [String] = []

  @Option(
    help: ArgumentHelp("The experiment has failed, with this message.", valueName: "message")
  )
  var failed: String?

  @Flag(help: "Replace the stored result of an experiment that has one.")
  var replace = false

  @OptionGroup(title: "Where results are")
  var location: LocationOptions

  func validate() throws {
    // A negative number looks like an option to the parser.
    if let word = values.first(where: { $0.hasPrefix("-") && Double($0) == nil }) {
      throw ValidationError("unknown option '\(word)'; see tell --help")
    }
  }

  func perform(_ context: PlaybookContext) async throws -> ExitStatus {
    let folder = try location.folder(of: context.research)
    let saved = try read(values, context.research)
    let objectives = context.research.settings.objectives.map(\.name)
    if failed == nil {
      let missing = objectives.filter { name in !saved.contains { $0.name == name } }
      guard missing.isEmpty, !saved.isEmpty else {
        throw FieldworkError(
          .missingParameter,
          saved.isEmpty
            ? "give the value of \(objectives.isEmpty ? "what was measured, such as loss=0.3" : missing.joined(separator: " and of ")), or --failed 'why'"
            : "the value of \(missing.joined(separator: " and of ")) is missing: write \(missing.map { "\($0)=1" }.joined(separator: " "))"
        )
      }
    }
    guard folder.hasStore else {
      throw folder.lookupError
        ?? FieldworkError(.store, "there are no results in \(folder.path): begin with ask")
    }
    let store = try await openWhenFree(folder)
    defer { try? store.close() }
    let experiment = try await ResearchRunner.tell(
      id,
      saved,
      failure: failed,
      replaces: replace,
      to: store
    )
    context.terminal.printError("stored the result of \(experiment.id)")
    return .done
  }

  private func read(
    _ words: [String],
    _ research: Research
  ) throws -> [(name: String, value: Value)] {
    var left = research.settings.objectives.map(\.name)[...]
    return try words.map { word in
      if let value = Self.number(word) {
        guard let name = left.popFirst() else {
          throw FieldworkError(
            .unreadableText,
            research.settings.objectives.isEmpty
              ? "the research has no objective: write name=\(word)"
              : "there are more numbers than objectives: write name=\(word)"
          )
        }
        return (name, value)
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw FieldworkError(
          .unreadableText,
          "'\(word)' is neither a number nor name=value"
        )
      }
      let text = String(parts[1])
      let value = Self.number(text) ?? (try? Value(parsing: text)) ?? .string(text)
      left.removeAll { $0 == parts[0] }
      return (String(parts[0]), value)
    }
  }

  private static func number(_ text: String) -> Value? {
    if let number = Int(text) { return .int(number) }
    return Double(text).map { .double($0) }
  }
}

extension PlaybookSubcommand {
  /// Opens the store for writing as soon as no other process has it, up to ten seconds later.
  fileprivate func openWhenFree(_ folder: ResearchFolder) async throws -> DatabaseStore {
    let command = CommandText.text(CommandLine.arguments)
    for _ in 0..<100 {
      do {
        return try DatabaseStore.open(folder, command: command)
      } catch let error as FieldworkError where error.code == .busy {
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    return try DatabaseStore.open(folder, command: command)
  }
}
